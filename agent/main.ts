import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { type Finding, findingPlace } from "../protocol/finding.ts";
import { Agent } from "./agent.ts";
import { systemClock } from "./clock.ts";
import { type AgentConfig, defaultAgentConfig } from "./config/agent-config.ts";
import { readRemoteState } from "./config/remote-state.ts";
import { bundledRules } from "./evaluate/bundled-rules.ts";
import { giveMemoryBack } from "./give-memory-back.ts";
import { machineId, openIdentity, takeDataDirectory } from "./identity.ts";
import { createLog, type Log } from "./log.ts";
import { REMOTE_STATE_FILE } from "./post.ts";
import { beginAnew, type Handover, handedOver, relaunch } from "./relaunch.ts";
import { createCollectors } from "./sample/create-collectors.ts";
import { ProcessFocus } from "./sample/process-focus.ts";
import { LinuxFiles } from "./sample/host-files.ts";
import { HttpTransport } from "./send/transport.ts";
import { version } from "./version.ts";
import { createSockets } from "./discover/socket-table.ts";
import { createDiscovery } from "./discover/create-discovery.ts";
import { SeenCertificates } from "./watch/changes/certificate-facts.ts";
import { createChanges, createWatches } from "./watch/create-watches.ts";

const HELP = `Usage: tocsin agent [options]        (of the package: tocsin-agent [options])

Samples this host, evaluates rules, watches what the file says, and sends it all to a collector.

  --config FILE    the agent's file (YAML); flags override it
  --collector URL  where to send; may be repeated, the first that answers is used (http://127.0.0.1:8430)
  --token T        bearer token; none where the collector asks for none. Better: tokenFile in the file, or TOCSIN_TOKEN
  --once           sample once, send, end: 0 = delivered, 3 = not
  --check          tell every mistake in the file, and end: 0 = there is none, 1 = there is
  --json           for machines: {delivered} of --once, {ok, file, findings} of --check; what is wrong as {code, message}
  --version
  --help

Examples:
  tocsin agent
  tocsin agent --config /etc/tocsin/agent.yaml
  tocsin agent --collector https://tocsin.example.net:8430 --once

Ends with 0 after SIGTERM or SIGINT (what is stored is sent within five seconds, the rest stays on disk),
1 when it cannot run (a mistake in the file, or another agent on the same data directory), 2 for a wrong command line.
docs/guide/agent.md (of the package: /usr/share/doc/tocsin-agent/agent.md) tells the rest.
`;

const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;
const STOP_MS = 4500;

interface Flags {
  config?: string | undefined;
  collector: string[];
  token?: string | undefined;
  once: boolean;
  check: boolean;
}

/** Both beginnings see the same command line. The log is JSON whatever was asked for. */
const wantsJson = process.argv.includes("--json");

/** Tells on standard error why it ends: in a line for a person, or as the commands' JSON. */
function complain(code: string, message: string, details?: { help?: string; findings?: readonly Finding[] }): void {
  const help = details?.help === undefined ? "" : `\n${details.help}`;
  const text = wantsJson
    ? JSON.stringify({ code, message, details: details?.findings })
    : `tocsin agent: ${message}\n${help}`.trimEnd();
  process.stderr.write(`${text}\n`);
}

const answer = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

async function readFlags(args: string[]): Promise<Flags | number> {
  const { parseArgs } = await import("node:util");
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string" },
        collector: { type: "string", multiple: true, default: [] },
        token: { type: "string" },
        once: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help && !values.version) return values;
    if (values.version && values.json) answer({ version });
    else process.stdout.write(values.help ? HELP : `${version}\n`);
    return EXIT.ok;
  } catch (error) {
    complain("wrongUsage", (error as Error).message, { help: HELP });
    return EXIT.usage;
  }
}

