import { highOf, lowOf } from "../../core/model/alert-ref.ts";
import { ID_BYTES, idsOf, type Repeated } from "../../core/model/repeated.ts";
import type { Touch } from "../../port/store.ts";
import { readRepeated } from "./packed-repeats.ts";

const CAPACITY_MIN = 1024;
/** Halves of the id, list + 1 (0 = free), and place in the list. */
const ENTRY_LENGTH = 4;

/** A touch, and the commit that it is of. */
export interface SequencedTouch extends Touch {
  sequence: number;
}

interface List extends Repeated {
  sequence: number;
}

/** The newest word of each alert among many lists, in flat numbers: a restart has hundreds of thousands. */
export class RepeatIndex {
  private readonly lists: List[] = [];
  private entries = new Int32Array(ENTRY_LENGTH * CAPACITY_MIN);
  private mask = CAPACITY_MIN - 1;
  private count = 0;

  /** @param body as the commit with this sequence wrote it; sequences rise. */
  add(sequence: number, body: Uint8Array): void {
    for (const repeated of readRepeated(body)) {
      this.lists.push({ ...repeated, sequence });
      const view = new DataView(repeated.ids.buffer, repeated.ids.byteOffset, repeated.ids.byteLength);
      for (let place = 0; place < repeated.counts.length; place += 1)
        this.put(
          view.getInt32(ID_BYTES * place),
          view.getInt32(ID_BYTES * place + ID_BYTES / 2),
          this.lists.length,
          place,
        );
    }
  }

  find(alert: string): SequencedTouch | undefined {
    if (this.count === 0) return undefined;
    const at = this.placeOf(highOf(alert), lowOf(alert));
    const list = this.lists[(this.entries[at + 2] ?? 0) - 1];
    if (list === undefined) return undefined;
    const { seenAt, occurredAt, expiresAfterMs, expiresAt, counts, sequence } = list;
    const count = counts[this.entries[at + 3] ?? 0] ?? 0;
    return { alert, lastSeenAt: seenAt, lastOccurredAt: occurredAt, count, expiresAfterMs, expiresAt, sequence };
  }

  /** The newest of each alert. */
  touches(): Map<string, SequencedTouch> {
    const touches = new Map<string, SequencedTouch>();
    for (const { ids } of this.lists)
      for (const alert of idsOf(ids)) {
        const touch = touches.has(alert) ? undefined : this.find(alert);
        if (touch !== undefined) touches.set(alert, touch);
      }
    return touches;
  }

  private put(high: number, low: number, list: number, place: number): void {
    if (3 * this.count >= 2 * (this.mask + 1)) this.grow();
    const { entries } = this;
    const at = this.placeOf(high, low);
    if (entries[at + 2] === 0) this.count += 1;
    entries[at] = high;
    entries[at + 1] = low;
    entries[at + 2] = list;
    entries[at + 3] = place;
  }

  /** Where the id is, or would be. */
  private placeOf(high: number, low: number): number {
    const { entries, mask } = this;
    for (let slot = (low ^ high) & mask; ; slot = (slot + 1) & mask) {
      const at = ENTRY_LENGTH * slot;
      if (entries[at + 2] === 0 || (entries[at] === high && entries[at + 1] === low)) return at;
    }
  }

  private grow(): void {
    const before = this.entries;
    this.entries = new Int32Array(2 * before.length);
    this.mask = 2 * this.mask + 1;
    this.count = 0;
    for (let at = 0; at < before.length; at += ENTRY_LENGTH)
      if (before[at + 2] !== 0)
        this.put(before[at] ?? 0, before[at + 1] ?? 0, before[at + 2] ?? 0, before[at + 3] ?? 0);
  }
}
