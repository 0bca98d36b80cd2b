import type { Unit } from "../model/evidence.ts";
import { FaultSums, largest } from "../model/fault-sums.ts";
import { FaultPlaces } from "../model/fault-places.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import { grown } from "../model/grown.ts";

/** Work space; empty between calls. */
const SUMS = new FaultSums();
const PLACES = new FaultPlaces();

/** What one candidate explains: by unit from `from` on, the cost; NaN where it does not explain it. */
export interface Claims {
  fault: FaultKey;
  costs: Float64Array;
  from: number;
}

/** For each unit, the other units that could have passed the trouble on to it, and at what cost; unit `u` has `from[u]` … `from[u + 1]`. */
export interface Links {
  from: Int32Array;
  units: Int32Array;
  costs: Float64Array;
}

/**
 * The faults that save most by a rough count, which takes every cost, weighed by `share`, from the root itself. What they
 * explain holds until the next call.
 *
 * @param most how many candidates at most, the best first
 */
export function candidatesOf(units: readonly Unit[], alone: readonly number[], share: number, most: number): Claims[] {
  const bounds = SUMS.begin();
  for (let index = 0; index < units.length; index += 1) {
    bounds.addSaved(causesOf(units, index), alone[index] ?? 0, share);
  }
  const chosen = largest(bounds, most);
  const size = units.length;
  // One array for all of them: most incidents are of one unit.
  const explained = explainedOf(size * chosen.length);
  const claims = chosen.map((fault, place): Claims => ({ fault, costs: explained, from: place * size }));
  const places = PLACES.begin(chosen.length);
  for (let place = 0; place < chosen.length; place += 1) places.set(chosen[place] ?? -1, place);
  for (let index = 0; index < units.length; index += 1) {
    const { keys, costs } = causesOf(units, index);
    for (let position = 0; position < keys.length; position += 1) {
      const place = places.of(keys[position] ?? 0);
      if (place >= 0) explained[place * size + index] = costs[position] ?? 0;
    }
  }
  return claims;
}

/** Work space; it stays as it is until the next call. */
let EXPLAINED = new Float64Array(4096);

function explainedOf(size: number): Float64Array {
  if (size > EXPLAINED.length) EXPLAINED = new Float64Array(2 * size);
  return EXPLAINED.fill(Number.NaN, 0, size);
}

function causesOf(units: readonly Unit[], index: number): Unit["causes"] {
  return units[index]?.causes ?? NO_CAUSES;
}

const NO_CAUSES: Unit["causes"] = { keys: [], costs: [] };

const NO_LINKS: Links = { from: new Int32Array(2), units: new Int32Array(), costs: new Float64Array() };

/** Work space; it stays as it is until the next call. */
let OTHERS = new Int32Array(4096);
let PRICES = new Float64Array(4096);
let FROM = new Int32Array(256);

function growLinks(): void {
  OTHERS = grown(OTHERS, Int32Array);
  PRICES = grown(PRICES, Float64Array);
}

/** They hold until the next call. */
export function linksBetween(units: readonly Unit[]): Links {
  if (units.length === 1) return NO_LINKS;
  const at = PLACES.begin(units.length);
  // Two units of one CI: the later one stands for it.
  units.forEach((unit, index) => at.set(unit.ci, index));
  while (FROM.length <= units.length) FROM = grown(FROM, Int32Array);
  const from = FROM;
  let size = 0;
  for (let index = 0; index < units.length; index += 1) {
    const { keys, costs } = causesOf(units, index);
    for (let position = 0; position < keys.length; position += 1) {
      const other = at.of(faultCi(keys[position] ?? 0));
      if (other < 0 || other === index) continue;
      if (size === OTHERS.length) growLinks();
      OTHERS[size] = other;
      PRICES[size] = costs[position] ?? 0;
      size += 1;
    }
    from[index + 1] = size;
  }
  return { from, units: OTHERS, costs: PRICES };
}

/** The cheapest last step to a unit from another one that the same fault explains, and that is nearer to it. */
export function lastStep(direct: number, index: number, links: Links, claims: Claims): number {
  let best = direct;
  const end = links.from[index + 1] ?? 0;
  for (let at = links.from[index] ?? 0; at < end; at += 1) {
    const cost = links.costs[at] ?? 0;
    // What is not explained is NaN, and nothing is less than that.
    if (cost < best && (claims.costs[claims.from + (links.units[at] ?? 0)] ?? 0) < direct - 0.01) best = cost;
  }
  return best;
}
