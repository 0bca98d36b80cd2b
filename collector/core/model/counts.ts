import { grownTo } from "./grown.ts";

/** A number for each of many small integers, 0 at first, for inner loops: one load to ask. Memory: 4 bytes a possible key. */
export class Counts {
  private counts: Int32Array = new Int32Array(1024);

  of(key: number): number {
    return this.counts[key] ?? 0;
  }

  add(key: number, more: number): void {
    if (key >= this.counts.length) this.counts = grownTo(this.counts, key + 1);
    this.counts[key] = (this.counts[key] ?? 0) + more;
  }
}
