import type { AlertTable } from "../model/alert-table.ts";
import type { IncidentTable } from "../model/incident-table.ts";
import type { CoreSettings } from "../model/settings.ts";
import type { Topology } from "../model/topology.ts";
import type { Mutes } from "./mutes.ts";

/** The part of the core's state that decides who is told. */
export interface NotifyState {
  readonly alerts: AlertTable;
  readonly incidents: IncidentTable;
  topology: Topology;
  settings: CoreSettings;
  readonly mutes: Pick<Mutes, "silence" | "windows">;
}
