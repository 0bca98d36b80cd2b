import { nextEpoch } from "./epoch.ts";

/**
 * A set of small integers for inner loops that is filled and emptied often: emptied by counting up an epoch. One user at
 * a time: `begin` forgets what the last one added. Memory: 4 bytes a possible key.
 */
export class Keys {
  private epochs = new Int32Array(1024);
  private epoch = 0;

  /** Empties it. */
  begin(): this {
    this.epoch = nextEpoch(this.epoch, this.epochs);
    return this;
  }

  has(key: number): boolean {
    return this.epochs[key] === this.epoch;
  }

  /** Whether it was not among them yet. */
  add(key: number): boolean {
    if (key >= this.epochs.length) {
      const grown = new Int32Array(2 ** Math.ceil(Math.log2(key + 1)));
      grown.set(this.epochs);
      this.epochs = grown;
    }
    if (this.epochs[key] === this.epoch) return false;
    this.epochs[key] = this.epoch;
    return true;
  }

  /** Whether it was among them. */
  delete(key: number): boolean {
    if (!this.has(key)) return false;
    this.epochs[key] = 0;
    return true;
  }
}
