import { highOf } from "../model/alert-ref.ts";
import type { AlertTable } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import type { Event } from "../model/event.ts";
import { byText, inOrderOf } from "../model/order.ts";
import type { CoreSettings, CorrelationSettings } from "../model/settings.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { HEARD_WITHIN_MS } from "./heard-sources.ts";

/** A source that repeats itself and has missed this many of its own intervals has most likely lost the clear. */
const MISSED_INTERVALS = 6;
/** … but nothing is concluded in less than this, nor from one firing. */
export const SILENCE_MIN_MS: Milliseconds = 20 * 60_000;
const FIRINGS_MIN = 2;
/** When nothing at all is heard of the source, its silence says less: it must last this many times longer. */
const QUIET_SOURCE_FACTOR = 2;

/** An episode begins with the end that its event gives it; the alert's other times are those of the episode already. */
export function beginEnd(alert: Alert, event: Readonly<Event>, at: UnixMillis, settings: CorrelationSettings): void {
  alert.expiresAfterMs = event.expiresAfterMs;
  alert.expiresAt = event.expiresAt === undefined ? expiryOf(alert, settings) : Math.max(at, event.expiresAt);
}

/**
 * Takes over the end that a further event of the episode gives it. A moment that was given stays when an earlier one is
 * given, as in Alertmanager: of two senders of one alert, the one that promises more is believed.
 */
export function moveEnd(alert: Alert, event: Readonly<Event>, at: UnixMillis, settings: CorrelationSettings): void {
  const { expiresAfterMs: afterMs, expiresAt } = alert;
  beginEnd(alert, event, at, settings);
  if (afterMs !== 0 || expiresAt === null || alert.expiresAt === null || alert.expiresAt >= expiresAt) return;
  alert.expiresAt = expiresAt;
  if (event.expiresAt !== undefined) alert.expiresAfterMs = 0;
}

/** What an event that came out of order does to the end: it says that the alert held, and for how long is known from others. */
export function keepEnd(alert: Alert, settings: CorrelationSettings): void {
  if (alert.expiresAfterMs !== 0) alert.expiresAt = expiryOf(alert, settings);
}

/** The mean time between the firings of this episode; null while there are too few to tell. */
export function repeatInterval(alert: Readonly<Alert>): Milliseconds | null {
  if (alert.count < FIRINGS_MIN || alert.late) return null;
  return (alert.lastSeenAt - alert.firstSeenAt) / (alert.count - 1);
}

/**
 * When the alert resolves by itself if it is not heard again: what its event said, else after several missed
 * repetitions of its own, at the latest after the time to live.
 */
export function expiryOf(alert: Readonly<Alert>, settings: CorrelationSettings): UnixMillis {
  if (alert.expiresAfterMs !== null) return alert.lastSeenAt + alert.expiresAfterMs;
  const silence = silenceAllowed(alert);
  return alert.lastSeenAt + (silence === null ? settings.alertTtlMs : Math.min(silence, settings.alertTtlMs));
}

/**
 * Called when `expiresAt` has come. Null: it expires now. A time: look again then, because its source may be cut off
 * rather than content: absence is no evidence while nobody is speaking.
 */
export function postponeExpiry(
  alert: Readonly<Alert>,
  at: UnixMillis,
  sourceHeardAt: UnixMillis,
  isCutOff: boolean,
  settings: CorrelationSettings,
): UnixMillis | null {
  const silence = silenceAllowed(alert);
  const last = alert.lastSeenAt + settings.alertTtlMs;
  // What the event said, and the time to live, are promises; only our own guess is put off.
  if (alert.expiresAfterMs !== null || silence === null || at >= last) return null;
  if (isCutOff) return Math.min(last, at + HEARD_WITHIN_MS);
  if (at - sourceHeardAt <= HEARD_WITHIN_MS) return null;
  const patient = Math.min(last, alert.lastSeenAt + silence * QUIET_SOURCE_FACTOR);
  return at >= patient ? null : Math.min(patient, at + HEARD_WITHIN_MS);
}

function silenceAllowed(alert: Readonly<Alert>): Milliseconds | null {
  // It was over or not long before we heard of it; if it holds, its source repeats it now.
  if (alert.late) return SILENCE_MIN_MS;
  const interval = repeatInterval(alert);
  return interval === null ? null : Math.max(SILENCE_MIN_MS, Math.ceil(interval * MISSED_INTERVALS));
}

/** A deadline nearer than this after a gap in our hearing is put off by the gap. */
const AFTER_GAP_MS: Milliseconds = 10 * 60_000;

/** We did not listen for `gapMs`: what would have been repeated in that time was not heard. Deadlines move by as much. */
export function extendExpiry(
  state: { readonly alerts: AlertTable; readonly settings: CoreSettings },
  turn: Turn,
  gapMs: Milliseconds,
): void {
  const near: Alert[] = [];
  for (const alert of state.alerts.all())
    if (alert.expiresAt !== null && alert.expiresAt <= turn.at + AFTER_GAP_MS) near.push(alert);
  // After a long gap these are all alerts, and a comparison for each step of a sort would be half of what this takes.
  const inOrder = inOrderOf(
    near,
    ({ id }) => highOf(id) >>> 0,
    (a, b) => byText(a.id, b.id),
  );
  for (const alert of inOrder) {
    const expiresAt = Math.max((alert.expiresAt ?? 0) + gapMs, turn.at + RESUME_MS);
    alert.expiresAt = expiresAt;
    // Ours now, and not the sender's: what it says next may be earlier.
    if (alert.expiresAfterMs === 0) alert.expiresAfterMs = expiresAt - turn.at;
    turn.effects.push({ kind: "touch", alert });
  }
}

/** Senders need a moment to find us again. */
const RESUME_MS: Milliseconds = 2 * 60_000;
