import type { Alert } from "./alert.ts";
import type { Effect, Entity } from "./effect.ts";
import { Few } from "./few.ts";
import type { Incident } from "./incident.ts";
import type { LedgerRecord } from "./ledger.ts";
import type { UnixMillis } from "./time.ts";
import type { IncidentId } from "./identity.ts";

type Decision = Pick<LedgerRecord, "decision" | "rule" | "reasons"> & Partial<LedgerRecord>;

/**
 * One step's work: the time, the effects so far, and what has changed. Alerts and incidents that changed are put once, at
 * the end, in the order in which they first changed.
 */
export class Turn {
  readonly at: UnixMillis;
  readonly effects: Effect[] = [];
  /** Correlation was asked, though perhaps nothing changed: its verdicts may have. */
  correlated = false;
  // Made when they are needed: most turns are re-notifications and need none of them.
  private alerts: Few<Alert> | null = null;
  private incidents: Few<Incident> | null = null;
  private looks: Few<Incident> | null = null;
  private ranks: Few<IncidentId> | null = null;

  constructor(at: UnixMillis) {
    this.at = at;
  }

  /** A decision for the ledger. */
  record(decision: Decision): void {
    const { incident = null, alert = null, ci = null, counterfactual = null, facts = {} } = decision;
    const { decision: name, rule, reasons } = decision;
    this.effects.push({
      kind: "ledger",
      record: { at: this.at, decision: name, incident, alert, ci, rule, reasons, counterfactual, facts },
    });
  }

  alertChanged(alert: Alert): void {
    this.alerts ??= new Few();
    this.alerts.add(alert);
  }

  /** The alert leaves memory and the store. */
  alertGone(alert: Alert): void {
    this.alerts?.delete(alert);
    this.remove("alert", alert.id);
  }

  incidentChanged(incident: Incident): void {
    this.incidents ??= new Few();
    this.incidents.add(incident);
  }

  /** Nothing of the incident changed, but what may be told of it: its time has come, or a mute has ended. */
  lookAt(incident: Incident): void {
    this.looks ??= new Few();
    this.looks.add(incident);
  }

  /** Those that will be put, in the order in which they first changed. */
  changedIncidents(): readonly Incident[] {
    return this.incidents?.all() ?? NONE;
  }

  /** Incidents that changed or must be looked at, in order. */
  incidentsToTell(): readonly Incident[] {
    if (this.incidents === null && this.looks === null) return NONE;
    const found = new Few<Incident>();
    for (const incident of this.incidents?.all() ?? []) found.add(incident);
    for (const incident of this.looks?.all() ?? []) found.add(incident);
    return found.all();
  }

  /** Whether the turn has to be settled: false for a re-notification that moved only counters. */
  hasWork(): boolean {
    return (
      this.correlated || this.alerts !== null || this.incidents !== null || this.looks !== null || this.ranks !== null
    );
  }

  /** The verdict on this incident must be asked for before the turn ends. */
  rank(id: IncidentId): void {
    this.ranks ??= new Few();
    this.ranks.add(id);
  }

  /** Incidents that wait for a verdict; empties the list. */
  takeRanks(): readonly IncidentId[] {
    const { ranks } = this;
    this.ranks = null;
    return ranks?.all() ?? NO_RANKS;
  }

  put(entity: Entity): void {
    this.effects.push({ kind: "put", entity });
  }

  remove(entity: Entity["kind"], id: string): void {
    this.effects.push({ kind: "remove", entity, id });
  }

  count(metric: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    this.effects.push({ kind: "count", metric, labels, by });
  }

  /** Ends the turn: all effects, the changed entities last. */
  finish(): Effect[] {
    if (this.alerts !== null)
      for (const alert of this.alerts.all()) this.put({ kind: "alert", id: alert.id, value: alert });
    for (const incident of this.changedIncidents()) this.put({ kind: "incident", id: incident.id, value: incident });
    return this.effects;
  }
}

const NONE: readonly Incident[] = [];
const NO_RANKS: readonly IncidentId[] = [];
