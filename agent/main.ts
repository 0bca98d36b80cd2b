import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findingPlace } from "../protocol/finding.ts";
import { Agent } from "./agent.ts";
import { systemClock } from "./clock.ts";
import { type AgentConfig, defaultAgentConfig } from "./config/agent-config.ts";
import { bundledRules } from "./evaluate/bundled-rules.ts";
import { machineId, openIdentity, takeDataDirectory } from "./identity.ts";
import { createLog, type Log } from "./log.ts";
import { CONFIG_VARIABLE, relaunch } from "./relaunch.ts";
import { createCollectors } from "./sample/create-collectors.ts";
import { LinuxFiles } from "./sample/host-files.ts";
import { HttpTransport } from "./send/transport.ts";
import { version } from "./version.ts";
import { createDiscovery } from "./discover/create-discovery.ts";
import { createChanges, createWatches } from "./watch/create-watches.ts";

const HELP = `Usage: tocsin agent [options]

Samples this host, evaluates rules, watches what the file says, and sends it all to a collector.

  --config FILE    the agent's file (YAML); flags override it
  --collector URL  where to send; may be repeated, the first that answers is used (http://127.0.0.1:8430)
  --token T        bearer token; none where the collector asks for none. Better: tokenFile in the file, or TOCSIN_TOKEN
  --once           sample once, send, end: 0 = delivered, 3 = not
  --version
  --help

Examples:
  tocsin agent
  tocsin agent --config /etc/tocsin/agent.yaml
  tocsin agent --collector https://tocsin.example.net:8430 --once

Ends with 0 after SIGTERM or SIGINT (what is stored is sent within five seconds, the rest stays on disk),
1 when it cannot run (a mistake in the file, or another agent on the same data directory), 2 for a wrong command line.
docs/guide/agent.md tells the rest.
`;

const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;
const STOP_MS = 4500;

interface Flags {
  config?: string | undefined;
  collector: string[];
  token?: string | undefined;
  once: boolean;
}

function readFlags(args: string[]): Flags | number {
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string" },
        collector: { type: "string", multiple: true, default: [] },
        token: { type: "string" },
        once: { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help && !values.version) return values;
    process.stdout.write(values.help ? HELP : `${version}\n`);
    return EXIT.ok;
  } catch (error) {
    process.stderr.write(`tocsin agent: ${(error as Error).message}\n\n${HELP}`);
    return EXIT.usage;
  }
}

/** The file's configuration with the flags over it; null with the reasons on standard error. */
async function readConfig(flags: Flags): Promise<AgentConfig | null> {
  const config = flags.config === undefined ? defaultAgentConfig() : await readConfigFile(flags.config);
  if (config === null) return null;
  const token = flags.token ?? (config.tokenFile === null ? process.env["TOCSIN_TOKEN"] : undefined);
  if (token !== undefined && token !== "") [config.token, config.tokenFile] = [token, null];
  if (flags.collector.length === 0) return config;
  const { collectorUrlTrouble } = await import("./config/collector-url.ts");
  for (const url of flags.collector) {
    const trouble = collectorUrlTrouble(url);
    if (trouble === null) continue;
    process.stderr.write(`tocsin agent: --collector ${trouble}; such as http://127.0.0.1:8430\n`);
    return null;
  }
  config.collectors = flags.collector.map((url) => url.replace(/\/+$/, ""));
  return config;
}

async function readConfigFile(path: string): Promise<AgentConfig | null> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    process.stderr.write(`tocsin agent: ${path} cannot be read: ${(error as Error).message}\n`);
    return null;
  }
  // Loaded for this alone: a YAML reader is a good part of what the agent may cost.
  const { parseAgentConfig } = await import("./config/parse-agent-config.ts");
  // The pattern engine too: it is only asked here, before the lean process begins.
  const checkPattern = /\b(logs|journal)\b/.test(text) ? await loadCheck() : undefined;
  const result = parseAgentConfig(text, path, checkPattern);
  for (const finding of result.findings) {
    const hint = finding.hint === "" ? "" : ` (${finding.hint})`;
    process.stderr.write(`${findingPlace(finding)}: ${finding.severity} ${finding.code}: ${finding.message}${hint}\n`);
  }
  return "config" in result ? result.config : null;
}

