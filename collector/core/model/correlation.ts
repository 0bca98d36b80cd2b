import type { Alert, AlertId } from "./alert.ts";
import type { CiId } from "./ci.ts";
import type { Impact, Incident, IncidentId, RootCause } from "./incident.ts";
import type { CorrelationSettings } from "./settings.ts";
import type { Topology } from "./topology.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** A deployment or configuration change seen on a CI. */
export interface ChangeRecord {
  event: string;
  ci: CiId;
  at: UnixMillis;
  check: string;
  summary: string;
}

/** What correlation and root-cause ranking may look at. Read only; every answer is in a defined order. */
export interface CorrelationView {
  readonly topology: Topology;
  readonly settings: CorrelationSettings;
  alert(id: AlertId): Readonly<Alert> | undefined;
  /** Firing and unobserved alerts on this CI, by first-seen time, then id. */
  activeAlertsOn(ci: CiId): readonly Readonly<Alert>[];
  incident(id: IncidentId): Readonly<Incident> | undefined;
  /** Open, acknowledged, and resolved ones that can still be reopened; by number. */
  liveIncidents(): Iterable<Readonly<Incident>>;
  /** Oldest first. */
  changesOn(ci: CiId): readonly ChangeRecord[];
}

/** Where an alert belongs. Later evidence can give another answer; `reasons` are in plain words, strongest first. */
export type Placement =
  | { type: "open"; alert: AlertId; reasons: string[] }
  | { type: "join"; alert: AlertId; incident: IncidentId; reasons: string[] }
  /** Out of its incident into another, or, with `to` null, into a new one of its own. */
  | { type: "move"; alert: AlertId; to: IncidentId | null; reasons: string[] }
  | { type: "merge"; from: IncidentId; into: IncidentId; reasons: string[] }
  /** In no incident, for now: `rule` names why (`chronic`, `maintenance`, `lateBurst`, `info`, `lone-warning` …). */
  | { type: "withhold"; alert: AlertId; rule: string; reasons: string[]; until: UnixMillis | null };

/** The verdict on one incident at one time. */
export interface Ranking {
  rootCause: RootCause;
  impact: Impact;
  /** How long the first notification should still wait for a clearer picture, and why; 0 = tell now. */
  holdMs: Milliseconds;
  holdReason: string;
  /** False: nobody should be woken for it (informational, background noise); it may still be shown and told as an update. */
  pageWorthy: boolean;
  pageReason: string;
}

/**
 * Online correlation. Keeps indexes of its own, which must equal those rebuilt from the entities, and learned
 * statistics, which are entities of kind `learned`. The cost of each call depends on the neighbourhood of the alert.
 */
export interface Correlator {
  /** A new episode, a change of severity, or a withheld alert that fires again. The first placement concerns the alert itself. */
  onFiring(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[];
  onResolved(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[];
  /** Looks at an incident again in the light of everything since; called after changes to it and at `reviewAt`. */
  review(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Placement[];
  rank(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Ranking;
  /** When something must be looked at again without an event (withheld alerts, growing storms); null = nothing. */
  nextReviewAt(): UnixMillis | null;
  /** Withheld alerts and incidents that are due at `at`. */
  due(at: UnixMillis, view: CorrelationView): Placement[];
  /** Learned statistics that changed since the last call, to be stored as entities of kind `learned`. */
  takeLearned(): { id: string; value: unknown }[];
}
