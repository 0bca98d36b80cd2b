/** The agent's own log: one line of JSON each on standard error, as the collector's. Few lines in normal life. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Keys whose values are never shown, whoever logs them. */
const SECRET = /token|secret|password|authorization/i;

export function createLog(level: LogLevel, write: (line: string) => void, now: () => number): Log {
  const least = LOG_LEVELS.indexOf(level);
  const at =
    (own: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (LOG_LEVELS.indexOf(own) < least) return;
      const shown = { level: own, time: new Date(now()).toISOString(), ...fields, message };
      write(`${JSON.stringify(shown, (key, value: unknown) => (isSecret(key, value) ? "[redacted]" : value))}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A path to a secret is no secret. */
function isSecret(key: string, value: unknown): boolean {
  return typeof value === "string" && SECRET.test(key) && !key.endsWith("File");
}
