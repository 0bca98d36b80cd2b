import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import type { UnixMillis } from "../../core/model/time.ts";
import type { OutboxRow, Snapshot } from "../../port/store.ts";
import type { EntityRow } from "./entity-page.ts";
import { unpackText } from "./packed-text.ts";
import { Pending } from "./pending.ts";
import type { RepeatIndex, SequencedTouch } from "./repeat-index.ts";

/** Few: what is read must be gone again before this thread collects its garbage, whose heap is small. */
const ENTITIES_A_PAGE = 256;
const EVENT_IDS_A_PAGE = 50_000;
/** That `sortKey` begins with. */
const TIME_DIGITS = 15;

export interface Position {
  sequence: number;
  at: UnixMillis;
  ledgerNumber: number;
}

/** What a restart reads, page by page where there may be much of it. */
export class Loader {
  private readonly db: DatabaseSync;
  private readonly readRepeats: () => RepeatIndex;
  private repeats: RepeatIndex | undefined;

  /** @param repeats what was said again and is not in the tables: asked for once. */
  constructor(db: DatabaseSync, repeats: () => RepeatIndex) {
    this.db = db;
    this.readRepeats = repeats;
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

  deposits(): Snapshot["deposits"] {
    return this.db
      .prepare("SELECT id, lane, reader, received_at, taken, body FROM deposit ORDER BY id")
      .all()
      .map(({ id, lane, reader, received_at: receivedAt, taken, body }) => ({
        id: id as number,
        lane: lane as string,
        reader: reader as string,
        receivedAt: receivedAt as number,
        taken: taken as number,
        body: Buffer.from(unpackText(body)),
      }));
  }

  /**
   * The entities that a restart needs, page by page, in the order of the tables. What is newer in `pending` has no body.
   */
  *entities(pending: Pending): Generator<EntityRow[], undefined> {
    const newer = idsIn(pending);
    const page = this.db.prepare(
      `SELECT number, nullif(kind, 'alert'), entity.id, CAST(substr(sort, 1, ${TIME_DIGITS}) AS INTEGER), body,
         last_seen_at, last_occurred_at, count, expires_after_ms, expires_at, entity.sequence, touch.sequence
       FROM entity LEFT JOIN touch ON touch.id = entity.id AND kind = 'alert'
       WHERE number > ? AND NOT (kind = 'incident' AND status = 'closed')
       ORDER BY number LIMIT ${ENTITIES_A_PAGE}`,
    );
    page.setReturnArrays(true);
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = page.all(after) as unknown as StoredRow[];
      const last = rows.at(-1);
      // That was all: what was said again goes on to be written, and nobody asks this for it any more.
      if (last === undefined) break;
      after = last[0];
      yield rows.map((row) => this.entityOf(row, newer, pending));
    }
    this.repeats = undefined;
  }

  private entityOf(row: StoredRow, newer: ReadonlyMap<string, ReadonlySet<string>>, pending: Pending): EntityRow {
    // A text for each row would cost more than all else in it, but for the body.
    const kind = row[1] ?? "alert";
    const [, , id, born, body] = row;
    if (newer.get(kind)?.has(id) === true) return { kind, id, born, body: null, touch: null };
    if (kind !== "alert") return { kind, id, born, body, touch: null };
    return { kind, id, born, body, touch: this.newest(id, row[10], pending.touches.get(id) ?? touchOf(row)) };
  }

  /** Those that only `pending` has in their newest form. */
  pendingEntities(pending: Pending): EntityRow[] {
    const rows: EntityRow[] = [];
    for (const { entity, sequence } of pending.entities.values()) {
      const { kind, id, status, sort, body } = entity;
      if (body === null || (kind === "incident" && status === "closed")) continue;
      const touch = kind === "alert" ? this.newest(id, sequence, pending.touches.get(id)) : null;
      rows.push({ kind, id, born: bornAt(sort), body, touch });
    }
    return rows;
  }

  /** @param putAt the commit that the alert was put by. */
  private newest(id: string, putAt: number, touch: SequencedTouch | undefined): EntityRow["touch"] {
    this.repeats ??= this.readRepeats();
    const repeated = this.repeats.find(id);
    const isNewer = repeated !== undefined && repeated.sequence > Math.max(putAt, touch?.sequence ?? 0);
    return (isNewer ? repeated : touch) ?? null;
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

type StoredTouch = [
  lastSeenAt: number | null,
  lastOccurredAt: number | null,
  count: number | null,
  expiresAfterMs: number | null,
  expiresAt: number | null,
  sequence: number,
  touchSequence: number | null,
];

type StoredRow = [number: number, kind: string | null, id: string, born: number, body: string, ...StoredTouch];

function touchOf(row: StoredRow): SequencedTouch | undefined {
  // By number: most have none, and a list of the rest would be made for each.
  if (row[5] === null) return undefined;
  const [, , alert, , , lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt, , sequence] = row;
  if (lastSeenAt === null || lastOccurredAt === null || count === null) return undefined;
  return { alert, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt, sequence: sequence ?? 0 };
}

/** The time that `sortKey` begins with, or nothing that matters. */
function bornAt(sort: string): number {
  return Number(sort.slice(0, TIME_DIGITS));
}

/** The ids in `pending`, by kind: a key of kind and id for each row would be half of what a page costs. */
function idsIn(pending: Pending): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { entity } of pending.entities.values()) {
    const known = ids.get(entity.kind);
    if (known === undefined) ids.set(entity.kind, new Set([entity.id]));
    else known.add(entity.id);
  }
  return ids;
}
