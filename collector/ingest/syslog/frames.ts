/** Why part of a stream was thrown away: a closed list, it labels a metric. */
export type FrameFault = "tooLong";

const LINE_FEED = 0x0a;
const ZERO = 0x00;
const SPACE = 0x20;
const DIGITS_MAX = 7;
const EMPTY = Buffer.alloc(0);

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/**
 * Cuts a TCP stream into syslog messages. Two ways are in use and senders do not say which: octet counting
 * (`17 <13>1 - - - - - -`, RFC 5425) and a line feed at the end (RFC 6587). Each frame is told by its first byte;
 * a count that cannot be one is taken for text. Holds at most one message and what came with it.
 */
export class FrameReader {
  private readonly sizeMax: number;
  private rest = EMPTY;
  /** Bytes of a message that was too long and is still being thrown away, up to its line feed. */
  private skipping = false;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /** @returns the messages that are complete now, and how many were thrown away. */
  take(chunk: Buffer): { messages: Buffer[]; tooLong: number } {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const messages: Buffer[] = [];
    let tooLong = 0;
    for (;;) {
      if (this.skipping) {
        const end = endOfLine(bytes, 0);
        if (end === -1) {
          bytes = EMPTY;
          break;
        }
        bytes = bytes.subarray(end + 1);
        this.skipping = false;
      }
      const frame = this.frame(bytes);
      if (frame === undefined) break;
      if (frame === "tooLong") {
        tooLong += 1;
        this.skipping = true;
        continue;
      }
      if (frame.message.length > 0) messages.push(frame.message);
      bytes = bytes.subarray(frame.end);
    }
    // A copy: a view would keep the whole chunk alive.
    this.rest = bytes.length === 0 ? EMPTY : Buffer.from(bytes);
    return { messages, tooLong };
  }

  /** What is left when the sender ends: a last line may have no line feed. */
  end(): Buffer | undefined {
    const { rest } = this;
    this.rest = EMPTY;
    return rest.length === 0 || this.skipping ? undefined : rest;
  }

  /** The first frame; undefined where it is not complete. */
  private frame(bytes: Buffer): { message: Buffer; end: number } | "tooLong" | undefined {
    if (bytes.length === 0) return undefined;
    const counted = this.counted(bytes);
    if (counted !== "noCount") return counted;
    const end = endOfLine(bytes, 0);
    if (end === -1) return bytes.length > this.sizeMax ? "tooLong" : undefined;
    if (end > this.sizeMax) return "tooLong";
    const carriage = end > 0 && bytes[end - 1] === 0x0d ? end - 1 : end;
    return { message: Buffer.from(bytes.subarray(0, carriage)), end: end + 1 };
  }

  private counted(bytes: Buffer): { message: Buffer; end: number } | "noCount" | undefined {
    if (!isDigit(bytes[0]) || bytes[0] === 0x30) return "noCount";
    let digits = 1;
    while (digits <= DIGITS_MAX && isDigit(bytes[digits])) digits += 1;
    if (digits > DIGITS_MAX) return "noCount";
    if (bytes[digits] === undefined) return undefined;
    if (bytes[digits] !== SPACE) return "noCount";
    const length = Number(bytes.toString("latin1", 0, digits));
    if (length > this.sizeMax) return "noCount";
    const from = digits + 1;
    // A count is followed by a priority; a line that begins with a number is not.
    if (bytes[from] !== undefined && bytes[from] !== 0x3c) return "noCount";
    if (bytes.length < from + length) return undefined;
    return { message: Buffer.from(bytes.subarray(from, from + length)), end: from + length };
  }
}

/** Of a line feed or a zero byte, which some senders write instead. */
function endOfLine(bytes: Buffer, from: number): number {
  const feed = bytes.indexOf(LINE_FEED, from);
  const zero = bytes.indexOf(ZERO, from);
  if (feed === -1) return zero;
  return zero === -1 ? feed : Math.min(feed, zero);
}
