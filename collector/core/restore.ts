import { alertWakeAt } from "./deduplicate/deduplicate.ts";
import { AGENT_MISSING, type ExpectedAgent, OWN_SOURCE } from "./deduplicate/heartbeat.ts";
import { incidentWakeAt } from "./incident/life.ts";
import { scheduleIntervals } from "./interval.ts";
import { isActive } from "./model/alert-table.ts";
import type { Alert } from "./model/alert.ts";
import type { MaintenanceWindow } from "./model/ci.ts";
import type { ChangeRecord } from "./model/correlation.ts";
import type { Entity } from "./model/effect.ts";
import type { Noted } from "./model/evidence.ts";
import type { IncidentId } from "./model/identity.ts";
import { IncidentRecord } from "./model/incident-record.ts";
import type { Incident } from "./model/incident.ts";
import { newMember } from "./model/member.ts";
import { byText } from "./model/order.ts";
import type { Problem } from "./model/problem.ts";
import type { Silence } from "./model/silence.ts";
import type { Topology } from "./model/topology.ts";
import type { RestoredAlert, RestoredAlerts } from "./restored-alerts.ts";
import type { CoreState } from "./core-state.ts";
import { storedUndone } from "./undone.ts";

/**
 * Puts into a state that knows nothing yet what was stored.
 *
 * @param entities in any order; their alerts may be in `restored` already, whose table is that of the state.
 */
export function restoreState(state: CoreState, entities: Iterable<Entity>, restored: RestoredAlerts): void {
  const { at, topology, correlator } = state;
  const stored = sortOut(entities, restored);
  const alerts = restored.inOrder();
  topology.regrow(state.graphLog.restore(stored.learned));
  correlator.recall({ alerts, threads: stored.threads, records: stored.learned });
  topology.growTo(Number.POSITIVE_INFINITY);
  state.mutes.takeSettings(state.settings.inhibitions);
  state.mutes.takeWindows(state.cmdb.maintenance, topology, at);
  load(state, stored, alerts);
  scheduleIntervals(state, at);
  correlator.resume({ count: state.alerts.activeCount, alerts: activeAlerts(state) }, at, state.view);
  Object.assign(state, storedUndone(stored.learned));
}

function* activeAlerts({ alerts }: CoreState): Iterable<Alert> {
  for (const alert of alerts.all()) if (isActive(alert)) yield alert;
}

/** What was stored, by its kind. */
interface Stored {
  incidents: Incident[];
  problems: Problem[];
  silences: Silence[];
  windows: MaintenanceWindow[];
  agents: ExpectedAgent[];
  changes: ChangeRecord[][];
  counters: object;
  learned: { id: string; value: unknown }[];
  /** Incidents with the same. */
  threads: { incident: IncidentId; noted: Noted }[];
  meta: Entity[];
}

/** @param alerts takes those among them. */
function sortOut(entities: Iterable<Entity>, alerts: RestoredAlerts): Stored {
  const found: Stored = {
    incidents: [],
    problems: [],
    silences: [],
    windows: [],
    agents: [],
    changes: [],
    counters: {},
    learned: [],
    threads: [],
    meta: [],
  };
  for (const entity of entities) {
    switch (entity.kind) {
      case "alert":
        alerts.take(entity.value, entity.noted ?? null);
        break;
      case "incident":
        found.incidents.push(entity.value);
        if (entity.noted !== undefined && entity.noted !== null)
          found.threads.push({ incident: entity.id, noted: entity.noted });
        break;
      case "problem":
        found.problems.push(entity.value);
        break;
      case "silence":
        found.silences.push(entity.value);
        break;
      case "maintenance":
        found.windows.push(entity.value);
        break;
      case "agent":
        found.agents.push(entity.value as ExpectedAgent);
        break;
      case "learned":
        found.learned.push({ id: entity.id, value: entity.value });
        break;
      case "meta":
        if (entity.id === "counters") found.counters = entity.value as object;
        else if (entity.id.startsWith("changes ")) found.changes.push(entity.value as ChangeRecord[]);
        else found.meta.push(entity);
        break;
    }
  }
  return found;
}

