import { statSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { askChrony, type Tracking } from "./chrony.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { setSeries } from "./series-table.ts";

/** Touched by systemd-timesyncd at each synchronisation; it is removed at boot. */
const TIMESYNCD = "/run/systemd/timesync/synchronized";
/** Where chronyd keeps its process id, by distribution. */
const CHRONY = ["/run/chrony/chronyd.pid", "/run/chronyd.pid", "/var/run/chrony/chronyd.pid"] as const;

export interface TimeSyncOptions {
  clock: Clock;
  exists?: (path: string) => boolean;
  ask?: (clock: Clock) => Promise<Tracking | null>;
}

/**
 * Whether the clock follows a time server, and how far off it is, as far as an unprivileged process without adjtimex(2) can tell:
 * chronyd answers on loopback, systemd-timesyncd leaves a mark. Where neither runs there is no series: not knowing is not the same as
 * not synchronised.
 */
export function createTimeSyncCollector(
  { table }: CollectorContext,
  { clock, exists = fileExists, ask = askChrony }: TimeSyncOptions,
): Collector {
  const hasTimesyncd = exists("/run/systemd/timesync");
  const synchronized = table.gauge("system.linux.time.synchronized", "1");
  const offset = table.gauge("system.linux.time.offset", "s");
  const error = table.gauge("system.linux.time.error", "s");
  let busy = false;

  const take = (tracking: Tracking | null): void => {
    busy = false;
    if (tracking === null) return;
    const at = clock.now();
    setSeries(synchronized, tracking.synchronized ? 1 : 0, at);
    setSeries(offset, tracking.offsetSeconds, at);
    setSeries(error, tracking.errorSeconds, at);
  };

  return {
    name: "timeSync",
    everyMs: 20_000,
    sample(at) {
      if (CHRONY.some(exists)) {
        if (busy) return;
        busy = true;
        ask(clock).then(take, () => take(null));
      } else if (hasTimesyncd) setSeries(synchronized, exists(TIMESYNCD) ? 1 : 0, at);
    },
  };
}

function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
