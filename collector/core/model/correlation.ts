import type { Alarmed } from "./hypothesis.ts";
import type { Alert } from "./alert.ts";
import type { Link } from "./event.ts";
import type { CiId, MaintenanceWindow } from "./ci.ts";
import type { Impact, Incident, RootCause } from "./incident.ts";
import type { Note, Noted } from "./evidence.ts";
import type { FaultKey, Influence } from "./influence.ts";
import type { MetricEvidence } from "./metric-evidence.ts";
import type { CorrelationSettings } from "./settings.ts";
import type { Topology } from "./topology.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";
import type { AlertId, IncidentId } from "./identity.ts";

/** A deployment or configuration change seen on a CI. */
export interface ChangeRecord {
  event: string;
  ci: CiId;
  at: UnixMillis;
  check: string;
  summary: string;
  /** Pages that its source names: the deployment, the comparison, the job; absent where it names none. */
  links?: readonly Link[];
}

/** What correlation and root-cause ranking may look at. Read only; every answer is in a defined order. */
export interface CorrelationView {
  readonly topology: Topology;
  readonly settings: CorrelationSettings;
  alert(id: AlertId): Readonly<Alert> | undefined;
  /** Whether this object is the alert of its id: as `alert` says, but without looking for it. */
  isLive(alert: Readonly<Alert>): boolean;
  /** Firing and unobserved alerts on this CI, by first-seen time, then id. */
  activeAlertsOn(ci: CiId): readonly Readonly<Alert>[];
  incident(id: IncidentId): Readonly<Incident> | undefined;
  /** Open, acknowledged, and resolved ones that can still be reopened; by number. */
  liveIncidents(): Iterable<Readonly<Incident>>;
  /** Oldest first, at least those of the last 24 hours. */
  changesOn(ci: CiId): readonly ChangeRecord[];
  /** False: there are none on this CI of the topology. One load, for whoever asks of many CIs: most never change. */
  mayHaveChanged(ci: number): boolean;
  /** How many changes there have been of late, over all CIs together. */
  changesLately(at: UnixMillis): { count: number; withinMs: Milliseconds };
  /** How many of these are on CIs of one type, and how many such CIs there are: programs are changed more often than racks. */
  changesOfType(type: string, at: UnixMillis): { count: number; cis: number };
  /** Planned windows, whether past, current or to come, that are not removed yet; by id. */
  maintenance(): readonly Readonly<MaintenanceWindow>[];
  /** What samples say; absent where none are taken. */
  readonly metrics?: MetricEvidence;
}

/**
 * Where alerts belong. Later evidence can give another answer; `reasons` are in plain words, strongest first.
 * An alert is in at most one incident: whatever puts it somewhere takes it out of where it was. Placements are applied
 * in order, each before the next is read. An incident that loses its last member to another is merged into that one
 * (it keeps its notifications); it never stays behind empty and open.
 */
export type Placement =
  /** One new incident with all of these alerts (new, withheld, or split off other incidents). At least one. */
  | { type: "open"; alerts: AlertId[]; reasons: string[] }
  /** Into this incident, from nowhere or from any other. At least one. A resolved incident reopens by it. */
  | { type: "join"; alerts: AlertId[]; incident: IncidentId; reasons: string[] }
  | { type: "merge"; from: IncidentId; into: IncidentId; reasons: string[] }
  /** In no incident, for now: `rule` names why (`chronic`, `maintenance`, `late`, `flapping`, `lone-warning`, `info` …).
   * `until` is for the reader; the correlator itself comes back to it through `due`. */
  | { type: "withhold"; alert: AlertId; rule: string; reasons: string[]; until: UnixMillis | null };

/** The `rule` of a `withhold` that only waits, for seconds, until many alerts are looked at together: nothing is decided yet. */
export const GATHERING = "gathering";

/** The verdict on one incident at one time. */
export interface Ranking {
  rootCause: RootCause;
  /** The fault behind the verdict, as correlation counts them; null = none. For the correlator's own use. */
  fault: FaultKey | null;
  /** How much less that fault hits than it should, as a cost (`Dependents.doubt`). */
  doubt: number;
  impact: Impact;
  /** How long the first notification should still wait for a clearer picture, and why; 0 = tell now. */
  holdMs: Milliseconds;
  holdReason: string;
  /** False: nobody should be woken for it (informational, background noise); it may still be shown and told as an update. */
  pageWorthy: boolean;
  pageReason: string;
  /** Nothing was weighed anew: it is the verdict of before, with what is left of its hold. */
  isRepeat?: boolean;
  /** What is not worth a page yet may be so after this long, if nothing changes; 0 = there is nothing to wait for. */
  pageAfterMs: Milliseconds;
}

/** A condition that usually ends by itself. */
export interface Habit {
  /** The longest that it lasted of the last times. */
  withinMs: Milliseconds;
  /** How many times that was seen lately. */
  times: number;
}