async function loadCheck(): Promise<(source: string) => string | null> {
  const { loadPatternCheck } = await import("./watch/pattern.ts");
  return loadPatternCheck();
}

/** Where state is kept when the file says nothing: systemd's folder, root's, or the user's. */
function defaultDataDir(): string {
  const given = process.env["STATE_DIRECTORY"];
  if (given !== undefined && given !== "") return given.split(":")[0]!;
  if (process.getuid?.() === 0) return "/var/lib/tocsin-agent";
  return join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"), "tocsin-agent");
}

async function openAgent(config: AgentConfig, log: Log): Promise<Agent | null> {
  const data = takeDataDirectory(resolve(config.dataDir ?? defaultDataDir()));
  if ("error" in data) {
    log.error(data.error);
    return null;
  }
  const clock = systemClock;
  const identity = openIdentity(data.path, machineId());
  if (identity.copied)
    log.warn("the data directory came from another machine; this agent has an identity of its own now");
  const { procPath, sysPath } = config.sample;
  const files = new LinuxFiles({ proc: procPath, sys: sysPath });
  return Agent.open(config, {
    clock,
    random: Math.random,
    log,
    transport: new HttpTransport(clock, { caFile: config.caFile }),
    data,
    identity,
    hostName: hostname(),
    version,
    files,
    bundledRules,
    createCollectors: (context) => createCollectors(context, { config, clock, log }),
    createWatches: async (context, post) => [
      ...(await createWatches(context, { files, config: config.watch, dataDir: data.path })),
      createChanges({ clock, log, ...post }, { files, config: config.changes, dataDir: data.path }),
      ...(await createDiscovery(
        { files, clock, log, agentId: identity.agentId, hostName: hostname(), ...post },
        config,
      )),
    ],
  });
}

/** What the first beginning read; null where this is the first. */
function handedOver(): AgentConfig | null {
  const json = process.env[CONFIG_VARIABLE];
  // Not for programs that we start.
  delete process.env[CONFIG_VARIABLE];
  return json === undefined ? null : (JSON.parse(json) as AgentConfig);
}

async function run(): Promise<number> {
  const flags = readFlags(process.argv.slice(2));
  if (typeof flags === "number") return flags;
  let config = handedOver();
  if (config === null) {
    config = await readConfig(flags);
    if (config === null) return flags.config === undefined ? EXIT.usage : EXIT.failed;
    relaunch(config);
  }
  const log = createLog(
    config.logLevel,
    (line) => process.stderr.write(line),
    () => systemClock.now(),
  );
  // A look at the host that fails behind everyone's back must not end the others.
  process.on("unhandledRejection", (reason) => {
    log.error("something failed unnoticed", {
      error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    });
  });
  const agent = await openAgent(config, log);
  if (agent === null) return EXIT.failed;
  // Timers do not keep a process alive; this one does, until it is told to end.
  const alive = setInterval(() => undefined, 2 ** 30);
  const ended = new Promise<void>((done) => {
    process.once("SIGTERM", () => done());
    process.once("SIGINT", () => done());
  });
  let code: number = EXIT.ok;
  if (flags.once) {
    const delivered = await Promise.race([agent.once(), ended.then(() => false)]);
    code = delivered ? EXIT.ok : EXIT.unreachable;
  } else {
    agent.start();
    log.info("started", { collectors: config.collectors, intervalMs: config.intervalMs, version });
    await ended;
  }
  await agent.stop(flags.once ? 0 : STOP_MS);
  clearInterval(alive);
  return code;
}

void run().then((code) => process.exit(code));
