/**
 * Undoes one LZ4 block, as systemd before 246 compresses long fields. null where it is none, or larger than `sizeMax`.
 *
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function lz4Block(input: Buffer, sizeMax: number): Buffer | null {
  const output = Buffer.allocUnsafe(sizeMax);
  let at = 0;
  let end = 0;
  while (at < input.length) {
    const token = input[at++]!;
    const literals = lengthOf(input, at, token >> 4);
    at = literals.at;
    if (at + literals.length > input.length || end + literals.length > sizeMax) return null;
    input.copy(output, end, at, at + literals.length);
    at += literals.length;
    end += literals.length;
    // The last sequence ends with its literals.
    if (at >= input.length) break;
    if (at + 2 > input.length) return null;
    const distance = input.readUInt16LE(at);
    const match = lengthOf(input, at + 2, token & 15);
    at = match.at;
    const length = match.length + 4;
    if (distance === 0 || distance > end || end + length > sizeMax) return null;
    // Byte by byte: a match may reach into what it is writing.
    for (let count = 0; count < length; count++, end++) output[end] = output[end - distance]!;
  }
  return output.subarray(0, end);
}

/** A nibble of 15 goes on in bytes, until one is not 255. */
function lengthOf(input: Buffer, from: number, nibble: number): { length: number; at: number } {
  let [length, at] = [nibble, from];
  if (nibble < 15) return { length, at };
  for (;;) {
    const byte = input[at++] ?? 0;
    length += byte;
    if (byte !== 255) return { length, at };
  }
}
