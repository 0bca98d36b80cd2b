import type { Door } from "./door.ts";
import { isCreeping, isMild, type Unit } from "../model/evidence.ts";
import { FaultPlaces } from "../model/fault-places.ts";
import { FaultSums } from "../model/fault-sums.ts";
import { leastOpening } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

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

export interface Claim {
  unit: number;
  cost: number;
}

export interface Hypothesis {
  fault: FaultKey;
  anchor: Anchor | null;
  /** In order of onset, since units are. */
  readonly claims: Claim[];
  /** What its claims save before they are paid for. Of equal hypotheses the one that claims more goes first. */
  bound: number;
  /** What it could be worth at most. */
  cap: number;
  /** What it is worth while none of its units is taken, once that has been worked out. */
  whole: Choice | undefined;
}

/** What a hypothesis is worth, and with which of its units. */
export interface Choice {
  hypothesis: Hypothesis;
  gain: number;
  claims: Claim[];
  first: UnixMillis;
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
/** A fault must explain a unit at least this much better than chance does. */
export const MARGIN = 0.4;
/** An own alert speaks for a root when that fault would show itself so. */
export const OWN_EVIDENCE = 1;
/** What an incident costs that stays whatever the units do, and what share of its price one that could go. */
export const SETTLED_PRICE = 0.4;
export const ANCHOR_PRICE = 0.8;

/** What could have happened. */
export interface Proposals {
  /** The one with the best bound first. */
  hypotheses: Hypothesis[];
  table: ClaimTable;
  /** Where the hypothesis of each place in the table is; −1 where there is none. */
  at: Int32Array;
}

/** Faults that explain more than one unit, and the incidents that there are, as hypotheses. */
export function propose(
  units: readonly Unit[],
  alone: readonly number[],
  anchors: readonly Anchor[],
  {
    topology,
    at: now,
    incidentOf,
    doorsOf,
  }: {
    topology: Topology;
    at: UnixMillis;
    incidentOf: (unit: Unit) => IncidentId | null;
    doorsOf: (unit: Unit) => readonly Door[];
  },
): Proposals {
  const bounds = boundsOf(units, alone);
  const own = OWN.begin();
  for (const unit of units) own.add(unit.ci);
  const anchored = new Set(anchors.map((anchor) => anchor.fault));
  const wanted = [...anchored];
  // A fault that could save less than its least possible price is not chosen, whatever else is weighed.
  const priceOf = (fault: FaultKey): number => leastOpening(topology, fault, !own.has(faultCi(fault)));
  const isWorth = (fault: FaultKey): boolean => bounds.get(fault) > priceOf(fault) - ROUNDING;
  for (let index = 0; index < bounds.size; index += 1) {
    const fault = bounds.keys[index] ?? -1;
    if (!anchored.has(fault) && isWorth(fault)) wanted.push(fault);
  }
  const table = new ClaimTable(units, alone, wanted, anchored.size);
  const hypotheses: Hypothesis[] = [];
  wanted.forEach((fault, place) => {
    if (table.count(place) < 2) return;
    const cap = bounds.get(fault) - priceOf(fault) + ROUNDING;
    hypotheses.push(new Proposal(fault, cap, table, place));
  });
  const homes = anchors.length === 0 ? [] : units.map((unit) => incidentOf(unit));
  const doors = anchors.length === 0 ? NO_DOORS : doorsByIncident(units, doorsOf);
  // By unit, what it costs to explain it by one incident; NaN where that does not.
  const costs = new Float64Array(anchors.length === 0 ? 0 : units.length);
  for (const anchor of anchors) {
    costs.fill(Number.NaN);
    const isCloser = (unit: number, cost: number): boolean => !((costs[unit] ?? 0) <= cost);
    for (const { unit: index, cost } of table.claims(wanted.indexOf(anchor.fault))) {
      const unit = units[index];
      if (unit === undefined) continue;
      const late = lateness(unit.onset, anchor) * (isCreeping(unit) ? 0.4 : 1);
      const doubt = isMild(unit) ? anchor.mildDoubt : anchor.doubt;
      costs[index] = cost + late + (homes[index] === anchor.incident ? 0 : doubt);
    }
    for (const { unit, cost } of doors.get(anchor.incident) ?? []) if (isCloser(unit, cost)) costs[unit] = cost;
    const claims: Claim[] = [];
    for (let unit = 0; unit < costs.length; unit += 1) {
      const cost = costs[unit] ?? 0;
      if (Number.isNaN(cost)) continue;
      const stay = homes[unit] === anchor.incident ? stayWorth(now - (units[unit]?.onset ?? now)) : 0;
      claims.push({ unit, cost: cost - stay });
    }
    if (claims.length === 0) continue;
    const price = anchor.settled ? SETTLED_PRICE : priceOf(anchor.fault) * ANCHOR_PRICE;
    const cap = savedBy(claims, alone, MARGIN) - price + ROUNDING;
    hypotheses.push({ fault: anchor.fault, anchor, claims, bound: savedBy(claims, alone, 0), cap, whole: undefined });
  }
  hypotheses.sort((a, b) => b.bound - a.bound || a.fault - b.fault);
  const at = new Int32Array(wanted.length).fill(-1);
  hypotheses.forEach((hypothesis, index) => {
    if (hypothesis instanceof Proposal) at[hypothesis.place] = index;
  });
  return { hypotheses, table, at };
}

const NO_DOORS: ReadonlyMap<IncidentId, readonly Claim[]> = new Map();

/** The units that each incident could have reached over one of its members, in their order. */
function doorsByIncident(
  units: readonly Unit[],
  doorsOf: (unit: Unit) => readonly Door[],
): ReadonlyMap<IncidentId, readonly Claim[]> {
  const found = new Map<IncidentId, Claim[]>();
  units.forEach((unit, index) => {
    for (const { incident, cost } of doorsOf(unit)) {
      const list = found.get(incident);
      if (list === undefined) found.set(incident, [{ unit: index, cost }]);
      else list.push({ unit: index, cost });
    }
  });
  return found;
}

/** A fault that is no incident yet. Most are never looked at closely, so that its claims are made when they are asked for. */
class Proposal implements Hypothesis {
  readonly fault: FaultKey;
  readonly anchor = null;
  bound: number;
  readonly cap: number;
  whole: Choice | undefined = undefined;
  readonly place: number;
  private readonly table: ClaimTable;
  private made: Claim[] | null = null;

