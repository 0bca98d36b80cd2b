import { marksOf } from "../../core/model/event-id.ts";
import { idsOf } from "../../core/model/repeated.ts";
import type { EntityKind } from "../../core/model/effect.ts";
import type { Json, LedgerRecord } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import {
  type Commit,
  type CommitResult,
  type EntityQuery,
  type LedgerQuery,
  type OutboxChange,
  type OutboxRow,
  type Snapshot,
  type Store,
  type StoredDeposit,
  type StoredEntity,
  type StoredLedgerRecord,
  type StoreSize,
  type Touch,
  sortKey,
} from "../../port/store.ts";

interface Kept {
  entity: StoredEntity;
  at: UnixMillis;
  touch: Touch | null;
}

interface OutboxEntry {
  row: OutboxRow;
  doneAt: UnixMillis | null;
}

/** What survives the store that wrote it: hand it to the next one to play a restart. */
export class MemoryDisk {
  sequence = 0;
  at: UnixMillis = 0;
  isHeld = false;
  readonly entities = new Map<string, Kept>();
  readonly outbox = new Map<string, OutboxEntry>();
  readonly references = new Map<string, { text: string; at: UnixMillis; incident: string }>();
  journal: { sequence: number; at: UnixMillis; journal: string }[] = [];
  eventIds: string[] = [];
  ledger: { number: number; text: string; at: UnixMillis }[] = [];
  ledgerNumber = 0;
  readonly deposits = new Map<number, StoredDeposit>();
}

/** For tests and simulation: the contract of the store without a disk. Everything is kept as text, as on a disk. */
export function createMemoryStore(disk: MemoryDisk = new MemoryDisk()): Store {
  return new MemoryStore(disk);
}

class MemoryStore implements Store {
  private readonly disk: MemoryDisk;
  private eventIdsMax = 0;
  private isOpen = false;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  async open({ eventIdsMax }: { eventIdsMax: number }): Promise<Snapshot> {
    if (this.disk.isHeld) throw new Error("this memory is in use by another collector");
    const { disk } = this;
    disk.isHeld = true;
    this.isOpen = true;
    this.eventIdsMax = eventIdsMax;
    return {
      sequence: disk.sequence,
      at: disk.at,
      entities: [
        [...disk.entities.values()]
          .filter(({ entity: { kind, status } }) => kind !== "incident" || status !== "closed")
          .map(({ entity: { kind, id, body }, touch }) => ({ kind, id, body: body ?? "", touch })),
      ],
      eventIds: Promise.resolve([marksOf(eventIdsMax === 0 ? [] : disk.eventIds.slice(-eventIdsMax))]),
      outbox: [...disk.outbox.values()].filter(({ doneAt }) => doneAt === null).map(({ row }) => ({ ...row })),
      deposits: [...disk.deposits.values()].map((deposit) => ({ ...deposit })).sort((a, b) => a.id - b.id),
    };
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { disk } = this;
    if (!this.isOpen) return { status: "fatal", reason: "the store is not open" };
    if (commit.sequence <= disk.sequence) return { status: "fatal", reason: "the sequence must rise" };
    const { sequence, at, journal } = commit;
    disk.sequence = sequence;
    disk.at = at;
    if (journal !== "") disk.journal.push({ sequence, at, journal });
    disk.eventIds.push(...commit.eventIds);
    if (disk.eventIds.length > 2 * this.eventIdsMax) disk.eventIds = disk.eventIds.slice(-this.eventIdsMax);
    this.repeat(commit.repeated);
    for (const entity of commit.entities) this.put(entity, at);
    for (const touch of commit.touches) {
      const kept = disk.entities.get(key("alert", touch.alert));
      if (kept !== undefined) kept.touch = { ...touch };
    }
    for (const record of commit.ledger)
      disk.ledger.push({ number: ++disk.ledgerNumber, text: JSON.stringify(record), at: record.at });
    for (const row of commit.outbox)
      if (!disk.outbox.has(key(row.key, row.receiver)))
        disk.outbox.set(key(row.key, row.receiver), { row: { ...row }, doneAt: null });
    for (const change of commit.outboxChanges) this.change(change);
    this.deposit(commit);
    return { status: "committed" };
  }

  private repeat(repeated: Commit["repeated"]): void {
    for (const { ids, counts, seenAt, occurredAt, expiresAfterMs, expiresAt } of repeated)
      for (const [index, alert] of [...idsOf(ids)].entries()) {
        const kept = this.disk.entities.get(key("alert", alert));
        const times = { lastSeenAt: seenAt, lastOccurredAt: occurredAt, expiresAfterMs, expiresAt };
        if (kept !== undefined) kept.touch = { alert, ...times, count: counts[index] ?? 0 };
      }
  }

  private deposit({ deposits, depositProgress }: Commit): void {
    for (const deposit of deposits) this.disk.deposits.set(deposit.id, { ...deposit, body: deposit.body.slice() });
    for (const { id, taken, over } of depositProgress) {
      const deposit = this.disk.deposits.get(id);
      if (over) this.disk.deposits.delete(id);
      else if (deposit !== undefined) deposit.taken = taken;
    }
  }

