import { MetricExplainer } from "./abnormal/explain.ts";
import { Measures } from "./abnormal/measures.ts";
import { createCorrelator } from "./correlate/correlator.ts";
import { ChangeLog } from "./deduplicate/change-log.ts";
import { EarlyClears } from "./deduplicate/early-clears.ts";
import { EventIds } from "./deduplicate/event-ids.ts";
import { HeardSources } from "./deduplicate/heard-sources.ts";
import { Heartbeats } from "./deduplicate/heartbeat.ts";
import { ResolvedAlerts } from "./deduplicate/resolved-alerts.ts";
import type { CmdbDocument } from "./model/ci.ts";
import type { CorrelationView, Correlator } from "./model/correlation.ts";
import type { Entity } from "./model/effect.ts";
import type { EventIdMarks } from "./model/event-id.ts";
import { IncidentTable } from "./model/incident-table.ts";
import type { CoreSettings } from "./model/settings.ts";
import type { UnixMillis } from "./model/time.ts";
import { TimerQueue } from "./model/timer-queue.ts";
import { StoredList } from "./model/stored-list.ts";
import { Topology } from "./model/topology.ts";
import { createRootRanker } from "./root-cause/ranker.ts";
import { Mutes } from "./notify/mutes.ts";
import type { CoreState } from "./core-state.ts";
import { restoreState } from "./restore.ts";
import { RestoredAlerts } from "./restored-alerts.ts";

export type { CoreState };

export interface CoreOptions {
  settings: CoreSettings;
  cmdb: CmdbDocument;
  /** A fresh one, of which the state is the only user; default: ours. */
  correlator?: Correlator;
  /** What was stored; nothing for a new data directory. In any order. Its alerts may be in `alerts` already. */
  entities?: Iterable<Entity>;
  alerts?: RestoredAlerts | undefined;
  /** Remembered event ids, oldest first. */
  eventIds?: readonly EventIdMarks[];
  /** Time of the last commit; 0 for a new data directory. */
  at?: UnixMillis;
  /** Members that an incident shows and stores; for tests. */
  membersKept?: number | undefined;
}

/** A new core, or the one that was stored: its further effects equal those of a core that was never stopped. */
export function createState(options: CoreOptions): CoreState {
  const { settings, cmdb, correlator = createCorrelator(createRootRanker()), at = 0 } = options;
  const timers = new TimerQueue();
  const restored = options.alerts ?? new RestoredAlerts();
  const topology = new Topology(cmdb);
  correlator.takeGraph(topology);
  const state: CoreState = {
    at,
    settings,
    cmdb,
    topology,
    alerts: restored.table,
    timers,
    alertTimers: new TimerQueue(),
    correlator,
    incidents: new IncidentTable(options.membersKept),
    resolved: new ResolvedAlerts(),
    eventIds: new EventIds(settings.limits.eventIdsMax),
    earlyClears: new EarlyClears(),
    texts: restored.texts,
    heard: new HeardSources(),
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
  state.eventIds.restore(options.eventIds ?? []);
  restoreState(state, options.entities ?? [], restored);
  state.reviewAt = state.undone.length > 0 ? at : correlator.nextReviewAt();
  return state;
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
    mayHaveChanged: (ci) => state.changes.mayBeOn(ci, state.topology),
    changesLately: (at) => state.changes.lately(at),
    changesOfType: (type, at) => state.changes.ofType(type, state.topology, at),
    maintenance: () => state.mutes.windows(),
  };
}