  constructor(fault: FaultKey, cap: number, table: ClaimTable, place: number) {
    this.fault = fault;
    this.cap = cap;
    this.table = table;
    this.place = place;
    this.bound = table.bound(place);
  }

  get claims(): Claim[] {
    this.made ??= this.table.claims(this.place);
    return this.made;
  }
}

/** Sums of the same numbers in another order differ by less. */
const ROUNDING = 1e-6;

/** Work space; empty between calls. */
const SUMS = new FaultSums();
const PLACES = new FaultPlaces();
const OWN = new Keys();

/**
 * By fault, the units that it could explain, as flat arrays: there are many, and few are looked at. Faults are named by
 * their place in `wanted`; of the first `anchored` ones also what they explain worse than chance does.
 */
export class ClaimTable {
  /** Claims on unit `u` are at `unitFrom[u]` … `unitFrom[u + 1]` of these. */
  private readonly unitFrom: Int32Array;
  private readonly placesByUnit: Int32Array;
  private readonly savesByUnit: Float64Array;
  /** Claims of place `p` are at `from[p]` … `from[p + 1]`. */
  private readonly from: Int32Array;
  private readonly bounds: Float64Array;
  private readonly units: Int32Array;
  private readonly costs: Float64Array;

  constructor(units: readonly Unit[], alone: readonly number[], wanted: readonly FaultKey[], anchored: number) {
    const places = PLACES.begin(wanted.length);
    wanted.forEach((fault, place) => places.set(fault, place));
    const from = new Int32Array(wanted.length + 1);
    const bounds = new Float64Array(wanted.length);
    const unitFrom = new Int32Array(units.length + 1);
    let size = 0;
    for (let index = 0; index < units.length; index += 1) {
      const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
      const own = alone[index] ?? 0;
      for (let at = 0; at < keys.length; at += 1) {
        const place = places.of(keys[at] ?? 0);
        if (place < 0) continue;
        const cost = costs[at] ?? 0;
        if (place >= anchored && cost >= own - MARGIN) continue;
        if (size === FOUND.places.length) FOUND.grow();
        FOUND.places[size] = place;
        FOUND.units[size] = index;
        FOUND.costs[size] = cost;
        size += 1;
        from[place + 1] = (from[place + 1] ?? 0) + 1;
        if (own > cost) bounds[place] = (bounds[place] ?? 0) + (own - cost);
      }
      unitFrom[index + 1] = size;
    }
    this.unitFrom = unitFrom;
    this.placesByUnit = FOUND.places.slice(0, size);
    this.savesByUnit = new Float64Array(size);
    for (let place = 0; place < wanted.length; place += 1)
      from[place + 1] = (from[place + 1] ?? 0) + (from[place] ?? 0);
    this.units = new Int32Array(size);
    this.costs = new Float64Array(size);
    const next = from.slice();
    for (let at = 0; at < size; at += 1) {
      const place = FOUND.places[at] ?? 0;
      const to = next[place] ?? 0;
      next[place] = to + 1;
      this.units[to] = FOUND.units[at] ?? 0;
      this.costs[to] = FOUND.costs[at] ?? 0;
      this.savesByUnit[at] = Math.max(0, (alone[FOUND.units[at] ?? 0] ?? 0) - MARGIN - (FOUND.costs[at] ?? 0));
    }
    this.from = from;
    this.bounds = bounds;
  }

