import type { Unit } from "../model/evidence.ts";
import type { Dependents } from "../model/hypothesis.ts";
import type { FaultKey } from "../model/influence.ts";

/** One candidate, priced: what the whole incident costs if it is the root. */
export interface Verdict {
  root: number;
  fault: FaultKey;
  cost: number;
  /** Units it explains; made when asked for, since most verdicts are never shown. */
  readonly explained: Unit[];
  /** All units. */
  units: number;
  silent: boolean;
  dead: boolean;
  dependents: Dependents;
  /** The fault of a CI that sends nothing itself, through which it broke the others; null = none. */
  through: FaultKey | null;
}
