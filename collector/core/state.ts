import { MetricExplainer } from "./abnormal/explain.ts";
import { Measures } from "./abnormal/measures.ts";
import { createCorrelator } from "./correlate/correlator.ts";
import { ChangeLog } from "./deduplicate/change-log.ts";
import { type DeduplicateState, alertWakeAt } from "./deduplicate/deduplicate.ts";
import { EarlyClears } from "./deduplicate/early-clears.ts";
import { EventIds } from "./deduplicate/event-ids.ts";
import { type ExpectedAgent, Heartbeats } from "./deduplicate/heartbeat.ts";
import { ResolvedAlerts } from "./deduplicate/resolved-alerts.ts";
import { incidentWakeAt } from "./incident/life.ts";
import { newMember } from "./model/member.ts";
import type { IncidentId } from "./model/identity.ts";
import type { IncidentState } from "./incident/state.ts";
import { scheduleIntervals } from "./interval.ts";
import { AlertTable, isActive } from "./model/alert-table.ts";
import type { Alert } from "./model/alert.ts";
import type { CmdbDocument, MaintenanceWindow } from "./model/ci.ts";
import type { ChangeRecord, CorrelationView, Correlator, Placement } from "./model/correlation.ts";
import type { Entity } from "./model/effect.ts";
import type { Noted } from "./model/evidence.ts";
import { IncidentTable } from "./model/incident-table.ts";
import type { Incident } from "./model/incident.ts";
import { IncidentRecord } from "./model/incident-record.ts";
import { byText, inOrderOf } from "./model/order.ts";
import type { Problem } from "./model/problem.ts";
import type { CoreSettings } from "./model/settings.ts";
import { SharedTexts } from "./model/shared-texts.ts";
import type { Silence } from "./model/silence.ts";
import type { UnixMillis } from "./model/time.ts";
import { TimerQueue } from "./model/timer-queue.ts";
import { StoredList } from "./model/stored-list.ts";
import { type Growth, Topology } from "./model/topology.ts";
import { createRootRanker } from "./root-cause/ranker.ts";
import { Mutes } from "./notify/mutes.ts";
import { storedUndone } from "./undone.ts";
import type { NotifyState } from "./notify/state.ts";

/** Everything the core knows. It belongs to `step`, which changes it in place; others only read. */
export interface CoreState extends DeduplicateState, IncidentState, NotifyState {
  /** Of the last input; inputs never go back. */
  at: UnixMillis;
  /** As it was given last; CIs that only events have named are in `topology`. */
  cmdb: CmdbDocument;
  readonly correlator: Correlator;
  readonly view: CorrelationView;
  /** Metric series as evidence; in memory only, so that a restart begins to learn anew. */
  readonly measures: Measures;
  readonly changes: ChangeLog;
  readonly heartbeats: Heartbeats;
  readonly mutes: Mutes;
  /** What the graph has gained since it was made of the CMDB, as it is stored. */
  readonly graphLog: StoredList<Growth>;
  /** What correlation has decided and is not done yet, the next one last. */
  undone: Placement[];
  /** How many of these are stored; see `keepUndone`. */
  undoneStored: number;
  /** Records of it that an older program has written and that are to go. */
  undoneBefore: readonly string[];
  /** When correlation wants to be asked though no event comes; null = never. */
  reviewAt: UnixMillis | null;
}

export interface CoreOptions {
  settings: CoreSettings;
  cmdb: CmdbDocument;
  /** A fresh one, of which the state is the only user; default: ours. */
  correlator?: Correlator;
  /** What was stored; nothing for a new data directory. In any order. */
  entities?: Iterable<Entity>;
  /** Remembered event ids (`source`, newline, `id`), oldest first. */
  eventIds?: Iterable<string>;
  /** Time of the last commit; 0 for a new data directory. */
  at?: UnixMillis;
  /** Members that an incident shows and stores; for tests. */
  membersKept?: number | undefined;
}

