import type { Outcome } from "../core/model/effect.ts";
import type { Command, Repetition } from "../core/model/input.ts";
import type { Event } from "../core/model/event.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** An input before the runtime has given it its time. */
export type Submission =
  | { kind: "event"; event: Event }
  | ({ kind: "again" } & Repetition)
  | { kind: "heartbeat"; ci: string; agent: string; missingAfterMs: Milliseconds }
  | { kind: "command"; actor: string; command: Command }
  | { kind: "topology"; cmdb: CmdbDocument }
  | { kind: "settings"; settings: CoreSettings }
  /** Has its place among the outcomes (as accepted), and the core does not see it. */
  | { kind: "leftOut" };

/** Which submissions go first, and which are refused first when there is too much: heartbeat > command > critical > event. */
export const LANES = ["heartbeat", "command", "critical", "event"] as const;
export type Lane = (typeof LANES)[number];

/**
 * committed: durable, one outcome for each submission, in order. overloaded: nothing was taken; answer 503 with Retry-After.
 * unavailable: the store cannot commit now (disk full, ending); nothing was taken.
 */
export type IntakeResult =
  | { status: "committed"; outcomes: readonly Outcome[] }
  | { status: "overloaded"; retryAfterMs: Milliseconds }
  | { status: "unavailable"; reason: string };

/**
 * deposited: durable as it is, and the core takes it as soon as it can; `stepped` resolves with one outcome for each
 * submission, in order, and never when the process ends before that (the next one steps what is left). committed: the core
 * was quick enough.
 */
export type DepositResult = { status: "deposited"; stepped: Promise<readonly Outcome[]> } | IntakeResult;

/** The one door into the core. */
export interface Intake {
  /** Resolves after what the core made of it is durable. */
  submit(submissions: readonly Submission[], lane: Lane): Promise<IntakeResult>;
}

/** What a sender said, as it came: submissions that are read when their turn has come. */
export interface Letter {
  /** Who can read it: a name that is the same after a restart. */
  reader: string;
  /** Owned by whoever has the letter. */
  body: Uint8Array;
  receivedAt: UnixMillis;
  /** How many submissions it is. */
  inputs: number;
}

/** Equal letters are as many submissions in the same order: one of which half was taken goes on where it was. */
export type LetterReader = (letter: Pick<Letter, "body" | "receivedAt">) => readonly Submission[];

/** The door with a letter box. */
export interface IntakeWithDeposit extends Intake {
  /**
   * For a sender who need not know what becomes of it: resolves as soon as it cannot be lost any more, in a burst long before
   * the core has seen it. Never out of order within its lane.
   */
  deposit(letter: Letter, lane: Lane): Promise<DepositResult>;
  /** From now on letters to this reader are read, also those that the process before this one has left. */
  readLetters(reader: string, read: LetterReader): void;
}