  private put(entity: StoredEntity, at: UnixMillis): void {
    const name = key(entity.kind, entity.id);
    if (entity.body === null) this.disk.entities.delete(name);
    else this.disk.entities.set(name, { entity: { ...entity }, at, touch: null });
  }

  private change(change: OutboxChange): void {
    const entry = this.disk.outbox.get(key(change.key, change.receiver));
    if (entry === undefined) return;
    if (change.type === "attempted") {
      const { attempts, nextAttemptAt } = change;
      entry.row = { ...entry.row, attempts, nextAttemptAt };
      return;
    }
    entry.doneAt ??= change.at;
    if (change.reference !== undefined)
      this.disk.references.set(key(change.receiver, entry.row.incident), {
        text: JSON.stringify(change.reference),
        at: change.at,
        incident: entry.row.incident,
      });
  }

  async entity(kind: EntityKind, idOrAlias: string): Promise<string | undefined> {
    const byId = this.disk.entities.get(key(kind, idOrAlias));
    const found =
      byId ?? [...this.disk.entities.values()].find(({ entity }) => entity.kind === kind && entity.alias === idOrAlias);
    return found?.entity.body ?? undefined;
  }

  async entities(query: EntityQuery): Promise<{ items: { sort: string; body: string }[] }> {
    const items = [...this.disk.entities.values()]
      .map(({ entity }) => entity)
      .filter(({ kind }) => kind === query.kind)
      .filter(({ status }) => query.statuses === undefined || query.statuses.includes(status))
      .filter(({ sort }) => query.before === undefined || sort < query.before)
      .sort((a, b) => (a.sort < b.sort ? 1 : -1))
      .slice(0, query.limit)
      .map(({ sort, body }) => ({ sort, body: body ?? "" }));
    return { items };
  }

  async ledger(query: LedgerQuery): Promise<StoredLedgerRecord[]> {
    return this.disk.ledger
      .toReversed()
      .map(({ number, text }) => ({ ...(JSON.parse(text) as LedgerRecord), number }))
      .filter((record) => query.before === undefined || record.number < query.before)
      .filter((record) => query.incident === undefined || record.incident === query.incident)
      .filter((record) => query.alert === undefined || record.alert === query.alert)
      .filter((record) => query.ci === undefined || record.ci === query.ci)
      .filter((record) => query.decision === undefined || record.decision === query.decision)
      .filter((record) => query.from === undefined || record.at >= query.from)
      .filter((record) => query.to === undefined || record.at <= query.to)
      .slice(0, query.limit);
  }

  async reference(receiver: string, incident: string): Promise<Json | undefined> {
    const found = this.disk.references.get(key(receiver, incident));
    return found === undefined ? undefined : (JSON.parse(found.text) as Json);
  }

  async journal(
    afterSequence: number,
    limit: number,
  ): Promise<{ sequence: number; at: UnixMillis; journal: string }[]> {
    return this.disk.journal.filter(({ sequence }) => sequence > afterSequence).slice(0, limit);
  }

  async compact(before: {
    journal: UnixMillis;
    ledger: UnixMillis;
    outbox: UnixMillis;
    entities: UnixMillis;
    alerts: UnixMillis;
  }): Promise<boolean> {
    const { disk } = this;
    disk.journal = disk.journal.filter(({ at }) => at >= before.journal);
    disk.ledger = disk.ledger.filter(({ at }) => at >= before.ledger);
    for (const [id, { doneAt }] of disk.outbox) if (doneAt !== null && doneAt < before.outbox) disk.outbox.delete(id);
    for (const [id, { entity, at }] of disk.entities) {
      const isOver = entity.kind === "incident" ? entity.status === "closed" : entity.status === "resolved";
      const horizon = entity.kind === "alert" ? before.alerts : before.entities;
      const isOld = at < horizon && entity.sort < sortKey(horizon, "");
      if (isOver && isOld && (entity.kind === "incident" || entity.kind === "alert")) disk.entities.delete(id);
    }
    for (const [id, { at, incident }] of disk.references)
      if (at < before.entities && !disk.entities.has(key("incident", incident))) disk.references.delete(id);
    return false;
  }

  async size(): Promise<StoreSize> {
    const { disk } = this;
    const rows = {
      journal: disk.journal.length,
      eventIds: disk.eventIds.length,
      entities: disk.entities.size,
      ledger: disk.ledger.length,
      outbox: disk.outbox.size,
      pending: 0,
      deposits: disk.deposits.size,
    };
    return { sizeBytes: 0, rows, freeBytes: null, diskBytes: null };
  }

  async close(): Promise<void> {
    if (this.isOpen) this.disk.isHeld = false;
    this.isOpen = false;
  }
}

function key(first: string, second: string): string {
  return `${first}\n${second}`;
}
