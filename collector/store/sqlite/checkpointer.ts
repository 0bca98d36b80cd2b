import { Worker } from "node:worker_threads";
import type { Checkpointed } from "./checkpoint-worker.ts";
import { classifyFailure, type Failure } from "./failure.ts";

/** Between the end of a checkpoint and the next, while there is something to check in. */
const PAUSE_MS = 250;

/** What a checkpoint found: pages in the log, and how many of them are in the database now. */
export interface Progress {
  pages: number;
  done: number;
}

/**
 * Brings SQLite's write-ahead log into the database in a thread and a connection of its own. Done by the connection that
 * commits, as SQLite does by itself, each thousand pages held up a commit for two syncs: 10 to 100 ms on a busy disk.
 *
 * @see https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files
 */
export class Checkpointer {
  private readonly make: () => Worker;
  /** Begun with the first checkpoint: a thread's start would be in the way of the collector's. */
  private worker: Worker | undefined;
  private isBusy = false;
  private isWritten = false;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param onDone after each.
   * @param onFailure it could not; there is another attempt after the next `wrote`.
   */
  constructor(file: string, onDone: (progress: Progress) => void, onFailure: (failure: Failure) => void) {
    const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
    this.make = () => {
      const worker = new Worker(new URL("./checkpoint-worker.ts", import.meta.url), {
        name: "checkpoint",
        workerData: file,
        resourceLimits,
      });
      worker.unref();
      worker.on("message", (result: Checkpointed) => {
        this.isBusy = false;
        if ("failure" in result) onFailure(result.failure);
        else onDone(result);
        if (this.isWritten) this.wrote();
      });
      worker.on("error", (error) => onFailure(classifyFailure(error)));
      return worker;
    };
  }

  /** The log has grown. */
  wrote(): void {
    this.isWritten = true;
    if (this.isBusy || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.begin(), PAUSE_MS).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.worker?.terminate();
  }

  private begin(): void {
    this.timer = undefined;
    this.isBusy = true;
    this.isWritten = false;
    this.worker ??= this.make();
    this.worker.postMessage(null);
  }
}
