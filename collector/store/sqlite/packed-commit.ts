import { Buffer } from "node:buffer";
import type { LedgerRecord } from "../../core/model/ledger.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import type {
  Commit,
  DepositProgress,
  OutboxChange,
  OutboxRow,
  StoredDeposit,
  StoredEntity,
  Touch,
} from "../../port/store.ts";
import { repeatedBytes, writeRepeated } from "./packed-repeats.ts";

/**
 * A commit on its way from one thread to the other: what is only stored, or read later, is UTF-8 in one buffer that goes
 * back and forth between the threads. Copying records from heap to heap cost 3 to 15 µs an event, half of it page faults
 * of fresh memory.
 */
export interface PackedCommit {
  sequence: number;
  at: UnixMillis;
  /** Journal, event ids, pending text, what was said again, and deposits, one after the other. */
  bytes: Uint8Array;
  journalBytes: number;
  eventIdBytes: number;
  pendingBytes: number;
  repeatedBytes: number;
  eventIdCount: number;
  ledgerCount: number;
  /** Entities, touches and ledger records. */
  pendingCount: number;
  outbox: readonly OutboxRow[];
  outboxChanges: readonly OutboxChange[];
  deposits: readonly PackedDeposit[];
  depositProgress: readonly DepositProgress[];
}

export interface PackedDeposit extends Omit<StoredDeposit, "body"> {
  sizeBytes: number;
}

/** What a commit changed beside the outbox: a `pending` row until it is folded into the tables. */
export interface PendingText {
  entities: StoredEntity[];
  touches: Touch[];
  ledgerCount: number;
  /** JSON array of the records, or "". */
  ledger: string;
}

type TouchValue = string | number | null;
const TOUCH_LENGTH = 6;
/** As they were at first: a list for each. */
type OldTouch = [string, UnixMillis, UnixMillis, number, UnixMillis | null, (Milliseconds | null)?];

type Place = [StoredEntity["kind"], string, string, string, string | null, length: number];
const PLACE_LENGTH = 6;

interface Head {
  /** One `Place` after the other. */
  entities: (string | number | null)[];
  /** Six values for each: see `packTouches`. */
  touches: TouchValue[];
  /** What the times of the touches are after; absent = they are whole times. */
  touchBase?: UnixMillis;
  ledger: [count: number, length: number];
}

/** Reads all of the commit: it may change afterwards. */
export function packCommit(commit: Commit, pool: BufferPool): PackedCommit {
  const { sequence, at, journal, eventIds, entities, touches, ledger, outbox, outboxChanges } = commit;
  const ids = eventIds.length === 0 ? "" : JSON.stringify(eventIds);
  const pendingCount = entities.length + touches.length + ledger.length;
  const pending = pendingCount > 0 ? writePending(entities, touches, ledger) : [];
  const others = repeatedBytes(commit.repeated) + depositedBytes(commit);
  const { bytes, ends } = writeTexts([journal, ids, ...pending], others, pool);
  const [journalBytes = 0, eventIdsEnd = 0] = ends;
  const eventIdBytes = eventIdsEnd - journalBytes;
  let end = ends.at(-1) ?? 0;
  const pendingBytes = end - eventIdsEnd;
  const repeatedFrom = end;
  end = writeRepeated(commit.repeated, bytes, end);
  const sizes = { journalBytes, eventIdBytes, pendingBytes, repeatedBytes: end - repeatedFrom };
  const deposits = commit.deposits.map(({ body, ...rest }): PackedDeposit => {
    bytes.set(body, end);
    end += body.byteLength;
    return { ...rest, sizeBytes: body.byteLength };
  });
  const { depositProgress } = commit;
  const counts = { eventIdCount: eventIds.length, ledgerCount: ledger.length, pendingCount };
  return { sequence, at, bytes, ...sizes, ...counts, outbox, outboxChanges, deposits, depositProgress };
}

/** A character takes at most so many bytes. */
const CHARACTER_BYTES_MAX = 4;

