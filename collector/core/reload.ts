import { alertWakeAt, resolveAlert } from "./deduplicate/deduplicate.ts";
import { dueSince } from "./incident/life.ts";
import { wakeIncident } from "./incident/state.ts";
import type { Alert } from "./model/alert.ts";
import type { CiId, CmdbDocument } from "./model/ci.ts";
import { wakeIntervals } from "./interval.ts";
import { byText } from "./model/order.ts";
import type { CoreSettings } from "./model/settings.ts";
import { Topology } from "./model/topology.ts";
import type { Turn } from "./model/turn.ts";
import { isActive } from "./model/alert-table.ts";
import { muteAll } from "./mute.ts";
import { correlateCleared } from "./take-event.ts";
import { type CoreState, restartCorrelation } from "./state.ts";

/** The CMDB changed: a new graph, with the CIs that only events have named. */
export function takeCmdb(state: CoreState, turn: Turn, cmdb: CmdbDocument): void {
  const topology = new Topology(cmdb);
  state.correlator.takeGraph(topology);
  state.topology = topology;
  state.cmdb = cmdb;
  state.fallen.clear();
  rename(state, turn);
  state.mutes.takeWindows(cmdb.maintenance, topology, turn.at);
  muteAll(state, turn);
  restartCorrelation(state, turn.at);
  for (const incident of state.incidents.live()) turn.rank(incident.id);
  turn.correlated = true;
}

/** Each time that events have named so many CIs which the CMDB does not know … */
const NAMES_A_LOOK = 50_000;
/** … the graph begins anew, if no more than this share of them is still spoken of. */
const SPOKEN_OF = 0.5;

/**
 * Names come and go (containers, above all), and the graph keeps each: where most are of the past, they are forgotten.
 *
 * @param before how much the graph had gained before this input
 */
export function forgetNames(state: CoreState, turn: Turn, before: number): void {
  const { length } = state.topology.grown;
  if (Math.floor(length / NAMES_A_LOOK) === Math.floor(before / NAMES_A_LOOK)) return;
  const named = new Set<CiId>();
  for (const { ci } of state.alerts.all()) named.add(ci);
  for (const [change] of state.changes.all()) if (change !== undefined) named.add(change.ci);
  if (named.size + state.heartbeats.size <= length * SPOKEN_OF) takeCmdb(state, turn, state.cmdb);
}

/** A name that events used may now be an alias of a CI: what is known by it goes over to the CI. */
function rename(state: CoreState, turn: Turn): void {
  const nameNow = (ci: CiId): CiId => state.topology.id(state.topology.register(ci));
  for (const alert of [...state.alerts.all()].sort((a, b) => byText(a.id, b.id))) {
    const ci = nameNow(alert.ci);
    if (ci !== alert.ci) renameAlert(state, turn, alert, ci);
  }
  state.heartbeats.rename(turn, nameNow);
  for (const ci of state.changes.rename(nameNow)) {
    const list = state.changes.on(ci);
    if (list.length === 0) turn.remove("meta", `changes ${ci}`);
    else turn.put({ kind: "meta", id: `changes ${ci}`, value: [...list] });
  }
}

function renameAlert(state: CoreState, turn: Turn, alert: Alert, ci: CiId): void {
  const twin = state.alerts.find(ci, alert.source, alert.check, alert.instance);
  if (twin !== undefined) {
    // The same condition under both names: the one by its right name goes on.
    if (isActive(alert)) {
      resolveAlert(state, turn, alert);
      alert.sourceStatus = "resolved";
      correlateCleared(state, turn, alert);
    }
    const left = state.incidents.of(alert);
    if (left !== undefined) {
      // Its alert will not be there to say what the member is.
      turn.incidentChanged(left);
      state.incidents.release(left.id, alert.id);
    }
    state.resolved.forget(alert);
    state.alerts.remove(alert);
    state.correlator.gone(alert.id);
    state.heard.gone(turn, alert);
    turn.alertGone(alert);
    return;
  }
  state.alerts.remove(alert);
  alert.ci = ci;
  state.alerts.add(alert);
  // By its new name; what mutes what is decided afterwards, for all.
  state.mutes.track(alert);
  turn.alertChanged(alert);
  const incident = state.incidents.of(alert);
  const member = incident === undefined ? undefined : state.incidents.member(incident.id, alert.id);
  if (incident === undefined || member === undefined) return;
  state.incidents.rename(incident, member, ci);
  turn.incidentChanged(incident);
}

/** Routes, inhibitions, times and limits changed: what waits may be told now. */
export function takeSettings(state: CoreState, turn: Turn, settings: CoreSettings): void {
  state.settings = settings;
  state.mutes.takeSettings(settings.inhibitions);
  const active = [...state.alerts.all()].filter(isActive).sort((a, b) => byText(a.id, b.id));
  for (const alert of active) state.mutes.track(alert);
  muteAll(state, turn);
  for (const incident of state.incidents.live()) {
    turn.rank(incident.id);
    turn.lookAt(incident);
  }
  for (const alert of active) {
    const wakeAt = alertWakeAt(alert, settings.correlation);
    if (wakeAt !== null) state.alertTimers.schedule(alert.id, wakeAt);
  }
  wakeAllDue(state, turn);
  turn.correlated = true;
}

/**
 * A step wakes so many at most, and the core may have been stopped before the next one; the settings may have changed
 * meanwhile. From what is stored it cannot be told who was looked at in time: all whose time has come are looked at again.
 */
export function resume(state: CoreState, turn: Turn): void {
  muteAll(state, turn);
  wakeAllDue(state, turn);
}

/** It says nothing of those who have nothing to say. */
function wakeAllDue(state: CoreState, turn: Turn): void {
  for (const incident of state.incidents.live()) {
    const since = dueSince(incident, state.settings.correlation, turn.at);
    if (since !== null) wakeIncident(state, incident.id, since);
  }
  wakeIntervals(state, turn);
}
