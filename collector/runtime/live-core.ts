import type { CmdbDocument } from "../core/model/ci.ts";
import type { Correlator } from "../core/model/correlation.ts";
import type { Effect } from "../core/model/effect.ts";
import type { Input } from "../core/model/input.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import { cmdbWithUnknown, receiversOfAlert } from "../core/read.ts";
import { type CoreState, createState } from "../core/state.ts";
import { nextWakeAt, step } from "../core/step.ts";
import type { Core, StoredState } from "./core.ts";

export interface LiveCoreOptions {
  settings: CoreSettings;
  cmdb: CmdbDocument;
  /** Makes a fresh one for each core; default: the core's own. */
  createCorrelator?: () => Correlator;
}

/**
 * How the partition makes its core, at the start and after a failure: from what was stored, with the settings and the CMDB
 * that were given last, be it here or as inputs.
 */
export function createLiveCores(options: LiveCoreOptions): (stored: StoredState) => Core {
  const current = { settings: options.settings, cmdb: options.cmdb };
  return (stored) => {
    const correlator = options.createCorrelator?.();
    const state = createState({ ...current, ...stored, ...(correlator && { correlator }) });
    return liveCore(state, (input) => {
      if (input.kind === "settings") current.settings = input.settings;
      if (input.kind === "topology") current.cmdb = input.cmdb;
    });
  };
}

/** @param onTaken called with each input that the core has taken without failing. */
function liveCore(state: CoreState, onTaken: (input: Input) => void): Core {
  return {
    step(input): readonly Effect[] {
      const effects = step(state, input);
      onTaken(input);
      return effects;
    },
    nextWakeAt: () => nextWakeAt(state),
    alertRoom: () => state.settings.limits.alertsMax - state.alerts.activeCount,
    alert: (id) => state.alerts.get(id),
    placeOf: (id) => state.alerts.placeOf(id),
    noted: (id) => state.correlator.noted(id),
    threadOf: (id) => state.correlator.threadOf(id),
    alerts: () => state.alerts.all(),
    alertsWithLabel: (name, value) => state.alerts.withLabel(name, value),
    incident: (id) => state.incidents.get(id),
    incidents: () => state.incidents.live(),
    problems: () => state.problems.values(),
    changes: () => state.changes.all(),
    silences: () => state.mutes.silences(),
    maintenance: () => state.mutes.windows(),
    settings: () => state.settings,
    cmdb: () => cmdbWithUnknown(state),
    ci: (name) => {
      const index = state.topology.find(name);
      return index === undefined ? undefined : state.topology.ci(index);
    },
    receiversOf: (alert) => receiversOfAlert(state, alert),
    rest: (membersMax) => state.incidents.rest(membersMax),
    counts: () => ({
      openIncidents: countOpen(state),
      activeAlerts: state.alerts.activeCount,
      cis: state.topology.size,
      relations: state.topology.relations,
    }),
  };
}

function countOpen(state: CoreState): number {
  let count = 0;
  for (const { status } of state.incidents.live()) if (status === "open" || status === "acknowledged") count += 1;
  return count;
}
