import { statSync } from "node:fs";
import type { Collector, CollectorContext } from "./collector.ts";
import { setSeries } from "./series-table.ts";

/** Touched by systemd-timesyncd at each synchronisation; it is removed at boot. */
const TIMESYNCD = "/run/systemd/timesync/synchronized";

/**
 * Whether the clock follows a time server, as far as an unprivileged process without adjtimex(2) can tell: systemd-timesyncd
 * leaves a mark. Where it does not run there is no series: not knowing is not the same as not synchronised.
 */
export function createTimeSyncCollector(
  { table }: CollectorContext,
  exists: (path: string) => boolean = fileExists,
): Collector {
  const runs = exists("/run/systemd/timesync");
  const synchronized = table.gauge("system.linux.time.synchronized", "1");
  return {
    name: "timeSync",
    everyMs: 20_000,
    sample(at) {
      if (runs) setSeries(synchronized, exists(TIMESYNCD) ? 1 : 0, at);
    },
  };
}

function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
