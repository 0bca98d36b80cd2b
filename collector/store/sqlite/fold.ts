import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Touch } from "../../port/store.ts";
import { termsOf } from "./ledger-term.ts";
import { applyTouch, type Pending, type PendingEntity, type PendingRecord } from "./pending.ts";

/** Rows between two looks at the clock: well under a millisecond. */
const ROWS_A_LOOK = 64;
/** Log rows between two looks: each may be long. */
const LOG_ROWS_A_LOOK = 8;
const INDEX_BITS = 20;

/**
 * Writes one `Pending` into the tables, in slices, sorted by key so that neighbours share pages, and then drops its log rows.
 * All of it can be repeated: a crash in between only means that the next start folds the same rows again.
 */
export class Fold {
  readonly pending: Pending;
  private readonly statements: FoldStatements;
  private readonly entities: PendingEntity[];
  private readonly touches: Touch[];
  private readonly records: readonly PendingRecord[];
  /** Term × 2^20 + place in `records`: sorts as a plain number. */
  private readonly terms: Float64Array;
  private entityNext = 0;
  private touchNext = 0;
  private recordNext = 0;
  private termNext = 0;
  private logLeft = true;

  constructor(pending: Pending, statements: FoldStatements) {
    this.records = pending.ledger();
    if (this.records.length >= 2 ** INDEX_BITS) throw new Error("too many ledger records in one fold");
    this.pending = pending;
    this.statements = statements;
    this.entities = sortedBy([...pending.entities.entries()]);
    this.touches = sortedBy([...pending.touches.entries()].filter(([id]) => !pending.entities.has(`alert\n${id}`)));
    const terms: number[] = [];
    for (const [place, { record }] of this.records.entries())
      for (const term of termsOf(record)) terms.push(term * 2 ** INDEX_BITS + place);
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
      () => this.writeRecords(),
      () => this.writeTerms(),
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

  private writeRecords(): boolean {
    const { records } = this;
    const end = Math.min(records.length, this.recordNext + ROWS_A_LOOK);
    for (; this.recordNext < end; this.recordNext += 1) {
      const item = records[this.recordNext];
      if (item !== undefined) this.statements.record.run(item.number, item.record.at, JSON.stringify(item.record));
    }
    return end < records.length;
  }

  private writeTerms(): boolean {
    const end = Math.min(this.terms.length, this.termNext + ROWS_A_LOOK);
    for (; this.termNext < end; this.termNext += 1) {
      const packed = this.terms[this.termNext] ?? 0;
      const term = Math.floor(packed / 2 ** INDEX_BITS);
      const item = this.records[packed - term * 2 ** INDEX_BITS];
      if (item !== undefined) this.statements.term.run(term, item.number);
    }
    return end < this.terms.length;
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
  record: StatementSync;
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
    record: db.prepare("INSERT OR REPLACE INTO ledger (number, at, body) VALUES (?, ?, ?)"),
    term: db.prepare("INSERT OR IGNORE INTO ledger_term (term, number) VALUES (?, ?)"),
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
