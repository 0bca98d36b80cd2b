import type { Clock } from "../clock.ts";
import type { UnitState } from "../watch/unit-state.ts";
import { type Bus, type BusAnswer, onBus } from "./system-bus.ts";

/** One line of systemd's list. */
export interface ListedUnit {
  name: string;
  loadState: string;
  activeState: string;
  subState: string;
  /** Of its object on the bus. */
  path: string;
}

/** A unit and what was asked of it; null where that was not, or was not told. */
export interface LookedAtUnit extends ListedUnit {
  type: string | null;
  restarts: number | null;
}

/** Which of the units matter, and what is to be asked of each. */
export interface UnitQuestions {
  /** Of more, the first by name are taken. */
  unitsMax: number;
  wants: (unit: ListedUnit) => boolean;
  /** Its type (`notify`, `oneshot` …) never changes while it is loaded. */
  wantsType: (unit: ListedUnit) => boolean;
  wantsRestarts: (unit: ListedUnit) => boolean;
}

export interface UnitsLook {
  /** Every unit that systemd has loaded, by its state. */
  counts: ReadonlyMap<string, number>;
  units: readonly LookedAtUnit[];
  /** Units that matter and were not taken. */
  leftOut: number;
}

const SYSTEMD = "org.freedesktop.systemd1";
const MANAGER = { destination: SYSTEMD, path: "/org/freedesktop/systemd1", interface: `${SYSTEMD}.Manager` } as const;
/** A system bus allows a connection 128 unanswered calls. */
const CALLS_AT_A_TIME = 32;

/** Asks systemd for its units, once; everybody may. */
export async function lookAtUnits(
  clock: Clock,
  questions: UnitQuestions,
  path?: string,
): Promise<UnitsLook | { error: string }> {
  const looked = await onBus({ clock, ...(path === undefined ? {} : { path }) }, async (bus) => {
    const answer = await bus.call({ ...MANAGER, member: "ListUnits", arguments: [] });
    if ("error" in answer) return answer;
    const listed = listOf(answer);
    if (listed === null) return { error: "systemd's list of units is none" };
    const counts = new Map<string, number>();
    for (const { activeState } of listed) counts.set(activeState, (counts.get(activeState) ?? 0) + 1);
    const wanted = listed.filter((unit) => questions.wants(unit)).sort((a, b) => (a.name < b.name ? -1 : 1));
    const leftOut = wanted.splice(questions.unitsMax).length;
    const units: LookedAtUnit[] = [];
    await inTurns(wanted, async (unit) => {
      const type = questions.wantsType(unit) ? await ofUnit(bus, unit, "Type") : null;
      const restarts = questions.wantsRestarts(unit) ? await ofUnit(bus, unit, "NRestarts") : null;
      units.push({
        ...unit,
        type: type === null ? null : textOf(type),
        restarts: restarts === null ? null : numberOf(restarts),
      });
    });
    return { counts, units, leftOut };
  });
  return "error" in looked ? looked : looked.result;
}

/** What `systemctl show` tells, without a child process. Rejects where nobody answers. */
export async function showUnits(
  clock: Clock,
  names: readonly string[],
  path?: string,
): Promise<Map<string, UnitState>> {
  const found = new Map<string, UnitState>();
  const shown = await onBus({ clock, ...(path === undefined ? {} : { path }) }, async (bus) => {
    let trouble: string | null = null;
    await inTurns(names, async (name) => {
      // Loads it where it is not: a unit that is not there is told as such.
      const loaded = await bus.call({ ...MANAGER, member: "LoadUnit", arguments: [name] });
      if ("error" in loaded) trouble = loaded.error;
      else found.set(name, await stateOf(bus, { name, path: textOf(loaded) ?? "/" }));
    });
    return trouble;
  });
  const trouble = "error" in shown ? shown.error : shown.result;
  if (trouble !== null && found.size === 0) throw new Error(trouble);
  return found;
}

async function stateOf(bus: Bus, unit: Pick<ListedUnit, "name" | "path">): Promise<UnitState> {
  const common = { destination: SYSTEMD, path: unit.path, interface: `${SYSTEMD}.Unit` };
  const [load, active, sub, result, restarts, group, type] = await Promise.all([
    bus.get(common, "LoadState"),
    bus.get(common, "ActiveState"),
    bus.get(common, "SubState"),
    ofUnit(bus, unit, "Result"),
    ofUnit(bus, unit, "NRestarts"),
    ofUnit(bus, unit, "ControlGroup"),
    ofUnit(bus, unit, "Type"),
  ]);
  return {
    loadState: textOf(load) ?? "unknown",
    activeState: textOf(active) ?? "unknown",
    subState: textOf(sub) ?? "",
    result: textOf(result) ?? "",
    restarts: numberOf(restarts) ?? 0,
    controlGroup: textOf(group) ?? "",
    type: textOf(type) ?? "",
  };
}

/** A property of the interface that is named after the unit's suffix. Not every kind has each: that is an error then, and no trouble. */
function ofUnit(bus: Bus, { name, path }: Pick<ListedUnit, "name" | "path">, property: string): Promise<BusAnswer> {
  const suffix = name.slice(name.lastIndexOf(".") + 1);
  const kind = `${suffix.slice(0, 1).toUpperCase()}${suffix.slice(1)}`;
  return bus.get({ destination: SYSTEMD, path, interface: `${SYSTEMD}.${kind}` }, property);
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  // A unit that is shown takes seven calls at a time.
  for (let from = 0; from < items.length; from += CALLS_AT_A_TIME / 2)
    await Promise.all(items.slice(from, from + CALLS_AT_A_TIME / 2).map(work));
}

function listOf(answer: BusAnswer): ListedUnit[] | null {
  const list = "values" in answer ? answer.values[0] : null;
  if (!Array.isArray(list)) return null;
  return list.flatMap((row): ListedUnit[] => {
    const [name, , loadState, activeState, subState, , path] = Array.isArray(row) ? row : [];
    const isUnit = [name, loadState, activeState, subState, path].every((each) => typeof each === "string");
    return isUnit && loadState === "loaded" ? [{ name, loadState, activeState, subState, path }] : [];
  });
}

function textOf(answer: BusAnswer): string | null {
  const value = "values" in answer ? answer.values[0] : null;
  return typeof value === "string" ? value : null;
}

function numberOf(answer: BusAnswer): number | null {
  const value = "values" in answer ? answer.values[0] : null;
  return typeof value === "number" ? value : null;
}
