import type { HttpAnswer } from "./transport.ts";

/** What an answer means for the records that were sent. `reason` is for the log. */
export type Verdict =
  | { kind: "accepted" }
  /** Too large or not understood as a whole: smaller parts tell which record it is; a single one is given up. */
  | { kind: "refused"; reason: string }
  /** Who we are is in question: hammering helps nobody. */
  | { kind: "unauthorized"; reason: string }
  /** `misdirected`: there is something, but no collector; retried, and told loudly. */
  | { kind: "retry"; reason: string; retryAfterMs: number | null; misdirected: boolean };

/** A server may ask for patience, not for silence. */
const RETRY_AFTER_MAX_MS = 10 * 60_000;
const REFUSED = new Set([400, 413, 415, 422]);
const UNAUTHORIZED = new Set([401, 403, 407]);
const BUSY = new Set([408, 425, 429]);

export function verdictOf(answer: HttpAnswer, nowMs: number): Verdict {
  if (answer.kind === "failed") return { kind: "retry", reason: answer.reason, retryAfterMs: null, misdirected: false };
  const { status } = answer;
  const reason = `HTTP ${status}${saysOf(answer.body)}`;
  if (status >= 200 && status < 300) return { kind: "accepted" };
  if (REFUSED.has(status)) return { kind: "refused", reason };
  if (UNAUTHORIZED.has(status)) return { kind: "unauthorized", reason };
  const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], nowMs);
  return { kind: "retry", reason, retryAfterMs, misdirected: status < 500 && !BUSY.has(status) };
}

/** Seconds, or a date. RFC 9110, 10.2.3. null where it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined || value === "") return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), RETRY_AFTER_MAX_MS);
}

/** The collector's own words, from `{code, message}`, to stand behind the status; "" where there are none. */
export function saysOf(body: Buffer): string {
  try {
    const { code, message } = JSON.parse(body.toString("utf8", 0, 4096)) as { code?: unknown; message?: unknown };
    return typeof message === "string"
      ? `: ${typeof code === "string" ? `${code}, ` : ""}${message.slice(0, 300)}`
      : "";
  } catch {
    // Not ours, so not worth repeating: an error page of some proxy.
    return "";
  }
}

/**
 * How long to wait after the nth failure in a row (1, 2, …). The jitter is spread over the whole wait, also at the cap:
 * agents that lost their collector together must not come back together.
 */
export function backoffMs(
  failures: number,
  options: { maxMs: number; retryAfterMs: number | null; random: number },
): number {
  const cap = Math.min(options.maxMs, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 30));
  return Math.round((options.retryAfterMs ?? 0) + cap * options.random);
}

const FIRST_WAIT_MS = 1000;
