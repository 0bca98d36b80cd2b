import type { Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Anchor, Choice, Claim } from "./propose.ts";

/** What began so long after an incident, for the most part, is another fault than that. */
const LATER_MS: Milliseconds = 5 * 60_000;

/**
 * Whether an incident may claim a unit though another fault has: what it has long explained, and explains better, does not
 * go to a fault that came later, and is chosen first only because it explains more.
 */
export function keeperOf(
  anchor: Anchor | null,
  { units, incidentOf }: { units: readonly Unit[]; incidentOf: (unit: Unit) => IncidentId | null },
): (claim: Claim, by: Choice) => boolean {
  if (anchor?.large !== true) return () => false;
  const isAtHome = ({ unit }: Claim): boolean => {
    const found = units[unit];
    return found !== undefined && incidentOf(found) === anchor.incident;
  };
  const later = new Map<Choice, boolean>();
  return (claim, by) => {
    if (!isAtHome(claim)) return false;
    let isLater = later.get(by);
    if (isLater === undefined) {
      // Claims are in order of onset, since units are.
      const others = by.claims.filter((other) => !isAtHome(other));
      const middle = units[others[others.length >> 1]?.unit ?? -1];
      isLater = middle !== undefined && middle.onset - anchor.firstOnset >= LATER_MS;
      later.set(by, isLater);
    }
    return isLater;
  };
}
