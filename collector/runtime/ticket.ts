import type { Outcome } from "../core/model/effect.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { DepositResult, Lane, Letter, Submission } from "../port/intake.ts";
import { sizeOf } from "./submission-size.ts";

/** Of a ticket whose sender does not wait for the core. */
export interface Deposit {
  id: number;
  letter: Letter;
  /** offered: nowhere but in memory. storing: in a commit on its way. stored: durable, its sender is answered. */
  stage: "offered" | "storing" | "stored";
  settle: (outcomes: readonly Outcome[]) => void;
  stepped: Promise<readonly Outcome[]>;
}

/** Of what the core has not seen, or the process before this one has stepped. */
export const NOTHING_CAME_OF_IT: Outcome = { status: "accepted", alert: null, incident: null };

/** What is to be stepped, as much as is asked for. */
export interface Submissions {
  readonly length: number;
  /** @param index less than `length`. */
  at(index: number): Submission | undefined;
}

/** One request's submissions on their way. Its answer is given once, when all of them are durable or none will be. */
export interface Ticket {
  readonly submissions: Submissions;
  readonly lane: Lane;
  readonly sizeBytes: number;
  /** Monotonic. */
  readonly arrivedAt: Milliseconds;
  /** One for each submission that was stepped, in order: its length is how far the ticket has come. */
  readonly outcomes: Outcome[];
  /** Places of submissions on which the core has failed: they are left out. */
  poison?: Set<number>;
  answer: ((result: DepositResult) => void) | undefined;
  /** Its sender does not wait for the core. */
  deposit: Deposit | undefined;
}

export function createTicket(submissions: readonly Submission[], lane: Lane, arrivedAt: Milliseconds): Ticket {
  let sizeBytes = 0;
  for (const submission of submissions) sizeBytes += sizeOf(submission);
  return { submissions, lane, sizeBytes, arrivedAt, outcomes: [], answer: undefined, deposit: undefined };
}

/** Once; further answers are dropped. */
export function answerTicket(ticket: Ticket, result: DepositResult): void {
  const { answer } = ticket;
  ticket.answer = undefined;
  answer?.(result);
}
