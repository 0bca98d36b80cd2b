import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { EXIT, type CommandIo } from "./command/command-io.ts";
import { findingsText } from "./command/findings-text.ts";
import { version } from "./command/version.ts";
import { composeCollector, type Rooms, UnusableFiles } from "./composition/collector.ts";
import { loadConfig } from "./composition/load-config.ts";
import { limitThreadsByTheirOwn, nodeEngine } from "./composition/node-engine.ts";
import { followConfig } from "./composition/reload.ts";
import type { TocsinConfig } from "./config/config.ts";
import { fileMark } from "./config/document/file-watch.ts";
import type { HostPort } from "./port/config-schema.ts";
import { systemClock } from "./runtime/system-clock.ts";
import { createLog, type LogLevel } from "./telemetry/log.ts";
import { IdleMemory } from "./telemetry/idle-memory.ts";
import { LoopLag } from "./telemetry/loop-lag.ts";
import { PrometheusTelemetry } from "./telemetry/prometheus-telemetry.ts";

const HELP = `Usage: tocsin collector [options]

Takes events and samples, correlates them, opens and resolves incidents, tells people. Logs go to standard error.

  --config FILE        tocsin.yaml; every setting has a default
  --listen HOST:PORT   default 127.0.0.1:8430; port 0 chooses one. Anything but loopback needs auth.tokens in the file
  --data DIR           where everything is kept
  --log-level L        debug, info, warn (default) or error
  -h, --help

Once it takes requests it prints one line: listening http://HOST:PORT
SIGHUP, or a change of the file, loads it again; one with mistakes never replaces a good one. SIGTERM ends it in good order.

Examples:
  tocsin collector
  tocsin collector --config /etc/tocsin/tocsin.yaml --data /var/lib/tocsin
  tocsin check /etc/tocsin/tocsin.yaml && systemctl reload tocsin-collector
`;

/** A start is over by then, and those who were waiting for it are served. */
const CALM_AFTER_MS = 10_000;

const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error", "silent"];

interface Flags {
  config: string | undefined;
  overrides: { listen?: HostPort; dataDir?: string; redisUrl?: string };
  logLevel: LogLevel;
}

function hostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? "", port };
}

function readFlags(args: string[], io: CommandIo): Flags | number {
  const refuse = (message: string): number => {
    io.stderr(`tocsin: ${message}\n\n${HELP}`);
    return EXIT.usage;
  };
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string" },
        listen: { type: "string" },
        data: { type: "string" },
        redis: { type: "string" },
        "log-level": { type: "string", default: "warn" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(HELP);
      return EXIT.ok;
    }
    const listen = values.listen === undefined ? undefined : hostPort(values.listen);
    if (values.listen !== undefined && listen === undefined)
      return refuse(`--listen takes HOST:PORT, such as 127.0.0.1:8430, not "${values.listen}"`);
    if (!LOG_LEVELS.includes(values["log-level"]))
      return refuse(`--log-level is one of ${LOG_LEVELS.join(", ")}, not "${values["log-level"]}"`);
    const overrides = {
      ...(listen === undefined ? {} : { listen }),
      ...(values.data === undefined ? {} : { dataDir: values.data }),
      ...(values.redis === undefined ? {} : { redisUrl: values.redis }),
    };
    return { config: values.config, overrides, logLevel: values["log-level"] as LogLevel };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** Why the collector cannot run with this configuration, beyond what its reader says; null = it can. */
function notServed(config: TocsinConfig): string | null {
  return config.redis === null
    ? null
    : "the Redis store is not there yet; leave out `redis` and --redis to use the embedded store";
}

const LISTEN_TROUBLE: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already: end it, or",
  EACCES: "this user may not listen there (ports below 1024 need a privilege):",
  EADDRNOTAVAIL: "this host has no such address:",
  ENOTFOUND: "that name has no address:",
};

/** Why it cannot start, and what to do about an address that is not to be had. */
function startTrouble(error: NodeJS.ErrnoException, { host, port }: TocsinConfig["listen"]): string {
  const why = LISTEN_TROUBLE[error.code ?? ""];
  const isListen = error.syscall === "listen" || error.syscall === "getaddrinfo";
  if (why === undefined || !isListen) return error.message;
  return `it cannot listen on ${host}:${port}: ${why} choose another with --listen`;
}

/** `tocsin collector`: runs until SIGTERM, SIGINT, or a failure that it cannot go on from. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = readFlags(args, io);
  if (typeof flags === "number") return flags;
  const mark = flags.config === undefined ? "" : await fileMark(resolve(flags.config));
  const loaded = loadConfig(flags.config, flags.overrides);
  io.stderr(findingsText(loaded.findings, io.isTerminal));
  if (loaded.status === "invalid") return EXIT.failed;
  const refusal = notServed(loaded.config);
  if (refusal !== null) {
    io.stderr(`tocsin: ${refusal}\n`);
    return EXIT.failed;
  }
  limitThreadsByTheirOwn();
  const log = createLog({ level: flags.logLevel });
  const loopLag = new LoopLag(systemClock);
  const telemetry = new PrometheusTelemetry({ version, log, processMetrics: true });
  const failure = new AbortController();
  const onFatal = (reason: string): void => {
    log.error("the collector cannot go on", { reason });
    failure.abort(reason);
  };
  let rooms: Rooms | undefined;
  let url: string;
  try {
    rooms = await composeCollector(loaded.config, { clock: systemClock, log, telemetry, loopLag, version, onFatal });
    ({ url } = await rooms.server.listen(loaded.config.listen.host, loaded.config.listen.port));
  } catch (error) {
    if (error instanceof UnusableFiles) io.stderr(findingsText(error.findings, io.isTerminal));
    io.stderr(
      `tocsin: the collector cannot start: ${startTrouble(error as NodeJS.ErrnoException, loaded.config.listen)}\n`,
    );
    // Joined, but without an address: it must not stay behind and hold the data directory.
    await rooms?.stop();
    return EXIT.failed;
  }
  loopLag.start();
  const idleMemory = new IdleMemory({ clock: systemClock, engine: nodeEngine(), telemetry });
  idleMemory.start();
  const following = followConfig(flags.config, flags.overrides, rooms, { clock: systemClock, log, mark });
  io.stdout(`listening ${url}\n`);
  keepCompiledCode();
  await anyAborted(io.signal, failure.signal);
  following.stop();
  loopLag.stop();
  idleMemory.stop();
  await rooms.stop();
  return failure.signal.aborted ? EXIT.failed : EXIT.ok;
}

/** Where `bin/tocsin` has found a place for it. At the end of the process it would be too late for one that is killed. */
function keepCompiledCode(): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) setTimeout(() => flushCompileCache(), CALM_AFTER_MS).unref();
}

const anyAborted = (...signals: AbortSignal[]): Promise<void> =>
  new Promise((resolve) => {
    const any = AbortSignal.any(signals);
    if (any.aborted) resolve();
    else any.addEventListener("abort", () => resolve(), { once: true });
  });
