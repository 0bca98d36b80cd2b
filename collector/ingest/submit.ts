import { REF_LENGTH } from "../core/model/alert-ref.ts";
import type { Outcome } from "../core/model/effect.ts";
import type { Event } from "../core/model/event.ts";
import type { Command } from "../core/model/input.ts";
import { Refusal, type IngestPorts } from "../port/ingest.ts";
import type { DepositResult, IntakeResult, Lane, Letter, Submission } from "../port/intake.ts";

/** Events taken in and refused, by adapter and by what became of them. */
export const INGEST_EVENTS = "tocsin_ingest_events_total";
/** What an adapter left out before the core saw it, by adapter and reason. */
export const INGEST_DROPPED = "tocsin_ingest_dropped_total";

export type SubmitPorts = Pick<IngestPorts, "intake" | "telemetry">;

export const laneOf = (events: readonly Event[]): Lane =>
  events.some((event) => event.severity === "critical" && event.kind === "alert") ? "critical" : "event";

const sizeOf = (submission: Submission | undefined): number =>
  submission?.kind === "again" ? submission.alerts.length / REF_LENGTH : 1;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function outcomesOf(result: IntakeResult): readonly Outcome[] {
  if (result.status === "committed") return result.outcomes;
  throw refusalOf(result);
}

function refusalOf(result: Exclude<IntakeResult, { status: "committed" }>): Refusal {
  if (result.status === "unavailable")
    return new Refusal(503, "unavailable", `nothing can be stored now: ${result.reason}`, { retryAfterS: 5 });
  return new Refusal(503, "overloaded", "too much at once; nothing of this request was taken, send it again", {
    retryAfterS: Math.max(1, Math.ceil(result.retryAfterMs / 1000)),
  });
}

/**
 * Hands events to the core and returns one outcome for each, in order, once they are durable.
 * Throws a refusal (503 with Retry-After) when they could not be taken; then none was.
 */
export async function submitEvents(
  ports: SubmitPorts,
  adapter: string,
  events: readonly Event[],
): Promise<readonly Outcome[]> {
  if (events.length === 0) return [];
  const submissions: Submission[] = events.map((event) => ({ kind: "event", event }));
  return submitMixed(ports, adapter, submissions, laneOf(events));
}

/** Events and repetitions, which count as many as they have alerts. */
export async function submitMixed(
  ports: SubmitPorts,
  adapter: string,
  submissions: readonly Submission[],
  lane: Lane,
): Promise<readonly Outcome[]> {
  const result = await ports.intake.submit(submissions, lane);
  countRefused(ports, adapter, sum(submissions.map(sizeOf)), result);
  const outcomes = outcomesOf(result);
  countOutcomes(ports, adapter, submissions, outcomes);
  return outcomes;
}

/**
 * Hands a letter over for a sender who only has to know that what it says is safe.
 * @returns the outcomes, where the core was quick enough. Otherwise `onStepped` gets them later, or never, when the process
 * ends before. Throws a refusal when it could not be taken.
 */
export async function depositLetter(
  ports: SubmitPorts,
  letter: Letter,
  lane: Lane,
  onStepped: (outcomes: readonly Outcome[]) => void,
): Promise<readonly Outcome[] | undefined> {
  const adapter = letter.reader;
  const result = await ports.intake.deposit(letter, lane);
  countRefused(ports, adapter, letter.inputs, result);
  if (result.status !== "deposited") {
    const outcomes = outcomesOf(result);
    countOutcomes(ports, adapter, [], outcomes);
    return outcomes;
  }
  whenStepped(ports, adapter, result.stepped, onStepped);
  return undefined;
}

/** Apart from the letter: a closure beside it would keep it in memory as long as it waits. */
function whenStepped(
  ports: SubmitPorts,
  adapter: string,
  stepped: Promise<readonly Outcome[]>,
  onStepped: (outcomes: readonly Outcome[]) => void,
): void {
  void stepped.then((outcomes) => {
    countOutcomes(ports, adapter, [], outcomes);
    onStepped(outcomes);
  });
}

function countRefused(ports: SubmitPorts, adapter: string, count: number, { status }: DepositResult): void {
  if (status === "overloaded" || status === "unavailable")
    ports.telemetry.count(INGEST_EVENTS, { adapter, outcome: status }, count);
}

function countOutcomes(
  ports: SubmitPorts,
  adapter: string,
  submissions: readonly Submission[],
  outcomes: readonly Outcome[],
): void {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  for (const [index, outcome] of outcomes.entries()) {
    const missed = outcome.status === "accepted" ? (outcome.missed?.length ?? 0) : 0;
    counts[outcome.status] += sizeOf(submissions[index]) - missed;
  }
  for (const [outcome, count] of Object.entries(counts))
    if (count > 0) ports.telemetry.count(INGEST_EVENTS, { adapter, outcome }, count);
}

/** Hands one command to the core. Throws a refusal when it was refused or could not be taken. */
export async function submitCommand(ports: SubmitPorts, actor: string, command: Command): Promise<void> {
  const [outcome] = outcomesOf(await ports.intake.submit([{ kind: "command", actor, command }], "command"));
  if (outcome?.status === "rejected") throw new Refusal(400, outcome.code, outcome.message);
}

/** Something was left out, for a reason from the adapter's own closed list. */
export function countDropped(ports: Pick<IngestPorts, "telemetry">, adapter: string, reason: string, by = 1): void {
  if (by > 0) ports.telemetry.count(INGEST_DROPPED, { adapter, reason }, by);
}
