import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { ByteReader, LINE_FEED } from "./byte-reader.ts";

/** The kernel's files, as collectors see them; tests give recorded ones. */
export interface HostFiles {
  /**
   * The file's present content; null where it is missing or may not be read. The reader is the same object at each call.
   * `often` for files of /proc that are read at each sample: they are opened once, and not asked again for what came after their end.
   * That needs "short" lines, of less than 1 KiB; "long" ones are read to the very end.
   */
  read(path: string, often?: "short" | "long"): ByteReader | null;
  /**
   * Hands over a file that may be long in pieces of whole lines, so that it takes no more memory than a piece; false where it cannot be
   * read. `use` reads no other file.
   */
  pieces(path: string, use: (lines: ByteReader) => void): boolean;
  /** First line, trimmed and at most 3 KiB long; null where the file cannot be read. */
  line(path: string): string | null;
  /** Names in a folder; empty where it cannot be read. */
  list(path: string): string[];
  /** Where a symbolic link points; null where it is none. */
  link(path: string): string | null;
}

/** More than any file that we read has; a larger one is cut. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/**
 * The kernel hands out such files by whole lines (sysfs: at once), as many as fit into a page: less than this, and a line of 1 KiB
 * would have fitted (fs/seq_file.c), so it was the end.
 */
const END_BELOW_BYTES = 3072;
/** What is read with is as large as this at first, and again after it had to be larger than the second. */
const BUFFER_BYTES = 32_768;
const BUFFER_KEPT_BYTES = 262_144;
/** The kernel makes room for all that is asked for before it answers for /proc/sys, and refuses 4 MiB. */
const READ_BYTES_MAX = 65_536;
/** A piece is handed over when a page of the kernel might not fit any more. */
const PIECE_ROOM_BYTES = 8192;
/** Files kept open: the fixed ones of /proc. */
const OPEN_FILES_MAX = 64;

/** Reads the running kernel's files. `roots` moves /proc and /sys, for an agent in a container. */
export class LinuxFiles implements HostFiles {
  readonly #roots: { proc: string; sys: string };
  readonly #open = new Map<string, number>();
  readonly #reader = new ByteReader();
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  constructor(roots: { proc: string; sys: string } = { proc: "/proc", sys: "/sys" }) {
    this.#roots = roots;
  }

  read(path: string, often?: "short" | "long"): ByteReader | null {
    return this.#read(path, often !== undefined, often === "short" || path.startsWith("/sys/"));
  }

  line(path: string): string | null {
    return this.#read(path, false, true)?.rest() ?? null;
  }

  pieces(path: string, use: (lines: ByteReader) => void): boolean {
    let file: number | undefined;
    try {
      file = openSync(this.#place(path), "r");
      this.#readPieces(file, use);
      return true;
    } catch {
      return false;
    } finally {
      if (file !== undefined) closeQuietly(file);
    }
  }

  #read(path: string, keepOpen: boolean, isShort: boolean): ByteReader | null {
    const known = this.#open.get(path);
    let file = known;
    try {
      file ??= openSync(this.#place(path), "r");
      const length = this.#readAll(file, isShort);
      if (known === undefined) {
        if (keepOpen && this.#open.size < OPEN_FILES_MAX) this.#open.set(path, file);
        else closeSync(file);
      }
      return this.#reader.load(this.#buffer, length);
    } catch {
      // Missing, not readable, or gone between open and read: the same to a collector.
      this.#open.delete(path);
      if (file !== undefined) closeQuietly(file);
      return null;
    }
  }

  list(path: string): string[] {
    try {
      return readdirSync(this.#place(path));
    } catch {
      return [];
    }
  }

  link(path: string): string | null {
    try {
      return readlinkSync(this.#place(path));
    } catch {
      return null;
    }
  }

  close(): void {
    for (const file of this.#open.values()) closeQuietly(file);
    this.#open.clear();
  }

  /** The kernel gives a page or so at each read, so it is asked until there is no more. */
  #readAll(file: number, isShort: boolean): number {
    let length = 0;
    if (this.#buffer.length > BUFFER_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    for (;;) {
      if (length === this.#buffer.length) {
        if (length >= FILE_BYTES_MAX) return length;
        const larger = Buffer.allocUnsafeSlow(length * 2);
        this.#buffer.copy(larger);
        this.#buffer = larger;
      }
      const room = Math.min(READ_BYTES_MAX, this.#buffer.length - length);
      const got = readSync(file, this.#buffer, length, room, length);
      length += got;
      if (got === 0 || (isShort && got < END_BELOW_BYTES && got < room)) return length;
    }
  }

  #readPieces(file: number, use: (lines: ByteReader) => void): void {
    const buffer = this.#buffer;
    let filled = 0;
    for (let at = 0; ; ) {
      const got = readSync(file, buffer, filled, Math.min(READ_BYTES_MAX, buffer.length - filled), at);
      at += got;
      filled += got;
      const isEnd = got === 0;
      if (!isEnd && filled < buffer.length - PIECE_ROOM_BYTES) continue;
      const end = isEnd ? filled : buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
      if (end > 0) use(this.#reader.load(buffer, end));
      // A line that is longer than all of the buffer is none of the kernel's tables.
      if (isEnd || end === 0) return;
      buffer.copyWithin(0, end, filled);
      filled -= end;
    }
  }

  #place(path: string): string {
    if (path.startsWith("/proc/")) return this.#roots.proc + path.slice(5);
    return path.startsWith("/sys/") ? this.#roots.sys + path.slice(4) : path;
  }
}

function closeQuietly(file: number): void {
  try {
    closeSync(file);
  } catch {
    // It was not open any more; there is nothing to give back.
  }
}
