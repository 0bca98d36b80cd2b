import { statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type EventIdMarks, marksOf } from "../../core/model/event-id.ts";
import type { CommitResult, StoreSize } from "../../port/store.ts";
import { BirthOrder } from "./birth-order.ts";
import { CommitWriter, EventIdWindow } from "./commit.ts";
import { Compaction, type Horizon } from "./compaction.ts";
import { DATABASE_FILE, openDatabase } from "./database.ts";
import { classifyFailure } from "./failure.ts";
import { Fold, type FoldStatements, prepareFold } from "./fold.ts";
import type { EntityPage, EntityRow } from "./entity-page.ts";
import { Loader, type Position } from "./load.ts";
import { type DirectoryLock, lockDirectory } from "./lock.ts";
import { type PackedCommit, partsOf } from "./packed-commit.ts";
import { Pending } from "./pending.ts";
import { Reader } from "./read.ts";
import { REPEAT_LIMITS, type RepeatLimits, RepeatLog } from "./repeat-log.ts";
import { readPragma } from "./schema.ts";

export interface EngineOptions {
  dataDir: string;
  eventIdsMax: number;
  fold?: Partial<FoldLimits>;
  repeats?: Partial<RepeatLimits>;
  /** Upper limit of the file in pages of 4 KiB: stands in for a full disk in tests. */
  pagesMax?: number;
}

/** When a `Pending` is large or old enough to be folded, and how long one slice of that may take. */
export interface FoldLimits {
  rowsMax: number;
  sizeBytesMax: number;
  ageMaxMs: number;
  sliceMs: number;
}

/** A burst of some ten thousand events is taken in first, and folded when it is over. */
const FOLD_LIMITS: FoldLimits = { rowsMax: 60_000, sizeBytesMax: 20 * 1024 * 1024, ageMaxMs: 20_000, sliceMs: 4 };
/**
 * Under load there is no pause to fold in: above so many times the limits each commit folds a longer slice first, so that no
 * single one waits long. Above the last it folds all: the log may not grow without end.
 */
const OVERDUE: readonly { times: number; slices: number }[] = [
  { times: 2.5, slices: Number.POSITIVE_INFINITY },
  { times: 2, slices: 30 },
  { times: 1.5, slices: 10 },
  { times: 1.25, slices: 5 },
];
/** Up to so many times the limits, while there are pauses between commits. */
const PAUSES_ENOUGH = 2;
const COMPACT_SLICE_MS = 8;

/**
 * The SQLite store itself, all of it synchronous: it runs in a thread of its own (`worker.ts`).
 *
 * A commit is one short transaction that only appends; `maintain` brings it into the tables, slice by slice, when there is
 * nothing else to do. Folding and retention run with synchronous = NORMAL, that is without a sync of their own: the log rows
 * that they make superfluous are removed by a later transaction of the same write-ahead log, so that after a power failure
 * either the tables have them or the log still does.
 */
export class SqliteEngine {
  readonly reader: Reader;
  readonly loader: Loader;
  readonly start: Position;
  /** Number of ids stored, and where to begin to read those that count. */
  readonly eventIds: { count: number; afterSequence: number };
  private readonly options: EngineOptions;
  private readonly limits: FoldLimits;
  private readonly lock: DirectoryLock;
  private readonly db: DatabaseSync;
  private readonly repeats: RepeatLog;
  private readonly writer: CommitWriter;
  private readonly window: EventIdWindow;
  private readonly foldStatements: FoldStatements;
  private readonly compaction: Compaction;
  private readonly now: () => number;
  private position: Position;
  private active = new Pending();
  private activeSince = 0;
  /** Number of the last ledger record that a finished fold has brought into the tables. */
  private ledgerFolded: number;
  private fold: Fold | undefined;
  /** `maintain` was called since the last commit. */
  private hadPause = false;

