import { Buffer } from "node:buffer";
import { inOrderOf } from "../../core/model/order.ts";
import { type EntityPage, type EntityRow, TOUCH_LENGTH } from "./entity-page.ts";

/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const UNIT_BYTES_MAX = 3;

export interface OrderLimits {
  /** Entities of a page. */
  pageMax: number;
  /** Texts wait in buffers of this size; one that is longer has its own. */
  chunkBytes: number;
  /**
   * So much is put in order at a time, and handed over while more is read; what is beyond has an order of its own. A look at
   * all of them then goes along a few lines of memory at once, which is as good as one.
   */
  entitiesMax: number;
  sizeBytesMax: number;
}

const LIMITS: OrderLimits = {
  pageMax: 2_000,
  chunkBytes: 4 * 1024 * 1024,
  entitiesMax: 16_384,
  sizeBytesMax: 16 * 1024 * 1024,
};

/** The entities of one kind, at equal places. */
interface Gathered {
  ids: string[];
  born: number[];
  /** Where its body is: in which chunk, from where, how many bytes, and how many UTF-16 units. */
  chunk: number[];
  from: number[];
  bytes: number[];
  length: number[];
  /** Five numbers each; the first NaN = none. */
  touches: number[];
}

/**
 * What a restart reads, brought from the order of the tables, which is that of ids, into that of birth. The core makes its
 * objects as they come: neighbours in time are then neighbours in memory, and each look at all of them in that order is several
 * times as fast as one that jumps. Here that costs a copy, in a thread that has the time.
 */
export class BirthOrder {
  private readonly limits: OrderLimits;
  private readonly kinds = new Map<string, Gathered>();
  private readonly chunks: Buffer[] = [];
  /** The chunk that is filled, and how far. */
  private filled = 0;
  private end = 0;
  private count = 0;
  private sizeBytes = 0;

  constructor(limits: Partial<OrderLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
  }

  /** It should be emptied before more is added. */
  get isFull(): boolean {
    return this.count >= this.limits.entitiesMax || this.sizeBytes >= this.limits.sizeBytesMax;
  }

  /** @param row one whose body is null is left out. */
  add({ kind, id, born, body, touch }: EntityRow): void {
    if (body === null) return;
    const into = this.of(kind);
    const chunk = this.chunkFor(UNIT_BYTES_MAX * body.length);
    const bytes = chunk.write(body, this.end, "utf8");
    into.ids.push(id);
    into.born.push(Number.isSafeInteger(born) ? born : 0);
    into.chunk.push(this.filled);
    into.from.push(this.end);
    into.bytes.push(bytes);
    into.length.push(body.length);
    if (touch === null) into.touches.push(Number.NaN, 0, 0, 0, 0);
    else {
      const { lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } = touch;
      into.touches.push(lastSeenAt, lastOccurredAt, count, expiresAfterMs ?? Number.NaN, expiresAt ?? Number.NaN);
    }
    this.end += bytes;
    this.count += 1;
    this.sizeBytes += bytes;
  }

  /** All of it, kind by kind; it is empty then. */
  *takePages(): Generator<EntityPage, void> {
    const { kinds, chunks } = this;
    for (const [kind, gathered] of kinds) {
      const { born } = gathered;
      const least = born.reduce((first, at) => Math.min(first, at), Number.POSITIVE_INFINITY);
      const places = inOrderOf(
        born.map((_, place) => place),
        (place) => (born[place] ?? 0) - least,
      );
      for (let from = 0; from < places.length; from += this.limits.pageMax)
        yield pageOf(kind, gathered, places.slice(from, from + this.limits.pageMax), chunks);
    }
    kinds.clear();
    this.filled = 0;
    this.end = 0;
    this.count = 0;
    this.sizeBytes = 0;
  }

  /** Nothing more comes. Its memory goes at once: this thread may collect its garbage much later. */
  free(): void {
    for (const { buffer } of this.chunks) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.chunks.length = 0;
  }

  private of(kind: string): Gathered {
    const known = this.kinds.get(kind);
    if (known !== undefined) return known;
    const gathered: Gathered = { ids: [], born: [], chunk: [], from: [], bytes: [], length: [], touches: [] };
    this.kinds.set(kind, gathered);
    return gathered;
  }

  /** The chunk in which there is room for so much from `end` on. */
  private chunkFor(sizeBytes: number): Buffer {
    const known = this.chunks[this.filled];
    if (known !== undefined && known.byteLength - this.end >= sizeBytes) return known;
    if (known !== undefined) this.filled += 1;
    this.end = 0;
    const next = this.chunks[this.filled];
    if (next !== undefined && next.byteLength >= sizeBytes) return next;
    const chunk = Buffer.allocUnsafeSlow(Math.max(this.limits.chunkBytes, sizeBytes));
    // One that is too small for this text was left by the round before, and nothing in it is needed.
    this.chunks[this.filled] = chunk;
    return chunk;
  }
}

function pageOf(kind: string, gathered: Gathered, places: readonly number[], chunks: readonly Buffer[]): EntityPage {
  const { ids, chunk, from, bytes, length, touches } = gathered;
  const bodies = Buffer.allocUnsafeSlow(places.reduce((sum, place) => sum + (bytes[place] ?? 0), 0));
  const lengths = new Int32Array(places.length);
  const moved: number[] = [];
  let end = 0;
  for (const [at, place] of places.entries()) {
    const begin = from[place] ?? 0;
    end += chunks[chunk[place] ?? 0]?.copy(bodies, end, begin, begin + (bytes[place] ?? 0)) ?? 0;
    lengths[at] = length[place] ?? 0;
    const touch = (TOUCH_LENGTH - 1) * place;
    if (Number.isNaN(touches[touch])) continue;
    moved.push(at);
    for (let value = 0; value < TOUCH_LENGTH - 1; value += 1) moved.push(touches[touch + value] ?? Number.NaN);
  }
  return { kind, ids: places.map((place) => ids[place] ?? ""), bodies, lengths, touches: Float64Array.from(moved) };
}
