const SECRET_KEY = /token|secret|passw|authorization|cookie|api_?key|credential|signature|private_?key/i;
const BEARER = /\b(Bearer|Basic|GenieKey|Token)\s+[\w.~+/=-]{4,}/gi;
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi;

const HIDDEN = "***";
const DEPTH_MAX = 5;
const ENTRIES_MAX = 100;
const TEXT_LENGTH_MAX = 8192;

/** Text without credentials that stand in it, and not longer than 8 KiB. */
export function redactText(text: string): string {
  const short = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
  return short.replace(BEARER, `$1 ${HIDDEN}`).replace(USER_INFO, `$1${HIDDEN}@`);
}

/**
 * A copy of log fields in which no secret stands: values of keys that sound like one are hidden at every depth, credentials
 * within text too. Bounded in depth, entries and length, so that a log line cannot be made huge from outside.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return redactError(value, depth);
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item) => redact(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Date) return value.toJSON();
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries
      .slice(0, ENTRIES_MAX)
      .map(([key, item]) => [String(key), SECRET_KEY.test(String(key)) ? hidden(item) : redact(item, depth + 1)]),
  );
}

/** That there is no secret is worth knowing. */
const hidden = (value: unknown): unknown => (value === undefined || value === null || value === "" ? value : HIDDEN);

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined || depth >= DEPTH_MAX ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
