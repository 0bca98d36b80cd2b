import type { DatabaseSync, StatementSync } from "node:sqlite";
import { termsOf } from "./ledger-term.ts";
import { packText } from "./packed-text.ts";
import { RepeatIndex, type SequencedTouch } from "./repeat-index.ts";
import { entityKey, type Pending, type PendingEntity, type PendingRecord } from "./pending.ts";

/** Rows between two looks at the clock: well under a millisecond. */
const ROWS_A_LOOK = 64;
/** Log rows between two looks: each may be long. */
const LOG_ROWS_A_LOOK = 8;
const INDEX_BITS = 20;
/**
 * Ledger records that are packed into one row. A storm's records are much alike: together they take a tenth of the space,
 * and most of their terms are the same. To read one record, all of its chunk is unpacked: 0.2 ms.
 */
const RECORDS_A_CHUNK = 64;
/** Keys are sorted in parts by their first characters, so that no sort of all of them holds up a commit … */
const PART_LENGTH = 3;
/** … and are put into these so many at a time: all at once took 20 ms. */
const GATHERED_A_STEP = 1_024;

/**
 * Writes one `Pending` into the tables, in slices, sorted by key so that neighbours share pages, and then drops its log rows.
 * All of it can be repeated: a crash in between only means that the next start folds the same rows again. For the ledger
 * that asks for an order: terms first, then the chunks, whose bounds depend on nothing but the number that follows the last
 * chunk there is; so a chunk that is there has its terms, and a repeat makes the same chunks.
 */
export class Fold {
  readonly pending: Pending;
  private readonly statements: FoldStatements;
  private readonly ledgerFolded: number;
  private entities: Sorted<PendingEntity> | undefined;
  private touches: Sorted<SequencedTouch> | undefined;
  /** Up to this commit, what was said again goes into the tables too; undefined = it stays where it is. */
  readonly repeatedTo: number | undefined;
  private repeated: Sorted<SequencedTouch> | undefined;
  private readonly repeatIndex = new RepeatIndex();
  private repeatRead = 0;
  /** Bytes of them. */
  repeatedBytes = 0;
  private records: Iterator<readonly PendingRecord[]> | undefined;
  private chunks: PendingRecord[][] = [];
  private readonly termsRead: number[] = [];
  /** Term × 2^20 + place in `chunks`: sorts as a plain number. */
  private terms: Float64Array | undefined;
  private chunkNext = 0;
  private termNext = 0;
  private logLeft = true;

  /**
   * @param ledgerFolded number of the last record that is in the tables.
   * @param repeatedTo all that was put until that commit is in `pending` or in the tables: what was said again of an alert is
   * written beside its row.
   */
  constructor(pending: Pending, statements: FoldStatements, ledgerFolded: number, repeatedTo?: number) {
    this.pending = pending;
    this.repeatedTo = repeatedTo;
    this.statements = statements;
    this.ledgerFolded = ledgerFolded;
  }

  get isDone(): boolean {
    return !this.logLeft;
  }

  /** Works until `isTimeUp`, inside a transaction that the caller holds. */
  run(isTimeUp: () => boolean): void {
    const steps = [
      () => this.pending.readOne(),
      () => this.writeEntities(),
      () => this.writeTouches(),
      () => this.readRepeated(),
      () => this.writeRepeated(),
      () => this.dropRepeated(),
      () => this.readLedger(),
      () => this.writeTerms(),
      () => this.writeChunks(),
      () => this.dropLog(),
    ];
    for (const step of steps) while (step()) if (isTimeUp()) return;
  }

  private writeEntities(): boolean {
    this.entities ??= new Sorted(this.pending.entities);
    const { put, remove } = this.statements;
    return this.entities.take(({ entity, at, sequence }) => {
      const { kind, id, status, sort, alias, body } = entity;
      if (body === null) remove.run(kind, id);
      else put.run(kind, id, status, sort, alias, at, sequence, body);
    });
  }

