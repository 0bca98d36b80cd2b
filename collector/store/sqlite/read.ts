import type { DatabaseSync } from "node:sqlite";
import type { Json, LedgerRecord } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { EntityQuery, LedgerQuery, StoredLedgerRecord } from "../../port/store.ts";
import { matchesQuery, termOf } from "./ledger-term.ts";
import { unpackText } from "./packed-text.ts";
import { entityKey, type Pending } from "./pending.ts";

/** Chunks that one ledger query unpacks before it is content with what it has: some tenths of a second, in which commits wait. */
const CHUNKS_EXAMINED_MAX = 2_000;

/** Reads of the tables with the pending commits laid over them, newest first in `overlays`. */
export class Reader {
  private readonly db: DatabaseSync;
  private readonly overlays: () => readonly Pending[];

  constructor(db: DatabaseSync, overlays: () => readonly Pending[]) {
    this.db = db;
    this.overlays = overlays;
  }

  entity(kind: string, idOrAlias: string): string | undefined {
    return this.byId(kind, idOrAlias) ?? this.byAlias(kind, idOrAlias);
  }

  private byId(kind: string, id: string): string | undefined {
    for (const pending of this.overlays()) {
      const found = pending.entities.get(entityKey(kind, id));
      if (found !== undefined) return found.entity.body ?? undefined;
    }
    const row = this.db.prepare("SELECT body FROM entity WHERE kind = ? AND id = ?").get(kind, id);
    return row?.body as string | undefined;
  }

  private byAlias(kind: string, alias: string): string | undefined {
    for (const pending of this.overlays())
      for (const { entity } of pending.entities.values())
        if (entity.kind === kind && entity.alias === alias && entity.body !== null) return this.byId(kind, entity.id);
    const row = this.db.prepare("SELECT id FROM entity WHERE kind = ? AND alias = ?").get(kind, alias);
    return row === undefined ? undefined : this.byId(kind, row.id as string);
  }

  entities(query: EntityQuery): { sort: string; body: string }[] {
    const before = query.before ?? "\u{10ffff}";
    const found: { sort: string; body: string }[] = [];
    const seen = new Set<string>();
    for (const pending of this.overlays())
      for (const [key, { entity }] of pending.entities) {
        if (entity.kind !== query.kind || seen.has(key)) continue;
        seen.add(key);
        const isWanted = query.statuses === undefined || query.statuses.includes(entity.status);
        if (isWanted && entity.body !== null && entity.sort < before) found.push({ ...entity, body: entity.body });
      }
    for (const status of query.statuses ?? this.statusesOf(query.kind))
      found.push(...this.rowsOf({ ...query, status, before }, seen));
    found.sort((a, b) => (a.sort < b.sort ? 1 : -1));
    return found.slice(0, query.limit).map(({ sort, body }) => ({ sort, body }));
  }

  /** Those of one status that no overlay knows better. */
  private rowsOf(
    query: { kind: string; status: string; before: string; limit: number },
    seen: ReadonlySet<string>,
  ): { sort: string; body: string }[] {
    const found: { sort: string; body: string }[] = [];
    const rows = this.db
      .prepare("SELECT id, sort, body FROM entity WHERE kind = ? AND status = ? AND sort < ? ORDER BY sort DESC")
      .iterate(query.kind, query.status, query.before);
    for (const row of rows) {
      if (found.length === query.limit) break;
      if (!seen.has(entityKey(query.kind, row.id as string)))
        found.push({ sort: row.sort as string, body: row.body as string });
    }
    return found;
  }

  /** A loose index scan: one probe a status, however many rows. */
  private statusesOf(kind: string): string[] {
    const next = this.db.prepare("SELECT min(status) AS status FROM entity WHERE kind = ? AND status > ?");
    const statuses = this.db.prepare("SELECT 1 AS one FROM entity WHERE kind = ? AND status = '' LIMIT 1").get(kind)
      ? [""]
      : [];
    for (let status = ""; ; ) {
      const found = next.get(kind, status)?.status;
      if (typeof found !== "string") return statuses;
      statuses.push(found);
      status = found;
    }
  }

  ledger(query: LedgerQuery): StoredLedgerRecord[] {
    const found: StoredLedgerRecord[] = [];
    const before = query.before ?? Number.MAX_SAFE_INTEGER;
    let tablesBefore = before;
    for (const pending of this.overlays()) {
      if (pending.ledgerFrom !== undefined) tablesBefore = Math.min(tablesBefore, pending.ledgerFrom);
      for (const { number, record } of pending.ledgerNewestFirst()) {
        if (found.length >= query.limit) break;
        if (number < before && matchesQuery(record, query)) found.push({ ...record, number });
      }
    }
    this.ledgerRows(query, tablesBefore, found);
    return found;
  }

  private ledgerRows(query: LedgerQuery, before: number, into: StoredLedgerRecord[]): void {
    const term = termOf(query);
    // Records are in order of time: what begins after `to` holds nothing for it.
    const to = query.to ?? Number.MAX_SAFE_INTEGER;
    const rows =
      term === undefined
        ? this.db
            .prepare(
              `SELECT chunk, last_at, body FROM ledger
               WHERE chunk < ? AND chunk <= (SELECT max(chunk) FROM ledger WHERE first_at <= ?) ORDER BY chunk DESC`,
            )
            .iterate(before, to)
        : this.db
            .prepare(
              `SELECT chunk, last_at, body FROM ledger_term JOIN ledger USING (chunk)
               WHERE term = ? AND chunk < ? AND first_at <= ? ORDER BY chunk DESC`,
            )
            .iterate(term, before, to);
    let examined = 0;
    for (const row of rows) {
      if (into.length >= query.limit || examined === CHUNKS_EXAMINED_MAX) return;
      if (query.from !== undefined && (row.last_at as number) < query.from) return;
      examined += 1;
      const records = JSON.parse(unpackText(row.body)) as LedgerRecord[];
      for (let place = records.length - 1; place >= 0 && into.length < query.limit; place -= 1) {
        const record = records[place];
        const number = (row.chunk as number) + place;
        if (record !== undefined && number < before && matchesQuery(record, query)) into.push({ ...record, number });
      }
    }
  }

  reference(receiver: string, incident: string): Json | undefined {
    const row = this.db
      .prepare("SELECT body FROM reference WHERE receiver = ? AND incident = ?")
      .get(receiver, incident);
    return row === undefined ? undefined : (JSON.parse(row.body as string) as Json);
  }

  journal(afterSequence: number, limit: number): { sequence: number; at: UnixMillis; journal: string }[] {
    return this.db
      .prepare("SELECT sequence, at, body FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?")
      .all(afterSequence, limit)
      .map((row) => ({ sequence: row.sequence as number, at: row.at as number, journal: unpackText(row.body) }));
  }
}
