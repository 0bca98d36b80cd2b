/** The message is no Protocol Buffers encoding of what it should be. */
export class ProtobufFault extends Error {}

/** Wire types (https://protobuf.dev/programming-guides/encoding/). */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/**
 * Reads one Protocol Buffers message in place, without copies. Every length is checked against the end of the message
 * it stands in; unknown fields are skipped by their wire type.
 *
 * Use: `while (reader.next(end)) switch (reader.field) { case 1: … default: reader.skip(); }`
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  at = 0;
  /** Of the field that `next` has read the key of. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Reads a field's key; false at the end of the message. */
  next(end: number): boolean {
    if (this.at >= end) return false;
    const key = this.varint();
    if (key > 0xffffffff) throw new ProtobufFault("a field number is out of range");
    this.field = key >>> 3;
    this.wireType = key & 7;
    if (this.field === 0) throw new ProtobufFault("field number 0");
    return true;
  }

  /** An unsigned varint; above 2^53 it loses precision, which only counts of histograms could notice. */
  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at];
    if (byte === undefined) throw new ProtobufFault("a number is cut off");
    this.at += 1;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    for (let count = 1; count < 10; count += 1) {
      byte = bytes[this.at];
      if (byte === undefined) throw new ProtobufFault("a number is cut off");
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new ProtobufFault("a number is longer than 64 bits");
  }

  /** A signed 64-bit integer (two's complement, ten bytes when negative). */
  int64(): number {
    const value = this.varint();
    return value >= 2 ** 63 ? value - 2 ** 64 : value;
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) throw new ProtobufFault("a double is cut off");
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** The end of a length-delimited field that starts here. */
  block(end: number): number {
    const length = this.varint();
    if (length > end - this.at) throw new ProtobufFault("a field is longer than its message");
    return this.at + length;
  }

  /** A string that starts here. Bytes that are not UTF-8 become the replacement character. */
  text(end: number): string {
    const last = this.block(end);
    const start = this.at;
    this.at = last;
    return this.bytes.toString("utf8", start, last);
  }

  /** Skips the value of the field whose key was read. */
  skip(end: number): void {
    switch (this.wireType) {
      case VARINT:
        this.varint();
        break;
      case FIXED64:
        this.at += 8;
        break;
      case LENGTH:
        this.at = this.block(end);
        break;
      case FIXED32:
        this.at += 4;
        break;
      default:
        throw new ProtobufFault(`wire type ${this.wireType} is not used any more`);
    }
    if (this.at > end) throw new ProtobufFault("a field is longer than its message");
  }

  /** The wire type must be this one. */
  expect(wireType: number): void {
    if (this.wireType !== wireType)
      throw new ProtobufFault(`field ${this.field} has wire type ${this.wireType} instead of ${wireType}`);
  }
}
