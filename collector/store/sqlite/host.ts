import { join } from "node:path";
import type { EventIdMarks } from "../../core/model/event-id.ts";
import type { Json } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type {
  CommitResult,
  EntityQuery,
  LedgerQuery,
  OutboxRow,
  Snapshot,
  StoredLedgerRecord,
  StoreSize,
} from "../../port/store.ts";
import type { PackedCommit } from "./packed-commit.ts";
import type { Progress } from "./checkpointer.ts";
import type { Horizon } from "./compaction.ts";
import { DATABASE_FILE } from "./database.ts";
import { SqliteEngine, type EngineOptions } from "./engine.ts";
import type { EntityPage } from "./entity-page.ts";
import { classifyFailure, type Failure } from "./failure.ts";

/** Pause after housekeeping failed in a way that may pass (the disk is full). */
const MAINTENANCE_RETRY_MS = 1_000;

export interface Opened {
  sequence: number;
  at: UnixMillis;
  outbox: OutboxRow[];
  deposits: Snapshot["deposits"];
  /** How many will be read. */
  eventIdCount: number;
}

/** What the store asks of the engine, from one thread to the other. Arguments and answers are plain data. */
export interface Operations {
  open(options: EngineOptions): Opened;
  commit(commit: PackedCommit): CommitResult;
  /** The next entities that a restart reads; null = that was all. */
  load(): EntityPage | null;
  eventIds(): EventIdMarks[];
  entity(kind: string, idOrAlias: string): string | undefined;
  entities(query: EntityQuery): { sort: string; body: string }[];
  ledger(query: LedgerQuery): StoredLedgerRecord[];
  reference(receiver: string, incident: string): Json | undefined;
  journal(afterSequence: number, limit: number): { sequence: number; at: UnixMillis; journal: string }[];
  compact(before: Horizon): boolean;
  size(): StoreSize;
  close(): void;
}

export interface Request {
  id: number;
  operation: keyof Operations;
  args: unknown[];
}

/** `bytes`: the buffer of a commit, given back. */
export type Response = { id: number; bytes?: Uint8Array } & ({ value: unknown } | { error: Error });

/**
 * A log of so many pages (64 MiB) that a checkpoint beside the commits has not emptied, because more came meanwhile, is
 * emptied between two commits: most of it is in the database by then.
 */
const LOG_PAGES_MAX = 16_384;
/** A timer is not set anew for less. */
const SOONER_MIN_MS = 1_000;

interface Wake {
  at: "now" | "later" | "afterFailure";
  dueAt: number;
  timer: NodeJS.Timeout | NodeJS.Immediate;
}

/** Checkpoints in a thread of their own for this file, until `stop`. */
export type BeginCheckpoints = (
  file: string,
  onDone: (progress: Progress) => void,
  onFailure: (failure: Failure) => void,
) => { wrote(): void; stop(): Promise<void> };

/** One engine and its housekeeping, in whichever thread it runs. */
export class EngineHost implements Operations {
  private readonly beginCheckpoints: BeginCheckpoints | undefined;
  private checkpoints: ReturnType<BeginCheckpoints> | undefined;
  private engine: SqliteEngine | undefined;
  private loading: Iterator<EntityPage, undefined> | undefined;
  private failure: CommitResult | undefined;
  private wake: Wake | undefined;

  /** @param beginCheckpoints absent: SQLite makes checkpoints at some commits. */
  constructor(beginCheckpoints?: BeginCheckpoints) {
    this.beginCheckpoints = beginCheckpoints;
  }

