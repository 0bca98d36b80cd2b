import { closeSync, openSync, writeSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";

const HEADER_BYTES = 272;
const DATA = 1;
const ENTRY = 3;
const ENTRY_ARRAY = 6;
const ZSTD = 4;
const LZ4 = 2;

/** Writes journal files as journald does, as far as a reader that follows one looks: objects appended, then the header. */
export class JournalWriter {
  readonly #file: number;
  readonly #compact: boolean;
  readonly #fields = new Map<string, number>();
  readonly #offsets: number[] = [];
  #end = HEADER_BYTES;
  #tail = 0;
  #entries = 0;
  #arrayOffset = 0;

  constructor(path: string, { fileId, compact = true }: { fileId: string; compact?: boolean }) {
    this.#file = openSync(path, "w+");
    this.#compact = compact;
    const header = Buffer.alloc(HEADER_BYTES);
    header.write("LPKSHHRH", "latin1");
    header.writeUInt32LE(compact ? 28 : 12, 12);
    header[16] = 1;
    header.write(fileId, 24, "hex");
    header.writeBigUInt64LE(BigInt(HEADER_BYTES), 88);
    writeSync(this.#file, header, 0, HEADER_BYTES, 0);
  }

  /** `pack` compresses the message. */
  append(fields: Readonly<Record<string, string>>, pack?: "zstd" | "lz4"): void {
    this.appendUnlinked(fields, pack);
    this.link();
  }

  /** The entry is there and announced, and its count is not: so it looks while journald writes. */
  appendUnlinked(fields: Readonly<Record<string, string>>, pack?: "zstd" | "lz4"): void {
    const items = Object.entries(fields).map(([name, value]) =>
      this.#data(`${name}=${value}`, name === "MESSAGE" ? pack : undefined),
    );
    const step = this.#compact ? 4 : 16;
    const body = Buffer.alloc(48 + items.length * step);
    body.writeBigUInt64LE(BigInt(this.#entries + 1), 0);
    body.writeBigUInt64LE(1_772_000_000_000_000n, 8);
    for (const [index, offset] of items.entries())
      if (this.#compact) body.writeUInt32LE(offset, 48 + index * step);
      else body.writeBigUInt64LE(BigInt(offset), 48 + index * step);
    this.#offsets.push(this.#object(ENTRY, 0, body));
    this.#saveHeader();
  }

  link(): void {
    this.#entries++;
    this.#saveHeader();
  }

  /** The list of all entries so far, as the first of the chain. */
  writeEntryArray(): void {
    const step = this.#compact ? 4 : 8;
    const body = Buffer.alloc(8 + (this.#offsets.length + 2) * step);
    for (const [index, offset] of this.#offsets.entries())
      if (this.#compact) body.writeUInt32LE(offset, 8 + index * step);
      else body.writeBigUInt64LE(BigInt(offset), 8 + index * step);
    this.#arrayOffset = this.#object(ENTRY_ARRAY, 0, body);
    this.#saveHeader();
  }

  close(): void {
    closeSync(this.#file);
  }

  #data(text: string, pack: "zstd" | "lz4" | undefined): number {
    const known = this.#fields.get(text);
    if (known !== undefined) return known;
    const plain = Buffer.from(text);
    const payload = pack === "zstd" ? zstdCompressSync(plain) : pack === "lz4" ? literalLz4(plain) : plain;
    const flags = pack === "zstd" ? ZSTD : pack === "lz4" ? LZ4 : 0;
    const offset = this.#object(DATA, flags, Buffer.concat([Buffer.alloc(this.#compact ? 56 : 48), payload]));
    this.#fields.set(text, offset);
    return offset;
  }

  #object(type: number, flags: number, body: Buffer): number {
    const offset = this.#end;
    const head = Buffer.alloc(16);
    head[0] = type;
    head[1] = flags;
    head.writeBigUInt64LE(BigInt(16 + body.length), 8);
    writeSync(this.#file, Buffer.concat([head, body]), 0, 16 + body.length, offset);
    this.#tail = offset;
    this.#end = Math.ceil((offset + 16 + body.length) / 8) * 8;
    return offset;
  }

  #saveHeader(): void {
    const numbers = Buffer.alloc(48);
    numbers.writeBigUInt64LE(BigInt(this.#tail), 0);
    numbers.writeBigUInt64LE(BigInt(this.#entries), 16);
    numbers.writeBigUInt64LE(BigInt(this.#arrayOffset), 40);
    writeSync(this.#file, numbers, 0, 48, 136);
  }
}

/** One sequence of literals: a valid block that saves nothing. */
function literalLz4(plain: Buffer): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(plain.length));
  const more: number[] = [];
  if (plain.length >= 15) {
    let rest = plain.length - 15;
    for (; rest >= 255; rest -= 255) more.push(255);
    more.push(rest);
  }
  return Buffer.concat([size, Buffer.from([Math.min(15, plain.length) << 4, ...more]), plain]);
}
