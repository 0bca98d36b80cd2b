import { type FileHandle, open } from "node:fs/promises";
import {
  aligned,
  dataPayloadAt,
  HEADER_BYTES,
  type JournalHeader,
  OBJECT,
  OBJECT_HEADER_BYTES,
  PAYLOAD_BYTES_MAX,
  readEntry,
  readEntryArray,
  readHeader,
  readObject,
  readPayload,
} from "./journal-format.ts";

/** One entry, in the fields that we look at; "" where it has none. */
export interface JournalEntry {
  /** Milliseconds since 1970. */
  at: number;
  message: string;
  /** 0 (emergency) to 7 (debug); 6 where nobody says. */
  priority: number;
  /** The unit that wrote it, or that systemd writes about. */
  unit: string;
  identifier: string;
}

type Field = "MESSAGE" | "PRIORITY" | "_SYSTEMD_UNIT" | "UNIT" | "OBJECT_SYSTEMD_UNIT" | "SYSLOG_IDENTIFIER";
const FIELDS: ReadonlySet<string> = new Set<Field>([
  "MESSAGE",
  "PRIORITY",
  "_SYSTEMD_UNIT",
  "UNIT",
  "OBJECT_SYSTEMD_UNIT",
  "SYSLOG_IDENTIFIER",
]);

/** Read at a time: objects are small, so many come at once. */
const CHUNK_BYTES = 64 * 1024;
/** A longer message is cut. */
const TEXT_BYTES_MAX = 16 * 1024;
/** Entries share fields (unit, priority, identifier): those read lately need not be read again. */
const CACHE_MAX = 4096;
const CACHED_CHARACTERS_MAX = 256 * 1024;
const ARRAYS_MAX = 64;
const ARRAY_BYTES_MAX = 16 * 1024 * 1024;
/** No journal is larger: what lies beyond is the number of a damaged one. */
const FILE_BYTES_MAX = 2 ** 44;

/** Where a journal has been read to. */
export interface JournalPlace {
  fileId: string;
  offset: number;
  /** Entries passed: what is linked later than this is not yet complete. */
  entries: number;
}

/**
 * Reads one journal file while journald writes it: objects are only ever appended, so following it is reading from where one was to
 * the last object. Never writes, holds no lock. One call at a time.
 */
export class JournalFile {
  readonly #file: FileHandle;
  #header: JournalHeader;
  #offset: number;
  #entries: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;
  /** By offset; null for a field that we do not look at. */
  readonly #fields = new Map<number, { name: Field; value: string } | null>();
  #cachedCharacters = 0;

  private constructor(file: FileHandle, header: JournalHeader) {
    this.#file = file;
    this.#header = header;
    this.#offset = header.headerSize;
    this.#entries = 0;
  }

  /** Stands at the file's beginning. null where it is no journal that we can read; rejects where it may not be opened. */
  static async open(path: string): Promise<JournalFile | null> {
    const file = await open(path, "r");
    const header = readHeader(await readAt(file, 0, HEADER_BYTES));
    if (header !== null) return new JournalFile(file, header);
    await file.close();
    return null;
  }

  get fileId(): string {
    return this.#header.fileId;
  }

