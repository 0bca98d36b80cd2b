import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DepositProgress, OutboxChange, OutboxRow } from "../../port/store.ts";
import { type PackedCommit, partsOf } from "./packed-commit.ts";
import { packText } from "./packed-text.ts";
import type { RepeatLog } from "./repeat-log.ts";

/** The statements of a commit. The caller holds the transaction. */
export class CommitWriter {
  private readonly repeats: RepeatLog;
  private readonly position: StatementSync;
  private readonly journal: StatementSync;
  private readonly eventIds: StatementSync;
  private readonly pending: StatementSync;
  private readonly outbox: StatementSync;
  private readonly attempted: StatementSync;
  private readonly done: StatementSync;
  private readonly reference: StatementSync;
  private readonly deposit: StatementSync;
  private readonly depositTaken: StatementSync;
  private readonly depositOver: StatementSync;

  constructor(db: DatabaseSync, repeats: RepeatLog) {
    this.repeats = repeats;
    this.position = db.prepare("UPDATE position SET sequence = ?, at = ?, ledger_number = ? WHERE id = 1");
    this.journal = db.prepare("INSERT INTO journal (sequence, at, body) VALUES (?, ?, ?)");
    this.eventIds = db.prepare("INSERT INTO event_id (sequence, count, body) VALUES (?, ?, ?)");
    this.pending = db.prepare("INSERT INTO pending (sequence, at, ledger_from, body) VALUES (?, ?, ?, ?)");
    this.outbox = db.prepare(
      `INSERT INTO outbox (key, receiver, incident, kind, revision, page, created_at, sequence, body, attempts, next_attempt_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key, receiver) DO NOTHING`,
    );
    this.attempted = db.prepare("UPDATE outbox SET attempts = ?, next_attempt_at = ? WHERE key = ? AND receiver = ?");
    // The document has served; who was told what and when stays until retention takes it.
    this.done = db.prepare(
      `UPDATE outbox SET done_at = ?, done_status = ?, done_reason = ?, body = '' WHERE key = ? AND receiver = ? AND done_at IS NULL`,
    );
    this.reference = db.prepare(
      `INSERT INTO reference (receiver, incident, at, body)
       SELECT receiver, incident, ?, ? FROM outbox WHERE key = ? AND receiver = ?
       ON CONFLICT (receiver, incident) DO UPDATE SET at = excluded.at, body = excluded.body`,
    );
    this.deposit = db.prepare(
      "INSERT INTO deposit (id, lane, reader, received_at, taken, body) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.depositTaken = db.prepare("UPDATE deposit SET taken = ? WHERE id = ?");
    this.depositOver = db.prepare("DELETE FROM deposit WHERE id = ?");
  }

  /** @param ledgerFrom number of the commit's first ledger record. */
  write(commit: PackedCommit, ledgerFrom: number): void {
    const { sequence, at, eventIdCount, ledgerCount } = commit;
    const { journal, eventIds, pending, repeated, deposits } = partsOf(commit);
    this.position.run(sequence, at, ledgerFrom + ledgerCount - 1);
    if (journal.length > 0) this.journal.run(sequence, at, packText(journal));
    if (eventIdCount > 0) this.eventIds.run(sequence, eventIdCount, packText(eventIds));
    if (pending.length > 0) this.pending.run(sequence, at, ledgerFrom, packText(pending));
    if (repeated.length > 0) this.repeats.write(sequence, repeated);
    for (const row of commit.outbox) this.enqueue(row, sequence);
    for (const change of commit.outboxChanges) this.change(change);
    for (const { id, lane, reader, receivedAt, taken, body } of deposits)
      this.deposit.run(id, lane, reader, receivedAt, taken, packText(body));
    for (const progress of commit.depositProgress) this.follow(progress);
  }

  private follow({ id, taken, over }: DepositProgress): void {
    if (over) this.depositOver.run(id);
    else this.depositTaken.run(taken, id);
  }

  private enqueue(row: OutboxRow, sequence: number): void {
    this.outbox.run(
      row.key,
      row.receiver,
      row.incident,
      row.kind,
      row.revision,
      row.page ? 1 : 0,
      row.createdAt,
      sequence,
      row.body,
      row.attempts,
      row.nextAttemptAt,
    );
  }

  private change(change: OutboxChange): void {
    const { key, receiver } = change;
    if (change.type === "attempted") {
      this.attempted.run(change.attempts, change.nextAttemptAt, key, receiver);
      return;
    }
    this.done.run(change.at, change.status, change.reason, key, receiver);
    if (change.reference !== undefined) this.reference.run(change.at, JSON.stringify(change.reference), key, receiver);
  }
}

/** Keeps the newest ids, whole commits at a time: never fewer than `idsMax`, and at most one commit more. */
export class EventIdWindow {
  private readonly idsMax: number;
  private readonly oldest: StatementSync;
  private readonly drop: StatementSync;
  private count: number;

  constructor(db: DatabaseSync, idsMax: number) {
    this.idsMax = idsMax;
    this.oldest = db.prepare("SELECT sequence, count FROM event_id ORDER BY sequence LIMIT 1");
    this.drop = db.prepare("DELETE FROM event_id WHERE sequence = ?");
    this.count = Number(db.prepare("SELECT total(count) AS count FROM event_id").get()?.count);
  }

  /** The number of ids after `added` more and the drops that makes possible. Call `settle` with it after the commit. */
  make(added: number): number {
    let count = this.count + added;
    // A few a commit: more leave than come, and no commit is held up when the limit was lowered.
    for (let round = 0; round < 4; round += 1) {
      const row = this.oldest.get();
      if (row === undefined || count - Number(row.count) < this.idsMax) break;
      this.drop.run(row.sequence as number);
      count -= Number(row.count);
    }
    return count;
  }

  get size(): number {
    return this.count;
  }

  settle(count: number): void {
    this.count = count;
  }
}
