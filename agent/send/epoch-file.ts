import type { Log } from "../log.ts";
import { readState, writeState } from "../spool/state-file.ts";
import type { EpochMemory } from "./sender.ts";

/** Keeps each collector's epoch on disk, so that one that began anew while the agent was down is noticed. */
export class EpochFile implements EpochMemory {
  readonly #path: string;
  readonly #log: Log;
  readonly #epochs: Map<string, string>;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    const stored = readState(path);
    const pairs = typeof stored === "object" && stored !== null ? Object.entries(stored) : [];
    this.#epochs = new Map(pairs.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
  }

  get(url: string): string | undefined {
    return this.#epochs.get(url);
  }

  set(url: string, epoch: string): void {
    this.#epochs.set(url, epoch);
    try {
      writeState(this.#path, Object.fromEntries(this.#epochs), false);
    } catch (error) {
      // Then only a collector's new epoch during our own downtime goes unnoticed.
      this.#log.debug("the epoch was not written down", { error: String(error) });
    }
  }
}
