import type { Outcome } from "../core/model/effect.ts";
import type { Command, Repetition } from "../core/model/input.ts";
import type { Event } from "../core/model/event.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import type { Milliseconds } from "../core/model/time.ts";

/** An input before the runtime has given it its time. */
export type Submission =
  | { kind: "event"; event: Event }
  | ({ kind: "again" } & Repetition)
  | { kind: "heartbeat"; ci: string; agent: string; missingAfterMs: Milliseconds }
  | { kind: "command"; actor: string; command: Command }
  | { kind: "topology"; cmdb: CmdbDocument }
  | { kind: "settings"; settings: CoreSettings };

/** Which submissions go first, and which are refused first when there is too much: heartbeat > command > critical > event. */
export const LANES = ["heartbeat", "command", "critical", "event"] as const;
export type Lane = (typeof LANES)[number];

/**
 * committed: durable, one outcome for each submission, in order. overloaded: nothing was taken; answer 503 with Retry-After.
 * unavailable: the store cannot commit now (disk full, ending); nothing was taken.
 */
export type IntakeResult =
  | { status: "committed"; outcomes: Outcome[] }
  | { status: "overloaded"; retryAfterMs: Milliseconds }
  | { status: "unavailable"; reason: string };

/** The one door into the core. Resolves after the batch is durable. */
export interface Intake {
  submit(submissions: readonly Submission[], lane: Lane): Promise<IntakeResult>;
}