  /**
   * Opens, checks and migrates. What the last process has not folded is folded when there is time. Throws for the operator.
   * @param now only differences matter, in milliseconds.
   */
  constructor(options: EngineOptions, now: () => number = () => performance.now()) {
    this.options = options;
    this.limits = { ...FOLD_LIMITS, ...options.fold };
    this.now = now;
    this.lock = lockDirectory(options.dataDir);
    try {
      this.db = openDatabase(options.dataDir);
    } catch (error) {
      this.lock.release();
      throw error;
    }
    if (options.pagesMax !== undefined) this.db.exec(`PRAGMA max_page_count = ${options.pagesMax}`);
    this.reader = new Reader(this.db, () =>
      this.fold === undefined ? [this.active] : [this.active, this.fold.pending],
    );
    this.loader = new Loader(this.db, () => this.repeats.index());
    this.repeats = new RepeatLog(this.db, { ...REPEAT_LIMITS, ...options.repeats }, this.now());
    this.writer = new CommitWriter(this.db, this.repeats);
    this.window = new EventIdWindow(this.db, options.eventIdsMax);
    this.foldStatements = prepareFold(this.db);
    this.compaction = new Compaction(this.db);
    this.start = this.loader.position();
    this.position = this.start;
    this.eventIds = this.loader.eventIdsStart(options.eventIdsMax);
    this.active = this.loader.pending();
    this.activeSince = this.now();
    this.ledgerFolded = this.loader.ledgerFolded();
  }

  /** The marks of the ids that count, before the first commit. */
  readEventIds(): EventIdMarks[] {
    const parts: EventIdMarks[] = [];
    let ids = this.loader.eventIds(this.eventIds.afterSequence);
    for (; ids !== undefined; ids = this.loader.eventIds(ids.sequence))
      parts.push(marksOf(ids.texts.flatMap((text) => JSON.parse(text) as string[])));
    return parts;
  }

  /** The entities that a restart needs, before the first commit. */
  *load(): Generator<EntityPage, undefined> {
    const inOrder = new BirthOrder();
    for (const rows of this.loadEntities()) {
      for (const row of rows) inOrder.add(row);
      if (inOrder.isFull) yield* inOrder.takePages();
    }
    yield* inOrder.takePages();
    inOrder.free();
  }

  /** As they lie in the tables: what is pending, and then page by page. */
  *loadEntities(): Generator<EntityRow[], undefined> {
    yield this.loader.pendingEntities(this.active);
    yield* this.loader.entities(this.active);
  }

  commit(commit: PackedCommit): CommitResult {
    if (commit.sequence <= this.position.sequence)
      throw new Error(`commit ${commit.sequence} after commit ${this.position.sequence}: the sequence must rise`);
    const ledgerFrom = this.position.ledgerNumber + 1;
    let ids = 0;
    try {
      this.catchUp();
      this.transaction(() => {
        this.writer.write(commit, ledgerFrom);
        ids = this.window.make(commit.eventIdCount);
      });
    } catch (error) {
      return classifyFailure(error);
    }
    this.window.settle(ids);
    this.position = {
      sequence: commit.sequence,
      at: commit.at,
      ledgerNumber: this.position.ledgerNumber + commit.ledgerCount,
    };
    this.repeats.written(commit.repeatedBytes, this.now());
    if (commit.pendingBytes > 0) {
      if (this.active.isEmpty) this.activeSince = this.now();
      const { sequence, at, ledgerCount, pendingCount: rows } = commit;
      const text = partsOf(commit).pending.toString("utf8");
      this.active.add({ sequence, at, ledgerFrom, ledgerCount, rows, text });
    }
    return { status: "committed" };
  }

  /** One slice of folding, when there is something to fold; true = there is more. Throws when the disk fails. */
  maintain(): boolean {
    this.hadPause = true;
    if (this.fold === undefined && !this.isDue()) return false;
    this.foldSlice();
    return this.fold !== undefined || this.isDue();
  }

  /** When `maintain` will have something to do though nothing is committed: milliseconds from now; undefined = never. */
  maintainInMs(): number | undefined {
    if (this.fold !== undefined) return 0;
    const repeatsMs = this.repeats.dueInMs(this.now());
    if (this.active.isEmpty) return repeatsMs;
    const activeMs = Math.max(0, this.activeSince + this.limits.ageMaxMs - this.now());
    return Math.min(activeMs, repeatsMs ?? activeMs);
  }

  /** From now on somebody else does what SQLite does by itself at some commits: `checkpoint` must be called in time. */
  leaveCheckpoints(): void {
    this.db.exec("PRAGMA wal_autocheckpoint = 0");
  }

  /** Brings the log into the database, as far as nobody reads it. */
  checkpoint(): void {
    this.db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  compact(before: Horizon): boolean {
    return this.lazily(() => this.compaction.run(before, this.timer(COMPACT_SLICE_MS)));
  }

  size(): StoreSize {
    const file = join(this.options.dataDir, DATABASE_FILE);
    const sizeBytes = [file, `${file}-wal`]
      .map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0);
    const disk = statfsSync(this.options.dataDir);
    const freePages = Number(readPragma(this.db, "freelist_count")) * Number(readPragma(this.db, "page_size"));
    return {
      sizeBytes,
      rows: this.rows(),
      freeBytes: disk.bavail * disk.bsize + freePages,
      diskBytes: disk.blocks * disk.bsize,
    };
  }