  private writeTouches(): boolean {
    this.touches ??= new Sorted(this.pending.touches);
    return this.touches.take((touch) => {
      // Its alert may have been removed in the meantime.
      if (this.pending.entities.get(entityKey("alert", touch.alert))?.entity.body !== null) this.touch(touch);
    });
  }

  private touch({
    alert,
    lastSeenAt,
    lastOccurredAt,
    count,
    expiresAfterMs,
    expiresAt,
    sequence,
  }: SequencedTouch): void {
    const { touchAgain, touch } = this.statements;
    // Whoever repeats an alert once does it every minute: most have their row, and its alert need not be looked up.
    const values = [lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt, sequence] as const;
    const { changes } = touchAgain.run(...values, alert, sequence);
    if (Number(changes) === 0) touch.run(...values, alert, sequence);
  }

  /** The rows of one more commit. */
  private readRepeated(): boolean {
    if (this.repeatedTo === undefined || this.repeated !== undefined) return false;
    const row = this.statements.nextRepeated.get(this.repeatRead, this.repeatedTo);
    if (row === undefined) {
      this.repeated = new Sorted(this.repeatIndex.touches());
      return false;
    }
    const body = row.body as Uint8Array;
    this.repeatRead = Number(row.sequence);
    this.repeatedBytes += body.byteLength;
    this.repeatIndex.add(this.repeatRead, body);
    return true;
  }

  private writeRepeated(): boolean {
    return this.repeated?.take((touch) => this.touch(touch)) ?? false;
  }

  private dropRepeated(): boolean {
    if (this.repeatedTo === undefined) return false;
    return Number(this.statements.dropRepeated.run(this.repeatedTo, LOG_ROWS_A_LOOK).changes) === LOG_ROWS_A_LOOK;
  }

  /** The records of one more commit. */
  private readLedger(): boolean {
    if (this.terms !== undefined) return false;
    this.records ??= this.pending.ledger()[Symbol.iterator]();
    const { done, value = [] } = this.records.next();
    for (const record of value) if (record.number > this.ledgerFolded) this.chunk(record);
    if (done !== true) return true;
    if (this.chunks.length >= 2 ** INDEX_BITS) throw new Error("too many ledger records in one fold");
    this.index(this.chunks.length - 1);
    this.terms = Float64Array.from(this.termsRead).sort();
    return false;
  }

  private chunk(record: PendingRecord): void {
    const last = this.chunks.at(-1);
    if (last !== undefined && last.length < RECORDS_A_CHUNK) last.push(record);
    else {
      this.index(this.chunks.length - 1);
      this.chunks.push([record]);
    }
  }

  private index(place: number): void {
    const own = new Set(this.chunks[place]?.flatMap(({ record }) => termsOf(record)));
    for (const term of own) this.termsRead.push(term * 2 ** INDEX_BITS + place);
  }

  private writeTerms(): boolean {
    const terms = this.terms ?? new Float64Array();
    const end = Math.min(terms.length, this.termNext + ROWS_A_LOOK);
    for (; this.termNext < end; this.termNext += 1) {
      const packed = terms[this.termNext] ?? 0;
      const term = Math.floor(packed / 2 ** INDEX_BITS);
      const first = this.chunks[packed - term * 2 ** INDEX_BITS]?.[0];
      if (first !== undefined) this.statements.term.run(term, first.number);
    }
    return end < terms.length;
  }

  private writeChunks(): boolean {
    const chunk = this.chunks[this.chunkNext];
    const [first, last] = [chunk?.[0], chunk?.at(-1)];
    if (chunk === undefined || first === undefined || last === undefined) return false;
    const body = packText(JSON.stringify(chunk.map(({ record }) => record)));
    this.statements.chunk.run(first.number, first.record.at, last.record.at, body);
    this.chunkNext += 1;
    return this.chunkNext < this.chunks.length;
  }

  private dropLog(): boolean {
    const { changes } = this.statements.dropLog.run(this.pending.lastSequence, LOG_ROWS_A_LOOK);
    this.logLeft = Number(changes) === LOG_ROWS_A_LOOK;
    return this.logLeft;
  }
}