/** What ranking may look at, beside the view: the evidence of one incident, prepared by correlation. */
export interface RootEvidence {
  incident: Readonly<Incident>;
  /** Of present members, without known noise; also of those that have cleared. */
  notes: readonly Note[];
  influence: Influence;
  /** The CIs that sent an alert that is no noise around that time, in whatever incident; until it is asked of another time. */
  alarmed: (around: UnixMillis) => Alarmed;
  /** Whether this CI itself was heard around that time, and so is not dead. */
  speaks: (ci: number, around: UnixMillis) => boolean;
  /** Whether this CI does not work just now: it is gone or down, seriously, in whatever incident. */
  fallen: (ci: number) => boolean;
  /** How often something alarms that comes to nothing, in onsets a millisecond. */
  strayRate: number;
  /** Whether planned work could be behind trouble of this CI that began then. */
  planned: (ci: number, onset: UnixMillis) => boolean;
  /** Another incident is growing fast just now: what looks alone may be a part of it. */
  storm: boolean;
  /** When someone was last woken for another incident; null = not that we know. */
  pagedAt: UnixMillis | null;
  /** Whether this condition has the habit of ending by itself; null = not that we know. */
  habit: (alert: AlertId) => Habit | null;
}

/** The verdict on one incident. Lives in `core/root-cause`; `step` hands it to the correlator. */
export interface RootRanker {
  rank(evidence: RootEvidence, at: UnixMillis, view: CorrelationView): Ranking;
}

/** What a restart finds of correlation. */
export interface Recollection {
  /** All alerts, with what `noted` once gave. */
  alerts: readonly { alert: Readonly<Alert>; noted: Noted | null }[];
  /** Incidents with what `threadOf` once gave. */
  threads: readonly { incident: IncidentId; noted: Noted }[];
  /** What `takeLearned` once gave. */
  records: readonly { id: string; value: unknown }[];
}

/** All that fire, and how many: mostly nobody has to look at each of them. */
export interface ActiveAlerts {
  count: number;
  alerts: Iterable<Readonly<Alert>>;
}

/**
 * Online correlation. What it keeps for itself is stored too (docs/decision/0008), so that it goes on after a restart as
 * if there had been none. The cost of each call depends on the neighbourhood of the alert.
 *
 * Two speeds: `onFiring` places an alert at once by what is near it; `due` solves the neighbourhood anew a little later
 * (within seconds in a growing storm) and answers with what should be moved, split or merged.
 */
export interface Correlator {
  /**
   * The graph from now on, as its document makes it: before it has gained anything, so that what is worked out of all of it
   * does not depend on when that was done.
   */
  takeGraph(topology: Topology): void;
  /**
   * After a restart, and before anything else is known: reads what was stored while the graph, which knows what another one
   * had gained (`regrow`), gains it again.
   */
  recall(stored: Recollection): void;
  /** After a restart: goes on with what was recalled, and begins anew with the others of all that fire. */
  resume(active: ActiveAlerts, at: UnixMillis, view: CorrelationView): void;
  /** Reads anew what is known: the CMDB has changed (a new `view.topology`), or a person has put alerts elsewhere. */
  restart(at: UnixMillis, view: CorrelationView): void;
  /** There is no such alert any more. */
  gone(alert: AlertId): void;
  /** What is to be stored with an alert; null = nothing. */
  noted(alert: AlertId): Noted | null;
  /** What is to be stored with an incident that is not over; null = nothing. */
  threadOf(incident: IncidentId): Noted | null;
  /** Alerts of which `noted` may say something else than at the last call though nothing of them has changed. */
  takeNoted(): readonly AlertId[];
  /**
   * A new episode, a change of severity, flapping or text, or a withheld alert that fires again; not plain
   * re-notifications. The first placement concerns the alert itself; none = it stays where it is.
   * The alert is in `view.activeAlertsOn` already, with its new values.
   */
  onFiring(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[];
  /** Cleared or expired; `alert.incident` still names where it was. */
  onResolved(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[];
  /** After a deployment or configuration change was recorded: it may explain an incident that is open. */
  onChange(change: ChangeRecord, at: UnixMillis, view: CorrelationView): void;
  /** The verdict. Cheap when nothing has changed since the last call for this incident. */
  rank(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Ranking;
  /** When `due` must be called though no event comes (withheld alerts, growing storms); null = never. */
  nextReviewAt(): UnixMillis | null;
  /** Everything that is to be placed anew by `at`. Call it before each input and at `nextReviewAt`. */
  due(at: UnixMillis, view: CorrelationView): Placement[];
  /** Incidents whose verdict may differ from the one last given by `rank`; call `rank` on each. Empties the list. */
  takeStale(): readonly IncidentId[];
  /**
   * What changed since the last call of all else that must outlive a restart, as entities of kind `learned`; null =
   * forgotten. To be called once a step, at its end. A value may be live, like an entity: it says what holds when it becomes
   * text.
   *
   * @param put incidents that are stored in the same commit, with what `threadOf` says of them then
   */
  takeLearned(put: readonly IncidentId[], view: CorrelationView): { id: string; value: unknown }[];
}
