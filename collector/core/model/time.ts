/** Milliseconds since 1970-01-01T00:00:00Z. A point in time. */
export type UnixMillis = number;

/** A span of time in milliseconds. */
export type Milliseconds = number;

/**
 * An alert that took longer than this from its source to us was spooled while the source was cut off: it tells of the
 * past, and opens no incident by itself.
 */
export const SPOOLED_AFTER_MS: Milliseconds = 4 * 60_000;

/** RFC 3339 in UTC with milliseconds, the one form in which the API, webhooks and replay show a time. */
export function formatTime(at: UnixMillis): string;
export function formatTime(at: UnixMillis | null): string | null;
export function formatTime(at: UnixMillis | null): string | null {
  return at === null ? null : textOf(at);
}

const DAY_MS: Milliseconds = 86_400_000;
/** Years have more than four digits from then on. */
const YEAR_10000: UnixMillis = 253_402_300_800_000;
/** "00" … "59". */
const SIXTY = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
/** The day that was asked for last: one incident has most of its times on one day. */
let day = 0;
let dayText = "1970-01-01T";

/** As `toISOString` says it, which takes three times as long. */
function textOf(at: UnixMillis): string {
  if (!Number.isInteger(at) || at < 0 || at >= YEAR_10000) return new Date(at).toISOString();
  const begin = at - (at % DAY_MS);
  if (begin !== day) {
    dayText = new Date(begin).toISOString().slice(0, 11);
    day = begin;
  }
  const seconds = Math.floor((at - begin) / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const millis = String(1000 + ((at - begin) % 1000)).slice(1);
  return `${dayText}${SIXTY[hours]}:${SIXTY[minutes % 60]}:${SIXTY[seconds % 60]}.${millis}Z`;
}
