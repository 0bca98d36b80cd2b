import type { Outcome } from "../core/model/effect.ts";
import type { Milliseconds } from "../core/model/time.ts";
import {
  type DepositResult,
  LANES,
  type Lane,
  type Letter,
  type LetterReader,
  type Submission,
} from "../port/intake.ts";
import type { DepositProgress, StoredDeposit } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import { Hold } from "./hold.ts";
import { type Deposit, NOTHING_CAME_OF_IT, type Submissions, type Ticket, answerTicket } from "./ticket.ts";

export interface DepositsOptions {
  log: Log;
  telemetry: Telemetry;
  /** Fewer deposited inputs are no burst. */
  heldInputsMin: number;
}

/** Of a letter, beside its text. */
const LETTER_BYTES = 300;

/**
 * What senders said, made durable as it came, when the core is too slow for them: written with the next commit, whatever that
 * is for, and gone with the one that has what the core made of it. A sender in a hurry waits for one sync and not for
 * thoughts about what it said.
 */
export class Deposits {
  private readonly options: DepositsOptions;
  private readonly hold: Hold;
  private readonly readers = new Map<string, LetterReader>();
  private lastId = 0;
  /** In memory alone. */
  private offered: Ticket[] = [];
  /** Not stepped to their end, by id. */
  private readonly waiting = new Map<number, Ticket>();
  /** Of the process before this one, and nobody has come who can read them. */
  private unread: StoredDeposit[] = [];
  private waitingReaders: { lastId: number; go: () => void }[] = [];

  constructor(options: DepositsOptions) {
    this.options = options;
    this.hold = new Hold(options.heldInputsMin);
  }

  open(letter: Letter, lane: Lane, arrivedAt: Milliseconds): Ticket {
    this.lastId += 1;
    return this.ticketOf(this.lastId, letter, this.submissionsOf(letter), { lane, arrivedAt });
  }

  /** It was let in. */
  taken(ticket: Ticket): void {
    this.offered.push(ticket);
    this.hold.moved(ticket.arrivedAt);
    this.wait(ticket);
  }

  /** What the process before this one has not stepped to its end: it is given back as far as it can be read. */
  restore(stored: readonly StoredDeposit[], now: Milliseconds): Ticket[] {
    for (const { id } of stored) this.lastId = Math.max(this.lastId, id);
    this.unread = [...stored];
    return this.readable(now);
  }

  /** Gives back what was left for this reader, to be stepped before anything that comes now. */
  read(reader: string, read: LetterReader, now: Milliseconds): Ticket[] {
    this.readers.set(reader, read);
    return this.readable(now);
  }

  private readable(now: Milliseconds): Ticket[] {
    const left = this.unread.filter(({ reader }) => this.readers.has(reader));
    this.unread = this.unread.filter(({ reader }) => !this.readers.has(reader));
    return left.map((stored) => this.restored(stored, now));
  }

  private restored({ id, reader, lane, body, receivedAt, taken }: StoredDeposit, now: Milliseconds): Ticket {
    const read = this.readSafely({ reader, body, receivedAt });
    const inputs = read?.length ?? taken + 1;
    const submissions = { length: inputs, at: (index: number) => read?.[index] };
    const letter = { reader, body, receivedAt, inputs };
    const ticket = this.ticketOf(id, letter, submissions, { lane: laneOf(lane), arrivedAt: now });
    for (let index = 0; index < taken; index += 1) ticket.outcomes.push(NOTHING_CAME_OF_IT);
    if (ticket.deposit !== undefined) ticket.deposit.stage = "stored";
    this.wait(ticket);
    return ticket;
  }

  /**
   * Whether deposits are left for later.
   * @param inputs of them, that wait.
   */
  isHeld(inputs: number, now: Milliseconds): boolean {
    return this.hold.isOn(inputs, now) && this.waitingReaders.length === 0;
  }

  /** What is to be stored with the next commit. */
  rows(): StoredDeposit[] {
    const rows: StoredDeposit[] = [];
    for (const { deposit, lane, outcomes } of this.offered) {
      if (deposit === undefined) continue;
      deposit.stage = "storing";
      const { id, letter } = deposit;
      const { reader, receivedAt, body } = letter;
      rows.push({ id, lane, reader, receivedAt, body, taken: outcomes.length });
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
      const taken = outcomes.length;
      progress.push({ id: deposit.id, taken, over: taken === submissions.length });
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
      this.waitingReaders.push({ lastId: this.lastId, go });
    });
  }

  /** The core has stepped some. */
  tellReaders(isOver = false): void {
    if (this.waitingReaders.length === 0) return;
    this.waitingReaders = this.waitingReaders.filter(({ lastId, go }) => {
      if (!isOver && this.isBehind(lastId)) return true;
      go();
      return false;
    });
  }

  private isBehind(lastId: number): boolean {
    for (const [id, { outcomes, submissions }] of this.waiting) {
      if (id > lastId) return false;
      if (outcomes.length < submissions.length) return true;
    }
    return false;
  }

  private wait(ticket: Ticket): void {
    if (ticket.deposit !== undefined) this.waiting.set(ticket.deposit.id, ticket);
  }

  private ticketOf(
    id: number,
    letter: Letter,
    submissions: Submissions,
    { lane, arrivedAt }: Pick<Ticket, "lane" | "arrivedAt">,
  ): Ticket {
    if (!this.readers.has(letter.reader)) throw new Error(`nobody reads letters to ${letter.reader}`);
    const { promise: stepped, resolve: settle } = Promise.withResolvers<readonly Outcome[]>();
    const deposit: Deposit = { id, letter, stage: "offered", settle, stepped };
    const sizeBytes = LETTER_BYTES + letter.body.byteLength;
    return { submissions, lane, sizeBytes, arrivedAt, outcomes: [], answer: undefined, deposit };
  }

  /** Read when the first of them is asked for, so that what waits is bytes and not thousands of objects. */
  private submissionsOf(letter: Letter): Submissions {
    let list: readonly Submission[] | undefined;
    return {
      length: letter.inputs,
      at: (index) => {
        list ??= this.readSafely(letter) ?? [];
        return list[index];
      },
    };
  }

  /** What its reader fails on is left out: it would fail again after every restart. */
  private readSafely(letter: Omit<Letter, "inputs">): readonly Submission[] | undefined {
    try {
      return this.readers.get(letter.reader)?.(letter) ?? [];
    } catch (error) {
      const { reader, body } = letter;
      this.options.log.error(
        "a stored request cannot be read and is left out, a bug to report; its sender repeats what still fires",
        { reader, sizeBytes: body.byteLength, error },
      );
      this.options.telemetry.count("tocsin_letters_unread_total", { reader });
      return undefined;
    }
  }
}

function laneOf(text: string): Lane {
  return LANES.find((lane) => lane === text) ?? "event";
}