/** Stored entities come in any order; what decides later must not depend on it. */
function load(state: CoreState, stored: Stored, alerts: readonly RestoredAlert[]): void {
  const { at } = state;
  Object.assign(state.counters, stored.counters);
  loadChanges(state, stored.changes);
  state.earlyClears.restore(stored.meta);
  state.heard.restore(stored.meta);
  loadAlerts(state, alerts);
  loadIncidents(state, stored.incidents, alerts);
  for (const problem of stored.problems.sort((a, b) => a.lastAt - b.lastAt || byText(a.id, b.id))) {
    state.problems.set(problem.rootCause, problem);
  }
  for (const agent of stored.agents) {
    const alert = state.alerts.find(agent.ci, OWN_SOURCE, AGENT_MISSING, "");
    state.heartbeats.restore(agent, alert?.sourceStatus === "firing", at);
  }
  state.mutes.restore(stored.silences, stored.windows, state.topology, at);
  for (const alert of state.alerts.all()) if (isActive(alert)) state.mutes.track(alert);
}

function loadChanges(state: CoreState, changes: ChangeRecord[][]): void {
  const newest = (list: readonly ChangeRecord[]): number => list.at(-1)?.at ?? 0;
  changes.sort((a, b) => newest(a) - newest(b) || byText(a[0]?.ci ?? "", b[0]?.ci ?? ""));
  for (const list of changes) {
    const [first] = list;
    if (first !== undefined) state.changes.restore(first.ci, list);
  }
}

/** @param alerts by when they began */
function loadAlerts(state: CoreState, alerts: readonly RestoredAlert[]): void {
  const { topology } = state;
  registerNames(topology, alerts);
  const named: Alert[] = [];
  const renamed: Alert[] = [];
  for (const { alert } of alerts) {
    const ci = topology.id(topology.register(alert.ci));
    if (ci !== alert.ci) {
      renamed.push(alert);
      continue;
    }
    // One text for all alerts of a CI.
    alert.ci = ci;
    named.push(alert);
  }
  state.alerts.addRestored(named);
  // Those by the right name came first: theirs is the identity. Under its old name nothing speaks of an alert any more, and
  // it expires.
  for (const alert of renamed) {
    const ci = topology.id(topology.register(alert.ci));
    if (state.alerts.find(ci, alert.source, alert.check, alert.instance) === undefined) alert.ci = ci;
    state.alerts.add(alert);
  }
  for (const { alert } of alerts) hear(state, alert);
  state.resolved.evict(state.alerts, state.settings.limits.resolvedAlertsMax);
}

/** The CIs of alerts that the CMDB does not know: in an order that does not depend on how they were stored. */
function registerNames(topology: Topology, alerts: readonly RestoredAlert[]): void {
  const unknown = new Set<string>();
  for (const { alert } of alerts) if (topology.find(alert.ci) === undefined) unknown.add(alert.ci);
  for (const name of [...unknown].sort(byText)) topology.register(name);
}

function hear(state: CoreState, alert: Alert): void {
  state.heard.restoreFrom(alert);
  if (!isActive(alert)) {
    state.resolved.remember(alert);
    return;
  }
  const wakeAt = alertWakeAt(alert, state.settings.correlation);
  if (wakeAt !== null) state.alertTimers.schedule(alert.id, wakeAt);
}

/** Members beyond those that are stored: their alerts know where they are. */
function adoptBeyond(state: CoreState, incident: Incident, alerts: readonly Alert[]): void {
  for (const alert of alerts) {
    if (state.incidents.member(incident.id, alert.id) !== undefined) continue;
    state.incidents.adopt(incident, newMember(alert, alert.joinedAt ?? incident.openedAt, alert.joinReason));
  }
}

/** @param alerts by when they began */
function loadIncidents(state: CoreState, incidents: Incident[], alerts: readonly RestoredAlert[]): void {
  const crowds = new Map<IncidentId, Alert[]>();
  for (const { id, alertCount, members } of incidents) if (alertCount !== members.length) crowds.set(id, []);
  if (crowds.size > 0) for (const { alert } of alerts) crowds.get(alert.incident ?? "")?.push(alert);
  for (const stored of incidents.sort((a, b) => a.number - b.number)) {
    if (stored.status === "closed") continue;
    const incident = stored instanceof IncidentRecord ? stored : new IncidentRecord(stored);
    for (const member of incident.members) {
      const alert = state.alerts.get(member.alert);
      // Touches are folded into the alert only.
      if (alert === undefined || alert.incident !== incident.id || alert.episode !== member.episode) continue;
      member.lastSeenAt = alert.lastSeenAt;
      member.count = alert.count;
    }
    state.incidents.add(incident);
    adoptBeyond(state, incident, crowds.get(incident.id) ?? []);
    const wakeAt = incidentWakeAt(incident, state.settings.correlation, state.at);
    if (wakeAt !== null) state.timers.schedule(`incident ${incident.id}`, wakeAt);
  }
}