/** A new core, or the one that was stored: its further effects equal those of a core that was never stopped. */
export function createState(options: CoreOptions): CoreState {
  const { settings, cmdb, correlator = createCorrelator(createRootRanker()), at = 0 } = options;
  const timers = new TimerQueue();
  const alerts = new AlertTable();
  const topology = new Topology(cmdb);
  correlator.takeGraph(topology);
  const state: CoreState = {
    at,
    settings,
    cmdb,
    topology,
    alerts,
    timers,
    alertTimers: new TimerQueue(),
    correlator,
    incidents: new IncidentTable(options.membersKept),
    resolved: new ResolvedAlerts(),
    eventIds: new EventIds(settings.limits.eventIdsMax),
    earlyClears: new EarlyClears(),
    texts: new SharedTexts(),
    heard: new Map(),
    problems: new Map(),
    fallen: new Map(),
    counters: { incidents: 0 },
    measures: new Measures(),
    changes: new ChangeLog(),
    heartbeats: new Heartbeats(timers),
    mutes: new Mutes(timers),
    graphLog: new StoredList("graph"),
    undone: [],
    undoneStored: 0,
    undoneBefore: [],
    reviewAt: null,
    view: undefined as never,
  };
  Object.assign(state, { view: viewOf(state) });
  for (const id of options.eventIds ?? []) state.eventIds.addStored(id);
  const stored = sortOut(options.entities ?? [], alerts);
  topology.regrow(state.graphLog.restore(stored.learned));
  correlator.recall({ alerts: stored.noted, threads: stored.threads, records: stored.learned });
  topology.growTo(Number.POSITIVE_INFINITY);
  state.mutes.takeSettings(settings.inhibitions);
  state.mutes.takeWindows(cmdb.maintenance, topology, at);
  load(state, stored, at);
  scheduleIntervals(state, at);
  correlator.resume(activeOf(state.alerts), at, state.view);
  Object.assign(state, storedUndone(stored.learned));
  state.reviewAt = state.undone.length > 0 ? at : correlator.nextReviewAt();
  return state;
}

function* activeOf(alerts: AlertTable): Iterable<Alert> {
  for (const alert of alerts.all()) if (isActive(alert)) yield alert;
}

/** Correlation reads anew what is there: the CMDB has changed, or a person has put alerts elsewhere. */
export function restartCorrelation(state: CoreState, at: UnixMillis): void {
  state.correlator.restart(at, state.view);
  state.undone = [];
  state.reviewAt = state.correlator.nextReviewAt();
}

function viewOf(state: CoreState): CorrelationView {
  return {
    metrics: new MetricExplainer(state.measures, () => state.topology),
    get topology() {
      return state.topology;
    },
    get settings() {
      return state.settings.correlation;
    },
    alert: (id) => state.alerts.get(id),
    isLive: (alert) => state.alerts.has(alert),
    activeAlertsOn: (ci) => state.alerts.activeOn(ci),
    incident: (id) => state.incidents.get(id),
    liveIncidents: () => state.incidents.live(),
    changesOn: (ci) => state.changes.on(ci),
    changesLately: (at) => state.changes.lately(at),
    changesOfType: (type, at) => state.changes.ofType(type, state.topology, at),
    maintenance: () => state.mutes.windows(),
  };
}

/** What was stored, by its kind. */
interface Stored {
  alerts: Alert[];
  incidents: Incident[];
  problems: Problem[];
  silences: Silence[];
  windows: MaintenanceWindow[];
  agents: ExpectedAgent[];
  changes: ChangeRecord[][];
  counters: object;
  learned: { id: string; value: unknown }[];
  /** Alerts with what correlation knows of them. */
  noted: { alert: Alert; noted: Noted }[];
  /** Incidents with the same. */
  threads: { incident: IncidentId; noted: Noted }[];
  meta: Entity[];
}

