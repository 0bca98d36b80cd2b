import pino, { type DestinationStream, type Level } from "pino";
import type { Log } from "../port/telemetry.ts";
import { redact, redactText } from "./redact.ts";

export type LogLevel = Extract<Level, "debug" | "info" | "warn" | "error"> | "silent";

export interface LogOptions {
  /** Lines below it are not written. Quiet by default: `warn`. */
  level?: LogLevel;
  /** Default: standard error, written at once, so that the last line before a crash is there. */
  destination?: DestinationStream;
}

/** Structured lines of JSON with an RFC 3339 time; secrets never stand in them. */
export function createLog(options: LogOptions = {}): Log {
  const logger = pino(
    {
      level: options.level ?? "warn",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: "message",
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields?: Record<string, unknown>): void => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](fields === undefined ? {} : (redact(fields) as object), redactText(message));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
