import type { AlertId, IncidentId } from "./identity.ts";
import type { NotificationKind } from "./notification-kind.ts";
import type { CiId } from "./ci.ts";
import type { Priority, Severity } from "./severity.ts";
import type { UnixMillis } from "./time.ts";

export const INCIDENT_STATUSES = ["open", "acknowledged", "resolved", "closed"] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** One alert episode in an incident, as it was while it was a member. */
export interface Member {
  alert: AlertId;
  episode: number;
  ci: CiId;
  source: string;
  check: string;
  instance: string;
  /** Worst of the episode. */
  severity: Severity;
  summary: string;
  status: "firing" | "unobserved" | "resolved";
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  resolvedAt: UnixMillis | null;
  occurredAt: UnixMillis;
  count: number;
  joinedAt: UnixMillis;
  /** Why it is here, in plain words. */
  reason: string;
}

export interface Candidate {
  ci: CiId;
  /** 0…1; candidates are ordered by it, best first. */
  score: number;
  /** In plain words, strongest first: "22 of 23 hosts behind sw-r3 went silent within 40 s". */
  reasons: string[];
}

export interface RootCause {
  /** null: no single CI is at fault. */
  ci: CiId | null;
  /** 0…1, calibrated: of the roots named with 0.9, nine of ten are right. */
  confidence: number;
  /** True when the CI itself sent nothing and its dependents say so. */
  inferred: boolean;
  candidates: Candidate[];
  /** Event id of the change that explains the fault; the first reason of the first candidate says then what was changed. */
  change: string | null;
  /** Why nobody is at fault, in plain words; only where `ci` is null and correlation can tell. */
  rootless?: string;
}

export interface ServiceImpact {
  ci: CiId;
  /** 1 (most) … 4. */
  criticality: number;
  /** Healthy alternatives left before the service fails: 0 = it is down or the next failure takes it; null = not known. */
  redundancyLeft: number | null;
}

export interface Impact {
  services: ServiceImpact[];
  /** Every CI with a member alert or made unreachable by the root, sorted by id, at most 1000. */
  cis: CiId[];
}

export interface TimelineEntry {
  at: UnixMillis;
  /** `opened`, `alert`, `root`, `priority`, `acknowledged`, `note`, `merged`, `notified`, `resolved` … */
  kind: string;
  text: string;
  actor: string | null;
}

/**
 * What one receiver was last told about this incident: a resolve goes to everyone who was told the fire.
 * Revision 0: it was told only about an incident that was merged into this one.
 */
export interface Told {
  receiver: string;
  kind: NotificationKind;
  revision: number;
  at: UnixMillis;
  /** A page to this receiver has gone out in this opening of the incident. */
  paged: boolean;
  /** Nothing but what was told of so many alerts, in an incident that they were in before. */
  inherited?: number;
  /** The priority it was last told. */
  priority: Priority;
}

/** The alerts that one fault explains. */
export interface Incident {
  id: IncidentId;
  /** 1, 2, 3 … for people. */
  number: number;
  status: IncidentStatus;
  severity: Severity;
  priority: Priority;
  title: string;
  openedAt: UnixMillis;
  acknowledgedAt: UnixMillis | null;
  resolvedAt: UnixMillis | null;
  closedAt: UnixMillis | null;
  /** How often it was reopened; a key of a notification names the opening it belongs to. */
  reopened: number;
  /** When the present opening began: `openedAt`, or the last reopening. */
  openingAt: UnixMillis;
  rootCause: RootCause;
  /** Set by a person; correlation does not change the root after that. */
  rootPinned: boolean;
  /** A person merged or split it: correlation no longer takes alerts out of it, nor merges it. */
  membersPinned: boolean;
  impact: Impact;
  /** The first and the worst of its alerts, at most a thousand; all of them are known by `Alert.incident`. */
  members: Member[];
  /** How many alerts it has, those beyond `members` too. */
  alertCount: number;
  owner: string | null;
  /** Oldest first, at most 500 entries; the ledger has all. */
  timeline: TimelineEntry[];
  /** Rises with each change that a reader would see. */
  revision: number;
  mergedInto: IncidentId | null;
  /** The problem (recurring incidents of one root) it belongs to. */
  problem: string | null;
  told: Told[];
  /** The first page or update waits until then (settle time or learned hold); null = not waiting. */
  holdUntil: UnixMillis | null;
  holdReason: string | null;
  /** All members are clear since then; it resolves when the quiet time has passed. */
  quietSince: UnixMillis | null;
  /** The root shows no trouble any more since then: after the recovery's settle time its children are observed again. */
  rootClearSince: UnixMillis | null;
  /** Some members are clear and others are silent: then it is looked at whether these have lost their clear; null = no need. */
  strayCheckAt: UnixMillis | null;
  /** Correlation's verdict: is it worth waking a person, and why. */
  pageWorthy: boolean;
  pageReason: string;
  /** It came back minutes after its end was told: until then nobody is paged for it; null = no such wait. */
  pageHoldUntil: UnixMillis | null;
  /** A change worth telling waits until then, so that a storm gives few updates; null = nothing to tell. */
  updateDueAt: UnixMillis | null;
  /** The rule that last kept it from being told (`silence:ID`, `maintenance:ID`, `late`, `no-route` …); null = none. */
  withheld: string | null;
}
