/**
 * The agent begins twice in one process: the first beginning reads the command line and the file (a YAML reader costs
 * megabytes that would never be given back), then becomes, by execve(2), a lean one that gets what was read in its
 * environment. Same process id, same process group, no child.
 */

/** Holds the configuration, as JSON, for the second beginning. As private as the file: only this user and root see it. */
export const CONFIG_VARIABLE = "TOCSIN_AGENT_CONFIG";

/**
 * For a program that works for ten milliseconds each ten seconds: no compilers and no helper threads, whose memory would lie
 * idle; a small young generation; and an end before the host suffers. SIGUSR1 opens no debugger.
 */
const NODE_FLAGS = [
  "--max-semi-space-size=1",
  "--max-old-space-size=96",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--single-threaded-gc",
  "--v8-pool-size=0",
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

/** Becomes the lean agent; returns only where that is not possible, and then this process goes on as it is. */
export function relaunch(config: unknown): void {
  const json = JSON.stringify(config);
  if (typeof process.execve !== "function" || json.length > CONFIG_CHARACTERS_MAX) return;
  const own = process.execArgv.filter((flag) => !NODE_FLAGS.includes(flag));
  const args = [process.execPath, ...NODE_FLAGS, ...own, ...process.argv.slice(1)];
  const environment = { ...process.env, ...MALLOC_ENVIRONMENT, [CONFIG_VARIABLE]: json };
  try {
    process.execve(process.execPath, args, environment);
  } catch {
    // Not on this system: more memory, the same work.
  }
}
