import type { DatabaseSync } from "node:sqlite";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import type { LoadedEntity, OutboxRow } from "../../port/store.ts";
import { unpackText } from "./packed-text.ts";
import { entityKey, Pending } from "./pending.ts";

const ENTITIES_A_PAGE = 2_000;
const EVENT_IDS_A_PAGE = 50_000;

export interface EntityPlace {
  kind: string;
  id: string;
}

export interface Position {
  sequence: number;
  at: UnixMillis;
  ledgerNumber: number;
}

/** Kind, id, body (null: `pending` has another, or none), and the five figures of a touch, null where there is none. */
export type EntityRow = [
  kind: string,
  id: string,
  body: string | null,
  lastSeenAt: UnixMillis | null,
  lastOccurredAt: UnixMillis | null,
  count: number | null,
  expiresAfterMs: Milliseconds | null,
  expiresAt: UnixMillis | null,
];

/** The rows of a page that count, as entities. */
export function loaded(rows: readonly EntityRow[]): LoadedEntity[] {
  const entities: LoadedEntity[] = [];
  for (const [kind, id, body, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt] of rows) {
    if (body === null) continue;
    const isTouched = lastSeenAt !== null && lastOccurredAt !== null && count !== null;
    const touch = isTouched ? { alert: id, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } : null;
    entities.push({ kind: kind as LoadedEntity["kind"], id, body, touch });
  }
  return entities;
}

function overlay(row: EntityRow, pending: Pending): void {
  if (pending.entities.has(entityKey(row[0], row[1]))) row[2] = null;
  else setTouch(row, pending);
}

function setTouch(row: EntityRow, pending: Pending): void {
  const touch = row[0] === "alert" ? pending.touches.get(row[1]) : undefined;
  if (touch === undefined) return;
  const { lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } = touch;
  [row[3], row[4], row[5], row[6], row[7]] = [lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt];
}

/** What a restart reads, page by page where there may be much of it. */
export class Loader {
  private readonly db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  position(): Position {
    const row = this.db.prepare("SELECT sequence, at, ledger_number FROM position").get();
    if (row === undefined) throw new Error("the database has lost its position: it is damaged, restore a backup");
    return { sequence: Number(row.sequence), at: Number(row.at), ledgerNumber: Number(row.ledger_number) };
  }

  /** The commits that the last process had not folded yet. */
  pending(): Pending {
    const pending = new Pending();
    for (const row of this.db
      .prepare("SELECT sequence, at, ledger_from, body FROM pending ORDER BY sequence")
      .iterate()) {
      const [sequence, at, ledgerFrom] = [Number(row.sequence), Number(row.at), Number(row.ledger_from)];
      pending.restore({ sequence, at, ledgerFrom, text: unpackText(row.body) });
    }
    return pending;
  }

  /** Number of the last ledger record in the tables; 0 = none. */
  ledgerFolded(): number {
    const row = this.db.prepare("SELECT chunk, body FROM ledger ORDER BY chunk DESC LIMIT 1").get();
    return row === undefined ? 0 : Number(row.chunk) + (JSON.parse(unpackText(row.body)) as unknown[]).length - 1;
  }

  outbox(): OutboxRow[] {
    return this.db
      .prepare("SELECT * FROM outbox WHERE done_at IS NULL ORDER BY sequence, rowid")
      .all()
      .map((row) => ({
        key: row.key as string,
        receiver: row.receiver as string,
        incident: row.incident as string,
        kind: row.kind as string,
        revision: row.revision as number,
        page: row.page === 1,
        createdAt: row.created_at as number,
        body: row.body as string,
        attempts: row.attempts as number,
        nextAttemptAt: row.next_attempt_at as number,
      }));
  }

  /**
   * The entities of the tables after this one that a restart needs, by kind and id, without those that are newer in
   * `pending`. [] = that was all. Rows, not objects: they cross to another thread.
   */
  entities(afterKind: string, afterId: string, pending: Pending): EntityRow[] {
    const page = this.db.prepare(
      `SELECT entity.kind, entity.id, body, last_seen_at, last_occurred_at, count, expires_after_ms, expires_at
       FROM entity LEFT JOIN touch ON touch.id = entity.id AND kind = 'alert'
       WHERE (entity.kind, entity.id) > (?, ?) AND NOT (kind = 'incident' AND status = 'closed')
       ORDER BY entity.kind, entity.id LIMIT ${ENTITIES_A_PAGE}`,
    );
    page.setReturnArrays(true);
    const rows = page.all(afterKind, afterId) as unknown as EntityRow[];
    if (pending.isEmpty) return rows;
    for (const row of rows) overlay(row, pending);
    return rows;
  }

  /** Those that only `pending` has in their newest form. */
  pendingEntities(pending: Pending): EntityRow[] {
    const rows: EntityRow[] = [];
    for (const { entity } of pending.entities.values()) {
      const { kind, id, status, body } = entity;
      if (body === null || (kind === "incident" && status === "closed")) continue;
      const row: EntityRow = [kind, id, body, null, null, null, null, null];
      setTouch(row, pending);
      rows.push(row);
    }
    return rows;
  }

  /** How many event ids are remembered, and the newest commit before all those that are needed for `idsMax` ids. */
  eventIdsStart(idsMax: number): { count: number; afterSequence: number } {
    let count = 0;
    for (const row of this.db.prepare("SELECT sequence, count FROM event_id ORDER BY sequence DESC").iterate()) {
      if (count >= idsMax) return { count, afterSequence: Number(row.sequence) };
      count += Number(row.count);
    }
    return { count, afterSequence: 0 };
  }

  /** The next ids after this commit, each text a JSON array; undefined = that was all. */
  eventIds(afterSequence: number): { sequence: number; texts: string[] } | undefined {
    const texts: string[] = [];
    let count = 0;
    let sequence = afterSequence;
    const rows = this.db.prepare("SELECT sequence, count, body FROM event_id WHERE sequence > ? ORDER BY sequence");
    for (const row of rows.iterate(afterSequence)) {
      texts.push(unpackText(row.body));
      sequence = Number(row.sequence);
      count += Number(row.count);
      if (count >= EVENT_IDS_A_PAGE) break;
    }
    return texts.length === 0 ? undefined : { sequence, texts };
  }
}