/** The host's own configuration, by its file and the flags; null with the reasons on standard error. */
async function readConfig(flags: Flags): Promise<AgentConfig | null> {
  const config = flags.config === undefined ? defaultAgentConfig() : await readConfigFile(flags.config, flags);
  if (config === null) return null;
  const token = flags.token ?? (config.tokenFile === null ? process.env["TOCSIN_TOKEN"] : undefined);
  if (token !== undefined && token !== "") [config.token, config.tokenFile] = [token, null];
  if (flags.collector.length === 0) return config;
  const { collectorUrlTrouble } = await import("./config/collector-url.ts");
  for (const url of flags.collector) {
    const trouble = collectorUrlTrouble(url);
    if (trouble === null) continue;
    complain("wrongUsage", `--collector ${trouble}; such as http://127.0.0.1:8430`);
    return null;
  }
  config.collectors = flags.collector.map((url) => url.replace(/\/+$/, ""));
  return config;
}

/** Lays over it what the collector has set, as far as that was taken or is to be tried. Flags stay above. */
async function withRemote(own: AgentConfig, flags: Flags): Promise<Handover> {
  const { once } = flags;
  const none: Handover = { own, config: own, remote: { kind: "none", fault: null }, once };
  if (!own.remote || once) return none;
  const state = readRemoteState(join(dataDirOf(own), REMOTE_STATE_FILE));
  if (state.current === "" && state.trial === null) return none;
  const { chooseRemote } = await import("./config/choose-remote.ts");
  const checkPattern = `${state.current}${state.trial?.text}`.includes("logs") ? await loadCheck() : undefined;
  const { config, use, findings } = chooseRemote(own, state, checkPattern);
  tell(findings, flags);
  if (flags.collector.length > 0) config.collectors = own.collectors;
  return { own, config, remote: use, once };
}

function tell(findings: readonly Finding[], { check, config: file }: Flags): void {
  const isSound = findings.every(({ severity }) => severity !== "error");
  if (wantsJson) {
    if (check) answer({ ok: isSound, file, findings });
    else if (findings.length > 0)
      complain(isSound ? "warnings" : "badFile", `${file ?? "the configuration"} has mistakes`, { findings });
    return;
  }
  for (const finding of findings) {
    const hint = finding.hint === "" ? "" : ` (${finding.hint})`;
    process.stderr.write(`${findingPlace(finding)}: ${finding.severity} ${finding.code}: ${finding.message}${hint}\n`);
  }
}

async function readConfigFile(path: string, flags: Flags): Promise<AgentConfig | null> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    complain("unreadable", `${path} cannot be read: ${(error as Error).message}`);
    return null;
  }
  // Loaded for this alone: a YAML reader is a good part of what the agent may cost.
  const { parseAgentConfig } = await import("./config/parse-agent-config.ts");
  // The pattern engine too: it is only asked here, before the lean process begins.
  const checkPattern = /\b(logs|journal)\b/.test(text) ? await loadCheck() : undefined;
  const result = parseAgentConfig(text, path, checkPattern);
  tell(result.findings, flags);
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

const dataDirOf = (config: AgentConfig): string => resolve(config.dataDir ?? defaultDataDir());

/** The public key that the administrator pins, as PEM; an Error where its file cannot be read. */
function pinnedKey({ signingKeyFile }: AgentConfig): string | null | Error {
  if (signingKeyFile === null) return null;
  try {
    const pem = readFileSync(signingKeyFile, "utf8");
    return pem.includes("BEGIN PUBLIC KEY")
      ? pem
      : new Error("it is no public key in PEM; `tocsin enrol key` prints it");
  } catch (error) {
    return error as Error;
  }
}

/** The enrolment token as it stands now: it may be put there while the agent runs. */
function enrolmentTokenOf({ enrolmentTokenFile }: AgentConfig, fromEnvironment: string | undefined): string | null {
  if (enrolmentTokenFile === null) return fromEnvironment?.trim() || null;
  try {
    return readFileSync(enrolmentTokenFile, "utf8").trim() || null;
  } catch {
    // It may be removed once it was used.
    return null;
  }
}

