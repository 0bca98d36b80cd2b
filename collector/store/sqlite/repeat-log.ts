import type { DatabaseSync, StatementSync } from "node:sqlite";
import { RepeatIndex } from "./repeat-index.ts";

/**
 * When what was said again is folded into the tables: rarely, for most of it is overtaken within a minute. So much of it is what 100,000
 * alerts that are repeated each minute say in the ten minutes; to read as much at a restart takes a few dozen milliseconds.
 */
export interface RepeatLimits {
  sizeBytesMax: number;
  ageMaxMs: number;
}

export const REPEAT_LIMITS: RepeatLimits = { sizeBytesMax: 16 * 1024 * 1024, ageMaxMs: 10 * 60_000 };

/**
 * What was said again, as it came: rows that are only appended. An alert that is repeated each minute is written to a place
 * of its own once in ten minutes, with its newest times; until then these rows have them.
 */
export class RepeatLog {
  private readonly db: DatabaseSync;
  private readonly limits: RepeatLimits;
  private readonly insert: StatementSync;
  private sizeBytes = 0;
  private since = 0;

  constructor(db: DatabaseSync, limits: RepeatLimits, now: number) {
    this.db = db;
    this.limits = limits;
    this.insert = db.prepare("INSERT INTO repeated (sequence, body) VALUES (?, ?)");
    this.sizeBytes = Number(db.prepare("SELECT coalesce(sum(length(body)), 0) AS n FROM repeated").get()?.n);
    this.since = now;
  }

  get isEmpty(): boolean {
    return this.sizeBytes === 0;
  }

  /** Inside the commit's transaction. */
  write(sequence: number, body: Uint8Array): void {
    this.insert.run(sequence, body);
  }

  /** The commit is durable. */
  written(sizeBytes: number, now: number): void {
    if (this.isEmpty) this.since = now;
    this.sizeBytes += sizeBytes;
  }

  /** Milliseconds until it should be folded; undefined = never. */
  dueInMs(now: number): number | undefined {
    if (this.isEmpty) return undefined;
    return this.sizeBytes >= this.limits.sizeBytesMax ? 0 : Math.max(0, this.since + this.limits.ageMaxMs - now);
  }

  folded(sizeBytes: number, now: number): void {
    this.sizeBytes = Math.max(0, this.sizeBytes - sizeBytes);
    this.since = now;
  }

  /** All that is not in the tables, as a restart needs it. */
  index(): RepeatIndex {
    const index = new RepeatIndex();
    for (const row of this.db.prepare("SELECT sequence, body FROM repeated ORDER BY sequence").iterate())
      index.add(Number(row.sequence), row.body as Uint8Array);
    return index;
  }
}
