import type { Outcome } from "../core/model/effect.ts";
import type { Milliseconds } from "../core/model/time.ts";
import { type DepositResult, LANES, type Lane, type Submission } from "../port/intake.ts";
import type { DepositProgress, Snapshot, StoredDeposit } from "../port/store.ts";
import { Hold } from "./hold.ts";
import { type Deposit, type Ticket, answerTicket, createTicket } from "./ticket.ts";

/**
 * The inputs that are made durable as they are, when the core is too slow for those who send them: written with the next
 * commit, whatever that is for, and gone with the one that has what the core made of them. A sender in a hurry waits for one
 * sync and not for thoughts about what it said.
 */
export class Deposits {
  private lastId = 0;
  private readonly hold: Hold;
  /** In memory alone. */
  private offered: Ticket[] = [];
  /** Not stepped to their end, by id. */
  private readonly waiting = new Map<number, Ticket>();
  private readers: { lastId: number; go: () => void }[] = [];

  /** @param heldInputsMin fewer deposited inputs are no burst. */
  constructor(heldInputsMin: number) {
    this.hold = new Hold(heldInputsMin);
  }

  open(submissions: readonly Submission[], lane: Lane, arrivedAt: Milliseconds): Ticket {
    return this.add(createTicket(submissions, lane, arrivedAt), ++this.lastId);
  }

  /** It was let in. */
  taken(ticket: Ticket): void {
    this.offered.push(ticket);
    this.hold.moved(ticket.arrivedAt);
    if (ticket.deposit !== undefined) this.waiting.set(ticket.deposit.id, ticket);
  }

  /** What the process before this one has not stepped to its end. */
  restore(stored: Snapshot["deposits"], arrivedAt: Milliseconds): Ticket[] {
    return stored.map(({ id, lane, taken, body }) => {
      this.lastId = Math.max(this.lastId, id);
      const submissions = (JSON.parse(body) as Submission[]).slice(taken);
      const ticket = this.add(createTicket(submissions, laneOf(lane), arrivedAt), id);
      Object.assign(ticket.deposit as Deposit, { stage: "stored", from: -taken });
      this.waiting.set(id, ticket);
      return ticket;
    });
  }

  /**
   * Whether deposits are left for later.
   * @param inputs of them, that wait.
   */
  isHeld(inputs: number, now: Milliseconds): boolean {
    return this.hold.isOn(inputs, now) && this.readers.length === 0;
  }

  /**
   * What is to be stored with the next commit. Tickets that are not begun are kept as the same text from now on: what waits
   * for a second is then one string, and none of a thousand objects outlives the collector's youth.
   */
  rows(): StoredDeposit[] {
    const rows: StoredDeposit[] = [];
    for (const ticket of this.offered) {
      const { deposit, lane } = ticket;
      if (deposit === undefined) continue;
      deposit.stage = "storing";
      deposit.from = ticket.outcomes.length;
      const body = JSON.stringify(ticket.submissions.from(deposit.from));
      if (deposit.from === 0) ticket.submissions.keepAs(body);
      rows.push({ id: deposit.id, lane, body });
    }
    this.offered = [];
    return rows;
  }

  /** Something could be stored: the core has not come to its end. */
  get hasOffered(): boolean {
    this.offered = this.offered.filter(({ outcomes, submissions }) => outcomes.length < submissions.length);
    return this.offered.length > 0;
  }

  /** These are durable: their senders are answered. */
  stored(rows: readonly StoredDeposit[], now: Milliseconds, onAnswer: (ticket: Ticket) => void): void {
    if (rows.length > 0) this.hold.moved(now);
    for (const { id } of rows) {
      const ticket = this.waiting.get(id);
      if (ticket?.deposit === undefined) continue;
      ticket.deposit.stage = "stored";
      onAnswer(ticket);
      answerTicket(ticket, { status: "deposited", stepped: ticket.deposit.stepped } satisfies DepositResult);
    }
  }

  /** In a commit that does not end. */
  onTheirWay(): Ticket[] {
    return [...this.waiting.values()].filter(({ deposit }) => deposit?.stage === "storing");
  }

  /** Of the tickets that a batch has stepped: what the store must know of those that it has. */
  progress(begun: Iterable<Ticket>, rows: readonly StoredDeposit[]): DepositProgress[] {
    const isNew = new Set(rows.map(({ id }) => id));
    const progress: DepositProgress[] = [];
    for (const { deposit, outcomes, submissions } of begun) {
      if (deposit === undefined || deposit.stage === "offered" || isNew.has(deposit.id)) continue;
      const taken = outcomes.length - deposit.from;
      progress.push({ id: deposit.id, taken, over: outcomes.length === submissions.length });
    }
    return progress;
  }

  /** The core has all of it, and what it made of it is durable. */
  over({ deposit, outcomes }: Ticket): void {
    if (deposit === undefined) return;
    this.waiting.delete(deposit.id);
    deposit.settle(outcomes);
  }

  /** It was refused. */
  forget(ticket: Ticket): void {
    if (ticket.deposit === undefined) return;
    this.waiting.delete(ticket.deposit.id);
    this.offered = this.offered.filter((offered) => offered !== ticket);
  }

  /** Resolves when the core has seen all that was deposited until now; undefined = it has. */
  seen(): Promise<void> | undefined {
    if (!this.isBehind(this.lastId)) return undefined;
    return new Promise((go) => {
      this.readers.push({ lastId: this.lastId, go });
    });
  }

  /** The core has stepped some. */
  tellReaders(isOver = false): void {
    if (this.readers.length === 0) return;
    this.readers = this.readers.filter(({ lastId, go }) => {
      if (!isOver && this.isBehind(lastId)) return true;
      go();
      return false;
    });
  }

  /** The oldest are first: that of each lane is enough. */
  private isBehind(lastId: number): boolean {
    for (const [id, { outcomes, submissions }] of this.waiting) {
      if (id > lastId) return false;
      if (outcomes.length < submissions.length) return true;
    }
    return false;
  }

  private add(ticket: Ticket, id: number): Ticket {
    const { promise: stepped, resolve: settle } = Promise.withResolvers<readonly Outcome[]>();
    ticket.deposit = { id, stage: "offered", from: 0, settle, stepped };
    return ticket;
  }
}

function laneOf(text: string): Lane {
  return LANES.find((lane) => lane === text) ?? "event";
}
