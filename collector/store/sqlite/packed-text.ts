import type { Buffer } from "node:buffer";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Below this a compressor's set-up (about 30 µs) costs more than the bytes it saves. */
const PLAIN_LENGTH_MAX = 400;
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** How a long text lies in the file: short ones as TEXT, others as a zstd frame (level 1: 0.3 ms for 700 KB, a tenth of the size). */
export function packText(text: string | Buffer): string | Uint8Array {
  return text.length <= PLAIN_LENGTH_MAX ? text.toString() : zstdCompressSync(text, OPTIONS);
}

export function unpackText(stored: unknown): string {
  if (typeof stored === "string") return stored;
  if (stored instanceof Uint8Array) return zstdDecompressSync(stored).toString("utf8");
  throw new Error(`a stored text is neither text nor a blob but ${typeof stored}: the file is damaged`);
}
