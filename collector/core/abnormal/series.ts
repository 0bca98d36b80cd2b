import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Meaning } from "./meaning.ts";

/** One value a slot: what comes more often is averaged. */
export const SLOT_MS: Milliseconds = 60_000;
/** Slots that are kept as they are. */
export const RECENT_SLOTS = 64;
/** Values kept of all that is older, evenly spread over it. */
const PAST_KEPT = 96;
/** The past reaches back over this many values at most: 8 days at one a minute. */
const STRIDE_MAX = 128;

/**
 * One series' memory: the last hour slot by slot, and an even sample of what was before. One pass, 900 bytes, and nothing
 * enters the past before it is an hour old, so that trouble does not become the measure of itself.
 *
 * The past is thinned by doubling: when it is full, every second value goes, and from then on every second one is taken.
 */
export class MetricSeries {
  readonly meaning: Meaning;
  /** Averages of the slots, then how many values each has, then the past. */
  private readonly numbers = new Float32Array(RECENT_SLOTS * 2 + PAST_KEPT);
  private newest = -1;
  private kept = 0;
  private stride = 1;
  private skipped = 0;
  private oldest = 0;
  /** The largest value ever: tells shares from percents. */
  private largest = 0;

  constructor(meaning: Meaning) {
    this.meaning = meaning;
  }

  /** Values of slots that are no longer kept are left out. */
  put(time: UnixMillis, value: number): void {
    const slot = Math.floor(time / SLOT_MS);
    if (this.newest < 0) this.newest = slot;
    if (slot <= this.newest - RECENT_SLOTS) return;
    this.moveTo(slot);
    this.largest = Math.max(this.largest, value);
    const { numbers } = this;
    const place = slot % RECENT_SLOTS;
    const count = (numbers[RECENT_SLOTS + place] ?? 0) + 1;
    numbers[RECENT_SLOTS + place] = count;
    numbers[place] = (numbers[place] ?? 0) + (value - (numbers[place] ?? 0)) / count;
  }

  get newestSlot(): number {
    return this.newest;
  }

  /** NaN where the slot has no value. */
  at(slot: number): number {
    if (slot > this.newest || slot <= this.newest - RECENT_SLOTS) return Number.NaN;
    const place = slot % RECENT_SLOTS;
    return (this.numbers[RECENT_SLOTS + place] ?? 0) > 0 ? this.read(this.numbers[place] ?? 0) : Number.NaN;
  }

  /** What is known of the time before a slot, ascending. */
  before(slot: number): number[] {
    const values: number[] = [];
    for (let index = 0; index < this.kept; index += 1)
      values.push(this.read(this.numbers[RECENT_SLOTS * 2 + index] ?? 0));
    for (
      let recent = Math.max(0, this.newest - RECENT_SLOTS + 1);
      recent < Math.min(slot, this.newest + 1);
      recent += 1
    ) {
      const value = this.at(recent);
      if (!Number.isNaN(value)) values.push(value);
    }
    return values.sort((a, b) => a - b);
  }

  /** Seconds, calls, failing share, failed calls, or the value as it is. */
  private read(value: number): number {
    const percent = this.largest > 1.5 ? 100 : 1;
    switch (this.meaning.reading) {
      case "seconds":
        return value * this.meaning.factor;
      case "availability":
        return Math.max(0, 1 - value / percent);
      case "errorShare":
        return value / percent;
      default:
        return value;
    }
  }

  private moveTo(slot: number): void {
    const from = Math.max(this.newest + 1, slot - RECENT_SLOTS + 1);
    // A long gap: everything that is kept leaves, in order.
    for (let gone = this.newest - RECENT_SLOTS + 1; gone <= slot - RECENT_SLOTS && gone <= this.newest; gone += 1) {
      this.leave(((gone % RECENT_SLOTS) + RECENT_SLOTS) % RECENT_SLOTS);
    }
    for (let next = from; next <= slot; next += 1) {
      this.numbers[next % RECENT_SLOTS] = 0;
      this.numbers[RECENT_SLOTS + (next % RECENT_SLOTS)] = 0;
    }
    this.newest = Math.max(this.newest, slot);
  }

  private leave(place: number): void {
    const { numbers } = this;
    if ((numbers[RECENT_SLOTS + place] ?? 0) === 0) return;
    numbers[RECENT_SLOTS + place] = 0;
    this.skipped += 1;
    if (this.skipped < this.stride) return;
    this.skipped = 0;
    const value = numbers[place] ?? 0;
    const past = RECENT_SLOTS * 2;
    if (this.kept < PAST_KEPT) {
      numbers[past + this.kept] = value;
      this.kept += 1;
      return;
    }
    if (this.stride >= STRIDE_MAX) {
      numbers[past + this.oldest] = value;
      this.oldest = (this.oldest + 1) % PAST_KEPT;
      return;
    }
    for (let index = 0; index < PAST_KEPT / 2; index += 1) numbers[past + index] = numbers[past + index * 2 + 1] ?? 0;
    this.kept = PAST_KEPT / 2 + 1;
    numbers[past + PAST_KEPT / 2] = value;
    this.stride *= 2;
  }
}
