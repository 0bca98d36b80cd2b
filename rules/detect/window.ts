import type { WindowFunction } from "./rule.ts";

/** Sub-steps into which a window is cut: its length is exact to 1/8. */
const STEPS = 8;

export interface WindowSnapshot {
  numbers: number[];
  ring: Float64Array;
}

/**
 * A function over the last `windowMs` of one series, in fixed memory: eight steps, of each its first value, least,
 * largest, sum and count. `rate` without a window looks at the last two samples only.
 *
 * Counter resets are seen by the value falling; what was counted since the reset is kept.
 */
export class Window {
  readonly #fn: WindowFunction;
  readonly #windowMs: number;
  readonly #stepMs: number;
  readonly isCounter: boolean;
  /** Time, then value: of a counter the running total since the start. */
  #lastAt = Number.NaN;
  #lastRaw = 0;
  #total = 0;
  /** Ring of steps: at, first, least, largest, sum, count. Empty for `rate` without a window. */
  readonly #ring: Float64Array;
  #head = 0;
  #filled = 0;

  constructor(fn: WindowFunction, windowMs: number | null, isCounter: boolean) {
    this.#fn = fn;
    this.#windowMs = windowMs ?? 0;
    this.#stepMs = this.#windowMs / STEPS;
    this.isCounter = isCounter;
    this.#ring = new Float64Array(windowMs === null ? 0 : (STEPS + 2) * 6);
  }

  /**
   * The function's value with this sample; NaN where there is not enough history.
   *
   * @param isGap samples are missing before this one. What a counter counted meanwhile is kept (`increase`); a rate
   * between two samples is not known, since the host may have slept.
   */
  push(raw: number, at: number, isGap: boolean): number {
    if (at <= this.#lastAt || (isGap && this.#windowMs === 0)) this.#reset();
    const elapsedMs = at - this.#lastAt;
    const delta = raw - this.#lastRaw;
    const increase = this.isCounter && this.#fn !== "delta" && delta < 0 ? raw : delta;
    const isFirst = Number.isNaN(this.#lastAt);
    this.#lastAt = at;
    this.#lastRaw = raw;
    if (this.#windowMs === 0) return isFirst || elapsedMs <= 0 ? Number.NaN : (increase / elapsedMs) * 1000;
    if (!isFirst) this.#total += increase;
    const value = this.#fn === "avgOver" || this.#fn === "minOver" || this.#fn === "maxOver" ? raw : this.#total;
    this.#add(value, at);
    this.#forget(at);
    return this.#read(value, at);
  }

  /** The clock stepped back, or there is no knowing what happened meanwhile. */
  #reset(): void {
    this.#lastAt = Number.NaN;
    this.#filled = 0;
    this.#total = 0;
  }

  #add(value: number, at: number): void {
    const ring = this.#ring;
    const steps = ring.length / 6;
    const newest = ((this.#head + this.#filled - 1 + steps) % steps) * 6;
    if (this.#filled > 0 && at - (ring[newest] as number) < this.#stepMs) {
      ring[newest + 2] = Math.min(ring[newest + 2] as number, value);
      ring[newest + 3] = Math.max(ring[newest + 3] as number, value);
      ring[newest + 4] = (ring[newest + 4] as number) + value;
      ring[newest + 5] = (ring[newest + 5] as number) + 1;
      return;
    }
    if (this.#filled === steps) {
      this.#head = (this.#head + 1) % steps;
      this.#filled -= 1;
    }
    const next = ((this.#head + this.#filled) % steps) * 6;
    ring[next] = at;
    ring.fill(value, next + 1, next + 5);
    ring[next + 5] = 1;
    this.#filled += 1;
  }

  /** Drops steps from the old end while the next one still covers the window. */
  #forget(at: number): void {
    const steps = this.#ring.length / 6;
    while (this.#filled > 1) {
      const second = ((this.#head + 1) % steps) * 6;
      if (at - (this.#ring[second] as number) < this.#windowMs) break;
      this.#head = (this.#head + 1) % steps;
      this.#filled -= 1;
    }
  }

  #read(value: number, at: number): number {
    const oldest = this.#head * 6;
    const elapsedMs = at - (this.#ring[oldest] as number);
    switch (this.#fn) {
      case "rate":
        // A first reading over a small part of the window says little: half of it must be covered.
        return elapsedMs < this.#windowMs / 2
          ? Number.NaN
          : ((value - (this.#ring[oldest + 1] as number)) / elapsedMs) * 1000;
      case "increase":
      case "delta":
        return elapsedMs <= 0 ? Number.NaN : value - (this.#ring[oldest + 1] as number);
      default:
        return this.#fold();
    }
  }

  #fold(): number {
    const ring = this.#ring;
    const steps = ring.length / 6;
    let least = Number.POSITIVE_INFINITY;
    let largest = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let count = 0;
    for (let index = 0; index < this.#filled; index += 1) {
      const step = ((this.#head + index) % steps) * 6;
      least = Math.min(least, ring[step + 2] as number);
      largest = Math.max(largest, ring[step + 3] as number);
      sum += ring[step + 4] as number;
      count += ring[step + 5] as number;
    }
    if (this.#fn === "minOver") return least;
    return this.#fn === "maxOver" ? largest : sum / count;
  }

  save(): WindowSnapshot {
    const numbers = [this.#lastAt, this.#lastRaw, this.#total, this.#head, this.#filled];
    return { numbers, ring: this.#ring.slice() };
  }

  load({ numbers, ring }: WindowSnapshot): void {
    if (ring.length !== this.#ring.length) return;
    [this.#lastAt = Number.NaN, this.#lastRaw = 0, this.#total = 0, this.#head = 0, this.#filled = 0] = numbers;
    this.#ring.set(ring);
  }
}
