import type { AgentConfig } from "./config/agent-config.ts";
import type { RemoteUse } from "./config/remote-state.ts";

/**
 * The agent begins twice in one process: the first beginning reads the command line and the file (a YAML reader costs
 * megabytes that would never be given back), then becomes, by execve(2), a lean one that gets what was read in its
 * environment. Same process id, same process group, no child.
 */

/** Holds the `Handover`, as JSON, for the second beginning. As private as the file: only this user and root see it. */
const HANDOVER_VARIABLE = "TOCSIN_AGENT_CONFIG";
/** Holds the host's own configuration where the agent begins anew by itself: what stands in the file now was not asked for. */
const OWN_VARIABLE = "TOCSIN_AGENT_OWN_CONFIG";

/** What the first beginning has read. */
export interface Handover {
  /** By the host's file and flags. */
  own: AgentConfig;
  /** With what the collector has set over it. */
  config: AgentConfig;
  remote: RemoteUse;
  /** Sample once, send, end. */
  once: boolean;
}

/**
 * For a program that works for ten milliseconds each ten seconds: no compilers and no helper threads, whose memory would lie
 * idle; a small young generation, and an old one that is looked through early, because V8 otherwise lets garbage grow for
 * megabytes; and an end before the host suffers. SIGUSR1 opens no debugger.
 */
const NODE_FLAGS = [
  "--max-semi-space-size=1",
  "--max-old-space-size=96",
  "--optimize-for-size",
  "--initial-old-space-size=6",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--single-threaded-gc",
  "--v8-pool-size=0",
  "--expose-gc",
  "--disable-sigusr1",
  "--disable-proto=delete",
];

/** glibc otherwise keeps an arena for each thread and much of what was freed. */
const MALLOC_ENVIRONMENT = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "16384",
  MALLOC_TOP_PAD_: "0",
  MALLOC_MMAP_THRESHOLD_: "32768",
};

/** Longer ones do not fit into one variable of the environment. */
const CONFIG_CHARACTERS_MAX = 100_000;

/** Takes what an earlier beginning left in the environment, so that programs which we start do not see it. */
export function handedOver(): { handover: Handover | null; own: AgentConfig | null } {
  const [handover, own] = [HANDOVER_VARIABLE, OWN_VARIABLE].map((name) => {
    const json = process.env[name];
    delete process.env[name];
    return json === undefined ? null : (JSON.parse(json) as unknown);
  });
  return { handover: handover as Handover | null, own: own as AgentConfig | null };
}

/** Becomes the lean agent; returns only where that is not possible, and then this process goes on as it is. */
export function relaunch(handover: Handover): void {
  become(NODE_FLAGS, { ...MALLOC_ENVIRONMENT, [HANDOVER_VARIABLE]: JSON.stringify(handover) });
}

/** Begins anew with the same own configuration; returns only where that is not possible. */
export function beginAnew(own: AgentConfig): void {
  become([], { [OWN_VARIABLE]: JSON.stringify(own) });
}

function become(flags: readonly string[], environment: Readonly<Record<string, string>>): void {
  const size = Object.values(environment).reduce((sum, value) => sum + value.length, 0);
  if (typeof process.execve !== "function" || size > CONFIG_CHARACTERS_MAX) return;
  const given = process.execArgv.filter((flag) => !NODE_FLAGS.includes(flag));
  const args = [process.execPath, ...flags, ...given, ...process.argv.slice(1)];
  try {
    process.execve(process.execPath, args, { ...process.env, ...environment });
  } catch {
    // Not on this system: more memory, the same work.
  }
}
