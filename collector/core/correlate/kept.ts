import type { Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { beginningOf, isBefore } from "./in-time.ts";
import type { Anchor, Choice } from "./hypotheses.ts";

/** What began so long after an incident, for the most part, is another fault than that. */
const LATER_MS: Milliseconds = 5 * 60_000;

/**
 * Whether an incident may claim a unit though another fault has: what it has explained before the other began, or long, and
 * explains better, does not go to a fault that came later, and is chosen first only because it explains more.
 */
export function keeperOf(
  anchor: Anchor,
  { units, homes }: { units: readonly Unit[]; homes: readonly (IncidentId | null)[] },
): (unit: number, by: Choice) => boolean {
  const isAtHome = (unit: number): boolean => homes[unit] === anchor.incident;
  const beginnings = new Map<Choice, UnixMillis>();
  const beginningBy = (by: Choice): UnixMillis => {
    const { fault, anchor: other } = by;
    const known = beginnings.get(by) ?? other?.firstOnset ?? beginningOf(fault, by.claims, units);
    beginnings.set(by, known);
    return known;
  };
  const later = new Map<Choice, boolean>();
  return (index, by) => {
    const unit = units[index];
    if (unit === undefined || !isAtHome(index)) return false;
    if (isBefore(unit, beginningBy(by))) return true;
    if (!anchor.large) return false;
    let isLater = later.get(by);
    if (isLater === undefined) {
      // Claims are in order of onset, since units are.
      const { from, to } = by.claims;
      const others = [...by.claims.units.subarray(from, to)].filter((other) => !isAtHome(other));
      const middle = units[others[others.length >> 1] ?? -1];
      isLater = middle !== undefined && middle.onset - anchor.firstOnset >= LATER_MS;
      later.set(by, isLater);
    }
    return isLater;
  };
}
