import type { Milliseconds } from "../core/model/time.ts";
import type { Clock, Random } from "../port/clock.ts";
import type { CommitResult, Store } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import type { SealedBatch } from "./batch.ts";

const RETRY_MIN_MS: Milliseconds = 100;
const RETRY_MAX_MS: Milliseconds = 5_000;

export interface CommitterOptions {
  store: Store;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  log: Log;
  /** The store cannot commit now and may later. */
  onStall(reason: string): void;
  /** It can again. */
  onResume(): void;
}

/**
 * Makes one batch durable at a time.
 *
 * What to do when a commit fails in a way that can pass (the disk is full, somebody holds the lock): the state in memory has
 * already taken the batch's steps, and its submitters are not answered. There are three ways on. To forget the batch would
 * leave a state that nobody committed. To end and start again would load the committed state, lose nothing that was
 * acknowledged, and fail again as long as the disk is full. So: the same commit is tried again until it succeeds, nothing
 * further is stepped meanwhile, and whoever comes is told at once that we are unavailable; agents spool, other senders
 * retry, with ids that make the repeat harmless.
 */
export class Committer {
  private readonly options: CommitterOptions;
  private inFlight: SealedBatch | undefined;
  private startedAt: Milliseconds = 0;
  private cancelWait: (() => void) | undefined;
  private isEnded = false;
  /** Monotonic, of the last success. */
  private succeededAt: Milliseconds;

  constructor(options: CommitterOptions) {
    this.options = options;
    this.succeededAt = options.clock.monotonic();
  }

  get batch(): SealedBatch | undefined {
    return this.inFlight;
  }

  get lastSuccessAt(): Milliseconds {
    return this.succeededAt;
  }

  /** How long the batch on its way has been on it; 0 = none is. */
  get waitingMs(): Milliseconds {
    return this.inFlight === undefined ? 0 : this.options.clock.monotonic() - this.startedAt;
  }

  /** Resolves when the batch is durable, or will never be: the reason. Only one at a time. */
  async commit(batch: SealedBatch): Promise<{ status: "durable" } | { status: "lost"; reason: string }> {
    if (this.inFlight !== undefined) throw new Error("a commit is already on its way");
    const { clock, telemetry } = this.options;
    this.inFlight = batch;
    this.startedAt = clock.monotonic();
    let isStalled = false;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const result = await this.attempt(batch);
        telemetry.count("tocsin_commits_total", {
          result: result.status === "retryable" ? result.reason : result.status,
        });
        if (result.status === "fatal") return { status: "lost", reason: result.reason };
        if (result.status === "committed") {
          if (isStalled) this.options.onResume();
          break;
        }
        if (this.isEnded)
          return { status: "lost", reason: `the store is ${result.reason} and the collector is ending` };
        if (!isStalled) this.options.onStall(result.reason);
        isStalled = true;
        await this.pause(attempt);
        if (this.isEnded)
          return { status: "lost", reason: `the store is ${result.reason} and the collector is ending` };
      }
    } finally {
      this.inFlight = undefined;
    }
    this.succeededAt = clock.monotonic();
    telemetry.observe("tocsin_commit_duration_seconds", (this.succeededAt - this.startedAt) / 1000);
    telemetry.observe("tocsin_commit_inputs", batch.inputs);
    return { status: "durable" };
  }

  /** No further attempts: a commit that waits for the store is given up. */
  end(): void {
    this.isEnded = true;
    this.cancelWait?.();
  }

  private async attempt(batch: SealedBatch): Promise<CommitResult> {
    try {
      return await this.options.store.commit(batch.commit);
    } catch (error) {
      // A store that throws has a bug, and we do not know what it kept.
      return { status: "fatal", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  private async pause(attempt: number): Promise<void> {
    const { clock, random } = this.options;
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt - 1, 10)) * (0.5 + random());
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      this.cancelWait = () => {
        cancel();
        resolve();
      };
    });
    this.cancelWait = undefined;
  }
}
