import type { Unit } from "../model/evidence.ts";
import { FaultPlaces } from "../model/fault-places.ts";
import { grown } from "../model/grown.ts";
import type { FaultKey } from "../model/influence.ts";
import { MARGIN } from "./prices.ts";

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
  readonly units: Int32Array;
  readonly costs: Float64Array;

  constructor(units: readonly Unit[], alone: readonly number[], wanted: readonly FaultKey[], anchored: number) {
    const places = PLACES.begin(wanted.length);
    for (let place = 0; place < wanted.length; place += 1) places.set(wanted[place] ?? -1, place);
    const from = new Int32Array(wanted.length + 1);
    const bounds = new Float64Array(wanted.length);
    const unitFrom = new Int32Array(units.length + 1);
    let size = 0;
    for (let index = 0; index < units.length; index += 1) {
      const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
      const own = alone[index] ?? 0;
      const least = own - MARGIN;
      if (size + keys.length > FOUND.places.length) FOUND.grow(size + keys.length);
      const found = FOUND;
      for (let at = 0; at < keys.length; at += 1) {
        const place = places.of(keys[at] ?? 0);
        if (place < 0) continue;
        const cost = costs[at] ?? 0;
        if (place >= anchored && cost >= least) continue;
        found.places[size] = place;
        found.units[size] = index;
        found.costs[size] = cost;
        found.saves[size] = Math.max(0, least - cost);
        size += 1;
        from[place + 1] = (from[place + 1] ?? 0) + 1;
        if (own > cost) bounds[place] = (bounds[place] ?? 0) + (own - cost);
      }
      unitFrom[index + 1] = size;
    }
    for (let place = 0; place < wanted.length; place += 1)
      from[place + 1] = (from[place + 1] ?? 0) + (from[place] ?? 0);
    this.unitFrom = unitFrom;
    this.placesByUnit = FOUND.places.slice(0, size);
    this.savesByUnit = FOUND.saves.slice(0, size);
    this.from = from;
    this.bounds = bounds;
    this.units = new Int32Array(size);
    this.costs = new Float64Array(size);
    this.sortByPlace(size);
  }

  /** In a place the claims stay in the order in which they were found. */
  private sortByPlace(size: number): void {
    const { units, costs } = this;
    const { places, units: foundUnits, costs: foundCosts } = FOUND;
    const next = this.from.slice();
    for (let at = 0; at < size; at += 1) {
      const place = places[at] ?? 0;
      const to = next[place] ?? 0;
      next[place] = to + 1;
      units[to] = foundUnits[at] ?? 0;
      costs[to] = foundCosts[at] ?? 0;
    }
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

  /** Where the claims of a place begin; they end where those of the next do. */
  begin(place: number): number {
    return this.from[place] ?? 0;
  }
}

/** Claims in the order in which they are found. */
class FoundClaims {
  places = new Int32Array(4096);
  units = new Int32Array(4096);
  costs = new Float64Array(4096);
  /** What each saves beyond the margin. */
  saves = new Float64Array(4096);

  /** Makes room for so many. */
  grow(size: number): void {
    while (this.places.length < size) {
      this.places = grown(this.places, Int32Array);
      this.units = grown(this.units, Int32Array);
      this.costs = grown(this.costs, Float64Array);
      this.saves = grown(this.saves, Float64Array);
    }
  }
}

/** Work space; empty between calls. */
const PLACES = new FaultPlaces();
const FOUND = new FoundClaims();
const NO_CAUSES: Unit["causes"] = { keys: [], costs: [] };
