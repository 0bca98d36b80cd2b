import type { EntityKind } from "../core/model/effect.ts";
import type { EventIdMarks } from "../core/model/event-id.ts";
import type { Json, LedgerRecord } from "../core/model/ledger.ts";
import type { Repeated } from "../core/model/repeated.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** An entity in its stored form: a text that only its writer can read. `body` null removes it. */
export interface StoredEntity {
  kind: EntityKind;
  id: string;
  /** `status` of the value; "" for kinds that have none. Lists filter by it. */
  status: string;
  /** Lists are in descending order of this: `sortKey` of the opening or first-seen time and the id. */
  sort: string;
  /** Another name that finds it, unique in its kind: the number of an incident, in digits. null = none. */
  alias: string | null;
  body: string | null;
}

/** Time as 15 digits, colon, id: by code unit, the order of time, then of id. */
export function sortKey(at: UnixMillis, id: string): string {
  return `${String(Math.max(0, Math.trunc(at))).padStart(15, "0")}:${id}`;
}

/** An entity as a restart gets it. */
export interface LoadedEntity {
  kind: EntityKind;
  id: string;
  body: string;
  /** The newest since this body was put; null = none, and for what is no alert. */
  touch: Touch | null;
}

/** The cheap change of an alert: kept beside its body, and laid over it by whoever loads it. */
export interface Touch {
  alert: string;
  lastSeenAt: UnixMillis;
  lastOccurredAt: UnixMillis;
  count: number;
  expiresAfterMs: Milliseconds | null;
  expiresAt: UnixMillis | null;
}

/** One notification on its way. `document` is the JSON of the Notification. */
export interface OutboxRow {
  key: string;
  receiver: string;
  incident: string;
  kind: string;
  revision: number;
  page: boolean;
  createdAt: UnixMillis;
  body: string;
  attempts: number;
  nextAttemptAt: UnixMillis;
}

/** Changes of outbox rows that delivery makes; committed alone or with the next batch. */
export type OutboxChange =
  | { type: "attempted"; key: string; receiver: string; attempts: number; nextAttemptAt: UnixMillis }
  | {
      type: "done";
      key: string;
      receiver: string;
      at: UnixMillis;
      status: "delivered" | "failed" | "superseded";
      reason: string | null;
      reference?: Json;
    };

/** What was taken in and waits for the core. */
export interface StoredDeposit {
  /** Unique among those that wait; a later one has a higher number. */
  id: number;
  lane: string;
  /** Who can read the body. */
  reader: string;
  receivedAt: UnixMillis;
  /** UTF-8. */
  body: Uint8Array;
  /** How many of its inputs the core has taken. */
  taken: number;
}

/** How far the core has come with a deposit. `over`: it has all of it, and the deposit goes. */
export interface DepositProgress {
  id: number;
  taken: number;
  over: boolean;
}

/**
 * Everything one batch of inputs changed. All of it becomes durable, or none.
 * The store reads all of it before `commit` gives back its promise: afterwards the caller may change what it refers to.
 */
export interface Commit {
  /** The number of the batch's last input; rises by the number of inputs, by one where there are none. */
  sequence: number;
  at: UnixMillis;
  /** The inputs of the batch that must be replayable (events, commands, settings …), JSON, in order; "" = none. */
  journal: string;
  /** Ids (`source` + newline + `id`) of accepted events, to recognise repeats after a restart. */
  eventIds: readonly string[];
  entities: readonly StoredEntity[];
  touches: readonly Touch[];
  /** In order; of an alert that is also put or touched in this commit that is the newer word. */
  repeated: readonly Repeated[];
  ledger: readonly LedgerRecord[];
  outbox: readonly OutboxRow[];
  outboxChanges: readonly OutboxChange[];
  /** New ones. */
  deposits: readonly StoredDeposit[];
  /** Of those before. */
  depositProgress: readonly DepositProgress[];
}

/** What a restart needs. */
export interface Snapshot {
  sequence: number;
  /** `at` of the last commit: our clock never goes behind it. */
  at: UnixMillis;
  /**
   * Some at a time, in no order. To be read once, before anything is committed.
   * Without closed incidents: they are history, no input changes them; `entity` and `entities` still find them.
   */
  entities: AsyncIterable<readonly LoadedEntity[]> | Iterable<readonly LoadedEntity[]>;
  /**
   * The marks of the newest remembered event ids, oldest first, at most of the number asked for. There when the first entities
   * are read.
   */
  eventIds: Promise<readonly EventIdMarks[]>;
  outbox: readonly OutboxRow[];
  /** By id, with how far the core has come. */
  deposits: readonly StoredDeposit[];
}

export interface LedgerQuery {
  incident?: string;
  alert?: string;
  ci?: string;
  decision?: string;
  from?: UnixMillis;
  to?: UnixMillis;
  /** Exclusive: records before this number. */
  before?: number;
  limit: number;
}

export interface StoredLedgerRecord extends LedgerRecord {
  /** Rises with each record. */
  number: number;
}

export interface EntityQuery {
  kind: EntityKind;
  /** `status` of the stored entity, any of; undefined = all. */
  statuses?: readonly string[];
  /** Exclusive: entities whose sort key (opened or first-seen time, then id) is before this one. Newest first. */
  before?: string;
  limit: number;
}

/** The disk is full, a sync failed, the file is damaged: after `fatal` the process must stop acknowledging and end. */
export type CommitResult =
  | { status: "committed" }
  | { status: "retryable"; reason: "busy" | "full" }
  | { status: "fatal"; reason: string };

export interface StoreSize {
  /** On disk. */
  sizeBytes: number;
  /** By table; the large ones may be estimates. */
  rows: Record<string, number>;
  /** How much more it can take: free on the disk, and free within its own files. null = no disk. */
  freeBytes: number | null;
  /** Of the disk; null = no disk. */
  diskBytes: number | null;
}

/**
 * One atomic, durable commit for each batch, and the reads that the product needs.
 * One writer at a time. A commit that was answered `committed` survives kill -9 and power loss.
 */
export interface Store {
  /** Opens, checks and migrates. Throws an Error with a message for the operator when it cannot. */
  open(options: { eventIdsMax: number }): Promise<Snapshot>;
  commit(commit: Commit): Promise<CommitResult>;
  /** Its body as it was put last, without touches. By id or by alias. */
  entity(kind: EntityKind, idOrAlias: string): Promise<string | undefined>;
  entities(query: EntityQuery): Promise<{ items: { sort: string; body: string }[] }>;
  /** Newest first. */
  ledger(query: LedgerQuery): Promise<StoredLedgerRecord[]>;
  /** What the connector of this receiver returned last for this incident. */
  reference(receiver: string, incident: string): Promise<Json | undefined>;
  /** Journal texts of commits after `sequence`, oldest first. */
  journal(afterSequence: number, limit: number): Promise<{ sequence: number; at: UnixMillis; journal: string }[]>;
  /**
   * Removes what is older: journal, ledger (some that lies beside younger may stay), done outbox rows, closed incidents
   * (`entities`), resolved alerts (`alerts`). Bounded work a call; true = there is more.
   */
  compact(before: {
    journal: UnixMillis;
    ledger: UnixMillis;
    outbox: UnixMillis;
    entities: UnixMillis;
    alerts: UnixMillis;
  }): Promise<boolean>;
  size(): Promise<StoreSize>;
  close(): Promise<void>;
}
