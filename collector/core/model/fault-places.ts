import type { FaultKey } from "./influence.ts";

/** Beyond this the marks begin anew. */
const BASE_MAX = 2 ** 30;

/**
 * A place in a list for each fault, or CI, for inner loops: one array by key, emptied by counting past what was given out
 * before, so that one look says whether there is a place and which. One user at a time: `begin` forgets what the last one
 * set. Memory: 4 bytes a possible key.
 */
export class FaultPlaces {
  private marks = new Int32Array(1024);
  private base = 1;
  private count = 0;

  /** Empties it. @param count places, 0 … count − 1 */
  begin(count: number): this {
    this.base += this.count;
    this.count = count;
    if (this.base + count > BASE_MAX) {
      this.marks.fill(0);
      this.base = 1;
    }
    return this;
  }

  set(key: FaultKey, place: number): void {
    if (key >= this.marks.length) {
      const grown = new Int32Array(2 ** Math.ceil(Math.log2(key + 1)));
      grown.set(this.marks);
      this.marks = grown;
    }
    this.marks[key] = this.base + place;
  }

  /** Negative for what has none. */
  of(key: FaultKey): number {
    return (this.marks[key] ?? 0) - this.base;
  }
}
