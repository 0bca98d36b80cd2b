import type { Alert } from "./alert.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** State changes within `FLAP_SPAN_MS` from which an alert flaps rather than tells. */
const FLAP_CHANGES = 5;
export const FLAP_SPAN_MS: Milliseconds = 60 * 60_000;

/** The changes that say whether it flaps, oldest first. */
export function recentChanges({ changes }: Readonly<Alert>, at: UnixMillis): UnixMillis[] {
  return changes.filter((change) => at - change <= FLAP_SPAN_MS);
}

/** Whether it goes up and down: held as one state already, or changed too often within the hour. */
export function flaps(alert: Readonly<Alert>, at: UnixMillis): boolean {
  if (alert.flapping) return true;
  // Most have changed once in their life: no list is made for them.
  return alert.changes.length >= FLAP_CHANGES && recentChanges(alert, at).length >= FLAP_CHANGES;
}
