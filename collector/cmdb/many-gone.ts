import type { CmdbPlan } from "../port/cmdb.ts";

/** Fewer are a small CMDB that somebody works on. */
const MANY = 10;

/** How many of the CIs that a source had are gone, where that is more than half of them. */
export interface ManyGone {
  gone: number;
  before: number;
}

/**
 * A source that is asked with too few rights, or while it is being restored, says that nearly nothing is there; an import by a
 * schedule must not take that for the end of a data centre.
 *
 * @param found CIs that the source has now
 * @returns null: few are gone
 */
export function manyGone(counts: CmdbPlan["counts"], found: number): ManyGone | null {
  const gone = counts.cisRemoved + counts.cisRetired;
  const kept = Math.max(0, found - counts.cisAdded);
  return gone < MANY || gone <= kept ? null : { gone, before: gone + kept };
}
