import type { Loss } from "./lane.ts";
import type { SpoolRecord } from "./record.ts";

interface Waiting {
  /** Counts this queue's records; unrelated to the lane's on disk. */
  sequence: number;
  payload: Uint8Array;
  items: number;
  rawBytes: number;
  at: number;
}

/** A short queue in memory, for the time in which the disk takes nothing. The oldest makes room for the newest. */
export class MemoryLane {
  readonly #maxBytes: number;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #next = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get records(): number {
    return this.#waiting.length;
  }

  get items(): number {
    return this.#waiting.reduce((sum, record) => sum + record.items, 0);
  }

  /** Returns what had to go for it; that may be the record itself. */
  push(record: Omit<Waiting, "sequence">): Loss[] {
    this.#waiting.push({ ...record, sequence: this.#next++, payload: Uint8Array.from(record.payload) });
    this.#bytes += record.payload.length;
    const lost: Loss[] = [];
    while (this.#bytes > this.#maxBytes) {
      const first = this.#waiting.shift()!;
      this.#bytes -= first.payload.length;
      lost.push({ records: 1, items: first.items, fromMs: first.at, toMs: first.at });
    }
    return lost;
  }

  /** The oldest, up to `maxBytes`, at least one where there is one. They stay until `removeThrough`. */
  peek(maxBytes: number): SpoolRecord[] {
    const records: SpoolRecord[] = [];
    let bytes = 0;
    for (const record of this.#waiting) {
      bytes += record.payload.length;
      if (records.length > 0 && bytes > maxBytes) break;
      const { sequence, items, rawBytes, at } = record;
      const payload = Buffer.from(record.payload.buffer, record.payload.byteOffset, record.payload.length);
      records.push({ sequence, itemsBefore: 0, at, items, rawBytes, payloadBytes: payload.length, payload });
    }
    return records;
  }

  /** Those up to `sequence`, as far as they are still here. */
  removeThrough(sequence: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.sequence <= sequence)
      this.#bytes -= this.#waiting.shift()!.payload.length;
  }
}
