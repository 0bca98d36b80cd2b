import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";

type Row = Readonly<Record<string, unknown>>;

interface Table {
  /** The newest change that was read, as the source writes times. */
  newest: string;
  rows: Record<string, Row>;
}

/** What is kept between two imports of one source. Plain data. */
export interface RowState {
  version: 1;
  /** Address and query: rows of another question are of no use. */
  of: string;
  /** When everything was read last. */
  fullAt: UnixMillis;
  tables: Record<string, Table>;
}

export interface TableReading {
  table: string;
  /** Fields of a row: its key, and when it was changed last (in an order that texts have). */
  key: string;
  changed: string;
  /** Rows changed at or after this; undefined = all. */
  read: (since: string | undefined) => AsyncIterable<Row>;
  /** The time to ask from, given the newest change: earlier, because clocks and transactions overlap. */
  before: (newest: string) => string | undefined;
}

/**
 * The rows of a source as they were last time, so that only what has changed since must be asked for. A source's API tells
 * what was added and changed, never what was deleted: after `fullEveryMs` everything is read again.
 */
export class RowCache {
  private readonly state: RowState;
  /** Whether this import asks for everything. */
  readonly isFull: boolean;

  constructor(
    before: RowState | undefined,
    { of, now, fullEveryMs }: { of: string; now: UnixMillis; fullEveryMs: Milliseconds },
  ) {
    const isUsable = before !== undefined && before.of === of && now - before.fullAt < fullEveryMs;
    this.isFull = !isUsable;
    this.state = isUsable ? structuredClone(before) : { version: 1, of, fullAt: now, tables: {} };
  }

  /** All rows there are, by key: the kept ones and those that came now. */
  async *rows({ table, key, changed, read, before }: TableReading): AsyncGenerator<Row> {
    const known = this.state.tables[table] ?? { newest: "", rows: {} };
    const since = this.isFull || known.newest === "" ? undefined : before(known.newest);
    for await (const row of read(since)) {
      const id = row[key];
      if (typeof id !== "string" || id === "" || id === "__proto__") continue;
      known.rows[id] = row;
      const at = row[changed];
      if (typeof at === "string" && at > known.newest) known.newest = at;
    }
    this.state.tables[table] = known;
    for (const id of Object.keys(known.rows).sort()) yield known.rows[id] ?? {};
  }

  /** To be kept for the next import. */
  snapshot(): RowState {
    return this.state;
  }
}

/** A state as it was written; undefined for anything else, which only costs a full import. */
export function readRowState(value: unknown): RowState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { version, of, fullAt, tables } = value as Partial<RowState>;
  if (version !== 1 || typeof of !== "string" || typeof fullAt !== "number") return undefined;
  if (typeof tables !== "object" || tables === null) return undefined;
  const isTable = (table: Partial<Table> | null): boolean =>
    typeof table?.newest === "string" && typeof table.rows === "object" && table.rows !== null;
  return Object.values(tables).every(isTable) ? { version, of, fullAt, tables } : undefined;
}
