import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { complain, EXIT, misuse, type CommandIo } from "./command/command-io.ts";
import { findingsText } from "./command/findings-text.ts";
import { loadConfig } from "./composition/load-config.ts";
import { limitThreadsByTheirOwn } from "./composition/node-engine.ts";
import { fileMark } from "./config/document/file-watch.ts";
import type { HostPort } from "./port/config-schema.ts";
import type { LogLevel } from "./telemetry/log.ts";

const HELP = `Usage: tocsin collector [options]

Takes events and samples, correlates them, opens and resolves incidents, tells people. Logs go to standard error.

  --config FILE        tocsin.yaml; every setting has a default
  --listen HOST:PORT   default 127.0.0.1:8430; port 0 chooses one. Anything but loopback needs auth.tokens in the file
  --data DIR           where everything is kept
  --log-level L        debug, info, warn (default), error or silent
  --json               that line as {"listening": URL}, and why it cannot start as {code, message, details?}
  -h, --help

Once it takes requests it prints one line: listening http://HOST:PORT
SIGHUP, or a change of the file, loads it again; one with mistakes never replaces a good one. SIGTERM ends it in good order.

Examples:
  tocsin collector
  tocsin collector --config /etc/tocsin/tocsin.yaml --data /var/lib/tocsin
  tocsin check /etc/tocsin/tocsin.yaml && systemctl reload tocsin-collector
`;

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
  const refuse = (message: string): number => misuse(io, message, HELP);
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string" },
        listen: { type: "string" },
        data: { type: "string" },
        redis: { type: "string" },
        "log-level": { type: "string", default: "warn" },
        json: { type: "boolean", default: false },
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

/** For people all of it, for a program in one object. */
function tellFindings({ status, findings }: ReturnType<typeof loadConfig>, io: CommandIo): void {
  if (io.wantsJson !== true) io.stderr(findingsText(findings, io.isErrorTerminal));
  else if (findings.length > 0)
    complain(io, EXIT.failed, {
      code: status === "invalid" ? "badFiles" : "warnings",
      message: `the configuration has ${status === "invalid" ? "errors" : "warnings"}`,
      details: findings,
    });
}

/**
 * `tocsin collector`: runs until SIGTERM, SIGINT, or a failure that it cannot go on from. What is stored is read in a thread
 * of its own while the rest of the program is loaded, which takes as long as reading some ten thousand alerts.
 */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = readFlags(args, io);
  if (typeof flags === "number") return flags;
  const mark = flags.config === undefined ? "" : await fileMark(resolve(flags.config));
  const loaded = loadConfig(flags.config, flags.overrides);
  tellFindings(loaded, io);
  if (loaded.status === "invalid") return EXIT.failed;
  const { config } = loaded;
  limitThreadsByTheirOwn();
  const { beginStore } = await import("./composition/early-store.ts");
  let store: ReturnType<typeof beginStore>;
  try {
    store = beginStore(config);
  } catch (error) {
    const message = `the collector cannot start: ${(error as Error).message}`;
    return complain(io, EXIT.failed, { code: "cannotStart", message });
  }
  const { serve } = await import("./composition/serve.ts");
  return serve({ ...flags, config, file: flags.config, mark, store }, io);
}
