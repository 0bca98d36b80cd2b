import { zstdDecompressSync } from "node:zlib";
import { lz4Block } from "./lz4.ts";

/**
 * The file format of systemd's journal, as far as it takes to follow one.
 *
 * @see https://systemd.io/JOURNAL_FILE_FORMAT/ and src/libsystemd/sd-journal/journal-def.h
 */
export interface JournalHeader {
  compact: boolean;
  archived: boolean;
  /** Identity of the file, also after it was renamed. */
  fileId: string;
  /** Where the first object is. */
  headerSize: number;
  /** Where the last object begins. */
  tailOffset: number;
  entries: number;
  /** First of the chain of arrays that list the entries. */
  entryArrayOffset: number;
}

export const HEADER_BYTES = 208;
export const OBJECT_HEADER_BYTES = 16;
export const OBJECT = { data: 1, entry: 3, entryArray: 6 } as const;

const SIGNATURE = "LPKSHHRH";
const COMPACT = 16;
/** What we can read: compression by xz, lz4, zstd; keyed hash; compact. A bit beyond these is a format of the future. */
const KNOWN_FLAGS = 31;
const STATE_ARCHIVED = 2;

const XZ = 1;
const LZ4 = 2;
const ZSTD = 4;

const offsetAt = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

/** null where it is no journal, or one that a later systemd has made in another way. */
export function readHeader(bytes: Buffer): JournalHeader | null {
  if (bytes.length < HEADER_BYTES || bytes.toString("latin1", 0, 8) !== SIGNATURE) return null;
  const flags = bytes.readUInt32LE(12);
  if ((flags & ~KNOWN_FLAGS) !== 0) return null;
  return {
    compact: (flags & COMPACT) !== 0,
    archived: bytes[16] === STATE_ARCHIVED,
    fileId: bytes.toString("hex", 24, 40),
    headerSize: offsetAt(bytes, 88),
    tailOffset: offsetAt(bytes, 136),
    entries: offsetAt(bytes, 152),
    entryArrayOffset: offsetAt(bytes, 176),
  };
}

export interface JournalObject {
  type: number;
  flags: number;
  /** With its header. */
  size: number;
}

export function readObject(bytes: Buffer, at: number): JournalObject {
  return { type: bytes[at]!, flags: bytes[at + 1]!, size: offsetAt(bytes, at + 8) };
}

/** Objects begin at multiples of eight. */
export const aligned = (offset: number): number => Math.ceil(offset / 8) * 8;

export const dataPayloadAt = (compact: boolean): number => (compact ? 72 : 64);
const ENTRY_ITEMS_AT = 64;
const ITEMS_MAX = 128;

/** `bytes` is a whole entry object: when it was, and where its fields are. */
export function readEntry(bytes: Buffer, compact: boolean): { realtimeUs: number; items: number[] } {
  const step = compact ? 4 : 16;
  const items: number[] = [];
  for (let at = ENTRY_ITEMS_AT; at + step <= bytes.length && items.length < ITEMS_MAX; at += step)
    items.push(compact ? bytes.readUInt32LE(at) : offsetAt(bytes, at));
  return { realtimeUs: offsetAt(bytes, 24), items };
}

/** `bytes` is a whole array object: offsets of entries; 0 where there is none yet. */
export function readEntryArray(bytes: Buffer, compact: boolean): { next: number; entries: number[] } {
  const step = compact ? 4 : 8;
  const entries: number[] = [];
  for (let at = 24; at + step <= bytes.length; at += step)
    entries.push(compact ? bytes.readUInt32LE(at) : offsetAt(bytes, at));
  return { next: offsetAt(bytes, 16), entries };
}

/** Compressed payloads beyond are left out: a field of that size is a dump and no message. */
export const PAYLOAD_BYTES_MAX = 64 * 1024;
const UNPACKED_BYTES_MAX = 1024 * 1024;

/** A field's text, `NAME=value`; null where it is compressed in a way that we do not know, or damaged. */
export function readPayload(payload: Buffer, flags: number): Buffer | null {
  try {
    if ((flags & ZSTD) !== 0) return zstdDecompressSync(payload, { maxOutputLength: UNPACKED_BYTES_MAX });
    if ((flags & LZ4) !== 0) return unpackLz4(payload);
    return (flags & XZ) === 0 ? payload : null;
  } catch {
    // Half written, or larger than we take.
    return null;
  }
}

/** Eight bytes of size, then the block. */
function unpackLz4(payload: Buffer): Buffer | null {
  const size = offsetAt(payload, 0);
  return size > UNPACKED_BYTES_MAX ? null : lz4Block(payload.subarray(8), size);
}
