import { TimerQueue } from "../core/model/timer-queue.ts";
import type { Notification } from "../core/model/notification.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { OutboxRow } from "../port/store.ts";
import { readNotification } from "./stored-form.ts";

/** What is sent in one attempt: one message under one key, and the rows that it makes superfluous. */
export interface Unit {
  readonly row: OutboxRow;
  readonly absorbed: readonly OutboxRow[];
  readonly notification: Notification;
  /** 1 for the first. */
  readonly attempt: number;
}

interface Entry {
  readonly row: OutboxRow;
  attempts: number;
  /** An attempt may have reached the receiver: what is sent under this key must not change any more. */
  mayHaveArrived: boolean;
  /** What was sent under this key in this process, when that was more than the row. */
  sent: { absorbed: Entry[]; notification: Notification } | undefined;
}

interface IncidentQueue {
  readonly incident: string;
  entries: Entry[];
  /** The first entry is being sent, or its outcome is not durable yet. */
  isBusy: boolean;
  /** Monotonic. */
  dueAt: Milliseconds;
}

/** Pages before the rest, then by priority, then in order of time. */
const CLASS_SPAN = 1e13;
/** First words: somebody is to act, or to know that there is something. */
const OPENINGS: ReadonlySet<string> = new Set(["opened", "reopened", "escalated"]);

/**
 * What one receiver has yet to be told, by incident: first in, first out within an incident, and less the longer it takes.
 *
 * - A message about the state of an incident (`updated`, `acknowledged`) gives way to any later one.
 * - An opening that was never tried carries the newest state when it goes: who was away hears of an incident once, as it is.
 * - An incident that is over before its opening was ever tried is not told at all.
 * - A resolve is told to everyone who may have seen the opening, and takes all that waits before it away.
 * - A key never carries two contents that a receiver may have seen: an opening that may have arrived is repeated as it was,
 *   and what is new follows as a message of its own.
 *
 * The rows that an opening takes along stay in the store until it is delivered, so that a restart comes to the same.
 */
export class ReceiverQueue {
  private readonly incidents = new Map<string, IncidentQueue>();
  /** By rank: may go now. */
  private readonly ready = new TimerQueue();
  /** By time: waits for its back-off. */
  private readonly later = new TimerQueue();
  private rowCount = 0;
  private byteCount = 0;

  /** Rows that are not done. */
  get rows(): number {
    return this.rowCount;
  }

  /** Their texts, about. */
  get sizeBytes(): number {
    return this.byteCount;
  }

  get incidentCount(): number {
    return this.incidents.size;
  }

  /** What waits about an incident, in the order in which it is told; with how often it was tried. */
  waitingFor(incident: string): readonly { row: OutboxRow; attempts: number }[] {
    return this.incidents.get(incident)?.entries ?? [];
  }

  /** Takes a row in. Returns those that are superseded by it, which may be itself. */
  add(row: OutboxRow, now: Milliseconds, dueAt: Milliseconds = now): OutboxRow[] {
    const queue = this.incidents.get(row.incident) ?? this.create(row.incident, dueAt);
    const entry: Entry = { row, attempts: row.attempts, mayHaveArrived: row.attempts > 0, sent: undefined };
    const busy = queue.isBusy ? queue.entries.slice(0, 1) : [];
    const waiting = queue.entries.slice(busy.length);
    const { kept, superseded } = coalesce(waiting, entry, busy.length > 0);
    queue.entries = [...busy, ...kept];
    this.tally([row], 1);
    this.tally(
      superseded.map((gone) => gone.row),
      -1,
    );
    if (queue.entries.length === 0) this.drop(queue);
    else if (!queue.isBusy) this.enter(queue, now);
    return superseded.map((gone) => gone.row);
  }

  /**
   * The next message that may go, and marks its incident busy; undefined = none is due.
   * `ahead`: also one whose back-off is not over yet, in order of rank: to try a receiver that was away.
   */
  next(now: Milliseconds, ahead = false): Unit | undefined {
    this.wake(ahead ? Number.POSITIVE_INFINITY : now);
    const incident = this.ready.take(Number.POSITIVE_INFINITY);
    const queue = incident === undefined ? undefined : this.incidents.get(incident);
    const first = queue?.entries[0];
    if (queue === undefined || first === undefined) return undefined;
    queue.isBusy = true;
    first.sent ??= merge(first, queue.entries.slice(1));
    return {
      row: first.row,
      absorbed: first.sent.absorbed.filter((entry) => queue.entries.includes(entry)).map((entry) => entry.row),
      notification: first.sent.notification,
      attempt: first.attempts + 1,
    };
  }

  /** Monotonic time at which `next` may have something; undefined = nothing waits. */
  nextDueAt(): Milliseconds | undefined {
    if (this.ready.size > 0) return Number.NEGATIVE_INFINITY;
    return this.later.next() ?? undefined;
  }

