/** Why bytes could not be decompressed: a closed list, it labels a metric. */
export type SnappyFault = "corrupt" | "tooLarge";

export type SnappyResult = { ok: true; bytes: Buffer } | { ok: false; fault: SnappyFault; message: string };

const corrupt = (message: string): SnappyResult => ({ ok: false, fault: "corrupt", message });

/**
 * Decompresses snappy's block format (not the framed one), as remote write uses it.
 *
 * Nothing is allocated before the declared length was compared with `sizeMax`, and nothing is written beyond it: a bomb
 * costs its own size. The cost is linear in the declared length.
 *
 * @param sizeMax bytes of the largest result.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function snappyDecode(input: Buffer, sizeMax: number): SnappyResult {
  let size = 0;
  let at = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at];
    if (byte === undefined || shift > 28) return corrupt("the length is cut off or longer than 32 bits");
    at += 1;
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > sizeMax) return { ok: false, fault: "tooLarge", message: `declares ${size} bytes, at most ${sizeMax}` };
  const output = Buffer.allocUnsafe(size);
  return decodeElements(input, at, output);
}

/** Literals and copies until the input ends; they must fill the output exactly. */
function decodeElements(input: Buffer, from: number, output: Buffer): SnappyResult {
  const end = input.length;
  const size = output.length;
  let at = from;
  let written = 0;
  while (at < end) {
    const tag = input[at] as number;
    at += 1;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const extra = length - 60;
        if (at + extra > end) return corrupt("a literal's length is cut off");
        length = input.readUIntLE(at, extra) + 1;
        at += extra;
      }
      if (length > end - at) return corrupt("a literal is cut off");
      if (length > size - written) return corrupt("more bytes than declared");
      // Short literals are the rule, and a loop beats the call for them.
      if (length <= 16) for (let i = 0; i < length; i += 1) output[written + i] = input[at + i] as number;
      else input.copy(output, written, at, at + length);
      at += length;
      written += length;
      continue;
    }
    const bytes = kind === 3 ? 4 : kind;
    if (at + bytes > end) return corrupt("a copy is cut off");
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) | (input[at] as number) : input.readUIntLE(at, bytes);
    at += bytes;
    if (offset === 0 || offset > written) return corrupt("a copy reaches before the start");
    if (length > size - written) return corrupt("more bytes than declared");
    // Byte by byte: a copy may overlap what it writes, which repeats a pattern.
    for (let i = written, last = written + length; i < last; i += 1) output[i] = output[i - offset] as number;
    written += length;
  }
  return written === size ? { ok: true, bytes: output } : corrupt("fewer bytes than declared");
}