  /** Counting the rows of a long table reads all of it: journal (in inputs) and ledger are taken from their first number. */
  private rows(): Record<string, number> {
    const one = (sql: string): number => Number(Object.values(this.db.prepare(sql).get() ?? {})[0] ?? 0);
    const { sequence, ledgerNumber } = this.position;
    const pendingFirst = this.fold?.pending.ledgerFrom ?? this.active.ledgerFrom ?? ledgerNumber + 1;
    return {
      journal: sequence - one(`SELECT coalesce(min(sequence) - 1, ${sequence}) FROM journal`),
      eventIds: this.window.size,
      entities: one("SELECT count(*) FROM entity"),
      ledger: ledgerNumber - one(`SELECT coalesce(min(chunk), ${pendingFirst}) FROM ledger`) + 1,
      outbox: one("SELECT count(*) FROM outbox"),
      deposits: one("SELECT count(*) FROM deposit"),
      pending: this.active.rows + (this.fold?.pending.rows ?? 0),
    };
  }

  /** Folds everything, so that the file is whole without its log, and gives the directory free. */
  close(): void {
    try {
      this.foldAll();
      // Where another connection made them, the last one to close may not be this one.
      this.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // What was committed is on disk already: on a full one the next start folds it.
      if (classifyFailure(error).status === "fatal") throw error;
    } finally {
      this.abandon();
    }
  }

  /** Closes without another write: after the disk has failed. */
  abandon(): void {
    if (this.db.isOpen) this.db.close();
    this.lock.release();
  }

  /** `maintain` has something to do now. */
  isDue(): boolean {
    if (this.isOver(1) || this.repeats.dueInMs(this.now()) === 0) return true;
    return !this.active.isEmpty && this.now() - this.activeSince >= this.limits.ageMaxMs;
  }

  private isOver(times: number): boolean {
    const { rowsMax, sizeBytesMax } = this.limits;
    return this.active.rows >= times * rowsMax || this.active.sizeBytes >= times * sizeBytesMax;
  }

  private catchUp(): void {
    const { hadPause } = this;
    this.hadPause = false;
    // Where there are pauses they are enough: no commit has to wait for a fold that goes on in them.
    if (hadPause && !this.isOver(PAUSES_ENOUGH)) return;
    const overdue = OVERDUE.find(({ times }) => this.isOver(times));
    if (overdue?.slices === Number.POSITIVE_INFINITY) this.foldAll();
    else if (overdue !== undefined) this.foldSlice(overdue.slices * this.limits.sliceMs);
  }

  private foldSlice(budgetMs = this.limits.sliceMs): void {
    if (this.fold === undefined) {
      this.fold = this.foldOf(this.active);
      this.active = new Pending();
    }
    const { fold } = this;
    try {
      this.lazily(() => fold.run(this.timer(budgetMs)));
    } catch (error) {
      // What the slice wrote is rolled back; all of it can be written again.
      this.fold = this.foldOf(fold.pending, fold.repeatedTo);
      throw error;
    }
    if (!fold.isDone) return;
    this.ledgerFolded = Math.max(this.ledgerFolded, fold.pending.ledgerLast ?? 0);
    if (fold.repeatedTo !== undefined) this.repeats.folded(fold.repeatedBytes, this.now());
    this.fold = undefined;
  }

  private foldOf(pending: Pending, repeatedTo = this.repeatedTo()): Fold {
    return new Fold(pending, this.foldStatements, this.ledgerFolded, repeatedTo);
  }

  private repeatedTo(): number | undefined {
    return this.repeats.dueInMs(this.now()) === 0 ? this.position.sequence : undefined;
  }

  private foldAll(): void {
    while (this.fold !== undefined || !this.active.isEmpty) this.foldSlice();
  }

  private timer(budgetMs: number): () => boolean {
    const end = this.now() + budgetMs;
    return () => this.now() >= end;
  }

  /** A transaction whose loss in a power failure would cost nothing. */
  private lazily<T>(work: () => T): T {
    this.db.exec("PRAGMA synchronous = NORMAL");
    try {
      return this.transaction(work);
    } finally {
      this.db.exec("PRAGMA synchronous = FULL");
    }
  }

  private transaction<T>(work: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }
}
