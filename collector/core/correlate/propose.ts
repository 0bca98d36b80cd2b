import { isCreeping, isMild, type Unit } from "../model/evidence.ts";
import type { FaultTraits } from "../model/fault-traits.ts";
import { FaultSums } from "../model/fault-sums.ts";
import { LEAST_OPENING, leastOpening } from "../model/hypothesis.ts";
import { grown } from "../model/grown.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { ClaimTable } from "./claim-table.ts";
import type { Door } from "./door.ts";
import { type Anchor, Hypotheses } from "./hypotheses.ts";
import { ANCHOR_PRICE, MARGIN, SETTLED_PRICE } from "./prices.ts";

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
  hypotheses: Hypotheses;
  /** The claims of each. */
  table: ClaimTable;
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
  const hypotheses = HYPOTHESES.begin(wanted.length);
  for (let place = 0; place < wanted.length; place += 1) {
    const [from, to] = [table.begin(place), table.begin(place + 1)];
    if (to - from < 2) continue;
    const fault = wanted[place] ?? -1;
    const cap = bounds.get(fault) - priceOf(fault) + ROUNDING;
    hypotheses.add({ fault, anchor: null, from, to, place, bound: table.bound(place), cap });
  }
  if (anchors.length > 0) proposeAnchors(question, hypotheses, { table, wanted, priceOf });
  return { hypotheses, table };
}

/** The incidents that there are: what they explain by their root, or from next door. */
function proposeAnchors(
  { units, alone, anchors, homes, at: now, doorsOf }: Question,
  hypotheses: Hypotheses,
  { table, wanted, priceOf }: { table: ClaimTable; wanted: readonly FaultKey[]; priceOf: (fault: FaultKey) => number },
): void {
  const doors = doorsByIncident(units, doorsOf);
  // By unit, what it costs to explain it by one incident; NaN where that does not.
  const costs = roomFor(units.length);
  const creeping = units.map(isCreeping);
  const mild = units.map(isMild);
  for (const anchor of anchors) {
    costs.fill(Number.NaN, 0, units.length);
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
    const from = table.end;
    for (let unit = 0; unit < units.length; unit += 1) {
      const cost = costs[unit] ?? 0;
      if (Number.isNaN(cost)) continue;
      const stay = homes[unit] === anchor.incident ? stayWorth(now - (units[unit]?.onset ?? now)) : 0;
      table.append(unit, cost - stay);
    }
    const to = table.end;
    if (to === from) continue;
    const price = anchor.settled ? SETTLED_PRICE : priceOf(anchor.fault) * ANCHOR_PRICE;
    const bound = table.savedBy(from, to, alone, 0);
    const cap = table.savedBy(from, to, alone, MARGIN) - price + ROUNDING;
    hypotheses.add({ fault: anchor.fault, anchor, from, to, place: -1, bound, cap });
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
const HYPOTHESES = new Hypotheses();
let COSTS = new Float64Array(256);

function roomFor(units: number): Float64Array {
  while (COSTS.length < units) COSTS = grown(COSTS, Float64Array);
  return COSTS;
}

/** What each fault could save in all, before anything is built for it. */
function boundsOf(units: readonly Unit[], alone: readonly number[]): FaultSums {
  const bounds = SUMS.begin();
  for (let index = 0; index < units.length; index += 1) {
    const unit = units[index];
    if (unit !== undefined) bounds.addSaved(unit.causes, (alone[index] ?? 0) - MARGIN, 1);
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
