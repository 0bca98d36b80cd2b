const LINE_FEED = 10;

/** A longer line is cut: what follows is not looked at. */
export const LINE_BYTES_MAX = 16 * 1024;
/** An entry of many lines keeps this much. */
const ENTRY_CHARACTERS_MAX = 64 * 1024;

/**
 * Puts bytes together to lines, and lines to entries where an entry has many. `startsEntry` tells the first line of an entry;
 * without it each line is one. What is not complete waits for the next bytes.
 */
export class LineReader {
  readonly #startsEntry: ((line: string) => boolean) | null;
  #rest = Buffer.alloc(0);
  /** The current line is longer than may be kept. */
  #overlong = false;
  #entry: string[] = [];
  #entryCharacters = 0;
  /** Bytes taken that belong to no complete line yet. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

  constructor(startsEntry: ((line: string) => boolean) | null) {
    this.#startsEntry = startsEntry;
  }

  /** Calls `take` for each entry that is complete with these bytes. */
  push(bytes: Buffer, take: (entry: string) => void): void {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      this.#line(Buffer.concat([this.#rest, bytes.subarray(start, Math.min(end, start + LINE_BYTES_MAX))]), take);
      this.#rest = Buffer.alloc(0);
      this.#overlong = false;
      start = end + 1;
    }
    if (this.#overlong) return;
    const rest = Buffer.concat([this.#rest, bytes.subarray(start)]);
    this.#overlong = rest.length > LINE_BYTES_MAX;
    this.#rest = this.#overlong ? rest.subarray(0, LINE_BYTES_MAX) : rest;
  }

  /** Nothing came for a while: the entry that was begun is complete. A line without its end still waits. */
  flush(take: (entry: string) => void): void {
    if (this.#entry.length === 0) return;
    const entry = this.#entry.join("\n");
    this.#entry = [];
    this.#entryCharacters = 0;
    take(entry);
  }

  #line(bytes: Buffer, take: (entry: string) => void): void {
    const text = bytes.toString("utf8", 0, Math.min(bytes.length, LINE_BYTES_MAX)).replace(/\r$/, "");
    if (this.#startsEntry === null) {
      take(text);
      return;
    }
    if (this.#startsEntry(text)) this.flush(take);
    if (this.#entryCharacters + text.length > ENTRY_CHARACTERS_MAX) return;
    this.#entryCharacters += text.length;
    this.#entry.push(text);
  }
}
