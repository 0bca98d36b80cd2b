import type { Outcome } from "../core/model/effect.ts";
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
  const sieve = (submissions: readonly Submission[]): Sieved => {
    const rules = filter();
    if (rules === null) return { passed: submissions, restored: (outcomes) => outcomes };
    const kept: Submission[] = [];
    const records: Submission[] = [];
    const now = clock.now();
    const isKept = submissions.map((submission) => {
      if (submission.kind !== "event") return kept.push(submission) > 0;
      const verdict = rules(submission.event);
      if (verdict === null) return kept.push(submission) > 0;
      telemetry.count("tocsin_event_rules_total", { action: verdict.action });
      if (verdict.action === "rewrite")
        return kept.push({ kind: "event", event: rewritten(submission.event, verdict) }) > 0;
      const command = drops.note(submission.event, verdict, now);
      if (command !== null && records.length < RECORDS_A_BATCH)
        records.push({ kind: "command", actor: EVENT_RULES_ACTOR, command });
      return false;
    });
    return { passed: [...kept, ...records], restored: restoring(isKept) };
  };
  return {
    async submit(submissions, lane) {
      const { passed, restored } = sieve(submissions);
      const result = await intake.submit(passed, lane);
      return result.status === "committed" ? { ...result, outcomes: restored(result.outcomes) } : result;
    },
    async deposit(submissions, lane) {
      const { passed, restored } = sieve(submissions);
      const result = await intake.deposit(passed, lane);
      if (result.status === "committed") return { ...result, outcomes: restored(result.outcomes) };
      return result.status === "deposited" ? { ...result, stepped: result.stepped.then(restored) } : result;
    },
  };
}

/** Outside, so that what waits for outcomes keeps no events. */
function restoring(isKept: readonly boolean[]): Sieved["restored"] {
  return (outcomes) => {
    let next = 0;
    return isKept.map((is) => (is ? (outcomes[next++] ?? LEFT_OUT) : LEFT_OUT));
  };
}

interface Sieved {
  passed: readonly Submission[];
  /** From the outcomes of what passed to one for each that there was. */
  restored: (outcomes: readonly Outcome[]) => readonly Outcome[];
}

const LEFT_OUT = { status: "accepted", alert: null, incident: null } as const;

function rewritten(event: Event, { severity, labels }: Pick<Rewrite, "severity" | "labels">): Event {
  return { ...event, severity: severity ?? event.severity, labels: { ...event.labels, ...labels } };
}
type Verdict = NonNullable<ReturnType<EventFilter>>;
type Rewrite = Extract<Verdict, { action: "rewrite" }>;
