/** A plain snappy block encoder for tests: greedy matches through a table of four-byte sequences, all three kinds of copies. */
export function snappyEncode(input: Uint8Array): Buffer {
  const out: number[] = [];
  let size = input.length;
  while (size >= 0x80) {
    out.push((size & 0x7f) | 0x80);
    size = Math.floor(size / 128);
  }
  out.push(size);
  const seen = new Map<number, number>();
  let literalFrom = 0;
  let at = 0;
  while (at + 4 <= input.length) {
    const word = Buffer.from(input.buffer, input.byteOffset + at, 4).readUInt32LE(0);
    const candidate = seen.get(word);
    seen.set(word, at);
    if (candidate === undefined) {
      at += 1;
      continue;
    }
    let length = 4;
    while (at + length < input.length && length < 64 && input[candidate + length] === input[at + length]) length += 1;
    literal(out, input.subarray(literalFrom, at));
    copy(out, at - candidate, length);
    at += length;
    literalFrom = at;
  }
  literal(out, input.subarray(literalFrom));
  return Buffer.from(out);
}

function literal(out: number[], bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const length = bytes.length - 1;
  if (length < 60) out.push(length << 2);
  else {
    const extra = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
    out.push((59 + extra) << 2);
    for (let i = 0; i < extra; i += 1) out.push((length >>> (8 * i)) & 0xff);
  }
  for (const byte of bytes) out.push(byte);
}

function copy(out: number[], offset: number, length: number): void {
  if (length <= 11 && offset < 2048) out.push(1 | ((length - 4) << 2) | ((offset >>> 8) << 5), offset & 0xff);
  else if (offset < 65_536) out.push(2 | ((length - 1) << 2), offset & 0xff, offset >>> 8);
  else out.push(3 | ((length - 1) << 2), offset & 0xff, (offset >>> 8) & 0xff, (offset >>> 16) & 0xff, offset >>> 24);
}
