import type { Milliseconds, UnixMillis } from "./time.ts";

/** Rows in a block: 64 KiB. */
const BLOCK_ROWS = 1024;
const BLOCK_SHIFT = 10;
/** Of 8 bytes: a row is what a processor fetches at once. */
const ROW_LENGTH = 8;

const [FIRST_SEEN, OCCURRED, LAST_SEEN, LAST_OCCURRED, EXPIRES_AFTER, EXPIRES] = [0, 1, 2, 3, 4, 5] as const;
/** Of 4 bytes, after these. */
const [COUNT, IS_STEADY, ID_HIGH, ID_LOW] = [12, 13, 14, 15] as const;

/** What an alert that is said again moves to. */
export interface Repeat {
  seenAt: UnixMillis;
  occurredAt: UnixMillis;
  expiresAfterMs: Milliseconds;
  expiresAt: UnixMillis;
}

/**
 * When each alert began and was seen last, how often, and until when it is believed: flat rows of 64 bytes. Sentences that
 * are repeated every minute change nothing but this, and as fields of objects it lay in five places of memory each.
 *
 * A row is asked for by its place and belongs to one alert until it is given back. null is kept as NaN.
 */
export class Sightings {
  private readonly blocks: Float64Array[] = [];
  private readonly integers: Int32Array[] = [];
  private readonly free: number[] = [];
  private readonly blockRows: number;
  private size = 0;

  /** @param blockRows a power of two, at most 1,024. */
  constructor(blockRows = BLOCK_ROWS) {
    this.blockRows = blockRows;
  }

  /** A place, with nothing in it but the halves of an id. */
  take(idHigh: number, idLow: number): number {
    const place = this.free.pop() ?? this.grow();
    const at = 2 * rowOf(place);
    this.integersOf(place).fill(0, at, at + 2 * ROW_LENGTH);
    this.integersOf(place)[at + ID_HIGH] = idHigh;
    this.integersOf(place)[at + ID_LOW] = idLow;
    return place;
  }

  give(place: number): void {
    const at = 2 * rowOf(place);
    this.integersOf(place).fill(0, at, at + 2 * ROW_LENGTH);
    this.free.push(place);
  }

  /** Whether this place is the alert's. */
  isAt(place: number, idHigh: number, idLow: number): boolean {
    if (place < 0 || place >= this.size) return false;
    const row = this.integersOf(place);
    const at = 2 * rowOf(place);
    return row[at + ID_HIGH] === idHigh && row[at + ID_LOW] === idLow;
  }

  /** Nothing but its row has to be asked whether it may be repeated: see `AlertTable.repeat`. */
  isSteady(place: number): boolean {
    return this.integersOf(place)[2 * rowOf(place) + IS_STEADY] === 1;
  }

  setSteady(place: number, isSteady: boolean): void {
    this.integersOf(place)[2 * rowOf(place) + IS_STEADY] = isSteady ? 1 : 0;
  }

  /**
   * Says it again, unless something newer was said or its source gave it no end, or one that stays: then nothing has
   * changed, and −1 comes back. Else the count. The hot path: one row.
   */
  repeat(place: number, { seenAt, occurredAt, expiresAfterMs, expiresAt }: Readonly<Repeat>): number {
    const row = this.rows(place);
    const from = rowOf(place);
    const afterMs = row[from + EXPIRES_AFTER] ?? Number.NaN;
    if (Number.isNaN(afterMs) || occurredAt < (row[from + LAST_OCCURRED] ?? 0)) return -1;
    if (afterMs === 0 && (row[from + EXPIRES] ?? 0) > expiresAt) return -1;
    row[from + LAST_SEEN] = seenAt;
    row[from + LAST_OCCURRED] = occurredAt;
    row[from + EXPIRES_AFTER] = expiresAfterMs;
    row[from + EXPIRES] = expiresAt;
    const counts = this.integersOf(place);
    const count = (counts[2 * from + COUNT] ?? 0) + 1;
    counts[2 * from + COUNT] = count;
    return count;
  }

  firstSeenAt(place: number): UnixMillis {
    return this.rows(place)[rowOf(place) + FIRST_SEEN] ?? 0;
  }

  setFirstSeenAt(place: number, at: UnixMillis): void {
    this.rows(place)[rowOf(place) + FIRST_SEEN] = at;
  }

  occurredAt(place: number): UnixMillis {
    return this.rows(place)[rowOf(place) + OCCURRED] ?? 0;
  }

  setOccurredAt(place: number, at: UnixMillis): void {
    this.rows(place)[rowOf(place) + OCCURRED] = at;
  }

  lastSeenAt(place: number): UnixMillis {
    return this.rows(place)[rowOf(place) + LAST_SEEN] ?? 0;
  }

  setLastSeenAt(place: number, at: UnixMillis): void {
    this.rows(place)[rowOf(place) + LAST_SEEN] = at;
  }

  lastOccurredAt(place: number): UnixMillis {
    return this.rows(place)[rowOf(place) + LAST_OCCURRED] ?? 0;
  }

  setLastOccurredAt(place: number, at: UnixMillis): void {
    this.rows(place)[rowOf(place) + LAST_OCCURRED] = at;
  }

  expiresAfterMs(place: number): Milliseconds | null {
    return orNull(this.rows(place)[rowOf(place) + EXPIRES_AFTER]);
  }

  setExpiresAfterMs(place: number, afterMs: Milliseconds | null): void {
    this.rows(place)[rowOf(place) + EXPIRES_AFTER] = afterMs ?? Number.NaN;
  }

  expiresAt(place: number): UnixMillis | null {
    return orNull(this.rows(place)[rowOf(place) + EXPIRES]);
  }

  setExpiresAt(place: number, at: UnixMillis | null): void {
    this.rows(place)[rowOf(place) + EXPIRES] = at ?? Number.NaN;
  }

  count(place: number): number {
    return this.integersOf(place)[2 * rowOf(place) + COUNT] ?? 0;
  }

  setCount(place: number, count: number): void {
    this.integersOf(place)[2 * rowOf(place) + COUNT] = count;
  }

  private grow(): number {
    const place = this.size;
    if (place >> BLOCK_SHIFT >= this.blocks.length) {
      const block = new Float64Array(ROW_LENGTH * this.blockRows);
      this.blocks.push(block);
      this.integers.push(new Int32Array(block.buffer));
    }
    this.size += 1;
    return place;
  }

  private rows(place: number): Float64Array {
    return this.blocks[place >> BLOCK_SHIFT] as Float64Array;
  }

  private integersOf(place: number): Int32Array {
    return this.integers[place >> BLOCK_SHIFT] as Int32Array;
  }
}

/** Where in its block a row begins. */
function rowOf(place: number): number {
  return (place & (BLOCK_ROWS - 1)) * ROW_LENGTH;
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
