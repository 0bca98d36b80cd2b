const SPACE = 32;
const TAB = 9;
export const LINE_FEED = 10;
const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const DOT = 46;

/**
 * Reads the kernel's text files byte by byte, so that a sample makes no strings for the numbers in it.
 * One reader is used again for every file: what it holds is valid until the next file is read.
 */
export class ByteReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  load(bytes: Buffer, length: number): this {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = length;
    return this;
  }

  /** The whole content, from its start; the position stays. */
  all(): string {
    return this.#bytes.toString("utf8", 0, this.#end);
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  get atLineEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.#end || this.#bytes[this.#at] === LINE_FEED;
  }

  /** To the start of the next line. */
  skipLine(): void {
    const found = this.#bytes.indexOf(LINE_FEED, this.#at);
    this.#at = found === -1 || found >= this.#end ? this.#end : found + 1;
  }

  /** One byte, whatever it is. */
  skipByte(): void {
    this.#at++;
  }

  /** The next word's first byte, without moving past blanks only; 0 at the end of a line. */
  peek(): number {
    this.#skipBlanks();
    return this.#at < this.#end ? this.#bytes[this.#at]! : 0;
  }

  /** The next word on this line, to a blank or `stop` (a byte), which stays unread; "" where there is none. */
  word(stop = SPACE): string {
    this.#skipBlanks();
    const start = this.#at;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at]!;
      if (byte === SPACE || byte === TAB || byte === LINE_FEED || byte === stop) break;
      this.#at++;
    }
    return this.#bytes.toString("latin1", start, this.#at);
  }

  skipWord(): void {
    this.#skipBlanks();
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at]!;
      if (byte === SPACE || byte === TAB || byte === LINE_FEED) break;
      this.#at++;
    }
  }

  /** The rest of the line without its end; blanks at both ends are cut. */
  rest(): string {
    const start = this.#at;
    this.skipLine();
    return this.#bytes.toString("utf8", start, this.#at).trim();
  }

  /** Moves past `expected` where it is next, and says whether it was. */
  accept(expected: string): boolean {
    this.#skipBlanks();
    if (this.#at + expected.length > this.#end) return false;
    for (let index = 0; index < expected.length; index++)
      if (this.#bytes[this.#at + index] !== expected.charCodeAt(index)) return false;
    this.#at += expected.length;
    return true;
  }

  /** The next decimal number on this line, with or without sign and fraction; NaN where there is none, and nothing is read. */
  number(): number {
    this.#skipBlanks();
    const start = this.#at;
    const negative = this.#bytes[this.#at] === MINUS && this.#at < this.#end;
    if (negative) this.#at++;
    let value = 0;
    let digits = 0;
    let scale = 0;
    for (; this.#at < this.#end; this.#at++) {
      const byte = this.#bytes[this.#at]!;
      if (byte >= ZERO && byte <= NINE) {
        value = value * 10 + (byte - ZERO);
        digits++;
        if (scale > 0) scale *= 10;
      } else if (byte === DOT && scale === 0 && digits > 0) scale = 1;
      else break;
    }
    if (digits === 0) {
      this.#at = start;
      return Number.NaN;
    }
    const size = scale > 1 ? value / scale : value;
    return negative ? -size : size;
  }

  #skipBlanks(): void {
    while (this.#at < this.#end && (this.#bytes[this.#at] === SPACE || this.#bytes[this.#at] === TAB)) this.#at++;
  }
}
