import { Buffer } from "node:buffer";
import { ID_BYTES, type Repeated } from "../../core/model/repeated.ts";

/** Seen at, occurred at, expires after, expires at, and how many; then the ids, then the counts. */
const HEAD_BYTES = 5 * 8;
const COUNT_BYTES = 4;

/** Bytes of them, as `writeRepeated` writes them. */
export function repeatedBytes(repeated: readonly Repeated[]): number {
  let sizeBytes = 0;
  for (const { counts } of repeated) sizeBytes += HEAD_BYTES + (ID_BYTES + COUNT_BYTES) * counts.length;
  return sizeBytes;
}

/** One after the other, little-endian but for the ids. Returns where they end. */
export function writeRepeated(repeated: readonly Repeated[], into: Buffer, from: number): number {
  let at = from;
  for (const { seenAt, occurredAt, expiresAfterMs, expiresAt, ids, counts } of repeated) {
    for (const value of [seenAt, occurredAt, expiresAfterMs, expiresAt, counts.length])
      at = into.writeDoubleLE(value, at);
    into.set(ids, at);
    at += ids.byteLength;
    for (const count of counts) at = into.writeInt32LE(count, at);
  }
  return at;
}

export function readRepeated(bytes: Uint8Array): Repeated[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Repeated[] = [];
  for (let at = 0; at < view.length; ) {
    const [seenAt = 0, occurredAt = 0, expiresAfterMs = 0, expiresAt = 0, length = 0] = [0, 8, 16, 24, 32].map(
      (offset) => view.readDoubleLE(at + offset),
    );
    const ids = view.subarray(at + HEAD_BYTES, at + HEAD_BYTES + ID_BYTES * length);
    at += HEAD_BYTES + ID_BYTES * length;
    const from = at;
    const counts = Int32Array.from({ length }, (_, index) => view.readInt32LE(from + COUNT_BYTES * index));
    at += COUNT_BYTES * length;
    found.push({ seenAt, occurredAt, expiresAfterMs, expiresAt, ids, counts });
  }
  return found;
}
