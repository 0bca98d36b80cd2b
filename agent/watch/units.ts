import type { UnitWatch } from "../config/agent-config.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { Check, type WatchContext, type Watch } from "./check.ts";
import { askSystemd, type ShowUnits } from "./show-units.ts";
import { UNIT_STATES, type UnitState, unitRestartsSeries, unitStateSeries } from "./unit-state.ts";

/** All units are asked for this often, and at once when one's control group says that it has no process any more. */
const SHOW_EVERY_MS = 60_000;
const SHOW_AGAIN_MS = 5000;
/** Where control groups are: version 2, the hybrid of both, and version 1. */
const CGROUP_ROOTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"] as const;

interface Seat {
  watch: UnitWatch;
  check: Check;
  /** From when it was first told: one for each state, and its restarts last. */
  series: readonly Series[];
  known: UnitState | null;
  /** The file that says whether the unit has processes; null where that is not to be seen. */
  events: string | null;
}

/**
 * systemd units. A running service is seen from its control group, which costs one read; only when that is empty, and once a
 * minute, the service manager is asked.
 */
export function createUnitWatch(
  context: WatchContext,
  files: HostFiles,
  watches: readonly UnitWatch[],
  show: ShowUnits = askSystemd(context.clock),
): Watch {
  const { clock, log } = context;
  const seats = watches.map((watch): Seat => seatOf(context, watch));
  let showDueAtMs = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let busy = false;
  let told = "";

  const ask = (): void => {
    busy = true;
    askedAtMs = clock.monotonic();
    showDueAtMs = askedAtMs + SHOW_EVERY_MS;
    show(watches.map((watch) => watch.name)).then(
      (states) => {
        busy = false;
        told = "";
        for (const seat of seats) learn(context, seat, states.get(seat.watch.name) ?? null, files);
      },
      (error: unknown) => {
        busy = false;
        const reason = String(error);
        if (reason === told) return;
        told = reason;
        log.warn("systemd cannot be asked; units are not watched", { reason });
      },
    );
  };

  return {
    name: "units",
    tick(at) {
      const stopped = seats.some((seat) => seat.known?.activeState === "active" && !looksAlive(seat, files));
      const nowMs = clock.monotonic();
      if (!busy && (nowMs >= showDueAtMs || (stopped && nowMs - askedAtMs >= SHOW_AGAIN_MS))) ask();
      for (const seat of seats) {
        seat.check.hold(at);
        for (const series of seat.series) setSeries(series, series.value, at);
      }
    },
  };
}

function seatOf(context: WatchContext, watch: UnitWatch): Seat {
  const { name } = watch;
  return {
    watch,
    check: new Check(context, {
      check: "unit_down",
      instance: name,
      severity: watch.severity,
      forMs: watch.forMs,
      labels: { symptom: "unreachable" },
    }),
    series: [],
    known: null,
    events: null,
  };
}

function learn({ clock, table }: WatchContext, seat: Seat, state: UnitState | null, files: HostFiles): void {
  const at = clock.now();
  const { name } = seat.watch;
  seat.known = state;
  if (state === null) {
    seat.check.take({ status: "unknown", reason: "systemd said nothing of it" }, at);
    return;
  }
  const paths = CGROUP_ROOTS.map((root) => `${root}${state.controlGroup}/cgroup.events`);
  seat.events = state.controlGroup === "" ? null : (paths.find((path) => files.read(path) !== null) ?? null);
  // The same series as those of the collector of units, which looks less often.
  const states = unitStateSeries(table, name, state.type);
  for (const [index, each] of UNIT_STATES.entries()) setSeries(states[index]!, state.activeState === each ? 1 : 0, at);
  const restarts = unitRestartsSeries(table, name);
  setSeries(restarts, state.restarts, at);
  seat.series = [...states, restarts];
  if (state.loadState !== "loaded") {
    seat.check.take({ status: "bad", summary: `unit ${name} is ${state.loadState} on this host` }, at);
  } else if (["active", "reloading", "activating", "refreshing"].includes(state.activeState)) {
    // A service that restarts again and again is "activating" most of the time; its restarts are a series for a rule.
    seat.check.take({ status: "good" }, at);
  } else {
    const why = ["", "success"].includes(state.result) ? "" : ` (${state.result})`;
    seat.check.take({ status: "bad", summary: `unit ${name} is ${state.activeState}${why}` }, at);
  }
}

/** False where the control group says that no process is left, or is gone. */
function looksAlive(seat: Seat, files: HostFiles): boolean {
  if (seat.events === null) return true;
  const reader = files.read(seat.events);
  if (reader === null) return false;
  for (; !reader.atEnd; reader.skipLine()) if (reader.accept("populated ")) return reader.number() === 1;
  return true;
}