/** The values of a map in about the order of their keys: part by part, each sorted when it is reached. */
class Sorted<T> {
  private readonly ungathered: Iterator<[string, T]>;
  private readonly gathered = new Map<string, [string, T][]>();
  /** The first part last; undefined until all is gathered. */
  private parts: [string, T][][] | undefined;
  private part: readonly [string, T][] = [];
  private next = 0;

  /** @param map stays as it is until all is taken. */
  constructor(map: ReadonlyMap<string, T>) {
    this.ungathered = map.entries();
  }

  private gather(): void {
    const { gathered } = this;
    for (let count = 0; count < GATHERED_A_STEP; count += 1) {
      const { done, value: entry } = this.ungathered.next();
      if (done === true) {
        const begins = [...gathered.keys()].sort().reverse();
        this.parts = begins.map((begin) => gathered.get(begin) ?? []);
        return;
      }
      const [key] = entry;
      const begin = key.slice(0, key.indexOf("\n") + 1 + PART_LENGTH);
      const known = gathered.get(begin);
      if (known === undefined) gathered.set(begin, [entry]);
      else known.push(entry);
    }
  }

  /** Hands out the next few, or comes nearer to it; false = there are no more. */
  take(hand: (value: T) => void): boolean {
    if (this.parts === undefined) {
      this.gather();
      return true;
    }
    if (this.next >= this.part.length) {
      this.part = this.parts.pop()?.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) ?? [];
      this.next = 0;
    }
    const end = Math.min(this.part.length, this.next + ROWS_A_LOOK);
    for (; this.next < end; this.next += 1) hand((this.part[this.next] as [string, T])[1]);
    return this.next < this.part.length || this.parts.length > 0;
  }
}

export interface FoldStatements {
  put: StatementSync;
  remove: StatementSync;
  touch: StatementSync;
  touchAgain: StatementSync;
  nextRepeated: StatementSync;
  dropRepeated: StatementSync;
  chunk: StatementSync;
  term: StatementSync;
  dropLog: StatementSync;
}

export function prepareFold(db: DatabaseSync): FoldStatements {
  return {
    put: db.prepare(
      `INSERT INTO entity (kind, id, status, sort, alias, at, sequence, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET status = excluded.status, sort = excluded.sort, alias = excluded.alias,
         at = excluded.at, sequence = excluded.sequence, body = excluded.body`,
    ),
    remove: db.prepare("DELETE FROM entity WHERE kind = ? AND id = ?"),
    touchAgain: db.prepare(
      `UPDATE touch SET last_seen_at = ?, last_occurred_at = ?, count = ?, expires_after_ms = ?, expires_at = ?, sequence = ?
       WHERE id = ? AND sequence < ?`,
    ),
    touch: db.prepare(
      `INSERT INTO touch (id, last_seen_at, last_occurred_at, count, expires_after_ms, expires_at, sequence)
       SELECT id, ?, ?, ?, ?, ?, ? FROM entity WHERE kind = 'alert' AND id = ? AND sequence < ?
       ON CONFLICT (id) DO NOTHING`,
    ),
    nextRepeated: db.prepare(
      "SELECT sequence, body FROM repeated WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT 1",
    ),
    dropRepeated: db.prepare(
      `DELETE FROM repeated WHERE sequence IN
         (SELECT sequence FROM repeated WHERE sequence <= ? ORDER BY sequence LIMIT ?)`,
    ),
    chunk: db.prepare("INSERT OR REPLACE INTO ledger (chunk, first_at, last_at, body) VALUES (?, ?, ?, ?)"),
    term: db.prepare("INSERT OR IGNORE INTO ledger_term (term, chunk) VALUES (?, ?)"),
    dropLog: db.prepare(
      `DELETE FROM pending WHERE sequence IN
         (SELECT sequence FROM pending WHERE sequence <= ? ORDER BY sequence LIMIT ?)`,
    ),
  };
}