  /** Takes from what each place saves (`left`, by hypothesis) what it saves of this unit. */
  takeUnit(unit: number, left: Float64Array, at: Int32Array): void {
    const end = this.unitFrom[unit + 1] ?? 0;
    for (let index = this.unitFrom[unit] ?? 0; index < end; index += 1) {
      const hypothesis = at[this.placesByUnit[index] ?? 0] ?? -1;
      if (hypothesis >= 0) left[hypothesis] = (left[hypothesis] ?? 0) - (this.savesByUnit[index] ?? 0);
    }
  }

  count(place: number): number {
    return (this.from[place + 1] ?? 0) - (this.from[place] ?? 0);
  }

  /** What all claims together could save. */
  bound(place: number): number {
    return this.bounds[place] ?? 0;
  }

  claims(place: number): Claim[] {
    const claims: Claim[] = [];
    const end = this.from[place + 1] ?? 0;
    for (let at = this.from[place] ?? 0; at < end; at += 1)
      claims.push({ unit: this.units[at] ?? 0, cost: this.costs[at] ?? 0 });
    return claims;
  }
}

/** Claims in the order in which they are found. */
class FoundClaims {
  places = new Int32Array(4096);
  units = new Int32Array(4096);
  costs = new Float64Array(4096);

  grow(): void {
    const { places, units, costs } = this;
    this.places = new Int32Array(2 * places.length);
    this.places.set(places);
    this.units = new Int32Array(2 * units.length);
    this.units.set(units);
    this.costs = new Float64Array(2 * costs.length);
    this.costs.set(costs);
  }
}

/** Work space; empty between calls. */
const FOUND = new FoundClaims();

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
function savedBy(claims: readonly Claim[], alone: readonly number[], margin: number): number {
  return claims.reduce((sum, claim) => sum + Math.max(0, (alone[claim.unit] ?? 0) - claim.cost - margin), 0);
}
