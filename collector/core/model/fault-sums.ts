import { nextEpoch } from "./epoch.ts";
import type { Causes, FaultKey } from "./influence.ts";

/**
 * A sum for each fault, for inner loops: flat arrays by fault key that are emptied by counting up an epoch, so that
 * neither filling nor emptying allocates. One user at a time: `begin` forgets what the last one added. Memory: 12 bytes
 * a possible fault.
 */
export class FaultSums {
  /** The first `size`, in the order in which they were first added; what stands behind them is of the past. */
  readonly keys: FaultKey[] = [];
  /** An array that is emptied gives its room back, and would grow anew each time. */
  private count = 0;
  private sums = new Float64Array(0);
  private epochs = new Int32Array(0);
  private epoch = 0;

  get size(): number {
    return this.count;
  }

  /** Empties it. */
  begin(): this {
    this.epoch = nextEpoch(this.epoch, this.epochs);
    this.count = 0;
    return this;
  }

  /** Adds for each of these faults what is left of `most` after its cost, of which `share` counts, where that is anything. */
  addSaved({ keys, costs }: Causes, most: number, share: number, weight = 1): void {
    for (let at = 0; at < keys.length; at += 1) {
      const value = (most - (costs[at] ?? 0) * share) * weight;
      if (!(value > 0)) continue;
      const key = keys[at] ?? 0;
      // Written out: with a call for each, every number that is handed over becomes an object.
      if (key >= this.epochs.length) this.grow(key);
      if (this.epochs[key] === this.epoch) this.sums[key] = (this.sums[key] ?? 0) + value;
      else {
        this.epochs[key] = this.epoch;
        this.sums[key] = value;
        this.keys[this.count] = key;
        this.count += 1;
      }
    }
  }

  /** 0 for what was never added. */
  get(key: FaultKey): number {
    return this.epochs[key] === this.epoch ? (this.sums[key] ?? 0) : 0;
  }

  has(key: FaultKey): boolean {
    return this.epochs[key] === this.epoch;
  }

  private grow(key: FaultKey): void {
    const size = Math.max(1024, 2 ** Math.ceil(Math.log2(key + 1)));
    const sums = new Float64Array(size);
    sums.set(this.sums);
    const epochs = new Int32Array(size);
    epochs.set(this.epochs);
    this.sums = sums;
    this.epochs = epochs;
  }
}

/** The `count` faults with the largest sums, largest first; of equal ones the lower key. */
export function largest(sums: FaultSums, count: number): FaultKey[] {
  const best: FaultKey[] = [];
  // The sums of these, so that each fault is looked up once.
  const values: number[] = [];
  for (let index = 0; index < sums.size; index += 1) {
    const key = sums.keys[index] ?? -1;
    const sum = sums.get(key);
    let at = best.length;
    if (at >= count && !isBefore(sum, key, values[at - 1] ?? 0, best[at - 1] ?? -1)) continue;
    // The last one makes room.
    if (at >= count) at -= 1;
    for (; at > 0 && isBefore(sum, key, values[at - 1] ?? 0, best[at - 1] ?? -1); at -= 1) {
      best[at] = best[at - 1] ?? -1;
      values[at] = values[at - 1] ?? 0;
    }
    best[at] = key;
    values[at] = sum;
  }
  return best;
}

function isBefore(sum: number, key: FaultKey, otherSum: number, other: FaultKey): boolean {
  return sum > otherSum || (sum === otherSum && key < other);
}
