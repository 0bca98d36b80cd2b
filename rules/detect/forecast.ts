/**
 * Where a value is going: a straight line through the recent past in which older samples weigh less, in five sums.
 *
 * The answer is careful: it takes the slope at its cautious end (two standard errors towards level), so that noise around
 * a level never "fills up", and a sawtooth that is emptied by itself must first rise for longer than it ever did.
 */
export class Forecast {
  /** Samples weigh 1/e after this time. */
  readonly #memoryMs: number;
  #startedAt = Number.NaN;
  #lastAt = Number.NaN;
  /** Decayed sums, time in units of the memory and counted back from the last sample. */
  #weight = 0;
  #weightSquares = 0;
  #t = 0;
  #tt = 0;
  #y = 0;
  #ty = 0;
  #yy = 0;
  /** Subtracted from each value to keep the sums well-conditioned. */
  #origin = 0;
  #last = 0;

  constructor(withinMs: number) {
    this.#memoryMs = Math.min(Math.max(withinMs / 4, 15 * 60_000), 24 * 3_600_000);
  }

  push(value: number, at: number): void {
    if (at <= this.#lastAt) this.#reset();
    if (Number.isNaN(this.#lastAt)) {
      this.#startedAt = at;
      this.#origin = value;
    } else {
      this.#shift((at - this.#lastAt) / this.#memoryMs);
    }
    const y = value - this.#origin;
    this.#weight += 1;
    this.#weightSquares += 1;
    this.#y += y;
    this.#yy += y * y;
    this.#last = value;
    this.#lastAt = at;
  }

  /** Moves the sums' time origin by `steps` memories and lets them fade. */
  #shift(steps: number): void {
    const fade = Math.exp(-steps);
    this.#tt = (this.#tt - 2 * steps * this.#t + steps * steps * this.#weight) * fade;
    this.#ty = (this.#ty - steps * this.#y) * fade;
    this.#t = (this.#t - steps * this.#weight) * fade;
    this.#weight *= fade;
    this.#weightSquares *= fade * fade;
    this.#y *= fade;
    this.#yy *= fade;
  }

  /** The clock stepped back: starts anew. */
  #reset(): void {
    this.#lastAt = Number.NaN;
    this.#weight = this.#weightSquares = this.#t = this.#tt = this.#y = this.#ty = this.#yy = 0;
  }

  /**
   * Milliseconds until the value is at `goal` on its present course; infinite where it is not going there or nothing
   * can be said yet (less than half a memory of history, too few samples); 0 where it is there.
   */
  timeToReach(goal: number, from: "below" | "above"): number {
    const distance = from === "below" ? goal - this.#last : this.#last - goal;
    if (distance <= 0) return 0;
    const rise = from === "below" ? this.#rise() : -this.#rise();
    return rise <= 0 ? Number.POSITIVE_INFINITY : (distance / rise) * this.#memoryMs;
  }

  /**
   * The same where a season comes on top: what was pushed is without it, and `course` says what it adds so many
   * milliseconds from now. Looks at 16 points up to `withinMs`.
   */
  timeToReachWithSeason(
    goal: number,
    from: "below" | "above",
    withinMs: number,
    course: (aheadMs: number) => number,
  ): number {
    if (!this.#isReady) return Number.POSITIVE_INFINITY;
    const rise = this.#rise() / this.#memoryMs;
    for (let step = 1; step <= 16; step += 1) {
      const aheadMs = (withinMs * step) / 16;
      const value = this.#last + rise * aheadMs + course(aheadMs);
      if (from === "below" ? value >= goal : value <= goal) return aheadMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  get #isReady(): boolean {
    return this.#weight >= 4 && this.#lastAt - this.#startedAt >= this.#memoryMs / 2;
  }

  /** The slope a memory's length, two standard errors nearer to level than the best line. */
  #rise(): number {
    if (!this.#isReady) return 0;
    const meanT = this.#t / this.#weight;
    const meanY = this.#y / this.#weight;
    const spreadT = this.#tt / this.#weight - meanT * meanT;
    const spreadY = this.#yy / this.#weight - meanY * meanY;
    if (spreadT <= 1e-12) return 0;
    const slope = (this.#ty / this.#weight - meanT * meanY) / spreadT;
    const residual = Math.max(0, spreadY - slope * slope * spreadT);
    const samples = (this.#weight * this.#weight) / this.#weightSquares;
    const error = 2 * Math.sqrt(residual / spreadT / Math.max(1, samples - 2));
    return slope > 0 ? Math.max(0, slope - error) : Math.min(0, slope + error);
  }

  save(): number[] {
    const sums = [this.#weight, this.#weightSquares, this.#t, this.#tt, this.#y, this.#ty, this.#yy];
    return [this.#startedAt, this.#lastAt, this.#origin, this.#last, ...sums];
  }

  load(numbers: readonly number[]): void {
    [this.#startedAt = Number.NaN, this.#lastAt = Number.NaN, this.#origin = 0, this.#last = 0] = numbers;
    const sums = numbers.slice(4);
    [this.#weight = 0, this.#weightSquares = 0, this.#t = 0, this.#tt = 0, this.#y = 0, this.#ty = 0, this.#yy = 0] =
      sums;
  }
}