  handle({ id, operation, args }: Request): Response {
    const given = operation === "commit" ? { bytes: (args as Parameters<Operations["commit"]>)[0].bytes } : {};
    try {
      const method = this[operation] as (...args: unknown[]) => unknown;
      return { id, ...given, value: method.apply(this, args) };
    } catch (error) {
      return { id, ...given, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  open(options: EngineOptions): Opened {
    const engine = new SqliteEngine(options);
    this.engine = engine;
    if (this.beginCheckpoints !== undefined) {
      engine.leaveCheckpoints();
      const file = join(options.dataDir, DATABASE_FILE);
      this.checkpoints = this.beginCheckpoints(
        file,
        (progress) => this.checkpointed(progress),
        (failure) => this.take(failure),
      );
    }
    const { sequence, at } = engine.start;
    const { loader, eventIds } = engine;
    return { sequence, at, outbox: loader.outbox(), deposits: loader.deposits(), eventIdCount: eventIds.count };
  }

  commit(commit: PackedCommit): CommitResult {
    // Once the disk has failed nothing may be acknowledged any more, whatever it says now.
    if (this.failure !== undefined) return this.failure;
    const result = this.use().commit(commit);
    this.checkpoints?.wrote();
    if (result.status !== "fatal") this.schedule();
    else this.take(result);
    return result;
  }

  load(): EntityPage | null {
    this.loading ??= this.use().load();
    const page = this.loading.next().value ?? null;
    // A generator that has come to its end still holds all that it had in its hands.
    if (page === null) this.loading = [][Symbol.iterator]();
    return page;
  }

  eventIds(): EventIdMarks[] {
    return this.use().readEventIds();
  }

  entity(kind: string, idOrAlias: string): string | undefined {
    return this.use().reader.entity(kind, idOrAlias);
  }

  entities(query: EntityQuery): { sort: string; body: string }[] {
    return this.use().reader.entities(query);
  }

  ledger(query: LedgerQuery): StoredLedgerRecord[] {
    return this.use().reader.ledger(query);
  }

  reference(receiver: string, incident: string): Json | undefined {
    return this.use().reader.reference(receiver, incident);
  }

  journal(afterSequence: number, limit: number): { sequence: number; at: UnixMillis; journal: string }[] {
    return this.use().reader.journal(afterSequence, limit);
  }

  compact(before: Horizon): boolean {
    return this.use().compact(before);
  }

  size(): StoreSize {
    return this.use().size();
  }

  close(): void {
    this.unschedule();
    void this.checkpoints?.stop();
    const { engine } = this;
    this.engine = undefined;
    if (this.failure === undefined) engine?.close();
    else engine?.abandon();
  }

  /** Housekeeping when there is nothing else to do, and at the latest when what is pending has grown old. */
  private schedule(): void {
    const { engine, wake } = this;
    if (engine === undefined || this.failure !== undefined || (wake !== undefined && wake.at !== "later")) return;
    const delayMs = engine.maintainInMs();
    if (delayMs === 0 || engine.isDue()) {
      // What was to wait until it is old has become much meanwhile.
      this.unschedule();
      this.wake = { at: "now", dueAt: 0, timer: setImmediate(() => this.maintain()) };
      return;
    }
    if (delayMs === undefined) return;
    // What waits for minutes gives way to what is due in seconds.
    const isSooner = wake?.at === "later" && performance.now() + delayMs + SOONER_MIN_MS < wake.dueAt;
    if (isSooner) this.unschedule();
    if (isSooner || wake === undefined) this.maintainLater(delayMs, "later");
  }

  private maintainLater(delayMs: number, at: "later" | "afterFailure"): void {
    const timer = setTimeout(() => this.maintain(), delayMs).unref();
    this.wake = { at, dueAt: performance.now() + delayMs, timer };
  }

  private unschedule(): void {
    if (this.wake === undefined) return;
    clearTimeout(this.wake.timer as NodeJS.Timeout);
    clearImmediate(this.wake.timer as NodeJS.Immediate);
    this.wake = undefined;
  }

  private maintain(): void {
    this.wake = undefined;
    try {
      this.engine?.maintain();
      this.checkpoints?.wrote();
    } catch (error) {
      // A full disk is told to the next commit by its own failure; until then we try again, not too often.
      if (!this.fail(error)) this.maintainLater(MAINTENANCE_RETRY_MS, "afterFailure");
    }
    this.schedule();
  }

  private checkpointed({ pages, done }: Progress): void {
    if (this.engine === undefined || this.failure !== undefined || pages === done || pages < LOG_PAGES_MAX) return;
    try {
      this.engine.checkpoint();
    } catch (error) {
      this.fail(error);
    }
  }

  /** True when nothing may be acknowledged any more. */
  private fail(error: unknown): boolean {
    return this.take(classifyFailure(error));
  }

  private take(failure: Failure): boolean {
    if (failure.status !== "fatal") return false;
    this.failure = failure;
    void this.checkpoints?.stop();
    return true;
  }

  private use(): SqliteEngine {
    if (this.engine === undefined) throw new Error("the store is not open");
    return this.engine;
  }
}
