import type { UnitWatch } from "../config/agent-config.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { Check, type WatchContext, type Watch } from "./check.ts";

/** What `systemctl show` tells of a unit. */
export interface UnitState {
  loadState: string;
  activeState: string;
  subState: string;
  result: string;
  restarts: number;
  /** Below the cgroup root; "" where it has no processes of its own. */
  controlGroup: string;
}

/** Asks the service manager; rejects where there is none. */
export type ShowUnits = (names: readonly string[]) => Promise<Map<string, UnitState>>;

/** All units are asked for this often, and at once when one's control group says that it has no process any more. */
const SHOW_EVERY_MS = 60_000;
const SHOW_AGAIN_MS = 5000;
const STATES = ["active", "activating", "deactivating", "inactive", "failed"] as const;
/** Where control groups are: version 2, the hybrid of both, and version 1. */
const CGROUP_ROOTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"] as const;

interface Seat {
  watch: UnitWatch;
  check: Check;
  states: Series[];
  restarts: Series;
  known: UnitState | null;
  /** The file that says whether the unit has processes; null where that is not to be seen. */
  events: string | null;
}

/**
 * systemd units. A running service is seen from its control group, which costs one read; only when that is empty, and once a
 * minute, the service manager is asked, which costs a child process.
 */
export function createUnitWatch(
  context: WatchContext,
  files: HostFiles,
  watches: readonly UnitWatch[],
  show: ShowUnits = systemctlShow,
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
        for (const seat of seats) learn(seat, states.get(seat.watch.name) ?? null, files, clock.now());
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
        for (const series of [...seat.states, seat.restarts]) setSeries(series, series.value, at);
      }
    },
  };
}

function seatOf(context: WatchContext, watch: UnitWatch): Seat {
  const { table } = context;
  const { name } = watch;
  const type = name.slice(name.lastIndexOf(".") + 1);
  return {
    watch,
    check: new Check(context, {
      check: "unit_down",
      instance: name,
      severity: watch.severity,
      forMs: watch.forMs,
      labels: { symptom: "unreachable" },
    }),
    states: STATES.map((state) => table.gauge("systemd.unit.state", "1", { name, state, type })),
    restarts: table.counter("systemd.service.restarts", "{restart}", { name }),
    known: null,
    events: null,
  };
}

function learn(seat: Seat, state: UnitState | null, files: HostFiles, at: number): void {
  seat.known = state;
  if (state === null) {
    seat.check.take({ status: "unknown", reason: "systemd said nothing of it" }, at);
    return;
  }
  const paths = CGROUP_ROOTS.map((root) => `${root}${state.controlGroup}/cgroup.events`);
  seat.events = state.controlGroup === "" ? null : (paths.find((path) => files.read(path) !== null) ?? null);
  for (const [index, name] of STATES.entries()) setSeries(seat.states[index]!, state.activeState === name ? 1 : 0, at);
  setSeries(seat.restarts, state.restarts, at);
  const { name } = seat.watch;
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

const PROPERTIES = "Id,Names,LoadState,ActiveState,SubState,Result,NRestarts,ControlGroup";

const systemctlShow: ShowUnits = async (names) => {
  // Loaded by those agents only that watch units.
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    execFile(
      "systemctl",
      ["show", "--no-pager", `--property=${PROPERTIES}`, "--", ...names],
      { timeout: 5000, maxBuffer: 1024 * 1024, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } },
      (error, stdout) => {
        if (error === null) resolve(parseShow(stdout));
        else reject(new Error(error.code === "ENOENT" ? "there is no systemctl" : error.message.split("\n")[0]));
      },
    );
  });
};

/** Blocks of `Key=value`, an empty line between units. A unit is found by each of its names. */
export function parseShow(text: string): Map<string, UnitState> {
  const units = new Map<string, UnitState>();
  for (const block of text.split(/\n\s*\n/)) {
    const keys = new Map(
      block.split("\n").flatMap((line): [string, string][] => {
        const split = line.indexOf("=");
        return split < 1 ? [] : [[line.slice(0, split), line.slice(split + 1)]];
      }),
    );
    const state: UnitState = {
      loadState: keys.get("LoadState") ?? "unknown",
      activeState: keys.get("ActiveState") ?? "unknown",
      subState: keys.get("SubState") ?? "",
      result: keys.get("Result") ?? "",
      restarts: Number(keys.get("NRestarts") ?? 0),
      controlGroup: keys.get("ControlGroup") ?? "",
    };
    for (const name of [keys.get("Id") ?? "", ...(keys.get("Names") ?? "").split(" ")])
      if (name !== "") units.set(name, state);
  }
  return units;
}
