import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  truncateSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { keepOwner } from "./keep-owner.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES, PAYLOAD_BYTES_MAX, type SpoolRecord } from "./record.ts";
import { parseSegmentName, type Segment, scanSegment, segmentName, stepAt } from "./segment.ts";

const HINTS_MAX = 4;

/** A place between two records, by what came before it. */
export interface Place {
  sequence: number;
  items: number;
}

export interface Loss {
  records: number;
  items: number;
  /** Times at which the first and the last of them were stored, as far as known; milliseconds since 1970. */
  fromMs: number;
  toMs: number;
}

export interface LaneOptions {
  folder: string;
  segmentBytes: number;
  /** Brings each record to the disk's platter in the background; without it, a power cut may cost the last seconds. */
  sync: boolean;
  /** Writes it all or throws; tests make it fail. */
  write?: (file: number, parts: readonly Uint8Array[]) => number;
}

/**
 * An ordered queue on disk: records go in at one end, are read from a place that the caller keeps, and whole segments leave
 * at the other end. Knows nothing of acknowledgement or limits; `Spool` does. Memory: a few numbers for each segment.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #segments: Segment[] = [];
  #file: number;
  #next: Place;
  /** Where the last reads began and ended in their files, newest first, so that the next need not search. */
  #hints: { sequence: number; path: string; offset: number }[] = [];

  private constructor(options: LaneOptions, segments: Segment[], next: Place) {
    this.#options = options;
    this.#segments = segments;
    this.#next = next;
    this.#file = openSync(this.#active().path, "a");
  }

  /** Opens what is there; a torn tail of the newest segment is cut. `start` is where an empty lane begins to count. */
  static open(options: LaneOptions, start: Place = { sequence: 1, items: 0 }): Lane {
    const made = mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    for (const folder of new Set(made === undefined ? [] : [made, options.folder])) keepOwner(folder);
    const segments: Segment[] = [];
    for (const name of readdirSync(options.folder).sort()) {
      const parsed = parseSegmentName(name);
      if (parsed === null) continue;
      const path = join(options.folder, name);
      segments.push({ ...parsed, path, sizeBytes: statSync(path).size });
    }
    const last = segments.at(-1);
    if (last === undefined) {
      const segment = newSegment(options.folder, start);
      return new Lane(options, [segment], { ...start });
    }
    const found = scanSegment(last);
    if (found.endBytes < last.sizeBytes) truncateSync(last.path, found.endBytes);
    last.sizeBytes = found.endBytes;
    return new Lane(options, segments, { sequence: found.nextSequence, items: found.items });
  }

  /** The place after the newest record. */
  get end(): Place {
    return { ...this.#next };
  }

  /** The place before the oldest record that is still here. */
  get start(): Place {
    const first = this.#segments[0]!;
    return { sequence: first.firstSequence, items: first.itemsBefore };
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Stores one record; throws where the disk does not take it, and the lane is as before then. */
  append(payload: Uint8Array, meta: { items: number; rawBytes: number; at: number }): void {
    if (payload.length > PAYLOAD_BYTES_MAX) throw new RangeError(`a record of ${payload.length} bytes`);
    const size = HEADER_BYTES + payload.length;
    if (this.#active().sizeBytes > 0 && this.#active().sizeBytes + size > this.#options.segmentBytes) this.#rotate();
    const header = {
      ...meta,
      sequence: this.#next.sequence,
      itemsBefore: this.#next.items,
      payloadBytes: payload.length,
    };
    const segment = this.#active();
    try {
      const written = (this.#options.write ?? writevSync)(this.#file, [encodeHeader(header, payload), payload]);
      if (written !== size) throw new Error(`the disk took ${written} of ${size} bytes`);
    } catch (error) {
      ftruncateSync(this.#file, segment.sizeBytes);
      throw error;
    }
    segment.sizeBytes += size;
    this.#next = { sequence: header.sequence + 1, items: header.itemsBefore + meta.items };
    if (this.#options.sync) fdatasync(this.#file, () => undefined);
  }

  /**
   * Records from `from` on, in order, all from one segment, at most `maxBytes` of payload (one record at least). `next` is the
   * place to go on from; what lies between without a record was damaged, and is `lost`.
   */
  read(from: Place, maxBytes: number): { records: SpoolRecord[]; next: Place; lost: Place | null } {
    if (from.sequence >= this.#next.sequence) return { records: [], next: from, lost: null };
    const index = this.#segmentOf(from);
    const segment = this.#segments[index]!;
    const following = this.#segments[index + 1];
    const end: Place = following === undefined ? this.end : placeBefore(following);
    const begin = from.sequence < segment.firstSequence ? placeBefore(segment) : from;
    const records = this.#readFrom(segment, begin, maxBytes);
    const last = records.at(-1);
    const reached = last === undefined ? end : { sequence: last.sequence + 1, items: last.itemsBefore + last.items };
    const lostRecords = reached.sequence - from.sequence - records.length;
    const lostItems = reached.items - from.items - records.reduce((sum, record) => sum + record.items, 0);
    return { records, next: reached, lost: lostRecords > 0 ? { sequence: lostRecords, items: lostItems } : null };
  }

  /** Removes whole segments that end at or before `place`; the newest stays. */
  removeBefore(place: Place): void {
    while (this.#segments.length > 1 && this.#segments[1]!.firstSequence <= place.sequence) this.#removeFirst();
  }

  /** Removes the oldest segment, whoever still wants it; returns what of it lay after `sent`. null where it holds nothing. */
  removeOldest(sent: Place): Loss | null {
    if (this.#segments.length === 1) {
      if (this.#active().sizeBytes === 0) return null;
      this.#rotate();
    }
    const first = this.#segments[0]!;
    const following = this.#segments[1]!;
    const from = Math.max(sent.sequence, first.firstSequence);
    const loss: Loss = {
      records: Math.max(0, following.firstSequence - from),
      items: Math.max(0, following.itemsBefore - Math.max(sent.items, first.itemsBefore)),
      fromMs: this.#storedAt(first),
      toMs: this.#storedAt(following),
    };
    this.#removeFirst();
    return loss;
  }

  close(): void {
    if (this.#options.sync) fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #active(): Segment {
    return this.#segments.at(-1)!;
  }

  #rotate(): void {
    const segment = newSegment(this.#options.folder, this.#next);
    const file = openSync(segment.path, "a");
    if (this.#options.sync) syncFolder(this.#options.folder);
    closeSync(this.#file);
    this.#file = file;
    this.#segments.push(segment);
  }

  #removeFirst(): void {
    const [first] = this.#segments.splice(0, 1);
    unlinkSync(first!.path);
  }

  /** The segment that holds `place`, or the first one after it. */
  #segmentOf(place: Place): number {
    let index = this.#segments.length - 1;
    while (index > 0 && this.#segments[index]!.firstSequence > place.sequence) index--;
    return index;
  }

  #readFrom(segment: Segment, from: Place, maxBytes: number): SpoolRecord[] {
    const known = this.#offsetOf(segment, from);
    const enough = known === 0 ? segment.sizeBytes : maxBytes + HEADER_BYTES * 256;
    const bytes = readBytes(segment.path, known, Math.min(enough, segment.sizeBytes - known));
    const records: SpoolRecord[] = [];
    let taken = 0;
    let reached = { sequence: 0, offset: 0 };
    for (let at = 0; at < bytes.length; ) {
      const header = decodeHeader(bytes, at);
      const wanted = header !== null && header.sequence >= from.sequence;
      if (wanted && records.length > 0 && taken + header.payloadBytes > maxBytes) break;
      const step = stepAt(bytes, at);
      // Cut off by the size of what was read, not by damage: the next call reads it.
      if (step.record === null && known + bytes.length < segment.sizeBytes && records.length > 0) break;
      if (wanted && records.length === 0) this.#remember(segment, from, known + at);
      at = step.next;
      if (step.record === null || step.record.sequence < from.sequence) continue;
      records.push(step.record);
      taken += step.record.payloadBytes;
      reached = { sequence: step.record.sequence + 1, offset: known + at };
    }
    if (records.length > 0) this.#remember(segment, reached, reached.offset);
    if (records.length > 0 || known === 0) return records;
    // A record larger than what was read, or damage: the whole segment tells.
    this.#hints = [];
    return this.#readFrom(segment, from, maxBytes);
  }

  #remember(segment: Segment, place: { sequence: number }, offset: number): void {
    this.#hints = [{ sequence: place.sequence, path: segment.path, offset }, ...this.#hints.slice(0, HINTS_MAX - 1)];
  }

  #offsetOf(segment: Segment, place: Place): number {
    const hint = this.#hints.find((known) => known.path === segment.path && known.sequence === place.sequence);
    return hint?.offset ?? 0;
  }

  /** When its first record was stored; 0 where that cannot be read. */
  #storedAt(segment: Segment): number {
    return decodeHeader(readBytes(segment.path, 0, HEADER_BYTES), 0)?.at ?? 0;
  }
}

function newSegment(folder: string, place: Place): Segment {
  const path = join(folder, segmentName(place.sequence, place.items));
  closeSync(openSync(path, "a", 0o600));
  keepOwner(path);
  return { path, firstSequence: place.sequence, itemsBefore: place.items, sizeBytes: 0 };
}

function placeBefore(segment: Segment): Place {
  return { sequence: segment.firstSequence, items: segment.itemsBefore };
}

function readBytes(path: string, offset: number, lengthMax: number): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(lengthMax);
    let length = 0;
    while (length < lengthMax) {
      const got = readSync(file, buffer, length, lengthMax - length, offset + length);
      if (got === 0) break;
      length += got;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
