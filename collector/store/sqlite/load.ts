import type { DatabaseSync } from "node:sqlite";
import type { UnixMillis } from "../../core/model/time.ts";
import type { OutboxRow, StoredEntity } from "../../port/store.ts";
import { unpackText } from "./packed-text.ts";
import { Pending } from "./pending.ts";

const ENTITIES_A_PAGE = 2_000;
const EVENT_IDS_A_PAGE = 50_000;

export interface Position {
  sequence: number;
  at: UnixMillis;
  ledgerNumber: number;
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
      .iterate())
      pending.add(Number(row.sequence), Number(row.at), Number(row.ledger_from), unpackText(row.body));
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

  /** The entities after this one that a restart needs, by kind and id. [] = that was all. */
  entities(afterKind: string, afterId: string): StoredEntity[] {
    return this.db
      .prepare(
        `SELECT kind, id, status, sort, alias, body FROM entity
         WHERE (kind, id) > (?, ?) AND NOT (kind = 'incident' AND status = 'closed')
         ORDER BY kind, id LIMIT ${ENTITIES_A_PAGE}`,
      )
      .all(afterKind, afterId) as unknown as StoredEntity[];
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
