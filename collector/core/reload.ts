import type { CmdbDocument } from "./model/ci.ts";
import { byText } from "./model/order.ts";
import type { CoreSettings } from "./model/settings.ts";
import { Topology } from "./model/topology.ts";
import type { Turn } from "./model/turn.ts";
import { isActive } from "./model/alert-table.ts";
import { muteAll } from "./mute.ts";
import { type CoreState, startCorrelation } from "./state.ts";

/** The CMDB changed: a new graph, with the CIs that only events have named. */
export function takeCmdb(state: CoreState, turn: Turn, cmdb: CmdbDocument): void {
  const topology = new Topology(cmdb);
  const reported = [...state.alerts.all()].sort((a, b) => byText(a.id, b.id));
  for (const alert of reported) topology.register(alert.ci);
  state.topology = topology;
  state.cmdb = cmdb;
  state.fallen.clear();
  state.mutes.takeWindows(cmdb.maintenance, topology, turn.at);
  muteAll(state, turn);
  startCorrelation(state, turn.at);
  for (const incident of state.incidents.live()) turn.rank(incident.id);
  turn.correlated = true;
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
  turn.correlated = true;
}
