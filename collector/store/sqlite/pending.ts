import type { LedgerRecord } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { StoredEntity, Touch } from "../../port/store.ts";

/** The part of a commit that lies in a `pending` row until it is folded into the tables. */
export interface PendingBody {
  at: UnixMillis;
  /** Number of the first record in `ledger`. */
  ledgerFrom: number;
  entities: readonly StoredEntity[];
  touches: readonly Touch[];
  /** JSON array of the records, read only when they are folded or asked for. */
  ledger: string;
  ledgerCount: number;
}

export interface PendingEntity {
  entity: StoredEntity;
  at: UnixMillis;
}

export interface PendingRecord {
  number: number;
  record: LedgerRecord;
}

/** The records of one commit: as text, and as records once somebody has asked. */
class PendingLedger {
  readonly from: number;
  readonly count: number;
  readonly sizeBytes: number;
  private text: string | undefined;
  private parsed: PendingRecord[] | undefined;

  constructor(body: PendingBody) {
    this.from = body.ledgerFrom;
    this.count = body.ledgerCount;
    this.sizeBytes = body.ledger.length;
    this.text = body.ledger;
  }

  get records(): readonly PendingRecord[] {
    if (this.parsed === undefined) {
      const records = JSON.parse(this.text ?? "[]") as LedgerRecord[];
      this.parsed = records.map((record, index) => ({ number: this.from + index, record }));
      this.text = undefined;
    }
    return this.parsed;
  }
}

/**
 * Commits that are durable as log rows and not yet in the tables, newest state of each entity.
 *
 * Why there is such a thing: a commit that wrote each alert, each ledger record and their index entries to their own places
 * in B-trees would dirty a page for each (measured: 16–25 µs a row at 1,000 rows a commit, and 4 KiB of log for 600 bytes).
 * So a commit appends one compressed row, and the tables are written later, sorted, in small slices between commits, with
 * what was overwritten in the meantime left out. Reads look here first.
 */
export class Pending {
  /** By `entityKey`. Removed entities are here too, with a null body. */
  readonly entities = new Map<string, PendingEntity>();
  /** Touches newer than the last put of their alert. */
  readonly touches = new Map<string, Touch>();
  private readonly ledgers: PendingLedger[] = [];
  private ledgerCount = 0;
  lastSequence = 0;
  /** Rough memory of it all. */
  sizeBytes = 0;

  get isEmpty(): boolean {
    return this.lastSequence === 0;
  }

  /** Rows that folding will have to write, about. */
  get rows(): number {
    return this.entities.size + this.touches.size + this.ledgerCount;
  }

  /** Number of the first ledger record; undefined = there is none. */
  get ledgerFrom(): number | undefined {
    return this.ledgers[0]?.from;
  }

  /** Number of the last ledger record; undefined = there is none. */
  get ledgerLast(): number | undefined {
    const last = this.ledgers.at(-1);
    return last === undefined ? undefined : last.from + last.count - 1;
  }

  /** Ascending by number. */
  ledger(): PendingRecord[] {
    return this.ledgers.flatMap((ledger) => ledger.records);
  }

  /** Descending by number. */
  *ledgerNewestFirst(): Iterable<PendingRecord> {
    for (const ledger of this.ledgers.toReversed()) yield* ledger.records.toReversed();
  }

  add(sequence: number, body: PendingBody): void {
    this.lastSequence = sequence;
    for (const entity of body.entities) {
      const key = entityKey(entity.kind, entity.id);
      if (entity.kind === "alert") this.touches.delete(entity.id);
      this.sizeBytes += 200 + 2 * (entity.body?.length ?? 0) - this.bodyBytes(key);
      this.entities.set(key, { entity, at: body.at });
    }
    for (const touch of body.touches) {
      if (!this.touches.has(touch.alert)) this.sizeBytes += 150;
      this.touches.set(touch.alert, touch);
    }
    if (body.ledgerCount > 0) {
      const ledger = new PendingLedger(body);
      this.ledgers.push(ledger);
      this.ledgerCount += ledger.count;
      this.sizeBytes += ledger.sizeBytes;
    }
  }

  private bodyBytes(key: string): number {
    const before = this.entities.get(key);
    return before === undefined ? 0 : 200 + 2 * (before.entity.body?.length ?? 0);
  }
}

export function entityKey(kind: string, id: string): string {
  return `${kind}\n${id}`;
}

/** As a row holds it. What is JSON already is not quoted again. */
export function writePendingBody({ at, ledgerFrom, entities, touches, ledger, ledgerCount }: PendingBody): string {
  const head = JSON.stringify({ at, ledgerFrom, ledgerCount, touches });
  const list = entities.map(({ body, ...rest }) => `${JSON.stringify(rest).slice(0, -1)},"value":${body ?? "null"}}`);
  return `${head.slice(0, -1)},"entities":[${list.join(",")}],"ledger":${ledger === "" ? "[]" : ledger}}`;
}

export function readPendingBody(text: string): PendingBody {
  const row = JSON.parse(text) as Omit<PendingBody, "ledger" | "entities"> & {
    ledger: LedgerRecord[];
    entities: (Omit<StoredEntity, "body"> & { value: unknown })[];
  };
  const entities = row.entities.map(({ value, ...rest }) => ({
    ...rest,
    body: value === null ? null : JSON.stringify(value),
  }));
  return { ...row, entities, ledger: JSON.stringify(row.ledger) };
}

/** The entity's JSON with the touch written into it. */
export function applyTouch(body: string, touch: Touch): string {
  const { lastSeenAt, lastOccurredAt, count, expiresAt } = touch;
  return JSON.stringify({ ...(JSON.parse(body) as object), lastSeenAt, lastOccurredAt, count, expiresAt });
}
