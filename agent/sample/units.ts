import { statSync } from "node:fs";
import { globMatches } from "../../rules/detect/glob.ts";
import { SYSTEM_BUS } from "../bus/bus-socket.ts";
import type { ListedUnit, LookedAtUnit, UnitQuestions, UnitsLook } from "../bus/systemd.ts";
import { type Clock, TIMER_SLACK_MS } from "../clock.ts";
import type { Log } from "../log.ts";
import { UNIT_STATES, unitRestartsSeries, unitStateSeries } from "../watch/unit-state.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, type SeriesTable, setSeries } from "./series-table.ts";

export interface UnitsOptions {
  clock: Clock;
  log: Log;
  /** Globs over the names of units; null = services that run, are to run, or have failed. */
  include: readonly string[] | null;
  exists?: (path: string) => boolean;
  look?: (clock: Clock, questions: UnitQuestions) => Promise<UnitsLook | { error: string }>;
}

/** systemd is asked this often, and what it said is held … */
const LOOK_EVERY_MS = 60_000;
/** … or this often, where it did not answer. */
const REST_MS = 10 * 60_000;
/** Five series each. */
const UNITS_MAX = 400;
/** Services that have nothing to do, as most of those that systemd has loaded: they ran once at boot, or wait to be asked for. */
const DONE: ReadonlySet<string> = new Set(["dead", "exited"]);

interface Known {
  states: readonly Series[];
  restarts: Series | null;
  /** As it was at the last look. */
  subState: string;
}

/** The units that are taken, and their series. */
class KnownUnits {
  readonly #table: SeriesTable;
  readonly #units = new Map<string, Known>();

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  has(name: string): boolean {
    return this.#units.has(name);
  }

  /** Whether it may have been restarted since the last look: one that rests, as it did then, was not. */
  mayHaveRestarted({ name, activeState, subState }: ListedUnit): boolean {
    return name.endsWith(".service") && (activeState !== "inactive" || this.#units.get(name)?.subState !== subState);
  }

  learn(units: readonly LookedAtUnit[], at: number): void {
    for (const unit of units) this.#learn(unit, at);
    const names = new Set(units.map(({ name }) => name));
    for (const [name, known] of this.#units) {
      if (names.has(name)) continue;
      this.#units.delete(name);
      for (const series of seriesOf(known)) this.#table.end(series, at);
    }
  }

  hold(at: number): void {
    for (const known of this.#units.values()) for (const series of seriesOf(known)) setSeries(series, series.value, at);
  }

  #learn({ name, type, activeState, subState, restarts }: LookedAtUnit, at: number): void {
    let unit = this.#units.get(name);
    if (unit === undefined) {
      const ofService = name.endsWith(".service") ? unitRestartsSeries(this.#table, name) : null;
      unit = { states: unitStateSeries(this.#table, name, type ?? ""), restarts: ofService, subState };
      this.#units.set(name, unit);
    }
    unit.subState = subState;
    for (const [index, state] of UNIT_STATES.entries())
      setSeries(unit.states[index]!, activeState === state ? 1 : 0, at);
    if (unit.restarts !== null && restarts !== null) setSeries(unit.restarts, restarts, at);
  }
}

function seriesOf({ states, restarts }: Known): readonly Series[] {
  return restarts === null ? states : [...states, restarts];
}

/**
 * The states of systemd's units and how often services were restarted, as node_exporter has them, over the message bus: no child
 * process, and nothing of it is loaded where there is no bus.
 */
export function createUnitsCollector({ table }: CollectorContext, options: UnitsOptions): Collector {
  const { clock, log, include, exists = fileExists, look = lookOverBus } = options;
  const known = new KnownUnits(table);
  const counts = UNIT_STATES.map((state) => table.gauge("systemd.units", "{unit}", { state }));
  let dueAtMs = 0;
  let busy = false;
  let told = "";
  /** What systemd said last is held until it is asked again, and no longer. */
  let isCurrent = false;

  const questions: UnitQuestions = {
    unitsMax: UNITS_MAX,
    wants: ({ name, subState }) =>
      include === null
        ? name.endsWith(".service") && (known.has(name) || !DONE.has(subState))
        : include.some((glob) => globMatches(glob, name)),
    wantsType: ({ name }) => !known.has(name),
    wantsRestarts: (unit) => known.mayHaveRestarted(unit),
  };
  const tell = (trouble: string): void => {
    if (trouble !== told && trouble !== "") log.warn("systemd's units are not seen, or not all", { reason: trouble });
    told = trouble;
  };
  const take = (found: UnitsLook | { error: string }): void => {
    busy = false;
    isCurrent = !("error" in found);
    if ("error" in found) {
      dueAtMs = clock.monotonic() + REST_MS;
      tell(found.error);
      return;
    }
    const at = clock.now();
    for (const [index, state] of UNIT_STATES.entries()) setSeries(counts[index]!, found.counts.get(state) ?? 0, at);
    known.learn(found.units, at);
    tell(found.leftOut > 0 ? `there are ${found.leftOut} more than the ${UNITS_MAX} that are taken` : "");
  };

  return {
    name: "units",
    everyMs: 20_000,
    sample(at) {
      const nowMs = clock.monotonic();
      if (!busy && nowMs >= dueAtMs - TIMER_SLACK_MS && exists(SYSTEM_BUS)) {
        busy = true;
        dueAtMs = nowMs + LOOK_EVERY_MS;
        look(clock, questions).then(take, (error: unknown) => take({ error: String(error) }));
      }
      if (!isCurrent) return;
      for (const series of counts) setSeries(series, series.value, at);
      known.hold(at);
    },
  };
}

async function lookOverBus(clock: Clock, questions: UnitQuestions): Promise<UnitsLook | { error: string }> {
  const { lookAtUnits } = await import("../bus/systemd.ts");
  return lookAtUnits(clock, questions);
}

function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
