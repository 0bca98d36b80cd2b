import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Touch } from "../../port/store.ts";
import { termsOf } from "./ledger-term.ts";
import { packText } from "./packed-text.ts";
import { applyTouch, type Pending, type PendingEntity, type PendingRecord } from "./pending.ts";

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

/**
 * Writes one `Pending` into the tables, in slices, sorted by key so that neighbours share pages, and then drops its log rows.
 * All of it can be repeated: a crash in between only means that the next start folds the same rows again. For the ledger
 * that asks for an order: terms first, then the chunks, whose bounds depend on nothing but the number that follows the last
 * chunk there is; so a chunk that is there has its terms, and a repeat makes the same chunks.
 */
export class Fold {
  readonly pending: Pending;
  private readonly statements: FoldStatements;
  private readonly entities: PendingEntity[];
  private readonly touches: Touch[];
  private readonly chunks: PendingRecord[][] = [];
  /** Term × 2^20 + place in `chunks`: sorts as a plain number. */
  private readonly terms: Float64Array;
  private entityNext = 0;
  private touchNext = 0;
  private chunkNext = 0;
  private termNext = 0;
  private logLeft = true;

  /** @param ledgerFolded number of the last record that is in the tables. */
  constructor(pending: Pending, statements: FoldStatements, ledgerFolded: number) {
    this.pending = pending;
    this.statements = statements;
    this.entities = sortedBy([...pending.entities.entries()]);
    this.touches = sortedBy([...pending.touches.entries()].filter(([id]) => !pending.entities.has(`alert\n${id}`)));
    const records = pending.ledger().filter(({ number }) => number > ledgerFolded);
    for (let from = 0; from < records.length; from += RECORDS_A_CHUNK)
      this.chunks.push(records.slice(from, from + RECORDS_A_CHUNK));
    if (this.chunks.length >= 2 ** INDEX_BITS) throw new Error("too many ledger records in one fold");
    const terms: number[] = [];
    for (const [place, chunk] of this.chunks.entries()) {
      const own = new Set(chunk.flatMap(({ record }) => termsOf(record)));
      for (const term of own) terms.push(term * 2 ** INDEX_BITS + place);
    }
    this.terms = Float64Array.from(terms).sort();
  }

  get isDone(): boolean {
    return !this.logLeft;
  }

  /** Works until `isTimeUp`, inside a transaction that the caller holds. */
  run(isTimeUp: () => boolean): void {
    const steps = [
      () => this.writeEntities(),
      () => this.writeTouches(),
      () => this.writeTerms(),
      () => this.writeChunks(),
      () => this.dropLog(),
    ];
    for (const step of steps) while (step()) if (isTimeUp()) return;
  }

  private writeEntities(): boolean {
    const end = Math.min(this.entities.length, this.entityNext + ROWS_A_LOOK);
    for (; this.entityNext < end; this.entityNext += 1) {
      const { entity, at } = this.entities[this.entityNext] as PendingEntity;
      const { kind, id, status, sort, alias, body } = entity;
      if (body === null) {
        this.statements.remove.run(kind, id);
        continue;
      }
      const touch = kind === "alert" ? this.pending.touches.get(id) : undefined;
      this.statements.put.run(kind, id, status, sort, alias, at, touch === undefined ? body : applyTouch(body, touch));
    }
    return end < this.entities.length;
  }

  private writeTouches(): boolean {
    const end = Math.min(this.touches.length, this.touchNext + ROWS_A_LOOK);
    for (; this.touchNext < end; this.touchNext += 1) {
      const touch = this.touches[this.touchNext] as Touch;
      const row = this.statements.alert.get(touch.alert);
      // Its alert may have been removed in the meantime.
      if (row !== undefined) this.statements.setBody.run(applyTouch(row.body as string, touch), row.number as number);
    }
    return end < this.touches.length;
  }

  private writeTerms(): boolean {
    const end = Math.min(this.terms.length, this.termNext + ROWS_A_LOOK);
    for (; this.termNext < end; this.termNext += 1) {
      const packed = this.terms[this.termNext] ?? 0;
      const term = Math.floor(packed / 2 ** INDEX_BITS);
      const first = this.chunks[packed - term * 2 ** INDEX_BITS]?.[0];
      if (first !== undefined) this.statements.term.run(term, first.number);
    }
    return end < this.terms.length;
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

export interface FoldStatements {
  put: StatementSync;
  remove: StatementSync;
  alert: StatementSync;
  setBody: StatementSync;
  chunk: StatementSync;
  term: StatementSync;
  dropLog: StatementSync;
}

export function prepareFold(db: DatabaseSync): FoldStatements {
  return {
    put: db.prepare(
      `INSERT INTO entity (kind, id, status, sort, alias, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET
         status = excluded.status, sort = excluded.sort, alias = excluded.alias, at = excluded.at, body = excluded.body`,
    ),
    remove: db.prepare("DELETE FROM entity WHERE kind = ? AND id = ?"),
    alert: db.prepare("SELECT number, body FROM entity WHERE kind = 'alert' AND id = ?"),
    setBody: db.prepare("UPDATE entity SET body = ? WHERE number = ?"),
    chunk: db.prepare("INSERT OR REPLACE INTO ledger (chunk, first_at, last_at, body) VALUES (?, ?, ?, ?)"),
    term: db.prepare("INSERT OR IGNORE INTO ledger_term (term, chunk) VALUES (?, ?)"),
    dropLog: db.prepare(
      `DELETE FROM pending WHERE sequence IN
         (SELECT sequence FROM pending WHERE sequence <= ? ORDER BY sequence LIMIT ?)`,
    ),
  };
}

/** The values, by key, by code unit. */
function sortedBy<T>(entries: [string, T][]): T[] {
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
