import { TIMER_SLACK_MS } from "../clock.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import type { ProcessFocus } from "./process-focus.ts";
import { parseProcessStat } from "./process-stat.ts";
import { type Series, setSeries } from "./series-table.ts";

/** The kernel's letters, by OpenTelemetry's names. */
const STATUS: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "blocked",
  Z: "zombies",
  T: "stopped",
  t: "tracing",
  I: "idle",
  X: "dead",
};
const PROCESSES_MAX = 50_000;
const COUNT_EVERY_MS = 60_000;

/**
 * Processes by status, and which take the most. One small read for each process, so they are counted once a minute, and that count is
 * held.
 */
export function createProcessesCollector({ files, table }: CollectorContext, focus: ProcessFocus): Collector {
  const count = new Map<string, Series>(
    Object.values(STATUS).map((status) => [status, table.gauge("system.processes.count", "{process}", { status })]),
  );
  const found = new Map<string, number>();
  let countedAt = Number.NaN;

  const countAll = (): void => {
    for (const status of count.keys()) found.set(status, 0);
    let seen = 0;
    for (const pid of files.list("/proc/")) {
      if (!isPid(pid) || seen >= PROCESSES_MAX) continue;
      // null: the process ended between the listing and the reading.
      const stat = parseProcessStat(files.line(`/proc/${pid}/stat`) ?? "");
      if (stat === null) continue;
      seen++;
      focus.see(pid, stat);
      const status = STATUS[stat.state];
      if (status !== undefined) found.set(status, (found.get(status) ?? 0) + 1);
    }
    focus.rank();
  };

  return {
    name: "processes",
    everyMs: 0,
    sample(at) {
      if (!(Math.abs(at - countedAt) < COUNT_EVERY_MS - TIMER_SLACK_MS)) {
        countedAt = at;
        countAll();
      }
      for (const [status, series] of count) setSeries(series, found.get(status) ?? 0, at);
    },
  };
}

export function isPid(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 49 && first <= 57;
}
