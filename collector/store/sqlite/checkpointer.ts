import { Worker } from "node:worker_threads";
import { BEGIN, type Checkpointed, END } from "./checkpoint-message.ts";
import { classifyFailure, type Failure } from "./failure.ts";

/** Between the end of a checkpoint and the next, while there is something to check in. */
const PAUSE_MS = 250;
/** A thread that has had nothing to check in for so long ends: it takes ten megabytes, and to begin one some 60 ms of its own. */
const IDLE_MS = 60_000;

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
  private readonly idleMs: number;
  /** Begun with the first checkpoint: a thread's start would be in the way of the collector's. */
  private worker: Worker | undefined;
  private isBusy = false;
  private isWritten = false;
  private timer: NodeJS.Timeout | undefined;
  private endTimer: NodeJS.Timeout | undefined;

  /**
   * @param onDone after each.
   * @param onFailure it could not; there is another attempt after the next `wrote`.
   * @param idleMs after so long without work the thread ends, until there is work again.
   */
  constructor(
    file: string,
    onDone: (progress: Progress) => void,
    onFailure: (failure: Failure) => void,
    idleMs = IDLE_MS,
  ) {
    this.idleMs = idleMs;
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
        else this.endTimer ??= setTimeout(() => this.end(), this.idleMs).unref();
      });
      worker.on("error", (error) => onFailure(classifyFailure(error)));
      return worker;
    };
  }

  get hasThread(): boolean {
    return this.worker !== undefined;
  }

  /** The log has grown. */
  wrote(): void {
    this.isWritten = true;
    if (this.isBusy || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.begin(), PAUSE_MS).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    clearTimeout(this.endTimer);
    await this.worker?.terminate();
  }

  /** It closes its connection, and is gone by itself. */
  private end(): void {
    this.worker?.postMessage(END);
    this.worker = undefined;
    this.endTimer = undefined;
  }

  private begin(): void {
    clearTimeout(this.endTimer);
    this.endTimer = undefined;
    this.timer = undefined;
    this.isBusy = true;
    this.isWritten = false;
    this.worker ??= this.make();
    this.worker.postMessage(BEGIN);
  }
}
