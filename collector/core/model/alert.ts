import type { CiId } from "./ci.ts";
import type { Labels, Link } from "./event.ts";
import type { AlertId, IncidentId } from "./identity.ts";
import type { Severity } from "./severity.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/**
 * pending: seen, not yet believed (held by flapping or by the source's `for`).
 * firing: the condition holds.
 * unobserved: suppressed behind a failed dependency; we do not know, so it is not OK.
 * resolved: cleared by its source, by a person, or by expiry.
 */
export const ALERT_STATUSES = ["pending", "firing", "unobserved", "resolved"] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** The deduplicated condition. One object an identity for ever; each firing after a resolve is a new `episode`. */
export interface Alert {
  id: AlertId;
  ci: CiId;
  source: string;
  check: string;
  instance: string;
  status: AlertStatus;
  /** Of the last firing event. */
  severity: Severity;
  summary: string;
  labels: Labels;
  annotations: Labels;
  links: readonly Link[];
  /** 1 for the first. */
  episode: number;
  /** Our clock, this episode. */
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  resolvedAt: UnixMillis | null;
  /** Source's clock: when the condition began, as far as the source says (its `time`, or annotation `since`). */
  occurredAt: UnixMillis;
  /** Source's clock of the last state change taken over: an event older than this is late and changes no state. */
  lastOccurredAt: UnixMillis;
  /** Firing events in this episode. */
  count: number;
  /**
   * As its last event said; null = by the repetition it keeps, or the time to live of the settings; 0 = it gave the moment
   * `expiresAt`, which an earlier one does not take back.
   */
  expiresAfterMs: Milliseconds | null;
  /** When it resolves by itself if not heard again; null = never by time. */
  expiresAt: UnixMillis | null;
  /** Ring of the last state changes for flap detection, newest last. */
  changes: UnixMillis[];
  flapping: boolean;
  /** The incident it is in now; null = none, see `withheld`. */
  incident: IncidentId | null;
  /** Why a firing alert is in no incident: `chronic`, `maintenance`, `late`, `info` …; null where it is in one or not firing. */
  withheld: string | null;
  /** Why it is unobserved or muted: `silence:ID`, `maintenance:ID`, `inhibition:ALERT`, `dependency:CI`; sorted. */
  suppressedBy: readonly string[];
  /** Since when it is unobserved; null = it is observed. */
  unobservedSince: UnixMillis | null;
  /** What the source last said; differs from `status` while flapping is held as one state. */
  sourceStatus: "firing" | "resolved";
  /** All we know of this episode came late (spooled by an agent that was cut off): it completes a timeline and never pages. */
  late: boolean;
  /** When and why it came into `incident`; null and "" where it is in none. */
  joinedAt: UnixMillis | null;
  joinReason: string;
}
