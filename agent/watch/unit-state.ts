import type { Series, SeriesTable } from "../sample/series-table.ts";

/** What systemd tells of a unit. */
export interface UnitState {
  loadState: string;
  activeState: string;
  subState: string;
  result: string;
  restarts: number;
  /** Below the cgroup root; "" where it has no processes of its own. */
  controlGroup: string;
  /** Of services and mounts: `notify`, `oneshot`, `ext4`; else "". */
  type: string;
}

/** As node_exporter has them; a unit that reloads counts as none of them. */
export const UNIT_STATES = ["active", "activating", "deactivating", "inactive", "failed"] as const;

/** One series for each state a unit can be in: 1 for that which it is in. */
export function unitStateSeries(table: SeriesTable, name: string, type: string): Series[] {
  return UNIT_STATES.map((state) => table.gauge("systemd.unit.state", "1", { name, state, type }));
}

export function unitRestartsSeries(table: SeriesTable, name: string): Series {
  return table.counter("systemd.service.restarts", "{restart}", { name });
}
