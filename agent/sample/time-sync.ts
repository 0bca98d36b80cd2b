import { statSync } from "node:fs";
import { SYSTEM_BUS } from "../bus/bus-socket.ts";
import { type Clock, TIMER_SLACK_MS } from "../clock.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";
import type { Tracking } from "./tracking.ts";

/** Touched by systemd-timesyncd at each synchronisation; it is removed at boot. */
const TIMESYNCD_MARK = "/run/systemd/timesync/synchronized";
const TIMESYNCD = "/run/systemd/timesync";
/** Where they keep their process ids, by distribution. */
const CHRONY = ["/run/chrony/chronyd.pid", "/run/chronyd.pid", "/var/run/chrony/chronyd.pid"] as const;
const NTPD = ["/run/ntpd.pid", "/var/run/ntpd.pid", "/run/ntp/ntpd.pid", "/run/ntpsec/ntpd.pid"] as const;
/** There where systemd-timedated can be started to answer. */
const TIMEDATED = "/usr/share/dbus-1/system-services/org.freedesktop.timedate1.service";

/** Each can be asked by everybody on this host. null = it did not answer. */
export interface TimeServices {
  chrony(clock: Clock): Promise<Tracking | null>;
  ntpd(clock: Clock): Promise<Tracking | null>;
  timesyncd(clock: Clock): Promise<Tracking | null>;
  timedated(clock: Clock): Promise<boolean | null>;
}

export interface TimeSyncOptions {
  clock: Clock;
  exists?: (path: string) => boolean;
  services?: TimeServices;
}

interface Source {
  everyMs: number;
  ask: () => Promise<Partial<Tracking> | null>;
}

const OFTEN_MS = 20_000;
const BUS_MS = 60_000;
/** A service is started for it each time. */
const TIMEDATED_MS = 10 * 60_000;

/**
 * Whether the clock follows a time server, and how far off it is, as far as an unprivileged process without adjtimex(2) can tell: the
 * time service that runs is asked. Where none runs that can be asked, systemd-timedated tells whether the kernel holds its clock for synchronised;
 * without that, too, there is no series: not knowing is not the same as not synchronised.
 */
export function createTimeSyncCollector(
  { table }: CollectorContext,
  { clock, exists = fileExists, services = SERVICES }: TimeSyncOptions,
): Collector {
  const synchronized = table.gauge("system.linux.time.synchronized", "1");
  const numbers: readonly [series: Series, of: keyof Tracking][] = [
    [table.gauge("system.linux.time.offset", "s"), "offsetSeconds"],
    [table.gauge("system.linux.time.error", "s"), "errorSeconds"],
    [table.gauge("system.linux.time.estimated_error", "s"), "estimatedErrorSeconds"],
  ];
  let busy = false;
  let dueAtMs = 0;
  /** What was said last is held until the next answer; an answer that fails ends it. */
  let held: Partial<Tracking> = {};

  const take = (found: Partial<Tracking> | null): void => {
    busy = false;
    held = found ?? {};
    set(clock.now());
  };
  const set = (at: number): void => {
    if (held.synchronized !== undefined) setSeries(synchronized, held.synchronized ? 1 : 0, at);
    for (const [series, of] of numbers) setSeries(series, Number(held[of]), at);
  };

  return {
    name: "timeSync",
    everyMs: OFTEN_MS,
    sample(at) {
      const source = sourceOf(exists, services, clock);
      const nowMs = clock.monotonic();
      if (source !== null && !busy && nowMs >= dueAtMs - TIMER_SLACK_MS) {
        busy = true;
        dueAtMs = nowMs + source.everyMs;
        source.ask().then(take, () => take(null));
      }
      set(at);
    },
  };
}

/** The best of those that are there. */
function sourceOf(exists: (path: string) => boolean, services: TimeServices, clock: Clock): Source | null {
  if (CHRONY.some(exists)) return { everyMs: OFTEN_MS, ask: () => services.chrony(clock) };
  if (NTPD.some(exists)) return { everyMs: OFTEN_MS, ask: () => services.ntpd(clock) };
  const hasBus = exists(SYSTEM_BUS);
  if (exists(TIMESYNCD)) {
    const mark = (): Partial<Tracking> => ({ synchronized: exists(TIMESYNCD_MARK) });
    if (!hasBus) return { everyMs: OFTEN_MS, ask: () => Promise.resolve(mark()) };
    return { everyMs: BUS_MS, ask: async () => (await services.timesyncd(clock)) ?? mark() };
  }
  if (!hasBus || !exists(TIMEDATED)) return null;
  return {
    everyMs: TIMEDATED_MS,
    ask: async () => {
      const answer = await services.timedated(clock);
      return answer === null ? null : { synchronized: answer };
    },
  };
}

const SERVICES: TimeServices = {
  chrony: async (clock) => (await import("./chrony.ts")).askChrony(clock),
  ntpd: async (clock) => (await import("./ntpd.ts")).askNtpd(clock),
  timesyncd: async (clock) => (await import("../bus/time-services.ts")).askTimesyncd(clock),
  timedated: async (clock) => (await import("../bus/time-services.ts")).askTimedated(clock),
};

function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
