import type { Unit } from "../model/evidence.ts";
import { FaultPlaces } from "../model/fault-places.ts";
import { grown } from "../model/grown.ts";
import type { FaultKey } from "../model/influence.ts";
import type { Hypotheses } from "./hypotheses.ts";
import { MARGIN } from "./prices.ts";

/**
 * By fault, the units that it could explain, as flat arrays: there are many, and few are looked at. Faults are named by
 * their place in `wanted`; of the first `anchored` ones also what they explain worse than chance does. Filled anew for each
 * solve: to make its arrays takes longer than to fill them.
 */
export class ClaimTable {
  /** Claims of place `p` are at `begin(p)` … `begin(p + 1)` of these. */
  units = new Int32Array(4096);
  costs = new Float64Array(4096);
  private from = new Int32Array(1024);
  private next = new Int32Array(1024);
  private bounds = new Float64Array(1024);
  /** Claims as they were found: those on unit `u` are at `unitFrom[u]` … `unitFrom[u + 1]` of these. */
  private unitFrom = new Int32Array(1024);
  private foundPlaces = new Int32Array(4096);
  private foundUnits = new Int32Array(4096);
  private foundCosts = new Float64Array(4096);
  /** What each saves beyond the margin. */
  private foundSaves = new Float64Array(4096);
  private readonly places = new FaultPlaces();
  /** Behind the last claim. */
  end = 0;

  fill(units: readonly Unit[], alone: readonly number[], wanted: readonly FaultKey[], anchored: number): this {
    const places = this.places.begin(wanted.length);
    for (let place = 0; place < wanted.length; place += 1) places.set(wanted[place] ?? -1, place);
    this.reserve(wanted.length, units.length);
    const { from, bounds, unitFrom } = this;
    from.fill(0, 0, wanted.length + 1);
    bounds.fill(0, 0, wanted.length);
    let size = 0;
    for (let index = 0; index < units.length; index += 1) {
      const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
      const own = alone[index] ?? 0;
      const least = own - MARGIN;
      while (size + keys.length > this.units.length) this.grow();
      const { foundPlaces, foundUnits, foundCosts, foundSaves } = this;
      for (let at = 0; at < keys.length; at += 1) {
        const place = places.of(keys[at] ?? 0);
        if (place < 0) continue;
        const cost = costs[at] ?? 0;
        if (place >= anchored && cost >= least) continue;
        foundPlaces[size] = place;
        foundUnits[size] = index;
        foundCosts[size] = cost;
        foundSaves[size] = Math.max(0, least - cost);
        size += 1;
        from[place + 1] = (from[place + 1] ?? 0) + 1;
        if (own > cost) bounds[place] = (bounds[place] ?? 0) + (own - cost);
      }
      unitFrom[index + 1] = size;
    }
    this.sortByPlace(wanted.length, size);
    this.end = size;
    return this;
  }

  /** Adds a claim that belongs to no place. */
  append(unit: number, cost: number): void {
    if (this.end === this.units.length) this.grow();
    this.units[this.end] = unit;
    this.costs[this.end] = cost;
    this.end += 1;
  }

  /** What these claims save, of each `margin` less, where that is anything. */
  savedBy(from: number, to: number, alone: readonly number[], margin: number): number {
    const { units, costs } = this;
    let sum = 0;
    for (let at = from; at < to; at += 1) sum += Math.max(0, (alone[units[at] ?? -1] ?? 0) - (costs[at] ?? 0) - margin);
    return sum;
  }

  /** In a place the claims stay in the order in which they were found. */
  private sortByPlace(count: number, size: number): void {
    const { from, next, units, costs, foundPlaces, foundUnits, foundCosts } = this;
    for (let place = 0; place < count; place += 1) {
      from[place + 1] = (from[place + 1] ?? 0) + (from[place] ?? 0);
      next[place] = from[place] ?? 0;
    }
    for (let at = 0; at < size; at += 1) {
      const place = foundPlaces[at] ?? 0;
      const to = next[place] ?? 0;
      next[place] = to + 1;
      units[to] = foundUnits[at] ?? 0;
      costs[to] = foundCosts[at] ?? 0;
    }
  }

  private reserve(wanted: number, units: number): void {
    while (this.from.length <= wanted) {
      this.from = grown(this.from, Int32Array);
      this.next = grown(this.next, Int32Array);
      this.bounds = grown(this.bounds, Float64Array);
    }
    while (this.unitFrom.length <= units) this.unitFrom = grown(this.unitFrom, Int32Array);
  }

  private grow(): void {
    this.units = grown(this.units, Int32Array);
    this.costs = grown(this.costs, Float64Array);
    this.foundPlaces = grown(this.foundPlaces, Int32Array);
    this.foundUnits = grown(this.foundUnits, Int32Array);
    this.foundCosts = grown(this.foundCosts, Float64Array);
    this.foundSaves = grown(this.foundSaves, Float64Array);
  }

  /** Takes from what each hypothesis saves (`left`) what it saves of this unit. */
  takeUnit(unit: number, left: Float64Array, hypotheses: Hypotheses): void {
    const end = this.unitFrom[unit + 1] ?? 0;
    for (let index = this.unitFrom[unit] ?? 0; index < end; index += 1) {
      const hypothesis = hypotheses.ofPlace(this.foundPlaces[index] ?? 0);
      if (hypothesis >= 0) left[hypothesis] = (left[hypothesis] ?? 0) - (this.foundSaves[index] ?? 0);
    }
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

const NO_CAUSES: Unit["causes"] = { keys: [], costs: [] };
