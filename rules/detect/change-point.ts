/**
 * Has the level moved, and stayed? Two cumulative sums (Page 1954) of the distance from the level in units of the spread,
 * clipped so that no single value decides. Fixed state; a few operations a sample.
 */

const DAY_MS = 86_400_000;
/** Learned before anything is said. */
const LEARN_SAMPLES = 60;
/** What a shift must have beyond the spread to add up; a shift of two spreads is told after about twelve samples. */
const SLACK = 0.75;
const ALARM = 15;
const CLIP = 4;
/** The level is that of the last 300 samples, the new level that of the last 20. */
const LEVEL_GAIN = 1 / 300;
const RECENT_GAIN = 1 / 20;

export class ChangePoint {
  /** The level before the shift that holds now; NaN = none. */
  from = Number.NaN;
  #count = 0;
  #level = 0;
  #spread = 0;
  #recent = 0;
  #shiftedAt = 0;
  /** Each way: the cumulative sum, and the mean of the values since it began to rise. */
  readonly #up = { sum: 0, mean: 0, count: 0 };
  readonly #down = { sum: 0, mean: 0, count: 0 };

  /** Which way the level has shifted and not come back: 1, -1, or 0. After a day the new level is the level. */
  push(value: number, at: number): -1 | 0 | 1 {
    this.#count += 1;
    if (this.#count === 1) this.#level = this.#recent = value;
    this.#recent += Math.max(1 / this.#count, RECENT_GAIN) * (value - this.#recent);
    const away = value - this.#level;
    if (this.#count <= LEARN_SAMPLES) {
      this.#level += away / this.#count;
      this.#spread += (Math.abs(away) - this.#spread) / this.#count;
      return 0;
    }
    const unit = 1.25 * this.#spread + 1e-6 * Math.abs(this.#level) + 1e-12;
    const z = Math.max(-CLIP, Math.min(CLIP, away / unit));
    accumulate(this.#up, z - SLACK, value);
    accumulate(this.#down, -z - SLACK, value);
    const largest = this.#up.sum > this.#down.sum ? this.#up : this.#down;
    if (largest.sum > ALARM) this.#shift(largest.mean, at);
    else if (largest.sum < ALARM / 3) {
      // While a shift may be under way, it must not be learned.
      this.#level += LEVEL_GAIN * away;
      this.#spread += LEVEL_GAIN * (Math.abs(away) - this.#spread);
    }
    return this.#direction(at);
  }

  #shift(level: number, at: number): void {
    if (Number.isNaN(this.from)) this.from = this.#level;
    this.#level = this.#recent = level;
    this.#up.sum = this.#down.sum = 0;
    this.#shiftedAt = at;
  }

  #direction(at: number): -1 | 0 | 1 {
    if (Number.isNaN(this.from)) return 0;
    const moved = this.#level - this.from;
    const isBack = Math.abs(this.#recent - this.from) < Math.abs(moved) / 2 || Math.abs(moved) < 2 * this.#spread;
    if (isBack || at - this.#shiftedAt > DAY_MS || at < this.#shiftedAt) {
      this.from = Number.NaN;
      return 0;
    }
    return moved > 0 ? 1 : -1;
  }

  /** The level as it is now. */
  get level(): number {
    return this.#recent;
  }

  save(): number[] {
    const { sum, mean, count } = this.#up;
    const down = this.#down;
    const state = [this.from, this.#count, this.#level, this.#spread, this.#recent, this.#shiftedAt];
    return [...state, sum, mean, count, down.sum, down.mean, down.count];
  }

  load(numbers: readonly number[]): void {
    const [from = Number.NaN, count = 0, level = 0, spread = 0, recent = 0, shiftedAt = 0, ...sums] = numbers;
    this.from = from;
    this.#count = count;
    this.#level = level;
    this.#spread = spread;
    this.#recent = recent;
    this.#shiftedAt = shiftedAt;
    [this.#up.sum = 0, this.#up.mean = 0, this.#up.count = 0] = sums;
    [this.#down.sum = 0, this.#down.mean = 0, this.#down.count = 0] = sums.slice(3);
  }
}

function accumulate(way: { sum: number; mean: number; count: number }, step: number, value: number): void {
  if (way.sum <= 0) way.count = 0;
  way.sum = Math.max(0, way.sum + step);
  way.count += 1;
  way.mean = way.count === 1 ? value : way.mean + (value - way.mean) / way.count;
}