async function openAgent({ config, remote, once }: Handover, log: Log, restart: () => void): Promise<Agent | null> {
  const signingKey = pinnedKey(config);
  if (signingKey instanceof Error) {
    log.error("the signing key cannot be used", { file: config.signingKeyFile, error: signingKey.message });
    return null;
  }
  const data = takeDataDirectory(dataDirOf(config));
  if ("error" in data) {
    log.error(data.error);
    return null;
  }
  const enrolmentToken = process.env["TOCSIN_ENROLMENT_TOKEN"];
  // Not for programs that we start.
  delete process.env["TOCSIN_ENROLMENT_TOKEN"];
  const clock = systemClock;
  const identity = openIdentity(data.path, machineId());
  if (identity.copied)
    log.warn("the data directory came from another machine; this agent has an identity of its own now");
  const { procPath, sysPath } = config.sample;
  const files = new LinuxFiles({ proc: procPath, sys: sysPath });
  const sockets = createSockets(files, clock);
  const focus = new ProcessFocus(config.sample.topProcesses);
  const watched = { files, focus, certificates: new SeenCertificates(), config: config.watch, dataDir: data.path };
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
    signingKey,
    enrolmentToken: () => enrolmentTokenOf(config, enrolmentToken),
    remote,
    once,
    restart,
    bundledRules,
    createCollectors: (context) => createCollectors(context, { config, clock, log, sockets, focus }),
    createWatches: async (context, post) => [
      ...(await createWatches(context, watched)),
      createChanges({ clock, log, ...post }, watched, { sockets, changes: config.changes }),
      ...(await createDiscovery(
        { files, sockets, clock, log, agentId: identity.agentId, hostName: hostname(), ...post },
        config,
      )),
    ],
  });
}

/** Reads everything and becomes the lean agent; goes on here only where that is not possible, or where it is that already. */
async function begin(): Promise<Handover | number> {
  const { handover, own } = handedOver();
  if (handover !== null) return handover;
  const flags = await readFlags(process.argv.slice(2));
  if (typeof flags === "number") return flags;
  const config = own ?? (await readConfig(flags));
  if (config === null) return flags.config === undefined ? EXIT.usage : EXIT.failed;
  if (flags.check) {
    if (!wantsJson) process.stdout.write(`${flags.config ?? "without a file"}: fine\n`);
    else if (flags.config === undefined) answer({ ok: true, findings: [] });
    return EXIT.ok;
  }
  const read = await withRemote(config, flags);
  relaunch(read);
  return read;
}

async function run(): Promise<number> {
  const handover = await begin();
  if (typeof handover === "number") return handover;
  const { config, own, once } = handover;
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
  // Timers do not keep a process alive; this one does, until it is told to end.
  const alive = setInterval(() => undefined, 2 ** 30);
  const { promise: ended, resolve: end } = Promise.withResolvers<"end" | "anew">();
  process.once("SIGTERM", () => end("end"));
  process.once("SIGINT", () => end("end"));
  const agent = await openAgent(handover, log, () => end("anew"));
  if (agent === null) return EXIT.failed;
  await agent.enrol();
  process.on("SIGUSR2", () => void agent.diagnose("SIGUSR2 on the host"));
  if (once) {
    const delivered = await Promise.race([agent.once(), ended.then(() => false)]);
    await agent.stop(0);
    if (wantsJson) answer({ delivered });
    return delivered ? EXIT.ok : EXIT.unreachable;
  }
  agent.start();
  giveMemoryBack(systemClock);
  log.info("started", { collectors: config.collectors, intervalMs: config.intervalMs, version });
  const why = await ended;
  await agent.stop(STOP_MS);
  if (why === "anew") beginAnew(own);
  clearInterval(alive);
  return EXIT.ok;
}

void run().then((code) => process.exit(code));
