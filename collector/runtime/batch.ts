import { Buffer } from "node:buffer";
import type { Alert } from "../core/model/alert.ts";
import type { Effect, Entity, EntityKind, Outcome } from "../core/model/effect.ts";
import type { DeliveryOutcome, Input } from "../core/model/input.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import type { Repeated } from "../core/model/repeated.ts";
import type { UnixMillis } from "../core/model/time.ts";
import type { Change } from "../port/query.ts";
import type { Commit, OutboxChange, OutboxRow, StoredDeposit, StoredEntity } from "../port/store.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { Deposits } from "./deposits.ts";
import { NOTHING_CAME_OF_IT, type Ticket } from "./ticket.ts";
import type { AlertOf } from "./stored-incident.ts";
import { type NotedOf, outboxRows, removedEntity, storedEntity, touchOf } from "./stored-form.ts";
import type { AlertId } from "../core/model/identity.ts";

/**
 * An event that only said the same again, as the journal keeps it: like the alert's last event, with these times. Senders
 * repeat whole alerts every minute; their text is in the journal once.
 */
interface Again {
  kind: "sameAgain";
  at: UnixMillis;
  alert: AlertId;
  id: string;
  occurredAt: UnixMillis;
  expiresAfterMs: number | null;
}

function again(input: Extract<Input, { kind: "event" }>, effects: readonly Effect[]): Again | undefined {
  const [first, second] = effects;
  if (effects.length !== 2 || first === undefined || second === undefined) return undefined;
  const touch = first.kind === "touch" ? first : second.kind === "touch" ? second : undefined;
  if (touch === undefined || (first.kind !== "outcome" && second.kind !== "outcome")) return undefined;
  const { id, occurredAt, expiresAfterMs } = input.event;
  return { kind: "sameAgain", at: input.at, alert: touch.alert.id, id, occurredAt, expiresAfterMs };
}

/** What was said again in one breath: the ids as hex digits, end to end, for they are half of what is written. */
interface ManyAgain {
  kind: "again";
  at: UnixMillis;
  occurredAt: UnixMillis;
  expiresAt: UnixMillis;
  ids: string;
}

function manyAgain({ ids, seenAt, occurredAt, expiresAt }: Repeated): ManyAgain {
  const { buffer, byteOffset, byteLength } = ids;
  return {
    kind: "again",
    at: seenAt,
    occurredAt,
    expiresAt,
    ids: Buffer.from(buffer, byteOffset, byteLength).toString("hex"),
  };
}

/** What delivery has to say: changes of outbox rows, and the outcomes that the core must know. Becomes durable as one. */
export interface DeliveryReport {
  changes: readonly OutboxChange[];
  outcomes: readonly DeliveryOutcome[];
}

/** Settled with the commit of the batch it is in. */
export interface WaitingReport extends DeliveryReport {
  resolve(): void;
  reject(error: Error): void;
}

/** A batch that was turned into text: nothing in it refers to live objects any more. */
export interface SealedBatch {
  commit: Commit;
  tickets: readonly Ticket[];
  /** What readers of the stream are told. */
  changes: readonly Change[];
  inputs: number;
}

/**
 * Collects what the inputs of one commit did. Effects refer to live objects, of which the last state counts: they become
 * text when the batch is sealed, in the same turn as its last step.
 */
export class Batch {
  /** Whose last submission was stepped in this batch: its commit answers them. */
  readonly tickets: Ticket[] = [];
  /** Every ticket that was stepped in this batch, and how far it was before. */
  readonly begun = new Map<Ticket, number>();
  readonly reports: WaitingReport[] = [];
  /** To be committed though nothing happened. */
  isDue = false;
  readonly outboxChanges: OutboxChange[] = [];
  /** What is made durable before the core has seen it. */
  deposits: readonly StoredDeposit[] = [];
  private readonly journal: object[] = [];
  private readonly eventIds: string[] = [];
  /** By kind and id, so that no key has to be made of the two; alerts apart, which are most. */
  private readonly puts = new Map<EntityKind, Map<string, Entity>>();
  private readonly alerts = new Map<string, Entity>();
  private readonly removed = new Map<string, StoredEntity>();
  private readonly touched = new Map<AlertId, Alert>();
  private readonly repeated: Repeated[] = [];
  private readonly ledger: LedgerRecord[] = [];
  private readonly outbox: OutboxRow[] = [];
  private readonly count: Telemetry["count"];
  private inputCount = 0;

  private readonly alertOf: AlertOf;
  private readonly notedOf: NotedOf;

  /**
   * @param count where the core's counters go.
   * @param alertOf the core's alerts.
   * @param notedOf what its correlation knows of them and of incidents.
   */
  constructor(count: Telemetry["count"], alertOf: AlertOf, notedOf: NotedOf) {
    this.count = count;
    this.alertOf = alertOf;
    this.notedOf = notedOf;
  }

  get inputs(): number {
    return this.inputCount;
  }

  /** Something happened that must be durable before anyone is answered. */
  get mustCommit(): boolean {
    return (
      this.isDue ||
      this.deposits.length > 0 ||
      this.endsDeposit ||
      this.journal.length > 0 ||
      this.hasPuts ||
      this.alerts.size > 0 ||
      this.removed.size > 0 ||
      this.touched.size > 0 ||
      this.repeated.length > 0 ||
      this.ledger.length > 0 ||
      this.outbox.length > 0 ||
      this.outboxChanges.length > 0
    );
  }

