import type { UnixMillis } from "./time.ts";

/** The latest time known of each of many small integers, for inner loops: a load and a compare to ask. */
export class Latest {
  private times = new Float64Array(1024).fill(NEVER);

  /** Whether anything is known of that time or later. */
  isSince(index: number, from: UnixMillis): boolean {
    return (this.times[index] ?? NEVER) >= from;
  }

  /** Before all times where nothing is known. */
  of(index: number): UnixMillis {
    return this.times[index] ?? NEVER;
  }

  raise(index: number, at: UnixMillis): void {
    this.set(index, Math.max(at, this.times[index] ?? NEVER));
  }

  /** @param at null = nothing is known any more */
  set(index: number, at: UnixMillis | null): void {
    if (index >= this.times.length) {
      const grown = new Float64Array(2 ** Math.ceil(Math.log2(index + 1))).fill(NEVER);
      grown.set(this.times);
      this.times = grown;
    }
    this.times[index] = at ?? NEVER;
  }
}

const NEVER = Number.NEGATIVE_INFINITY;
