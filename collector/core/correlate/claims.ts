import { grown } from "../model/grown.ts";

/** The units that one fault explains, and at what cost: `from` … `to` of flat arrays, in order of onset, since units are. */
export interface Claims {
  readonly units: Int32Array;
  readonly costs: Float64Array;
  readonly from: number;
  readonly to: number;
}

/** Claims that are gathered and changed in place: work space of whoever weighs many faults. */
export class WorkingClaims implements Claims {
  units = new Int32Array(256);
  costs = new Float64Array(256);
  from = 0;
  to = 0;

  begin(): this {
    this.from = 0;
    this.to = 0;
    return this;
  }

  add(unit: number, cost: number): void {
    if (this.to === this.units.length) {
      this.units = grown(this.units, Int32Array);
      this.costs = grown(this.costs, Float64Array);
    }
    this.units[this.to] = unit;
    this.costs[this.to] = cost;
    this.to += 1;
  }

  /** Leaves only these of them. */
  narrow(from: number, to: number): void {
    this.from = from;
    this.to = to;
  }

  /** Adds all of these. */
  addAll({ units, costs, from, to }: Claims): void {
    for (let at = from; at < to; at += 1) this.add(units[at] ?? 0, costs[at] ?? 0);
  }
}
