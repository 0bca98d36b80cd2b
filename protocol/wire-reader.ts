/** The bytes are not what the protocol says. The message is for the sender; it holds no content. */
export class WireFault extends Error {}

/**
 * Reads the Protocol Buffers wire format (protobuf.dev/programming-guides/encoding) from bytes that nobody has checked.
 *
 * Every length is checked against the end of the message it stands in, and every message costs one of `messagesMax`: two
 * bytes of input can ask for an object each, so the size of the body alone bounds nothing. Throws `WireFault`.
 *
 * A message is read as
 *
 *     const outer = reader.enter();
 *     while (reader.more()) {
 *       const tag = reader.tag();          // field number << 3 | wire type
 *       if (tag === (1 << 3 | LENGTH)) name = reader.string(); else reader.skip(tag);
 *     }
 *     reader.leave(outer);
 *
 * so that a known field with an unexpected wire type is skipped as an unknown one.
 */
export class WireReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly strings: StringCache;
  private at = 0;
  private end: number;
  private messagesLeft: number;
  private low = 0;
  private high = 0;

  constructor(bytes: Uint8Array, strings: StringCache, messagesMax: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.strings = strings;
    this.end = bytes.byteLength;
    this.messagesLeft = messagesMax;
  }

  /** Whether the message being read has another field. */
  more(): boolean {
    return this.at < this.end;
  }

  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw new WireFault(`field number 0 at byte ${this.at}`);
    return tag;
  }

  /** Begins the message that follows; give the answer to `leave`. */
  enter(): number {
    this.messagesLeft -= 1;
    if (this.messagesLeft < 0) throw new WireFault("too many messages in one request");
    const outer = this.end;
    this.end = this.extent();
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.advance(8);
    else if (wireType === LENGTH) this.at = this.extent();
    else if (wireType === FIXED32) this.advance(4);
    else throw new WireFault(`wire type ${wireType} at byte ${this.at}`);
  }

  string(): string {
    const end = this.extent();
    const text = this.strings.read(this.bytes, this.at, end);
    this.at = end;
    return text;
  }

  /** A view of the input, not a copy. */
  slice(): Uint8Array {
    const end = this.extent();
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  uint32(): number {
    this.varint();
    return this.low >>> 0;
  }

  int32(): number {
    this.varint();
    return this.low;
  }

  sint32(): number {
    this.varint();
    return (this.low >>> 1) ^ -(this.low & 1);
  }

  /** Beyond 2^53 the nearest number that there is. */
  uint64(): number {
    this.varint();
    return (this.high >>> 0) * TWO_32 + (this.low >>> 0);
  }

  /** Beyond ±2^53 the nearest number that there is. */
  int64(): number {
    this.varint();
    return this.high * TWO_32 + (this.low >>> 0);
  }

  /** An int64 in decimal, exact. */
  int64Text(): string {
    const near = this.int64();
    if (Number.isSafeInteger(near)) return String(near);
    return String((BigInt(this.high) << 32n) | BigInt(this.low >>> 0));
  }

  fixed64(): number {
    const at = this.advance(8);
    return this.view.getUint32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }

  sfixed64(): number {
    const at = this.advance(8);
    return this.view.getInt32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }

  double(): number {
    return this.view.getFloat64(this.advance(8), true);
  }

  /** The bits of a double that JavaScript would normalise: Prometheus's stale marker is a NaN of its own. */
  doubleBits(): bigint {
    return this.view.getBigUint64(this.advance(8), true);
  }

  /** Appends the packed numbers that follow, each `sizeBytes` long (0 = varints). */
  packed(sizeBytes: number, read: () => number, into: number[]): void {
    const outer = this.enter();
    if (sizeBytes > 0 && (this.end - this.at) % sizeBytes !== 0) throw new WireFault("a packed field ends in a number");
    while (this.more()) into.push(read());
    this.leave(outer);
  }

  /** The end of the length-delimited field that begins here, checked. */
  private extent(): number {
    this.varint();
    const end = this.at + (this.high >>> 0) * TWO_32 + (this.low >>> 0);
    if (end > this.end) throw new WireFault(`a length at byte ${this.at} goes beyond its message`);
    return end;
  }

  private advance(sizeBytes: number): number {
    const at = this.at;
    if (at + sizeBytes > this.end) throw new WireFault(`the input ends within a number at byte ${at}`);
    this.at = at + sizeBytes;
    return at;
  }

  private byte(): number {
    if (this.at >= this.end) throw new WireFault(`the input ends within a number at byte ${this.at}`);
    return this.bytes[this.at++]!;
  }

  /** Into `low` and `high`, both signed. */
  private varint(): void {
    let byte = this.byte();
    let low = byte & 0x7f;
    this.high = 0;
    for (let shift = 7; byte > 0x7f && shift < 28; shift += 7) {
      byte = this.byte();
      low |= (byte & 0x7f) << shift;
    }
    this.low = low;
    if (byte <= 0x7f) return;
    byte = this.byte();
    this.low = low | ((byte & 0x7f) << 28);
    let high = (byte & 0x7f) >> 4;
    for (let shift = 3; byte > 0x7f; shift += 7) {
      if (shift > 31) throw new WireFault(`a number longer than ten bytes at byte ${this.at}`);
      byte = this.byte();
      high |= (byte & 0x7f) << shift;
    }
    this.high = high | 0;
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

const TWO_32 = 4_294_967_296;
const CACHED_LENGTH_MAX = 64;

/**
 * Gives the same string object for the same short ASCII bytes, most of the time: metric names and labels repeat in each
 * request, and equal objects compare by pointer. Direct-mapped, so that it holds at most `slots` strings of 64 characters.
 */
export class StringCache {
  private readonly slots: (string | undefined)[];
  private readonly mask: number;

  /** @param slots a power of two. */
  constructor(slots = 8192) {
    this.slots = Array.from({ length: slots }, () => undefined);
    this.mask = slots - 1;
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  read(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from;
    if (length === 0) return "";
    if (length > CACHED_LENGTH_MAX) return decode(bytes, from, to);
    let hash = length;
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (byte > 0x7f) return decode(bytes, from, to);
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    const slot = (hash ^ (hash >>> 15)) & this.mask;
    const cached = this.slots[slot];
    if (cached !== undefined && same(cached, bytes, from, length)) return cached;
    const text = decode(bytes, from, to);
    this.slots[slot] = text;
    return text;
  }
}

function same(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const decode = (bytes: Uint8Array, from: number, to: number): string => utf8.decode(bytes.subarray(from, to));
