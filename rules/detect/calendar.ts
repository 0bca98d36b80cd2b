/** Something that wants to be looked at again; returns when next, or null for never. */
export type Check = (now: number) => number | null;

/**
 * Checks by time, in buckets of 10 s: a tick costs only what is due, however many wait.
 */
export class Calendar {
  readonly #buckets = new Map<number, Check[]>();
  #nextBucket = Number.NaN;
  static readonly #bucketMs = 10_000;

  add(at: number, check: Check): void {
    const bucket = Math.max(Math.ceil(at / Calendar.#bucketMs), this.#nextBucket || -Infinity);
    const list = this.#buckets.get(bucket);
    if (list === undefined) this.#buckets.set(bucket, [check]);
    else list.push(check);
  }

  /** Runs what is due. A check never runs before its time, and at most one bucket after it. */
  run(now: number): void {
    const last = Math.floor(now / Calendar.#bucketMs);
    const due =
      last - this.#nextBucket < 1000 ? this.#range(last) : [...this.#buckets.keys()].filter((key) => key <= last);
    this.#nextBucket = last + 1;
    for (const bucket of due.sort((a, b) => a - b)) {
      const checks = this.#buckets.get(bucket);
      if (checks === undefined) continue;
      this.#buckets.delete(bucket);
      for (const check of checks) {
        const next = check(now);
        if (next !== null) this.add(next, check);
      }
    }
  }

  #range(last: number): number[] {
    const due: number[] = [];
    for (let bucket = this.#nextBucket; bucket <= last; bucket += 1) due.push(bucket);
    return due;
  }

  /** The clock stepped: everything is due now, and says itself when next. */
  restart(now: number): void {
    const all = [...this.#buckets.values()].flat();
    this.#buckets.clear();
    this.#nextBucket = Number.NaN;
    for (const check of all) this.add(now, check);
    this.#nextBucket = Math.floor(now / Calendar.#bucketMs);
  }
}
