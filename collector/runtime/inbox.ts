import type { Outcome } from "../core/model/effect.ts";
import type { Labels } from "../core/model/event.ts";
import type { Milliseconds } from "../core/model/time.ts";
import { type IntakeResult, LANES, type Lane, type Submission } from "../port/intake.ts";

export interface InboxLimits {
  inputsMax: number;
  sizeBytesMax: number;
}

/** One request's submissions on their way. Its answer is given once, when all of them are durable or none will be. */
export interface Ticket {
  readonly submissions: readonly Submission[];
  readonly lane: Lane;
  readonly sizeBytes: number;
  /** Monotonic. */
  readonly arrivedAt: Milliseconds;
  /** One for each submission that was stepped, in order: its length is how far the ticket has come. */
  readonly outcomes: Outcome[];
  /** Places of submissions on which the core has failed: they are left out. */
  poison?: Set<number>;
  answer: ((result: IntakeResult) => void) | undefined;
}

export function createTicket(submissions: readonly Submission[], lane: Lane, arrivedAt: Milliseconds): Ticket {
  let sizeBytes = 0;
  for (const submission of submissions) sizeBytes += sizeOf(submission);
  return { submissions, lane, sizeBytes, arrivedAt, outcomes: [], answer: undefined };
}

/** Once; further answers are dropped. */
export function answerTicket(ticket: Ticket, result: IntakeResult): void {
  const { answer } = ticket;
  ticket.answer = undefined;
  answer?.(result);
}

/** Share of the limits up to which a lane is let in: what is refused first when there is too much. */
const SHARE: Readonly<Record<Lane, number>> = { heartbeat: 1, command: 0.95, critical: 0.85, event: 0.7 };

/**
 * What waits for the core: one queue a lane, first in, first out, emptied by rank of the lane. Bounded by count and by a
 * rough size; the more important a lane, the fuller the inbox may be when it is still let in.
 */
export class Inbox {
  private readonly limits: InboxLimits;
  private readonly lanes: Readonly<Record<Lane, Queue>> = {
    heartbeat: new Queue(),
    command: new Queue(),
    critical: new Queue(),
    event: new Queue(),
  };
  private inputCount = 0;
  private byteCount = 0;

  constructor(limits: InboxLimits) {
    this.limits = limits;
  }

  get inputs(): number {
    return this.inputCount;
  }

  get sizeBytes(): number {
    return this.byteCount;
  }

  inputsOf(lane: Lane): number {
    return this.lanes[lane].inputs;
  }

  /** False: there is too much already. A ticket larger than its lane's share is let into an empty inbox. */
  offer(ticket: Ticket): boolean {
    const share = SHARE[ticket.lane];
    const count = this.inputCount + ticket.submissions.length;
    const isFull =
      count > this.limits.inputsMax * share || this.byteCount + ticket.sizeBytes > this.limits.sizeBytesMax * share;
    if (isFull && this.inputCount > 0) return false;
    this.lanes[ticket.lane].push(ticket);
    this.inputCount = count;
    this.byteCount += ticket.sizeBytes;
    return true;
  }

  /** The ticket to go on with, of all lanes or of one; undefined = nothing waits. */
  first(lane?: Lane): Ticket | undefined {
    if (lane !== undefined) return this.lanes[lane].first;
    for (const lane of LANES) {
      const ticket = this.lanes[lane].first;
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }

  /** The first ticket of this lane leaves: all its submissions are stepped. */
  shift(lane: Lane): void {
    const ticket = this.lanes[lane].shift();
    if (ticket === undefined) return;
    this.inputCount -= ticket.submissions.length;
    this.byteCount -= ticket.sizeBytes;
  }

  /** Tickets of which a part was stepped: at most one a lane. */
  begun(): Ticket[] {
    return LANES.flatMap((lane) => this.lanes[lane].first ?? []).filter(({ outcomes }) => outcomes.length > 0);
  }

  /** Takes out every ticket of which nothing was stepped yet. */
  drain(): Ticket[] {
    const begun = this.begun();
    const waiting = this.drainAll().filter((ticket) => !begun.includes(ticket));
    this.giveBack(begun);
    return waiting;
  }

  drainAll(): Ticket[] {
    const taken: Ticket[] = [];
    for (const lane of LANES)
      for (let ticket = this.first(lane); ticket !== undefined; ticket = this.first(lane)) {
        this.shift(lane);
        taken.push(ticket);
      }
    return taken;
  }

  /** To the front of their lanes, in this order. */
  giveBack(tickets: readonly Ticket[]): void {
    for (const lane of LANES) {
      const own = tickets.filter((ticket) => ticket.lane === lane);
      if (own.length === 0) continue;
      this.lanes[lane].unshift(own);
      for (const ticket of own) {
        this.inputCount += ticket.submissions.length;
        this.byteCount += ticket.sizeBytes;
      }
    }
  }

  /** Monotonic; undefined = nothing waits. */
  oldestArrival(): Milliseconds | undefined {
    const arrivals = LANES.flatMap((lane) => this.lanes[lane].first?.arrivedAt ?? []);
    return arrivals.length === 0 ? undefined : Math.min(...arrivals);
  }
}

/** First in, first out; taking from the front does not move the rest. */
class Queue {
  inputs = 0;
  private items: (Ticket | undefined)[] = [];
  private head = 0;

  get first(): Ticket | undefined {
    return this.items[this.head];
  }

  push(ticket: Ticket): void {
    this.items.push(ticket);
    this.inputs += ticket.submissions.length;
  }

  unshift(tickets: readonly Ticket[]): void {
    this.items = [...tickets, ...this.items.slice(this.head)];
    this.head = 0;
    for (const ticket of tickets) this.inputs += ticket.submissions.length;
  }

  shift(): Ticket | undefined {
    const ticket = this.items[this.head];
    if (ticket === undefined) return undefined;
    this.items[this.head] = undefined;
    this.head += 1;
    this.inputs -= ticket.submissions.length;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return ticket;
  }
}

const EVENT_BYTES = 400;
const SMALL_BYTES = 200;
/** The ids are the alerts' own. */
const REPEATED_BYTES = 16;
const CI_BYTES = 300;
const RELATION_BYTES = 150;

/** Rough memory of a submission; only sums matter. */
export function sizeOf(submission: Submission): number {
  switch (submission.kind) {
    case "event": {
      const { event } = submission;
      return EVENT_BYTES + 2 * event.summary.length + sizeOfLabels(event.labels) + sizeOfLabels(event.annotations);
    }
    case "again":
      return SMALL_BYTES + REPEATED_BYTES * submission.alerts.length;
    case "topology":
      return submission.cmdb.cis.length * CI_BYTES + submission.cmdb.relations.length * RELATION_BYTES;
    case "heartbeat":
    case "command":
    case "settings":
      return SMALL_BYTES;
  }
}

function sizeOfLabels(labels: Labels): number {
  let size = 0;
  for (const name in labels) size += 32 + 2 * (name.length + (labels[name]?.length ?? 0));
  return size;
}
