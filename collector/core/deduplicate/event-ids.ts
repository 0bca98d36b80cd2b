import { type EventIdMarks, MARK_LENGTH, markLow } from "../model/event-id.ts";
import { Hash64 } from "../model/hash.ts";

const SLOTS_MIN = 1024;

/**
 * The last N event ids, to recognise a transport repeat. First in, first out; exact in order, and an id is kept as a
 * 64-bit hash, so that a million cost 24 MiB and no garbage. Two of a million ids are taken for one another with a
 * probability under 10⁻⁷ in the life of the set.
 */
export class EventIds {
  readonly max: number;
  private readonly hash = new Hash64();
  /** Open addressing, linear probing; (0, 0) = empty. */
  private slots = new Uint32Array(SLOTS_MIN * 2);
  private mask = SLOTS_MIN - 1;
  /** Ring of the ids in order of arrival. */
  private ring = new Uint32Array(SLOTS_MIN);
  private head = 0;
  private count = 0;

  constructor(max: number) {
    this.max = Math.max(1, max);
  }

  get size(): number {
    return this.count;
  }

  /** True when it was not known: it is now. `source` and `id` as the event has them. */
  add(source: string, id: string): boolean {
    this.hash.reset().add(source).add(id);
    return this.insert(this.hash.high, markLow(this.hash));
  }

  /** Those of before, oldest first. */
  restore(parts: readonly EventIdMarks[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0) / MARK_LENGTH;
    // Once for all of them: to double it seventeen times takes as long as to enter them.
    this.makeRoom(Math.min(this.max, this.count + length));
    for (const part of parts)
      for (let at = 0; at < part.length; at += MARK_LENGTH) this.insert(part[at] ?? 0, part[at + 1] ?? 0);
  }

  private insert(high: number, low: number): boolean {
    if (this.find(high, low)) return false;
    if (this.count >= this.max) this.evict();
    if ((this.count + 1) * 2 > this.mask + 1) this.grow((this.mask + 1) * 2);
    this.place(high, low);
    if (this.count * 2 >= this.ring.length) this.growRing(this.ring.length);
    const at = ((this.head + this.count) * 2) % this.ring.length;
    this.ring[at] = high;
    this.ring[at + 1] = low;
    this.count += 1;
    return true;
  }

  private find(high: number, low: number): boolean {
    const { slots, mask } = this;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const h = slots[slot * 2];
      const l = slots[slot * 2 + 1];
      if (h === 0 && l === 0) return false;
      if (h === high && l === low) return true;
    }
  }

  private place(high: number, low: number): void {
    const { slots, mask } = this;
    let slot = low & mask;
    while (slots[slot * 2] !== 0 || slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = high;
    slots[slot * 2 + 1] = low;
  }

  private evict(): void {
    const at = (this.head * 2) % this.ring.length;
    this.erase(this.ring[at] ?? 0, this.ring[at + 1] ?? 0);
    this.head = (this.head + 1) % (this.ring.length / 2);
    this.count -= 1;
  }

  /** Removes and closes the gap, so that no probe ends early. */
  private erase(high: number, low: number): void {
    const { slots, mask } = this;
    let hole = low & mask;
    while (slots[hole * 2] !== high || slots[hole * 2 + 1] !== low) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const h = slots[slot * 2] ?? 0;
      const l = slots[slot * 2 + 1] ?? 0;
      if (h === 0 && l === 0) break;
      // May it move into the hole? Only when its home is not between the hole and itself.
      if (((slot - (l & mask)) & mask) < ((slot - hole) & mask)) continue;
      slots[hole * 2] = h;
      slots[hole * 2 + 1] = l;
      hole = slot;
    }
    slots[hole * 2] = 0;
    slots[hole * 2 + 1] = 0;
  }

  private makeRoom(count: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, 2 * count)));
    if (size > this.mask + 1) this.grow(size);
    // A ring grows by doubling, too: where there is room already it comes to the same length.
    if (size > this.ring.length) this.growRing(size / 2);
  }

  private grow(size: number): void {
    const old = this.slots;
    this.mask = size - 1;
    this.slots = new Uint32Array((this.mask + 1) * 2);
    for (let slot = 0; slot < old.length; slot += 2) {
      const high = old[slot] ?? 0;
      const low = old[slot + 1] ?? 0;
      if (high !== 0 || low !== 0) this.place(high, low);
    }
  }

  private growRing(size: number): void {
    const capacity = this.ring.length / 2;
    const wider = new Uint32Array(size * 2);
    for (let index = 0; index < this.count; index += 1) {
      const at = ((this.head + index) % capacity) * 2;
      wider[index * 2] = this.ring[at] ?? 0;
      wider[index * 2 + 1] = this.ring[at + 1] ?? 0;
    }
    this.ring = wider;
    this.head = 0;
  }
}
