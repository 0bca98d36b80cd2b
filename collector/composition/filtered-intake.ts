import type { Event } from "../core/model/event.ts";
import type { Clock } from "../port/clock.ts";
import type { IntakeWithDeposit, Submission } from "../port/intake.ts";
import type { Telemetry } from "../port/telemetry.ts";
import { DropBook, EVENT_RULES_ACTOR } from "../runtime/drop-book.ts";
import type { EventFilter } from "../../rules/detect/event-filter.ts";

/** Records that one batch may bring along. */
const RECORDS_A_BATCH = 100;

/**
 * The way into the core through the event rules: events of other systems are made milder, get labels, or are left out,
 * before they can become alerts. The sender of an event that is left out gets its acceptance, as it would for one that
 * changes nothing; the ledger is told once an hour and kind. Commands, heartbeats and what detection finds do not come
 * this way.
 *
 * @param filter the rules as they are now; null = there are none.
 */
export function filteredIntake(
  intake: IntakeWithDeposit,
  filter: () => EventFilter | null,
  { telemetry, clock }: { telemetry: Telemetry; clock: Clock },
): IntakeWithDeposit {
  const drops = new DropBook();
  /** As many, in the same order. */
  const sieve = (submissions: readonly Submission[]): readonly Submission[] => {
    const rules = filter();
    if (rules === null) return submissions;
    let records = 0;
    const now = clock.now();
    return submissions.map((submission): Submission => {
      if (submission.kind !== "event") return submission;
      const verdict = rules(submission.event);
      if (verdict === null) return submission;
      telemetry.count("tocsin_event_rules_total", { action: verdict.action });
      if (verdict.action === "rewrite") return { kind: "event", event: rewritten(submission.event, verdict) };
      const command = drops.note(submission.event, verdict, now);
      if (command === null || records >= RECORDS_A_BATCH) return LEFT_OUT;
      records += 1;
      return { kind: "command", actor: EVENT_RULES_ACTOR, command };
    });
  };
  return {
    submit: (submissions, lane) => intake.submit(sieve(submissions), lane),
    deposit: (letter, lane) => intake.deposit(letter, lane),
    readLetters: (reader, read) => intake.readLetters(reader, (letter) => sieve(read(letter))),
  };
}

const LEFT_OUT: Submission = { kind: "leftOut" };

function rewritten(event: Event, { severity, labels }: Pick<Rewrite, "severity" | "labels">): Event {
  return { ...event, severity: severity ?? event.severity, labels: { ...event.labels, ...labels } };
}
type Verdict = NonNullable<ReturnType<EventFilter>>;
type Rewrite = Extract<Verdict, { action: "rewrite" }>;
