import type { AlertTable } from "../model/alert-table.ts";
import type { CiId } from "../model/ci.ts";
import type { ChangeRecord } from "../model/correlation.ts";
import type { IncidentTable } from "../model/incident-table.ts";
import type { Problem } from "../model/problem.ts";
import type { CoreSettings } from "../model/settings.ts";
import type { UnixMillis } from "../model/time.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";

/** The part of the core's state that incidents live in. */
export interface IncidentState {
  /** The time of the input. */
  at: UnixMillis;
  readonly alerts: AlertTable;
  readonly incidents: IncidentTable;
  readonly timers: TimerQueue;
  /** When each alert must be looked at without an event, by its id. */
  readonly alertTimers: TimerQueue;
  /** By root CI. */
  readonly problems: Map<string, Problem>;
  /** Deployments and configuration changes, oldest first. */
  readonly changes: { on(ci: CiId): readonly ChangeRecord[] };
  /** What cannot work without a root CI, by root, in a version of the graph; a cache that a new CMDB empties. */
  readonly fallen: Map<string, { cis: ReadonlySet<string>; version: number }>;
  /** Stored as the entity `counters` of kind `meta`. */
  readonly counters: { incidents: number };
  topology: Topology;
  settings: CoreSettings;
}

/** Wakes the incident's life at `at` at the latest. */
export function wakeIncident(state: IncidentState, id: string, at: number): void {
  state.timers.schedule(`incident ${id}`, at);
}