/**
 * One after the other into a buffer with room for more behind them. Nearly all is ASCII, and to count the bytes first would
 * take three times as long as to write them: the room is guessed, and where it was too little it is written anew.
 */
function writeTexts(texts: readonly string[], roomBytes: number, pool: BufferPool): { bytes: Buffer; ends: number[] } {
  let length = 0;
  for (const text of texts) length += text.length;
  // In UTF-8 a UTF-16 unit takes at most three bytes.
  for (const guess of [length + (length >> 3), 3 * length]) {
    const sizeBytes = guess + CHARACTER_BYTES_MAX;
    const bytes = pool.take(sizeBytes + roomBytes);
    let end = 0;
    const ends = texts.map((text) => (end += bytes.write(text, end, sizeBytes - end, "utf8")));
    // Where a text was cut, its next character had no room.
    if (sizeBytes - end >= CHARACTER_BYTES_MAX) return { bytes, ends };
    pool.give(bytes);
  }
  throw new Error("a text takes more bytes than it can");
}

function depositedBytes({ deposits }: Commit): number {
  let sizeBytes = 0;
  for (const { body } of deposits) sizeBytes += body.byteLength;
  return sizeBytes;
}

/** The parts, where they lie. */
export function partsOf(commit: PackedCommit): {
  journal: Buffer;
  eventIds: Buffer;
  pending: Buffer;
  repeated: Buffer;
  deposits: readonly (Omit<StoredDeposit, "body"> & { body: Buffer })[];
} {
  const { buffer, byteOffset } = commit.bytes;
  const part = (from: number, size: number): Buffer => Buffer.from(buffer, byteOffset + from, size);
  const pendingFrom = commit.journalBytes + commit.eventIdBytes;
  const repeatedFrom = pendingFrom + commit.pendingBytes;
  let from = repeatedFrom + commit.repeatedBytes;
  const deposits = commit.deposits.map(({ sizeBytes, ...rest }) => {
    const body = part(from, sizeBytes);
    from += sizeBytes;
    return { ...rest, body };
  });
  return {
    deposits,
    journal: part(0, commit.journalBytes),
    eventIds: part(commit.journalBytes, commit.eventIdBytes),
    pending: part(pendingFrom, commit.pendingBytes),
    repeated: part(repeatedFrom, commit.repeatedBytes),
  };
}

/**
 * A line of JSON that says where things are, the ledger, and the bodies: nothing that is JSON is quoted again. In parts, to
 * be written end to end.
 */
export function writePending(
  entities: readonly StoredEntity[],
  touches: readonly Touch[],
  ledger: readonly LedgerRecord[],
): string[] {
  const records = ledger.length === 0 ? "" : JSON.stringify(ledger);
  const parts = ["", records];
  const places: Head["entities"] = [];
  for (const { kind, id, status, sort, alias, body } of entities) {
    places.push(kind, id, status, sort, alias, body?.length ?? -1);
    if (body !== null) parts.push(body);
  }
  const touchBase = baseOf(touches);
  const head: Head = {
    entities: places,
    touches: packTouches(touches, touchBase),
    touchBase,
    ledger: [ledger.length, records.length],
  };
  parts[0] = `${JSON.stringify(head)}\n`;
  return parts;
}

/** A time that the touches are near to: small numbers are written and read several times as fast as whole times. */
function baseOf(touches: readonly Touch[]): UnixMillis {
  const isWhole = touches.every(
    ({ lastSeenAt, lastOccurredAt, expiresAt }) =>
      Number.isSafeInteger(lastSeenAt) &&
      Number.isSafeInteger(lastOccurredAt) &&
      (expiresAt === null || Number.isSafeInteger(expiresAt)),
  );
  // A distance is exact for whole numbers only.
  return isWhole ? (touches[0]?.lastSeenAt ?? 0) : 0;
}

/** Alert, last seen, last occurred, count, expires at, expires after, alert, last seen …; there are thousands in a commit. */
function packTouches(touches: readonly Touch[], base: UnixMillis): TouchValue[] {
  const values: TouchValue[] = [];
  for (const { alert, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } of touches) {
    values.push(alert, lastSeenAt - base, lastOccurredAt - base, count);
    values.push(expiresAt === null ? null : expiresAt - base, expiresAfterMs);
  }
  return values;
}

