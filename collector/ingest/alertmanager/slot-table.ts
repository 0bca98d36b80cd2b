const CAPACITY_MIN = 1024;

/**
 * Finds small numbers (slots) by a hash: open addressing in one flat list, 8 bytes an entry and half of them free at most.
 * Several slots may have the same hash; whoever asks knows the right one.
 */
export class SlotTable {
  /** Hash and slot + 1, one pair an entry; 0 for the slot = free. */
  private entries = new Int32Array(2 * CAPACITY_MIN);
  private mask = CAPACITY_MIN - 1;
  private count = 0;

  /** The slot with this hash that is the right one; −1 = there is none. */
  find(hash: number, isRight: (slot: number) => boolean): number {
    const { entries, mask } = this;
    for (let at = hash & mask; entries[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const slot = (entries[2 * at + 1] ?? 0) - 1;
      if (entries[2 * at] === hash && isRight(slot)) return slot;
    }
    return -1;
  }

  /** The slot must not be in the table. */
  add(hash: number, slot: number): void {
    if (3 * this.count >= 2 * (this.mask + 1)) this.grow();
    this.count += 1;
    this.put(hash, slot);
  }

  remove(hash: number, slot: number): void {
    const { entries, mask } = this;
    let at = hash & mask;
    while (entries[2 * at] !== hash || entries[2 * at + 1] !== slot + 1) {
      if (entries[2 * at + 1] === 0) return;
      at = (at + 1) & mask;
    }
    this.count -= 1;
    // What comes behind and began its search at or before the gap moves into it, so that no search ends too early.
    for (let next = (at + 1) & mask; entries[2 * next + 1] !== 0; next = (next + 1) & mask) {
      const home = (entries[2 * next] ?? 0) & mask;
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      entries[2 * at] = entries[2 * next] ?? 0;
      entries[2 * at + 1] = entries[2 * next + 1] ?? 0;
      at = next;
    }
    entries[2 * at] = 0;
    entries[2 * at + 1] = 0;
  }

  clear(): void {
    this.entries = new Int32Array(2 * CAPACITY_MIN);
    this.mask = CAPACITY_MIN - 1;
    this.count = 0;
  }

  private put(hash: number, slot: number): void {
    const { entries, mask } = this;
    let at = hash & mask;
    while (entries[2 * at + 1] !== 0) at = (at + 1) & mask;
    entries[2 * at] = hash;
    entries[2 * at + 1] = slot + 1;
  }

  private grow(): void {
    const before = this.entries;
    this.entries = new Int32Array(2 * before.length);
    this.mask = before.length - 1;
    for (let at = 0; at < before.length; at += 2) {
      const slot = before[at + 1] ?? 0;
      if (slot !== 0) this.put(before[at] ?? 0, slot - 1);
    }
  }
}
