import { close, fstat, open, read, type Stats, stat } from "node:fs";

/** Where a file has been read to, so that a restart goes on there. */
export interface FilePlace {
  inode: number;
  offset: number;
}

export interface LogFileLimits {
  /** Read in one round; the rest waits for the next. */
  roundBytes: number;
  /** A backlog beyond this is passed over: what is new matters more. */
  backlogBytes: number;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Follows one file by its name: across rotation by renaming (the old file is read to its end first) and by truncation. Off the
 * hot path; one call at a time. Never keeps a deleted file open longer than it takes to notice.
 */
export class LogFile {
  readonly #path: string;
  readonly #limits: LogFileLimits;
  #file: number | null = null;
  #inode = 0;
  #offset = 0;
  /** Bytes passed over because there were too many, since the start. */
  skippedBytes = 0;

  constructor(path: string, limits: LogFileLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  get place(): FilePlace {
    return { inode: this.#inode, offset: this.#offset };
  }

  /**
   * Opens the file where it was left, or at its end when it was never read (what stood there before was not asked for), or at
   * its beginning when it appeared while it was watched. A file that is missing is no failure: it may come.
   */
  async begin(known: FilePlace | null, appeared: boolean): Promise<void> {
    const found = await statOf(this.#path);
    if (found === null) return;
    await this.#open();
    if (this.#file === null) return;
    const same = known?.inode === this.#inode && known.offset <= found.size;
    this.#offset = same ? known.offset : appeared || known !== null ? 0 : found.size;
  }

  /** Hands over what is new. Says whether there is more than a round may read. */
  async follow(take: (bytes: Buffer) => void): Promise<boolean> {
    let budget = this.#limits.roundBytes;
    for (;;) {
      const named = await statOf(this.#path);
      if (this.#file === null) {
        if (named === null) return false;
        await this.#open();
        if (this.#file === null) return false;
        this.#offset = 0;
      }
      budget = await this.#readNew(budget, take);
      if (budget <= 0) return true;
      if (named === null || named.ino === this.#inode) return false;
      // Another file bears the name now, and the old one is read to its end.
      await this.close();
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file !== null) await new Promise<void>((done) => close(file, () => done()));
  }

  async #open(): Promise<void> {
    this.#file = await new Promise<number | null>((done) => {
      open(this.#path, "r", (error, file) => done(error === null ? file : null));
    });
    if (this.#file === null) return;
    const found = await fstatOf(this.#file);
    if (found?.isFile() === true) this.#inode = found.ino;
    // A pipe or a device would never end.
    else await this.close();
  }

  async #readNew(budget: number, take: (bytes: Buffer) => void): Promise<number> {
    const size = (await fstatOf(this.#file!))?.size ?? 0;
    if (size < this.#offset) this.#offset = 0;
    if (size - this.#offset > this.#limits.backlogBytes) {
      const skipTo = size - this.#limits.roundBytes;
      this.skippedBytes += skipTo - this.#offset;
      this.#offset = skipTo;
    }
    let left = budget;
    while (this.#offset < size && left > 0) {
      const bytes = await readOf(this.#file!, this.#offset, Math.min(CHUNK_BYTES, size - this.#offset, left));
      if (bytes.length === 0) break;
      this.#offset += bytes.length;
      left -= bytes.length;
      take(bytes);
    }
    return left;
  }
}

function statOf(path: string): Promise<Stats | null> {
  return new Promise((done) => stat(path, (error, found) => done(error === null ? found : null)));
}

function fstatOf(file: number): Promise<Stats | null> {
  return new Promise((done) => fstat(file, (error, found) => done(error === null ? found : null)));
}

/** Empty at the end of the file and where it cannot be read. */
function readOf(file: number, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  return new Promise((done) =>
    read(file, buffer, 0, length, offset, (error, got) =>
      done(error === null ? buffer.subarray(0, got) : Buffer.alloc(0)),
    ),
  );
}
