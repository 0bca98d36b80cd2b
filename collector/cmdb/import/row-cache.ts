import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { textAt } from "./foreign-value.ts";

/** An object of a source, as its API gives it, or the part of it that is used. */
export type Row = Readonly<Record<string, unknown>>;

interface Table {
  /** The newest change that was read, by the source's clock; 0 = none. */
  newestAt: UnixMillis;
  rows: Record<string, Row>;
}

/** What is kept between two imports of one source. Plain data. */
export interface RowState {
  version: 2;
  /** Address and query: rows of another question are of no use. */
  of: string;
  /** When everything was read last. */
  fullAt: UnixMillis;
  tables: Record<string, Table>;
}

/** From when on changes are asked for; some sources compare with a time, some with an age. */
export interface Since {
  at: UnixMillis;
  ageMs: Milliseconds;
}

export interface TableReading {
  table: string;
  key: (row: Row) => string | undefined;
  /** When it was changed last, as the source says. A table whose rows do not say is read as a whole each time. */
  changedAt: (row: Row) => UnixMillis | undefined;
  /** Changes are asked for from so much before the newest one: clocks differ, transactions overlap, zones are not told. */
  overlapMs: Milliseconds;
  /** Rows changed since then, perhaps others as well; undefined = all. */
  read: (since: Since | undefined) => AsyncIterable<Row>;
}

/** Where a source writes times in a zone that it does not tell: a day and two hours cover them all. */
export const ZONE_OVERLAP_MS: Milliseconds = 26 * 3_600_000;
/** Where times are exact: clocks that differ, and transactions that end later than they say. */
export const CLOCK_OVERLAP_MS: Milliseconds = 10 * 60_000;

/**
 * The rows of a source as they were last time, so that only what has changed since must be asked for. A source's API tells
 * what was added and changed, never what was deleted: after `fullEveryMs` everything is read again.
 */
export class RowCache {
  private readonly state: RowState;
  private readonly now: UnixMillis;
  /** Whether this import asks for everything. */
  readonly isFull: boolean;

  constructor(
    before: RowState | undefined,
    { of, now, fullEveryMs }: { of: string; now: UnixMillis; fullEveryMs: Milliseconds },
  ) {
    const isUsable = before !== undefined && before.of === of && now - before.fullAt < fullEveryMs;
    this.isFull = !isUsable;
    this.now = now;
    this.state = isUsable ? structuredClone(before) : { version: 2, of, fullAt: now, tables: {} };
  }

  /** All rows there are, by key: the kept ones and those that came now. */
  async *rows({ table, key, changedAt, overlapMs, read }: TableReading): AsyncGenerator<Row> {
    const before = this.state.tables[table];
    const since =
      this.isFull || before === undefined || before.newestAt === 0 ? undefined : before.newestAt - overlapMs;
    // Without a time to ask from the answer is everything, and what is not in it is gone.
    const known = since === undefined || before === undefined ? { newestAt: 0, rows: {} } : before;
    for await (const row of read(since === undefined ? undefined : { at: since, ageMs: this.now - since })) {
      const id = key(row);
      if (id === undefined || id === "" || id === "__proto__") continue;
      known.rows[id] = row;
      // A date in the future would hide every change until then.
      known.newestAt = Math.max(known.newestAt, Math.min(changedAt(row) ?? 0, this.now));
    }
    this.state.tables[table] = known;
    for (const id of Object.keys(known.rows).sort()) yield known.rows[id] ?? {};
  }

  /** To be kept for the next import. */
  snapshot(): RowState {
    return this.state;
  }
}

/** As `RowCache.rows`; without a cache everything, as it comes. */
export function rowsOf(cache: RowCache | undefined, reading: TableReading): AsyncIterable<Row> {
  return cache === undefined ? reading.read(undefined) : cache.rows(reading);
}

/** Only these fields: a state of rows that are mostly not used would be many times as large. */
export function slim(row: unknown, fields: readonly string[]): Row {
  const kept: Record<string, unknown> = {};
  if (typeof row === "object" && row !== null)
    for (const field of fields) if (Object.hasOwn(row, field)) kept[field] = (row as Row)[field];
  return kept;
}

/** A time that a row tells, with or without its zone (UTC is taken then), or as seconds since 1970. */
export function timeAt(row: Row, ...path: readonly string[]): UnixMillis | undefined {
  const text = textAt(row, ...path) ?? "";
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  const plain = /^\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?$/.test(text) ? `${text.replace(" ", "T")}Z` : text;
  const at = Date.parse(plain);
  return Number.isNaN(at) ? undefined : at;
}

/** A state as it was written; undefined for anything else, which only costs a full import. */
export function readRowState(value: unknown): RowState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { version, of, fullAt, tables } = value as Partial<RowState>;
  if (version !== 2 || typeof of !== "string" || typeof fullAt !== "number") return undefined;
  if (typeof tables !== "object" || tables === null) return undefined;
  const isTable = (table: Partial<Table> | null): boolean =>
    typeof table?.newestAt === "number" && typeof table.rows === "object" && table.rows !== null;
  return Object.values(tables).every(isTable) ? { version, of, fullAt, tables } : undefined;
}
