import { listOfDoubles } from "./doubles.ts";
import { nextEpoch } from "./epoch.ts";

/** Which half of a number in memory is the low one. */
const LOW = new Int32Array(Float64Array.of(2 ** -1074).buffer)[0] === 1 ? 0 : 1;

/** Up to so many, nothing is faster than to insert them one after the other. */
const FEW = 8;

/**
 * The least cost of each of many small integers, for inner loops: flat arrays that are emptied by counting up an epoch.
 * One user at a time: `begin` forgets what the last one kept. Memory: 12 bytes a possible key.
 */
export class BestCosts {
  /** The first `size`, in the order in which they came first; what stands behind them is of the past. */
  readonly keys: number[] = [];
  /** An array that is emptied gives its room back, and would grow anew each time. */
  private count = 0;
  private costs = new Float64Array(0);
  private epochs = new Int32Array(0);
  private epoch = 0;
  /** Work space of `cheapest`. */
  private sorting = new Float64Array(1024);

  get size(): number {
    return this.count;
  }

  /** Empties it. */
  begin(): this {
    this.epoch = nextEpoch(this.epoch, this.epochs);
    this.count = 0;
    return this;
  }

  /** Keeps the lesser of both; whether this one is the first, or less than what was known. */
  lower(key: number, cost: number): boolean {
    if (key >= this.epochs.length) this.grow(key);
    if (this.epochs[key] !== this.epoch) {
      this.epochs[key] = this.epoch;
      this.keys[this.count] = key;
      this.count += 1;
    } else if ((this.costs[key] ?? 0) <= cost) return false;
    this.costs[key] = cost;
    return true;
  }

  /** Infinite for what was never kept. */
  get(key: number): number {
    return this.epochs[key] === this.epoch ? (this.costs[key] ?? 0) : Number.POSITIVE_INFINITY;
  }

  /** The `count` cheapest, cheapest first; of equal ones the lower key. Costs must not be negative. */
  cheapest(count: number): { keys: number[]; costs: number[] } {
    const sorted = this.count <= FEW ? this.sortedFew() : this.sorted();
    const size = Math.min(count, this.count);
    const keys = sorted.slice(0, size);
    if (size > this.sorting.length) this.sorting = new Float64Array(2 * size);
    for (let at = 0; at < size; at += 1) this.sorting[at] = this.costs[keys[at] ?? 0] ?? 0;
    return { keys, costs: listOfDoubles(this.sorting, size) };
  }

  /** By insertion. */
  private sortedFew(): number[] {
    const { keys, costs, count } = this;
    for (let at = 1; at < count; at += 1) {
      const key = keys[at] ?? 0;
      const cost = costs[key] ?? 0;
      let to = at;
      for (; to > 0; to -= 1) {
        const before = keys[to - 1] ?? 0;
        const apart = (costs[before] ?? 0) - cost;
        if (apart < 0 || (apart === 0 && before < key)) break;
        keys[to] = before;
      }
      keys[to] = key;
    }
    return keys;
  }

  /**
   * First as bare numbers with the key in the low half of each, which takes a fifth of the time that a comparing
   * function would; then what the low half of a cost decides is put in order.
   */
  private sorted(): number[] {
    const { keys, costs, count: length } = this;
    if (length > this.sorting.length) this.sorting = new Float64Array(2 * length);
    const sorting = this.sorting.subarray(0, length);
    const halves = new Int32Array(sorting.buffer, 0, 2 * length);
    for (let at = 0; at < length; at += 1) {
      const key = keys[at] ?? 0;
      sorting[at] = costs[key] ?? 0;
      halves[2 * at + LOW] = key;
    }
    sorting.sort();
    for (let at = 0; at < length; at += 1) {
      const key = halves[2 * at + LOW] ?? 0;
      const cost = costs[key] ?? 0;
      let to = at;
      for (; to > 0; to -= 1) {
        const before = keys[to - 1] ?? 0;
        const apart = (costs[before] ?? 0) - cost;
        if (apart < 0 || (apart === 0 && before < key)) break;
        keys[to] = before;
      }
      keys[to] = key;
    }
    return keys;
  }

  private grow(key: number): void {
    const size = Math.max(1024, 2 ** Math.ceil(Math.log2(key + 1)));
    const costs = new Float64Array(size);
    costs.set(this.costs);
    const epochs = new Int32Array(size);
    epochs.set(this.epochs);
    this.costs = costs;
    this.epochs = epochs;
  }
}
