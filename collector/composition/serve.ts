import { flushCompileCache } from "node:module";
import { complain, EXIT, type CommandIo } from "../command/command-io.ts";
import { findingsText } from "../command/findings-text.ts";
import { version } from "../command/version.ts";
import type { TocsinConfig } from "../config/config.ts";
import type { ParseOptions } from "../config/parse.ts";
import type { Store } from "../port/store.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { createLog, type LogLevel } from "../telemetry/log.ts";
import { IdleMemory, type Tidied } from "../telemetry/idle-memory.ts";
import { LoopLag } from "../telemetry/loop-lag.ts";
import { PrometheusTelemetry } from "../telemetry/prometheus-telemetry.ts";
import { composeCollector, type Rooms, UnusableFiles } from "./collector.ts";
import { nodeEngine } from "./node-engine.ts";
import { followConfig } from "./reload.ts";

/** A start is over by then, and those who were waiting for it are served. */
const CALM_AFTER_MS = 10_000;

/** Alerts whose incidents a second without work puts to rest: some 40 ms. */
const RESTED_A_SECOND = 5_000;
/** Of what each of these took there, so much is garbage then; of one that is alone in its incident, four times as much. */
const RESTED_BYTES = 250;

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

export interface ServeOptions {
  config: TocsinConfig;
  /** Where the configuration was read, and its mark from before; undefined = there is none. */
  file: string | undefined;
  mark: string;
  overrides: NonNullable<ParseOptions["overrides"]>;
  logLevel: LogLevel;
  /** In the data directory, which is there; it may be opening already. */
  store: Store;
}

/** The collector, from the joining of its rooms to its end. Gives back the exit code. */
export async function serve(options: ServeOptions, io: CommandIo): Promise<number> {
  const { config, file, mark, overrides, store } = options;
  const log = createLog({ level: options.logLevel });
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
    rooms = await composeCollector(config, store, { clock: systemClock, log, telemetry, loopLag, version, onFatal });
    ({ url } = await rooms.server.listen(config.listen.host, config.listen.port));
  } catch (error) {
    const details = error instanceof UnusableFiles ? error.findings : undefined;
    if (details !== undefined && io.wantsJson !== true) io.stderr(findingsText(details, io.isErrorTerminal));
    complain(io, EXIT.failed, {
      code: "cannotStart",
      message: `the collector cannot start: ${startTrouble(error as NodeJS.ErrnoException, config.listen)}`,
      ...(details === undefined ? {} : { details }),
    });
    // Joined, but without an address: it must not stay behind and hold the data directory.
    await rooms?.stop();
    await store.close();
    return EXIT.failed;
  }
  loopLag.start();
  const { partition } = rooms;
  const tidy = (): Tidied => {
    const rested = partition.core.rest(RESTED_A_SECOND);
    return { hasMore: rested >= RESTED_A_SECOND, garbageBytes: RESTED_BYTES * rested };
  };
  const inputs = (): number => partition.position;
  const idleMemory = new IdleMemory({ clock: systemClock, engine: nodeEngine(), telemetry, inputs, tidy });
  idleMemory.start();
  const following = followConfig(file, overrides, rooms, { clock: systemClock, log, telemetry, mark });
  io.stdout(io.wantsJson === true ? `${JSON.stringify({ listening: url })}\n` : `listening ${url}\n`);
  log.info("started", { version, url, file, dataDir: config.dataDir });
  keepCompiledCode();
  await anyAborted(io.signal, failure.signal);
  following.stop();
  loopLag.stop();
  idleMemory.stop();
  await rooms.stop();
  log.info("stopped");
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
