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
  return at === null ? null : new Date(at).toISOString();
}
