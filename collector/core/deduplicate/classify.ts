import type { Alert } from "../model/alert.ts";
import type { Event } from "../model/event.ts";
import { severityRank } from "../model/severity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { sameButFigures } from "./figures.ts";
import { saidSince } from "./new-alert.ts";

/** Clocks of sources differ by up to this much in a normal installation. */
export const SKEW_TOLERANCE_MS: Milliseconds = 30_000;
/** An event that was under way for longer tells of the past: it completes timelines and never pages as new. */
export const LATE_AFTER_MS: Milliseconds = 5 * 60_000;
/** A person said that it is over; a source that only goes on repeating itself is believed again after this time. */
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
  /** `anew`: why it is believed at once although a person resolved it minutes ago. */
  | { type: "begin"; late: boolean; anew?: string }
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
  Pick<Alert, "status" | "sourceStatus" | "lastOccurredAt" | "lastSeenAt" | "resolvedAt" | "late"> &
    Partial<Pick<Alert, "severity" | "summary" | "count">>
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
    if (alert.status === "resolved") return firingAfterPerson(alert, event, at, late);
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

/**
 * The source never cleared; a person (or an expiry) did. A source that repeats itself has not noticed yet and gets some
 * minutes; what it did not say before the resolve is news, and the person should hear of it at once.
 */
function firingAfterPerson(alert: Standing, event: Readonly<Event>, at: UnixMillis, late: boolean): Verdict {
  const resolvedAt = alert.resolvedAt ?? at;
  if (at - resolvedAt >= PERSON_GRACE_MS) return late ? BEGIN_LATE : BEGIN;
  const anew = late ? null : newsSince(alert, event, resolvedAt);
  return anew === null ? { type: "timeline", rule: "resolved-by-person" } : { type: "begin", late: false, anew };
}

/** What is new in a firing since a person resolved the alert, in plain words; null = it says the same as before. */
function newsSince(alert: Standing, event: Readonly<Event>, resolvedAt: UnixMillis): string | null {
  const { severity, summary, count = 0 } = alert;
  if (severity !== undefined && severityRank(event.severity) > severityRank(severity))
    return `it is ${event.severity} now, and was ${severity}`;
  if (summary !== undefined && !sameButFigures(summary, event.summary))
    return `it says something else now: ${event.summary.slice(0, 200)}`;
  const since = saidSince(event);
  if (since !== null) return since > resolvedAt ? "its source says that it began after that" : null;
  return count < 2 ? "its source does not repeat itself, and has told it again" : null;
}