function readTouches({ touches: packed, touchBase = 0 }: Head): Touch[] {
  const values = Array.isArray(packed[0])
    ? (packed as unknown as OldTouch[]).flatMap(([alert, seen, occurred, count, expires, after = null]) => [
        alert,
        seen,
        occurred,
        count,
        expires,
        after,
      ])
    : packed;
  const touches: Touch[] = [];
  for (let at = 0; at < values.length; at += TOUCH_LENGTH) {
    const expiresAt = values[at + 4] as UnixMillis | null;
    touches.push({
      alert: values[at] as string,
      lastSeenAt: (values[at + 1] as number) + touchBase,
      lastOccurredAt: (values[at + 2] as number) + touchBase,
      count: values[at + 3] as number,
      expiresAfterMs: values[at + 5] as Milliseconds | null,
      expiresAt: expiresAt === null ? null : expiresAt + touchBase,
    });
  }
  return touches;
}

export function readPending(text: string): PendingText {
  const end = text.indexOf("\n");
  const head = JSON.parse(text.slice(0, end)) as Head;
  const [ledgerCount, ledgerLength] = head.ledger;
  let from = end + 1 + ledgerLength;
  const entities: StoredEntity[] = [];
  // At first each place was a list of its own.
  const places = Array.isArray(head.entities[0]) ? head.entities.flat() : head.entities;
  for (let place = 0; place < places.length; place += PLACE_LENGTH) {
    const [kind, id, status, sort, alias, length] = places.slice(place, place + PLACE_LENGTH) as Place;
    const body = length < 0 ? null : text.slice(from, from + length);
    from += Math.max(0, length);
    entities.push({ kind, id, status, sort, alias, body });
  }
  const touches = readTouches(head);
  return { entities, touches, ledgerCount, ledger: text.slice(end + 1, end + 1 + ledgerLength) };
}

const SIZE_MIN = 1024 * 1024;
const SIZE_KEPT_MAX = 32 * 1024 * 1024;
/** One is on its way at a time. */
const KEPT_MAX = 2;
/** What none of so many commits in a row has needed is given up: buffers of a flood are a hundred times as large as others. */
const COMMITS_LOOKED_AT = 32;

/** Buffers to use again: fresh memory costs a page fault for every 4 KiB. */
export class BufferPool {
  private readonly free: ArrayBufferLike[] = [];
  private taken = 0;
  /** The largest size asked for among the present commits that are counted, and among those before. */
  private largest = 0;
  private largestBefore = 0;

  /** At least this large; its content is whatever was there. */
  take(sizeBytes: number): Buffer {
    this.largest = Math.max(this.largest, sizeBytes);
    this.taken += 1;
    if (this.taken >= COMMITS_LOOKED_AT) this.giveUp();
    const place = this.free.findIndex(({ byteLength }) => byteLength >= sizeBytes);
    const [found] = place < 0 ? [] : this.free.splice(place, 1);
    return Buffer.from(found ?? new ArrayBuffer(sizeFor(sizeBytes)));
  }

  private giveUp(): void {
    const { largest, largestBefore, free } = this;
    const needed = sizeFor(Math.max(largest, largestBefore));
    for (let at = free.length - 1; at >= 0; at -= 1) if ((free[at]?.byteLength ?? 0) > needed) free.splice(at, 1);
    this.largestBefore = largest;
    this.largest = 0;
    this.taken = 0;
  }

  /** The buffer under these bytes has come back, or is needed no longer. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (buffer.byteLength <= SIZE_KEPT_MAX && this.free.length < KEPT_MAX && !this.free.includes(buffer))
      this.free.push(buffer);
  }
}

function sizeFor(sizeBytes: number): number {
  return Math.max(SIZE_MIN, 2 ** Math.ceil(Math.log2(Math.max(1, sizeBytes))));
}
