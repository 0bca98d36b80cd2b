import { isCreeping, isMild, type Unit } from "../model/evidence.ts";
import type { FaultTraits } from "../model/fault-traits.ts";
import { FaultSums } from "../model/fault-sums.ts";
import { LEAST_OPENING, leastOpening } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { ClaimTable } from "./claim-table.ts";
import { type Claims, WorkingClaims } from "./claims.ts";
import type { Door } from "./door.ts";
import { ANCHOR_PRICE, MARGIN, SETTLED_PRICE } from "./prices.ts";

/** An incident that exists already, as a hypothesis: cheap to keep, dear to leave. */
export interface Anchor {
  incident: IncidentId;
  fault: FaultKey;
  firstOnset: UnixMillis;
  lastOnset: UnixMillis;
  /** See `Dependents.doubt`: a fault that hits few of those it should is unlikely to have hit this one too. */
  doubt: number;
  /** The same for a unit that is mild; see `isEnding`. */
  mildDoubt: number;
  /** Most of its many members still fire. */
  raging: boolean;
  /** Its members are not all among the units: it stays whatever the units do. */
  settled: boolean;
  /** It has been judged on many alerts. */
  large: boolean;
}

/** What could have happened, with the units that it would explain. */
export class Hypothesis implements Claims {
  readonly fault: FaultKey;
  readonly anchor: Anchor | null;
  readonly units: Int32Array;
  readonly costs: Float64Array;
  readonly from: number;
  readonly to: number;
  /** In the table of claims; −1 for an incident. */
  readonly place: number;
  /** What its claims save before they are paid for. Of equal hypotheses the one that claims more goes first. */
  readonly bound: number;
  /** What it could be worth at most. */
  readonly cap: number;
  /** What it is worth while none of its units is taken; NaN until that has been worked out. */
  whole = Number.NaN;

  constructor(
    fault: FaultKey,
    anchor: Anchor | null,
    { units, costs, from, to }: Claims,
    { place, bound, cap }: { place: number; bound: number; cap: number },
  ) {
    this.fault = fault;
    this.anchor = anchor;
    this.units = units;
    this.costs = costs;
    this.from = from;
    this.to = to;
    this.place = place;
    this.bound = bound;
    this.cap = cap;
  }
}

/** A fault that is taken for one of those that happened, and which of its units it explains then. */
export interface Choice {
  hypothesis: Hypothesis;
  gain: number;
  claims: Claims;
  last: UnixMillis;
}

/** A unit that begins this long after the last one known of a fault costs one more nat. */
const LATE_MS: Milliseconds = 12 * 60_000;
const LATE_MAX = 3;
/** While most of a large fault still fires, more of it can come at any time. */
const RAGING = 0.35;
const LONG_MS: Milliseconds = 16 * 60_000;
const EARLY_MS: Milliseconds = 80_000;
/** What it is worth to leave an alert where people have seen it, more for each time that it has been there, up to a limit. */
const STAY = 0.3;
const STAY_EACH_MS: Milliseconds = 10 * 60_000;
const STAY_LONG = 1;
const STAY_FROM_MS: Milliseconds = 3 * 60_000;
/** What could have happened. */
export interface Proposals {
  /** The one with the best bound first. */
  hypotheses: Hypothesis[];
  table: ClaimTable;
  /** Where the hypothesis of each place in the table is; −1 where there is none. */
  at: Int32Array;
}

/** What is to be explained, and by what. */
export interface Question {
  units: readonly Unit[];
  /** By unit: what it costs as a matter of its own CI. */
  alone: readonly number[];
  anchors: readonly Anchor[];
  /** By unit: the incident that it is in; null = none that is open. */
  homes: readonly (IncidentId | null)[];
  traits: FaultTraits;
  at: UnixMillis;
  doorsOf: (unit: Unit) => readonly Door[];
}

/** Faults that explain more than one unit, and the incidents that there are, as hypotheses. */
export function propose(question: Question): Proposals {
  const { units, alone, anchors, traits } = question;
  const bounds = boundsOf(units, alone);
  const own = OWN.begin();
  for (const unit of units) own.add(unit.ci);
  const anchored = new Set(anchors.map((anchor) => anchor.fault));
  const wanted = [...anchored];
  // A fault that could save less than its least possible price is not chosen, whatever else is weighed.
  const priceOf = (fault: FaultKey): number => leastOpening(traits, fault, !own.has(faultCi(fault)));
  for (let index = 0; index < bounds.size; index += 1) {
    const fault = bounds.keys[index] ?? -1;
    const save = bounds.get(fault);
    // Most save too little for any.
    if (save <= LEAST_OPENING - ROUNDING || anchored.has(fault)) continue;
    if (save > priceOf(fault) - ROUNDING) wanted.push(fault);
  }
  const table = TABLE.fill(units, alone, wanted, anchored.size);
  const { units: claimed, costs } = table;
  const hypotheses: Hypothesis[] = [];
  for (let place = 0; place < wanted.length; place += 1) {
    const fault = wanted[place] ?? -1;
    const [from, to] = [table.begin(place), table.begin(place + 1)];
    if (to - from < 2) continue;
    const cap = bounds.get(fault) - priceOf(fault) + ROUNDING;
    const worth = { place, bound: table.bound(place), cap };
    hypotheses.push(new Hypothesis(fault, null, { units: claimed, costs, from, to }, worth));
  }
  if (anchors.length > 0) proposeAnchors(question, hypotheses, { table, wanted, priceOf });
  hypotheses.sort((a, b) => b.bound - a.bound || a.fault - b.fault);
  const at = new Int32Array(wanted.length).fill(-1);
  for (let index = 0; index < hypotheses.length; index += 1) {
    const place = hypotheses[index]?.place ?? -1;
    if (place >= 0) at[place] = index;
  }
  return { hypotheses, table, at };
}

