import type { LedgerRecord } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { StoredEntity } from "../../port/store.ts";
import { type PendingText, readPending } from "./packed-commit.ts";
import type { SequencedTouch } from "./repeat-index.ts";

/** Memory of an entry beside its text, about. */
const ENTRY_BYTES = 200;

export interface PendingEntity {
  entity: StoredEntity;
  at: UnixMillis;
  sequence: number;
}

export interface PendingRecord {
  number: number;
  record: LedgerRecord;
}

/** One commit as it was written. */
export interface PendingCommit {
  sequence: number;
  at: UnixMillis;
  /** Number of its first ledger record. */
  ledgerFrom: number;
  ledgerCount: number;
  /** Rows that folding will have to write, about. */
  rows: number;
  /** As `writePending` made it. */
  text: string;
}

/** The records of one commit: as text, and as records once somebody has asked. */
class PendingLedger {
  readonly from: number;
  private text: string | undefined;
  private parsed: PendingRecord[] | undefined;

  constructor(from: number, text: string) {
    this.from = from;
    this.text = text;
  }

  get records(): readonly PendingRecord[] {
    if (this.parsed === undefined) {
      const records = JSON.parse(this.text ?? "[]") as LedgerRecord[];
      this.parsed = records.map((record, index) => ({ number: this.from + index, record }));
      this.text = undefined;
    }
    return this.parsed;
  }
}

/**
 * Commits that are durable as log rows and not yet in the tables, newest state of each entity.
 *
 * Why there is such a thing: a commit that wrote each alert, each ledger record and their index entries to their own places
 * in B-trees would dirty a page for each (measured: 16–25 µs a row at 1,000 rows a commit, and 4 KiB of log for 600 bytes).
 * So a commit appends one compressed row, and the tables are written later, sorted, in small slices between commits, with
 * what was overwritten in the meantime left out. Reads look here first.
 *
 * A commit is kept as its text until somebody asks: most are asked for only by their fold, which reads them slice by slice.
 */
export class Pending {
  private readonly newest = new Map<string, PendingEntity>();
  private readonly moved = new Map<string, SequencedTouch>();
  private readonly records: PendingLedger[] = [];
  private readonly unread: PendingCommit[] = [];
  private readFrom = 0;
  private ledgerFirst: number | undefined;
  private ledgerEnd: number | undefined;
  private rowCount = 0;
  lastSequence = 0;
  /** Rough memory of it all. */
  sizeBytes = 0;

  get isEmpty(): boolean {
    return this.lastSequence === 0;
  }

  /** Rows that folding will have to write, about; what was written more than once counts each time. */
  get rows(): number {
    return this.rowCount;
  }

  /** By `entityKey`. Removed entities are here too, with a null body. */
  get entities(): ReadonlyMap<string, PendingEntity> {
    this.read();
    return this.newest;
  }

  /** Touches newer than the last put of their alert. */
  get touches(): ReadonlyMap<string, SequencedTouch> {
    this.read();
    return this.moved;
  }

  /** Number of the first ledger record; undefined = there is none. */
  get ledgerFrom(): number | undefined {
    return this.ledgerFirst;
  }

  /** Number of the last ledger record; undefined = there is none. */
  get ledgerLast(): number | undefined {
    return this.ledgerEnd;
  }

  /** The records of one commit after the other, ascending by number; each is parsed when it is reached. */
  *ledger(): Iterable<readonly PendingRecord[]> {
    this.read();
    for (const { records } of this.records) yield records;
  }

  /** Descending by number. */
  *ledgerNewestFirst(): Iterable<PendingRecord> {
    this.read();
    for (const ledger of this.records.toReversed()) yield* ledger.records.toReversed();
  }

  /** From the log, after a restart: read at once. */
  restore(commit: Omit<PendingCommit, "rows" | "ledgerCount">): void {
    const { entities, touches, ledgerCount } = this.take(commit);
    this.count({ ...commit, rows: entities.length + touches.length + ledgerCount, ledgerCount });
  }

  add(commit: PendingCommit): void {
    this.unread.push(commit);
    this.count(commit);
  }

  private count(commit: PendingCommit): void {
    const { sequence, ledgerFrom, ledgerCount, rows, text } = commit;
    this.lastSequence = sequence;
    this.rowCount += rows;
    this.sizeBytes += text.length + ENTRY_BYTES * rows;
    if (ledgerCount === 0) return;
    this.ledgerFirst ??= ledgerFrom;
    this.ledgerEnd = ledgerFrom + ledgerCount - 1;
  }

  /** Reads the next commit that nobody has asked for; false = all are read. */
  readOne(): boolean {
    const commit = this.unread[this.readFrom];
    if (commit === undefined) {
      this.unread.length = 0;
      this.readFrom = 0;
      return false;
    }
    this.readFrom += 1;
    this.take(commit);
    return true;
  }

  private take(commit: Pick<PendingCommit, "at" | "sequence" | "ledgerFrom" | "text">): PendingText {
    const { at, sequence } = commit;
    const pending = readPending(commit.text);
    const { entities, touches, ledgerCount, ledger } = pending;
    for (const entity of entities) {
      if (entity.kind === "alert") this.moved.delete(entity.id);
      this.newest.set(entityKey(entity.kind, entity.id), { entity, at, sequence });
    }
    for (const touch of touches) this.moved.set(touch.alert, { ...touch, sequence });
    if (ledgerCount > 0) this.records.push(new PendingLedger(commit.ledgerFrom, ledger));
    return pending;
  }

  private read(): void {
    if (this.unread.length > 0) while (this.readOne());
  }
}

export function entityKey(kind: string, id: string): string {
  return `${kind}\n${id}`;
}
