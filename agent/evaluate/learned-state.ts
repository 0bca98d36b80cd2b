import { closeSync, fsync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { DetectorSnapshot } from "../../rules/detect/snapshot.ts";
import type { Log } from "../log.ts";
import { keepOwner } from "../spool/keep-owner.ts";

const MAGIC = "TDS1";
const HEADER_BYTES = 8;
/** Far more than a host's rules ever learn; beyond it nothing is kept, and a restart learns anew. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * What the detector has learned, on disk, so that a restart does not forget it. Written beside and renamed over; a checksum tells
 * a damaged file, which counts as absent. For one CI: what was learned about another is of no use.
 */
export class LearnedState {
  readonly #path: string;
  readonly #log: Log;
  #writing = false;
  #told = "";

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** null where there is nothing that can be used. */
  read(ci: string): DetectorSnapshot | null {
    try {
      if (statSync(this.#path).size > FILE_BYTES_MAX) throw new Error("it is too large");
      const file = readFileSync(this.#path);
      const body = file.subarray(HEADER_BYTES);
      if (file.toString("latin1", 0, 4) !== MAGIC || file.readUInt32LE(4) !== crc32(body))
        throw new Error("it is damaged");
      const stored = deserialize(body) as { ci: string; snapshot: DetectorSnapshot };
      return stored.ci === ci ? stored.snapshot : null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        this.#log.warn("what was learned cannot be read; it is learned anew", { reason: String(error) });
      return null;
    }
  }

  /** In the background: the disk may be slow. One write at a time; the one that comes meanwhile is left out. */
  save(ci: string, snapshot: DetectorSnapshot): void {
    if (this.#writing) return;
    try {
      const { file, beside } = this.#write(ci, snapshot);
      this.#writing = true;
      fsync(file, (error) => {
        this.#writing = false;
        closeSync(file);
        this.#attempt(() => {
          if (error !== null) throw error;
          renameSync(beside, this.#path);
        });
      });
    } catch (error) {
      this.#tell(String(error));
    }
  }

  /** At the end of the agent: done when it returns. */
  saveNow(ci: string, snapshot: DetectorSnapshot): void {
    this.#attempt(() => {
      const { file, beside } = this.#write(ci, snapshot, ".last");
      fsyncSync(file);
      closeSync(file);
      renameSync(beside, this.#path);
    });
  }

  #write(ci: string, snapshot: DetectorSnapshot, suffix = ".new"): { file: number; beside: string } {
    const body = serialize({ ci, snapshot });
    if (body.length + HEADER_BYTES > FILE_BYTES_MAX) throw new Error(`${body.length} bytes are too many`);
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, "latin1");
    header.writeUInt32LE(crc32(body), 4);
    const beside = this.#path + suffix;
    const file = openSync(beside, "w", 0o600);
    try {
      keepOwner(beside);
      const whole = Buffer.concat([header, body]);
      for (let written = 0; written < whole.length; ) written += writeSync(file, whole, written);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return { file, beside };
  }

  #attempt(action: () => void): void {
    try {
      action();
      this.#told = "";
    } catch (error) {
      this.#tell(String(error));
    }
  }

  /** Each trouble once; a restart then costs what was learned since the last good write. */
  #tell(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#log.warn("what was learned could not be written down", { reason });
  }
}
