import type { Milliseconds } from "../core/model/time.ts";
import { LANES, type Lane } from "../port/intake.ts";
import type { Ticket } from "./ticket.ts";

export interface InboxLimits {
  inputsMax: number;
  sizeBytesMax: number;
}

/** Share of the limits up to which a lane is let in: what is refused first when there is too much. */
const SHARE: Readonly<Record<Lane, number>> = { heartbeat: 1, command: 0.95, critical: 0.85, event: 0.7 };

type Queues = Readonly<Record<Lane, Queue>>;

/**
 * What waits for the core: two queues a lane, first in, first out, emptied by rank of the lane. One has the deposits, which
 * may have to wait although the other one need not. Bounded by count and by a rough size; the more important a lane, the
 * fuller the inbox may be when it is still let in.
 */
export class Inbox {
  private readonly limits: InboxLimits;
  private readonly lanes: Queues = queues();
  private readonly deposits: Queues = queues();
  private isDepositsTurn = false;
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
    return this.lanes[lane].inputs + this.deposits[lane].inputs;
  }

  get depositedInputs(): number {
    let inputs = 0;
    for (const lane of LANES) inputs += this.deposits[lane].inputs;
    return inputs;
  }

  /** False: there is too much already. A ticket larger than its lane's share is let into an empty inbox. */
  offer(ticket: Ticket): boolean {
    const share = SHARE[ticket.lane];
    const count = this.inputCount + ticket.submissions.length;
    const isFull =
      count > this.limits.inputsMax * share || this.byteCount + ticket.sizeBytes > this.limits.sizeBytesMax * share;
    if (isFull && this.inputCount > 0) return false;
    this.queueOf(ticket).push(ticket);
    this.count(ticket, 1);
    return true;
  }

  /** Whatever there is already: what was promised before. */
  admit(ticket: Ticket): void {
    this.queueOf(ticket).push(ticket);
    this.count(ticket, 1);
  }

  /**
   * The ticket to go on with; undefined = nothing waits. Within a lane somebody waits for what is not deposited: it takes turns
   * with the deposits, of which there may be a hundred thousand.
   */
  first(withDeposits = true): Ticket | undefined {
    for (const lane of LANES) {
      const ticket = this.lanes[lane].first;
      const deposit = withDeposits ? this.deposits[lane].first : undefined;
      if (ticket === undefined && deposit === undefined) continue;
      if (ticket === undefined || deposit === undefined) return ticket ?? deposit;
      return this.isDepositsTurn ? deposit : ticket;
    }
    return undefined;
  }

  /** This ticket, the first of its queue, leaves: all its submissions are stepped. */
  shift(ticket: Ticket): void {
    this.queueOf(ticket).shift();
    this.count(ticket, -1);
    this.isDepositsTurn = ticket.deposit === undefined;
  }

  /** Tickets of which a part was stepped: at most one a queue. */
  begun(): Ticket[] {
    return this.queues()
      .flatMap(({ first }) => first ?? [])
      .filter(({ outcomes }) => outcomes.length > 0);
  }

  /** Takes out every ticket to which nothing is owed: of which nothing was stepped and nothing goes to the store. */
  drain(): Ticket[] {
    const isOwed = ({ outcomes, deposit }: Ticket): boolean =>
      outcomes.length > 0 || (deposit !== undefined && deposit.stage !== "offered");
    const taken = this.drainAll();
    this.giveBack(taken.filter(isOwed));
    return taken.filter((ticket) => !isOwed(ticket));
  }

  drainAll(): Ticket[] {
    const taken: Ticket[] = [];
    for (const queue of this.queues())
      for (let ticket = queue.first; ticket !== undefined; ticket = queue.first) {
        this.shift(ticket);
        taken.push(ticket);
      }
    return taken;
  }

  /** To the front of their queues, in this order. */
  giveBack(tickets: readonly Ticket[]): void {
    for (const queue of this.queues()) {
      const own = tickets.filter((ticket) => this.queueOf(ticket) === queue);
      if (own.length > 0) queue.unshift(own);
    }
    for (const ticket of tickets) this.count(ticket, 1);
  }

  /** Monotonic; undefined = nothing waits. */
  oldestArrival(): Milliseconds | undefined {
    const arrivals = [oldest(this.lanes), oldest(this.deposits)].filter((at) => at !== undefined);
    return arrivals.length === 0 ? undefined : Math.min(...arrivals);
  }

  private queues(): Queue[] {
    return LANES.flatMap((lane) => [this.lanes[lane], this.deposits[lane]]);
  }

  private queueOf({ lane, deposit }: Ticket): Queue {
    return deposit === undefined ? this.lanes[lane] : this.deposits[lane];
  }

  private count({ submissions, sizeBytes }: Ticket, sign: 1 | -1): void {
    this.inputCount += sign * submissions.length;
    this.byteCount += sign * sizeBytes;
  }
}

function oldest(queues: Queues): Milliseconds | undefined {
  const arrivals = LANES.flatMap((lane) => queues[lane].first?.arrivedAt ?? []);
  return arrivals.length === 0 ? undefined : Math.min(...arrivals);
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

function queues(): Queues {
  return { heartbeat: new Queue(), command: new Queue(), critical: new Queue(), event: new Queue() };
}