  get place(): JournalPlace {
    return { fileId: this.#header.fileId, offset: this.#offset, entries: this.#entries };
  }

  async inode(): Promise<number> {
    return (await this.#file.stat()).ino;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Goes to where another reader of the same file stood. False where that is not in this file. */
  resume({ fileId, offset, entries }: JournalPlace): boolean {
    const { headerSize, tailOffset } = this.#header;
    if (fileId !== this.fileId || offset < headerSize || offset > tailOffset + PAYLOAD_BYTES_MAX) return false;
    [this.#offset, this.#entries] = [offset, entries];
    return true;
  }

  /** Goes to behind the last object. @returns bytes passed over. */
  async toEnd(): Promise<number> {
    await this.#refresh();
    const { tailOffset, entries } = this.#header;
    const before = this.#offset;
    if (tailOffset === 0) return 0;
    const tail = await this.#object(tailOffset);
    if (tail !== null) this.#offset = aligned(tailOffset + tail.size);
    this.#entries = entries;
    return Math.max(0, this.#offset - before);
  }

  /** Bytes between where we are and the last object. */
  async backlogBytes(): Promise<number> {
    await this.#refresh();
    return Math.max(0, this.#header.tailOffset - this.#offset);
  }

  /** Hands over what came since; reads at most `budgetBytes`, and says whether there is more. */
  async follow(budgetBytes: number, take: (entry: JournalEntry) => void): Promise<boolean> {
    await this.#refresh();
    this.#chunk = Buffer.alloc(0);
    const until = this.#offset + budgetBytes;
    while (this.#offset <= this.#header.tailOffset) {
      if (this.#offset >= until) return true;
      const object = await this.#object(this.#offset);
      // Not written yet, although announced.
      if (object === null) return false;
      if (object.type === OBJECT.entry) {
        if (this.#entries >= this.#header.entries) return false;
        const entry = await this.#entryAt(this.#offset, object.size);
        this.#entries++;
        if (entry !== null) take(entry);
      } else if (object.type === OBJECT.data) await this.#fieldAt(this.#offset);
      this.#offset = aligned(this.#offset + object.size);
    }
    return false;
  }

  /** The last entries, oldest first. */
  async last(count: number): Promise<JournalEntry[]> {
    await this.#refresh();
    this.#chunk = Buffer.alloc(0);
    const { compact } = this.#header;
    let offsets: number[] = [];
    let at = this.#header.entryArrayOffset;
    for (let array = 0; at !== 0 && array < ARRAYS_MAX; array++) {
      const object = await this.#object(at);
      if (object?.type !== OBJECT.entryArray || object.size > ARRAY_BYTES_MAX) break;
      const { next, entries } = readEntryArray(await readAt(this.#file, at, object.size), compact);
      offsets = [...offsets.slice(-count), ...entries.filter((offset) => offset !== 0).slice(-count)];
      at = next;
    }
    const found: JournalEntry[] = [];
    for (const offset of offsets.slice(-count)) {
      const object = await this.#object(offset);
      const entry = object?.type === OBJECT.entry ? await this.#entryAt(offset, object.size) : null;
      if (entry !== null) found.push(entry);
    }
    return found;
  }

  async #refresh(): Promise<void> {
    const header = readHeader(await readAt(this.#file, 0, HEADER_BYTES));
    if (header !== null) this.#header = header;
  }

  async #object(offset: number): Promise<{ type: number; flags: number; size: number } | null> {
    const bytes = await this.#bytes(offset, OBJECT_HEADER_BYTES);
    if (bytes.length < OBJECT_HEADER_BYTES) return null;
    const object = readObject(bytes, 0);
    return object.size < OBJECT_HEADER_BYTES || object.size > FILE_BYTES_MAX ? null : object;
  }

  async #entryAt(offset: number, size: number): Promise<JournalEntry | null> {
    const bytes = await this.#bytes(offset, Math.min(size, CHUNK_BYTES));
    if (bytes.length < 64) return null;
    const { realtimeUs, items } = readEntry(bytes, this.#header.compact);
    const fields: Partial<Record<Field, string>> = {};
    for (const item of items) {
      const field = await this.#fieldAt(item);
      if (field !== null) fields[field.name] ??= field.value;
    }
    const priority = Number(fields.PRIORITY ?? 6);
    return {
      at: Math.floor(realtimeUs / 1000),
      message: fields.MESSAGE ?? "",
      priority: Number.isInteger(priority) ? priority : 6,
      unit: fields.UNIT ?? fields.OBJECT_SYSTEMD_UNIT ?? fields._SYSTEMD_UNIT ?? "",
      identifier: fields.SYSLOG_IDENTIFIER ?? "",
    };
  }

  async #fieldAt(offset: number): Promise<{ name: Field; value: string } | null> {
    const known = this.#fields.get(offset);
    if (known !== undefined) return known;
    const found = await this.#readField(offset);
    if (this.#fields.size >= CACHE_MAX || this.#cachedCharacters > CACHED_CHARACTERS_MAX) {
      this.#fields.clear();
      this.#cachedCharacters = 0;
    }
    this.#fields.set(offset, found);
    this.#cachedCharacters += found?.value.length ?? 0;
    return found;
  }

  async #readField(offset: number): Promise<{ name: Field; value: string } | null> {
    const object = await this.#object(offset);
    if (object?.type !== OBJECT.data) return null;
    const start = dataPayloadAt(this.#header.compact);
    const isPacked = object.flags !== 0;
    if (isPacked && object.size - start > PAYLOAD_BYTES_MAX) return null;
    const length = Math.min(object.size - start, isPacked ? PAYLOAD_BYTES_MAX : TEXT_BYTES_MAX);
    const text = readPayload(await this.#bytes(offset + start, length), object.flags);
    const split = text?.subarray(0, 32).indexOf(61) ?? -1;
    if (text === null || split < 1) return null;
    const name = text.toString("latin1", 0, split);
    if (!FIELDS.has(name)) return null;
    return { name: name as Field, value: text.toString("utf8", split + 1, Math.min(text.length, TEXT_BYTES_MAX)) };
  }

  /** From the chunk that was read last where it is in it; what follows comes along. Fewer bytes at the file's end. */
  async #bytes(offset: number, length: number): Promise<Buffer> {
    const from = offset - this.#chunkAt;
    if (from >= 0 && from + length <= this.#chunk.length) return this.#chunk.subarray(from, from + length);
    // A field far back is read alone, and the chunk stays for what comes next.
    if (offset < this.#offset || length > CHUNK_BYTES) return readAt(this.#file, offset, length);
    this.#chunk = await readAt(this.#file, offset, CHUNK_BYTES);
    this.#chunkAt = offset;
    return this.#chunk.subarray(0, length);
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (offset > FILE_BYTES_MAX || length < 0) return Buffer.alloc(0);
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
