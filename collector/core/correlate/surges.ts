import { isBusy, isDemand, loadedOf } from "../model/demand.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Group } from "./group.ts";

/** A rush comes in at all doors within minutes. */
const TOGETHER_MS: Milliseconds = 3 * 60_000;
/** A group larger than this has a reason of its own. */
const GROUP_MAX = 12;
const GROUPS_MIN = 2;

/** Joins small groups that are only busy, and became so together at several entrances: one rush, not several faults. */
export function joinSurges(groups: Group[], topology: Topology): Group[] {
  const busy = groups.filter(
    ({ units }) => units.length <= GROUP_MAX && isBusy(units) && loadedOf(units).length * 2 >= units.length,
  );
  if (busy.length < GROUPS_MIN) return groups;
  const onsetOf = ({ units }: Group): number => Math.min(...units.map((unit) => unit.onset));
  busy.sort((a, b) => onsetOf(a) - onsetOf(b));
  const [first] = busy;
  if (first === undefined) return groups;
  const together = busy.filter((group) => onsetOf(group) - onsetOf(first) <= TOGETHER_MS);
  if (
    together.length < GROUPS_MIN ||
    !isDemand(
      together.flatMap(({ units }) => units),
      topology,
    )
  )
    return groups;
  const rest = new Set(together.slice(1));
  for (const group of rest) {
    first.units.push(...group.units);
    first.anchor ??= group.anchor;
  }
  return groups.filter((group) => !rest.has(group));
}