  /**
   * The attempt failed and is to be made again. Returns the rows that are superseded now: what came while it was on its way
   * may make it superfluous, or make all of it untold.
   */
  retry(unit: Unit, now: Milliseconds, dueAt: Milliseconds, mayHaveArrived: boolean): OutboxRow[] {
    const queue = this.incidents.get(unit.row.incident);
    const first = queue?.entries[0];
    if (queue === undefined || first?.row !== unit.row)
      throw new Error("a message was taken out while it was on its way");
    first.attempts = unit.attempt;
    first.mayHaveArrived ||= mayHaveArrived;
    if (!first.mayHaveArrived) first.sent = undefined;
    queue.isBusy = false;
    queue.dueAt = dueAt;
    const entries = queue.entries;
    const superseded: Entry[] = [];
    queue.entries = [];
    for (const entry of entries) {
      const step = coalesce(queue.entries, entry, false);
      queue.entries = step.kept;
      superseded.push(...step.superseded);
    }
    this.tally(
      superseded.map((gone) => gone.row),
      -1,
    );
    if (queue.entries.length === 0) this.drop(queue);
    else this.enter(queue, now);
    return superseded.map(({ row }) => row);
  }

  /** The message is done and that is durable: these rows leave. */
  finish(unit: Unit, rows: readonly OutboxRow[], now: Milliseconds): void {
    const queue = this.incidents.get(unit.row.incident);
    if (queue === undefined) return;
    const gone = queue.entries.filter((entry) => rows.includes(entry.row));
    queue.entries = queue.entries.filter((entry) => !gone.includes(entry));
    this.tally(
      gone.map((entry) => entry.row),
      -1,
    );
    queue.isBusy = false;
    queue.dueAt = now;
    if (queue.entries.length === 0) this.drop(queue);
    else this.enter(queue, now);
  }

  /** Everything that is not on its way leaves. */
  drain(): OutboxRow[] {
    const rows: OutboxRow[] = [];
    for (const queue of this.incidents.values()) {
      const busy = queue.isBusy ? 1 : 0;
      rows.push(...queue.entries.splice(busy).map(({ row }) => row));
      if (busy === 0) this.drop(queue);
    }
    this.tally(rows, -1);
    return rows;
  }

  /** The receiver is back: no message waits for its back-off any longer. */
  hurry(now: Milliseconds): void {
    for (const queue of this.incidents.values()) if (!queue.isBusy) queue.dueAt = now;
    this.wake(Number.POSITIVE_INFINITY);
  }

  private tally(rows: readonly OutboxRow[], sign: 1 | -1): void {
    for (const { body } of rows) {
      this.rowCount += sign;
      this.byteCount += sign * body.length;
    }
  }

  private create(incident: string, dueAt: Milliseconds): IncidentQueue {
    const queue: IncidentQueue = { incident, entries: [], isBusy: false, dueAt };
    this.incidents.set(incident, queue);
    return queue;
  }

  private drop(queue: IncidentQueue): void {
    this.incidents.delete(queue.incident);
    this.ready.cancel(queue.incident);
    this.later.cancel(queue.incident);
  }

  private enter(queue: IncidentQueue, now: Milliseconds): void {
    this.ready.cancel(queue.incident);
    this.later.cancel(queue.incident);
    if (queue.dueAt > now) this.later.schedule(queue.incident, queue.dueAt);
    else this.ready.schedule(queue.incident, rankOf(queue));
  }

  private wake(now: Milliseconds): void {
    for (let id = this.later.take(now); id !== undefined; id = this.later.take(now)) {
      const queue = this.incidents.get(id);
      if (queue !== undefined && !queue.isBusy) this.ready.schedule(id, rankOf(queue));
    }
  }
}

/** @param isBusy a message of this incident is on its way: it may arrive. */
function coalesce(waiting: Entry[], next: Entry, isBusy: boolean): { kept: Entry[]; superseded: Entry[] } {
  if (next.row.kind === "resolved") {
    const isUntold = !isBusy && waiting.some(({ row, mayHaveArrived }) => row.kind === "opened" && !mayHaveArrived);
    return isUntold ? { kept: [], superseded: [...waiting, next] } : { kept: [next], superseded: waiting };
  }
  const isKept = ({ row }: Entry): boolean => OPENINGS.has(row.kind);
  return { kept: [...waiting.filter(isKept), next], superseded: waiting.filter((entry) => !isKept(entry)) };
}

/** What the first message says: with the newest state, where it has never been out and asks for attention. */
function merge(first: Entry, behind: Entry[]): { absorbed: Entry[]; notification: Notification } {
  const own = readNotification(first.row);
  const last = behind.at(-1);
  if (last === undefined || first.mayHaveArrived || !OPENINGS.has(first.row.kind))
    return { absorbed: [], notification: own };
  const newest = readNotification(last.row);
  const isPage = first.row.page || behind.some(({ row }) => row.page);
  return {
    absorbed: behind,
    notification: {
      ...own,
      revision: newest.revision,
      document: newest.document,
      // Somebody works on it already: nobody else is called.
      page: isPage && newest.document.status !== "acknowledged",
    },
  };
}

/** Smaller goes first. Keys are quoted only outside of texts, so that no message can pretend to a priority. */
function rankOf(queue: IncidentQueue): number {
  const { entries } = queue;
  const first = entries[0]?.row;
  if (first === undefined) return 0;
  const page = entries.some(({ row }) => row.page) ? 0 : 1;
  const priority = Number(/"priority":"P([1-5])"/.exec(entries.at(-1)?.row.body ?? "")?.[1] ?? 5);
  return (page * 5 + priority) * CLASS_SPAN + first.createdAt;
}
