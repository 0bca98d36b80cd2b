import type { LedgerRecord } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { StoredEntity, Touch } from "../../port/store.ts";
import { readPending } from "./packed-commit.ts";

/** Memory of an entry beside its text, about. */
const ENTRY_BYTES = 200;

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
  private text: string | undefined;
  private parsed: PendingRecord[] | undefined;

  constructor(from: number, count: number, text: string) {
    this.from = from;
    this.count = count;
    this.text = text;
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

  /** @param text as `writePending` made it. @param ledgerFrom number of its first ledger record. */
  add(sequence: number, at: UnixMillis, ledgerFrom: number, text: string): void {
    const { entities, touches, ledgerCount, ledger } = readPending(text);
    this.lastSequence = sequence;
    // Bodies are slices of the text: it stays whole as long as one of them is here.
    this.sizeBytes += text.length + ENTRY_BYTES * (entities.length + touches.length);
    for (const entity of entities) {
      if (entity.kind === "alert") this.touches.delete(entity.id);
      this.entities.set(entityKey(entity.kind, entity.id), { entity, at });
    }
    for (const touch of touches) this.touches.set(touch.alert, touch);
    if (ledgerCount === 0) return;
    this.ledgers.push(new PendingLedger(ledgerFrom, ledgerCount, ledger));
    this.ledgerCount += ledgerCount;
  }
}

export function entityKey(kind: string, id: string): string {
  return `${kind}\n${id}`;
}

/** The entity's JSON with the touch written into it. */
export function applyTouch(body: string, touch: Touch): string {
  const { lastSeenAt, lastOccurredAt, count, expiresAt } = touch;
  return JSON.stringify({ ...(JSON.parse(body) as object), lastSeenAt, lastOccurredAt, count, expiresAt });
}