/** The incidents that there are: what they explain by their root, or from next door. */
function proposeAnchors(
  { units, alone, anchors, homes, at: now, doorsOf }: Question,
  hypotheses: Hypothesis[],
  { table, wanted, priceOf }: { table: ClaimTable; wanted: readonly FaultKey[]; priceOf: (fault: FaultKey) => number },
): void {
  const doors = doorsByIncident(units, doorsOf);
  // By unit, what it costs to explain it by one incident; NaN where that does not.
  const costs = new Float64Array(units.length);
  const creeping = units.map(isCreeping);
  const mild = units.map(isMild);
  // Those of all incidents one after the other: each hypothesis has its stretch.
  const claims = CLAIMS.begin();
  for (const anchor of anchors) {
    costs.fill(Number.NaN);
    const place = wanted.indexOf(anchor.fault);
    const end = table.begin(place + 1);
    for (let claim = table.begin(place); claim < end; claim += 1) {
      const index = table.units[claim] ?? -1;
      const late = lateness(units[index]?.onset ?? now, anchor) * (creeping[index] === true ? 0.4 : 1);
      const doubt = mild[index] === true ? anchor.mildDoubt : anchor.doubt;
      costs[index] = (table.costs[claim] ?? 0) + late + (homes[index] === anchor.incident ? 0 : doubt);
    }
    for (const { unit, cost } of doors.get(anchor.incident) ?? NO_STEPS)
      if (!((costs[unit] ?? 0) <= cost)) costs[unit] = cost;
    const from = claims.to;
    for (let unit = 0; unit < costs.length; unit += 1) {
      const cost = costs[unit] ?? 0;
      if (Number.isNaN(cost)) continue;
      const stay = homes[unit] === anchor.incident ? stayWorth(now - (units[unit]?.onset ?? now)) : 0;
      claims.add(unit, cost - stay);
    }
    if (claims.to === from) continue;
    const found = { units: claims.units, costs: claims.costs, from, to: claims.to };
    const price = anchor.settled ? SETTLED_PRICE : priceOf(anchor.fault) * ANCHOR_PRICE;
    const worth = {
      place: -1,
      bound: savedBy(found, alone, 0),
      cap: savedBy(found, alone, MARGIN) - price + ROUNDING,
    };
    hypotheses.push(new Hypothesis(anchor.fault, anchor, found, worth));
  }
}

/** A unit that trouble could have reached from next door. */
interface Step {
  unit: number;
  cost: number;
}

/** The units that each incident could have reached over one of its members, in their order. */
function doorsByIncident(
  units: readonly Unit[],
  doorsOf: (unit: Unit) => readonly Door[],
): ReadonlyMap<IncidentId, readonly Step[]> {
  const found = new Map<IncidentId, Step[]>();
  for (let index = 0; index < units.length; index += 1) {
    const unit = units[index];
    if (unit === undefined) continue;
    for (const { incident, cost } of doorsOf(unit)) {
      const list = found.get(incident);
      if (list === undefined) found.set(incident, [{ unit: index, cost }]);
      else list.push({ unit: index, cost });
    }
  }
  return found;
}

const NO_STEPS: readonly Step[] = [];

/** Sums of the same numbers in another order differ by less. */
const ROUNDING = 1e-6;

/** Work space of one call; that of the last one stays until the next. */
const SUMS = new FaultSums();
const OWN = new Keys();
const TABLE = new ClaimTable();
const CLAIMS = new WorkingClaims();

const NO_CAUSES: Unit["causes"] = { keys: [], costs: [] };

/** What each fault could save in all, before anything is built for it. */
function boundsOf(units: readonly Unit[], alone: readonly number[]): FaultSums {
  const bounds = SUMS.begin();
  for (let index = 0; index < units.length; index += 1) {
    const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
    const most = (alone[index] ?? 0) - MARGIN;
    for (let at = 0; at < keys.length; at += 1) {
      const save = most - (costs[at] ?? 0);
      if (save > 0) bounds.add(keys[at] ?? 0, save);
    }
  }
  return bounds;
}

function stayWorth(ageMs: Milliseconds): number {
  return STAY + Math.min(STAY_LONG, Math.max(0, ageMs - STAY_FROM_MS) / STAY_EACH_MS);
}

export function lateness(
  onset: UnixMillis,
  span: { firstOnset: UnixMillis; lastOnset: UnixMillis; raging?: boolean },
): number {
  if (onset < span.firstOnset) return Math.max(0, span.firstOnset - onset - 60_000) / EARLY_MS;
  const gap = Math.max(0, onset - span.lastOnset) / LATE_MS;
  const late = gap + Math.min(LATE_MAX, Math.max(0, onset - span.firstOnset - LATE_MS) / LONG_MS);
  return span.raging === true ? late * RAGING : late;
}

/** What these claims save, of each `margin` less, where that is anything. */
function savedBy({ units, costs, from, to }: Claims, alone: readonly number[], margin: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += Math.max(0, (alone[units[at] ?? -1] ?? 0) - (costs[at] ?? 0) - margin);
  return sum;
}
