const BYTES = 256;

/**
 * Finds a short text in bytes and looks at one byte in about as many as the text has (R. N. Horspool, *Practical fast searching
 * in strings*, 1980).
 */
export class TextSearch {
  private readonly text: Uint8Array;
  /** How far the text moves on when its last place stands at such a byte. */
  private readonly skips = new Uint8Array(BYTES);
  private size = 0;

  /** @param lengthMax of a text, in bytes; at most 255. */
  constructor(lengthMax: number) {
    this.text = new Uint8Array(lengthMax);
  }

  /** In bytes; 0 = there is nothing to look for. */
  get length(): number {
    return this.size;
  }

  /** From now on this part of the bytes is looked for, as it is now; nothing where it is too long. */
  lookFor(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length === this.size && this.isAt(bytes, from)) return;
    this.size = length > this.text.length ? 0 : length;
    if (this.size === 0) return;
    this.skips.fill(length);
    for (let at = 0; at < length; at += 1) {
      const byte = bytes[from + at] ?? 0;
      this.text[at] = byte;
      if (at < length - 1) this.skips[byte] = length - 1 - at;
    }
  }

  /** Where it begins the first time; −1 = it does not stand whole between the two places, or there is nothing to look for. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const { size, skips } = this;
    if (size === 0) return -1;
    const end = Math.min(to, bytes.length);
    const last = this.text[size - 1];
    for (let at = from + size - 1; at < end; ) {
      const byte = bytes[at] ?? 0;
      if (byte === last && this.isAt(bytes, at - size + 1)) return at - size + 1;
      at += skips[byte] ?? 1;
    }
    return -1;
  }

  private isAt(bytes: Uint8Array, from: number): boolean {
    const { size, text } = this;
    for (let at = 0; at < size; at += 1) if (bytes[from + at] !== text[at]) return false;
    return true;
  }
}