  private get hasPuts(): boolean {
    for (const { size } of this.puts.values()) if (size > 0) return true;
    return false;
  }

  private get endsDeposit(): boolean {
    return this.tickets.some(({ deposit }) => deposit !== undefined && deposit.stage !== "offered");
  }

  get isEmpty(): boolean {
    return !this.mustCommit && this.inputCount === 0 && this.reports.length === 0;
  }

  /** The next submissions are of this ticket. */
  begin(ticket: Ticket): void {
    if (!this.begun.has(ticket)) this.begun.set(ticket, ticket.outcomes.length);
  }

  /** Takes over what a step returned. Gives back the outcome for the submitter. */
  add(input: Input, effects: readonly Effect[]): Outcome {
    this.inputCount += 1;
    let outcome = NOTHING_CAME_OF_IT;
    let hasNotification = false;
    for (const effect of effects) {
      if (effect.kind === "outcome") outcome = effect.outcome;
      else if (effect.kind === "notify") hasNotification = true;
      else this.take(effect);
    }
    if (hasNotification) this.outbox.push(...outboxRows(effects));
    this.record(input, effects, outcome);
    return outcome;
  }

  private take(effect: Effect): void {
    switch (effect.kind) {
      case "put": {
        const { entity } = effect;
        this.putsOf(entity.kind).set(entity.id, entity);
        if (this.removed.size > 0) this.removed.delete(`${entity.kind}\n${entity.id}`);
        return;
      }
      case "remove": {
        const { entity: kind, id } = effect;
        this.putsOf(kind).delete(id);
        this.removed.set(`${kind}\n${id}`, removedEntity(kind, id));
        return;
      }
      case "touch":
        this.touched.set(effect.alert.id, effect.alert);
        return;
      case "repeated":
        // Readers are not told: an alert that goes on is no news, and there are thousands.
        this.repeated.push(effect.repeated);
        this.journal.push(manyAgain(effect.repeated));
        return;
      case "ledger":
        this.ledger.push(effect.record);
        return;
      case "count":
        this.count(effect.metric, effect.labels, effect.by);
        return;
      case "outcome":
      case "notify":
    }
  }

  /**
   * The journal holds what replay needs: what was taken, not repeats and refusals, which changed nothing. A heartbeat is
   * worth a row only when it changed something, a tick likewise. The CMDB is a file of its own: its size is noted.
   */
  private record(input: Input, effects: readonly Effect[], outcome: Outcome): void {
    switch (input.kind) {
      case "event":
        if (outcome.status !== "accepted") return;
        this.journal.push(again(input, effects) ?? input);
        if (input.event.idGiven) this.eventIds.push(`${input.event.source}\n${input.event.id}`);
        return;
      case "command":
        if (outcome.status === "accepted") this.journal.push(input);
        return;
      case "tick":
      case "heartbeat":
        if (effects.some(({ kind }) => kind !== "outcome" && kind !== "count")) this.journal.push(input);
        return;
      case "again":
      case "sample":
        return;
      case "delivery":
      case "settings":
      case "restarted":
        this.journal.push(input);
        return;
      case "topology":
        this.journal.push({ ...input, cmdb: { cis: input.cmdb.cis.length, relations: input.cmdb.relations.length } });
    }
  }

  /**
   * @param before sequence of the commit before this one.
   * @param at of the last input, or now where there is none.
   * @param book knows which of the tickets the store has.
   */
  seal(before: number, at: UnixMillis, book: Deposits): SealedBatch {
    const entities = [...this.removed.values()];
    const changes: Change[] = [];
    const sequence = before + Math.max(1, this.inputCount);
    for (const ofKind of this.puts.values())
      for (const entity of ofKind.values()) {
        entities.push(storedEntity(entity, this.alertOf, this.notedOf));
        if (entity.kind === "incident")
          changes.push({ kind: "incident", id: entity.id, revision: entity.value.revision });
      }
    for (const entity of this.alerts.values()) {
      entities.push(storedEntity(entity, this.alertOf, this.notedOf));
      changes.push({ kind: "alert", id: entity.id, revision: sequence });
    }
    const touches = [...this.touched.values()].filter(({ id }) => !this.isWritten(id)).map(touchOf);
    for (const { alert } of touches) changes.push({ kind: "alert", id: alert, revision: sequence });
    for (const row of this.outbox) changes.push({ kind: "notification", id: row.key, revision: row.revision });
    const { eventIds, ledger, outbox, outboxChanges, deposits, repeated } = this;
    const depositProgress = book.progress(this.begun.keys(), deposits);
    const journal = this.journal.length === 0 ? "" : JSON.stringify(this.journal);
    return {
      commit: {
        sequence,
        at,
        journal,
        eventIds,
        entities,
        touches,
        repeated,
        ledger,
        outbox,
        outboxChanges,
        deposits,
        depositProgress,
      },
      tickets: this.tickets,
      changes,
      inputs: this.inputCount,
    };
  }

  private isWritten(alert: AlertId): boolean {
    // Most batches put no alert, or repeat none: an empty map would still hash each id.
    return (
      (this.alerts.size > 0 && this.alerts.has(alert)) || (this.removed.size > 0 && this.removed.has(`alert\n${alert}`))
    );
  }

  private putsOf(kind: EntityKind): Map<string, Entity> {
    if (kind === "alert") return this.alerts;
    const known = this.puts.get(kind);
    if (known !== undefined) return known;
    const puts = new Map<string, Entity>();
    this.puts.set(kind, puts);
    return puts;
  }
}