/** @param table in which the alerts will be. */
function sortOut(entities: Iterable<Entity>, table: AlertTable): Stored {
  const found: Stored = {
    alerts: [],
    incidents: [],
    problems: [],
    silences: [],
    windows: [],
    agents: [],
    changes: [],
    counters: {},
    learned: [],
    noted: [],
    threads: [],
    meta: [],
  };
  const alerts: AlertEntity[] = [];
  for (const entity of entities) {
    switch (entity.kind) {
      case "alert":
        alerts.push(entity);
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
  // In the order of all that goes over them later, so that neighbours there are neighbours in memory.
  for (const { value, noted } of byBeginning(alerts)) {
    const alert = table.enrol(value);
    found.alerts.push(alert);
    if (noted !== undefined && noted !== null) found.noted.push({ alert, noted });
  }
  return found;
}

type AlertEntity = Extract<Entity, { kind: "alert" }>;

/** By when they began, then by id. */
function byBeginning(alerts: readonly AlertEntity[]): AlertEntity[] {
  const first = alerts.reduce((least, { value }) => Math.min(least, value.firstSeenAt), Number.POSITIVE_INFINITY);
  const found = inOrderOf(alerts, ({ value }) => value.firstSeenAt - first);
  for (let from = 0, to = 1; to <= found.length; to += 1) {
    const began = found[from]?.value.firstSeenAt;
    if (to < found.length && found[to]?.value.firstSeenAt === began) continue;
    if (to - from > 1) sortPart(found, from, to);
    from = to;
  }
  return found;
}

/** Mostly they are in this order already. */
function sortPart(alerts: AlertEntity[], from: number, to: number): void {
  const part = alerts.slice(from, to).sort((a, b) => byText(a.id, b.id));
  for (const [at, alert] of part.entries()) alerts[from + at] = alert;
}

/** Stored entities come in any order; what decides later must not depend on it. */
function load(state: CoreState, stored: Stored, at: UnixMillis): void {
  Object.assign(state.counters, stored.counters);
  loadChanges(state, stored.changes);
  state.earlyClears.restore(stored.meta);
  loadAlerts(state, stored.alerts);
  loadIncidents(state, stored.incidents, at);
  for (const problem of stored.problems.sort((a, b) => a.lastAt - b.lastAt || byText(a.id, b.id))) {
    state.problems.set(problem.rootCause, problem);
  }
  for (const agent of stored.agents) {
    const alert = state.alerts.find(agent.ci, "collector", "agent_missing", "");
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
function loadAlerts(state: CoreState, alerts: readonly Alert[]): void {
  const { topology } = state;
  registerNames(topology, alerts);
  const renamed: Alert[] = [];
  for (const alert of alerts) {
    const ci = topology.id(topology.register(alert.ci));
    if (ci !== alert.ci) {
      renamed.push(alert);
      continue;
    }
    // One text for all alerts of a CI.
    alert.ci = ci;
    loadAlert(state, alert);
  }
  // Those by the right name came first: theirs is the identity. Under its old name nothing speaks of an alert any more, and
  // it expires.
  for (const alert of renamed) {
    const ci = topology.id(topology.register(alert.ci));
    if (state.alerts.find(ci, alert.source, alert.check, alert.instance) === undefined) alert.ci = ci;
    loadAlert(state, alert);
  }
  state.resolved.evict(state.alerts, state.settings.limits.resolvedAlertsMax);
}

/** The CIs of alerts that the CMDB does not know: in an order that does not depend on how they were stored. */
function registerNames(topology: Topology, alerts: readonly Alert[]): void {
  const unknown = new Set<string>();
  for (const { ci } of alerts) if (topology.find(ci) === undefined) unknown.add(ci);
  for (const name of [...unknown].sort(byText)) topology.register(name);
}

function loadAlert(state: CoreState, alert: Alert): void {
  state.texts.share(alert);
  state.alerts.add(alert);
  state.heard.set(alert.source, Math.max(alert.lastSeenAt, state.heard.get(alert.source) ?? 0));
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

function loadIncidents(state: CoreState, incidents: Incident[], at: UnixMillis): void {
  const crowds = new Map<IncidentId, Alert[]>();
  for (const { id, alertCount, members } of incidents) if (alertCount !== members.length) crowds.set(id, []);
  if (crowds.size > 0) for (const alert of state.alerts.all()) crowds.get(alert.incident ?? "")?.push(alert);
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
    const wakeAt = incidentWakeAt(incident, state.settings.correlation, at);
    if (wakeAt !== null) state.timers.schedule(`incident ${incident.id}`, wakeAt);
  }
}
