import { crc32 } from "node:zlib";

/**
 * One record of the spool: a request body that waits to be sent. Header and payload have a checksum each, so that a damaged
 * payload costs one record and a damaged header is found and stepped over. `sequence` and `itemsBefore` count through the
 * lane's whole life: whatever is lost between two good records is known to the item.
 */
export interface RecordHeader {
  /** 1 for the lane's first record ever. */
  sequence: number;
  /** Items (data points, events) in all records before this one. */
  itemsBefore: number;
  /** When it was stored, milliseconds since 1970. */
  at: number;
  items: number;
  /** Size of the payload when it is unpacked, for the receiver's limits. */
  rawBytes: number;
  payloadBytes: number;
}

export interface SpoolRecord extends RecordHeader {
  /** A view of the buffer that was read; valid as long as that. */
  payload: Buffer;
}

export const HEADER_BYTES = 48;
/** A larger record is a mistake of ours; a larger length in a file is damage. */
export const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;

const MAGIC = 0x31525354; // "TSR1"

export function encodeHeader(header: RecordHeader, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  out.writeUInt32LE(MAGIC, 0);
  out.writeUInt32LE(payload.length, 4);
  out.writeUInt32LE(crc32(payload), 8);
  out.writeDoubleLE(header.sequence, 16);
  out.writeDoubleLE(header.itemsBefore, 24);
  out.writeDoubleLE(header.at, 32);
  out.writeUInt32LE(header.items, 40);
  out.writeUInt32LE(header.rawBytes, 44);
  out.writeUInt32LE(headerChecksum(out, 0), 12);
  return out;
}

/** null where no good header stands. */
export function decodeHeader(bytes: Buffer, at: number): RecordHeader | null {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null;
  if (bytes.readUInt32LE(at + 12) !== headerChecksum(bytes, at)) return null;
  const payloadBytes = bytes.readUInt32LE(at + 4);
  if (payloadBytes > PAYLOAD_BYTES_MAX) return null;
  return {
    payloadBytes,
    sequence: bytes.readDoubleLE(at + 16),
    itemsBefore: bytes.readDoubleLE(at + 24),
    at: bytes.readDoubleLE(at + 32),
    items: bytes.readUInt32LE(at + 40),
    rawBytes: bytes.readUInt32LE(at + 44),
  };
}

/**
 * A header's payload is whole and undamaged. `incomplete`: the bytes end before it does, which is a torn tail at the end of a
 * file and only means "read more" elsewhere.
 */
export function checkPayload(bytes: Buffer, at: number, header: RecordHeader): "good" | "damaged" | "incomplete" {
  const start = at + HEADER_BYTES;
  if (start + header.payloadBytes > bytes.length) return "incomplete";
  const payload = bytes.subarray(start, start + header.payloadBytes);
  return crc32(payload) === bytes.readUInt32LE(at + 8) ? "good" : "damaged";
}

/** Where the next good header stands from `at` on; -1 where there is none. For the way round damage. */
export function findHeader(bytes: Buffer, at: number): number {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(MAGIC);
  for (let found = bytes.indexOf(mark, at); found !== -1; found = bytes.indexOf(mark, found + 1))
    if (decodeHeader(bytes, found) !== null) return found;
  return -1;
}

function headerChecksum(bytes: Buffer, at: number): number {
  return crc32(bytes.subarray(at + 16, at + HEADER_BYTES), crc32(bytes.subarray(at, at + 12)));
}
