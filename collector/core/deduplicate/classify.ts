import type { Alert } from "../model/alert.ts";
import type { Event } from "../model/event.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** Clocks of sources differ by up to this much in a normal installation. */
export const SKEW_TOLERANCE_MS: Milliseconds = 30_000;
/** An event that was under way for longer tells of the past: it completes timelines and never pages as new. */
export const LATE_AFTER_MS: Milliseconds = 5 * 60_000;
/** A person said that it is over; a source that still says so after this time is believed again. */
export const PERSON_GRACE_MS: Milliseconds = 5 * 60_000;
/** No spool is that old: a source whose clock is further off has a wrong clock, and its events are of now. */
export const CLOCK_WRONG_AFTER_MS: Milliseconds = 7 * 24 * 3_600_000;

/** The source's time as far as it can be believed: never in our future, and ours where its clock is plainly wrong. */
export function believedTime(occurredAt: UnixMillis, at: UnixMillis): UnixMillis {
  if (occurredAt > at || at - occurredAt > CLOCK_WRONG_AFTER_MS) return at;
  return occurredAt;
}

/**
 * What an event means for its alert:
 * - `begin`: a new episode. `late` when it tells of the past.
 * - `repeat`: the same condition still holds.
 * - `clear`: it is over.
 * - `timeline`: it came too late or out of order to change anything; `rule` says which.
 * - `nothing`: cleared, and nothing was firing; the firing may still be under way.
 */
export type Verdict =
  | { type: "begin"; late: boolean }
  | { type: "repeat"; late: boolean }
  | { type: "clear" }
  | {
      type: "timeline";
      rule: "older-than-clear" | "older-than-firing" | "clear-older-than-firing" | "resolved-by-person";
    }
  | { type: "nothing" };

const BEGIN: Verdict = { type: "begin", late: false };
const BEGIN_LATE: Verdict = { type: "begin", late: true };
const REPEAT: Verdict = { type: "repeat", late: false };
const REPEAT_LATE: Verdict = { type: "repeat", late: true };
const CLEAR: Verdict = { type: "clear" };
const NOTHING: Verdict = { type: "nothing" };

/** What an alert is known by when an event comes. */
export type Standing = Readonly<
  Pick<Alert, "status" | "sourceStatus" | "lastOccurredAt" | "lastSeenAt" | "resolvedAt" | "late">
>;

/**
 * The decision, without side effects. `occurredAt` is the believed time.
 *
 * Two clocks are compared: the source's, which gives the order of what it sent, and ours, which gives the order in which
 * it came. When they disagree, either the transport overtook itself (then the older one was under way for longer) or the
 * source's clock was set (then it was not). The errors that remain heal with the next re-notification.
 */
export function classify(
  alert: Standing | undefined,
  event: Readonly<Event>,
  occurredAt: UnixMillis,
  at: UnixMillis,
): Verdict {
  const late = at - occurredAt > LATE_AFTER_MS;
  if (alert === undefined) {
    if (event.status === "resolved") return NOTHING;
    return late ? BEGIN_LATE : BEGIN;
  }
  const behind = alert.lastOccurredAt - occurredAt;
  if (event.status === "firing") {
    if (alert.sourceStatus === "resolved") return firingAfterClear(alert, at, behind, late);
    if (alert.status === "resolved") return firingAfterPerson(alert, at, late);
    return firingAgain(alert, occurredAt, at, behind, late);
  }
  if (alert.sourceStatus === "resolved") return NOTHING;
  // The firing that it follows may come from a replica whose clock is ahead; beyond that, it clears an older episode.
  return behind > SKEW_TOLERANCE_MS ? { type: "timeline", rule: "clear-older-than-firing" } : CLEAR;
}

function firingAgain(
  alert: Standing,
  occurredAt: UnixMillis,
  at: UnixMillis,
  behind: Milliseconds,
  late: boolean,
): Verdict {
  if (behind > SKEW_TOLERANCE_MS) return { type: "timeline", rule: "older-than-firing" };
  if (!late) return REPEAT;
  // A spool comes in faster than it was written; a source that sends at its own pace and is always as far behind has a
  // clock that is wrong, and what it says is of now.
  const arrivedApart = at - alert.lastSeenAt;
  const occurredApart = occurredAt - alert.lastOccurredAt;
  const steady = Math.abs(arrivedApart - occurredApart) <= SKEW_TOLERANCE_MS && arrivedApart > SKEW_TOLERANCE_MS;
  return alert.late && steady ? REPEAT : REPEAT_LATE;
}

function firingAfterClear(alert: Standing, at: UnixMillis, behind: Milliseconds, late: boolean): Verdict {
  if (behind > 0) {
    // It would have been under way that much longer than the clear that overtook it.
    const overtakenBy = behind + (at - Math.max(alert.resolvedAt ?? 0, alert.lastSeenAt));
    const clockWasSet = behind <= SKEW_TOLERANCE_MS && overtakenBy > SKEW_TOLERANCE_MS && !late;
    if (!clockWasSet) return { type: "timeline", rule: "older-than-clear" };
  }
  return late ? BEGIN_LATE : BEGIN;
}

/** The source never cleared; a person (or an expiry) did. */
function firingAfterPerson(alert: Standing, at: UnixMillis, late: boolean): Verdict {
  if (at - (alert.resolvedAt ?? at) < PERSON_GRACE_MS) return { type: "timeline", rule: "resolved-by-person" };
  return late ? BEGIN_LATE : BEGIN;
}
