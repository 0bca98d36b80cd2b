import type { Event } from "../core/model/event.ts";
import type { Clock } from "../port/clock.ts";
import type { Intake, IntakeResult, Submission } from "../port/intake.ts";
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
  intake: Intake,
  filter: () => EventFilter | null,
  { telemetry, clock }: { telemetry: Telemetry; clock: Clock },
): Intake {
  const drops = new DropBook();
  return {
    async submit(submissions, lane): Promise<IntakeResult> {
      const rules = filter();
      if (rules === null) return intake.submit(submissions, lane);
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
      if (kept.length + records.length === 0) return { status: "committed", outcomes: isKept.map(() => LEFT_OUT) };
      const result = await intake.submit([...kept, ...records], lane);
      if (result.status !== "committed" || kept.length === submissions.length) return result;
      let next = 0;
      return {
        status: "committed",
        outcomes: isKept.map((is) => (is ? (result.outcomes[next++] ?? LEFT_OUT) : LEFT_OUT)),
      };
    },
  };
}

const LEFT_OUT = { status: "accepted", alert: null, incident: null } as const;

function rewritten(event: Event, { severity, labels }: Pick<Rewrite, "severity" | "labels">): Event {
  return { ...event, severity: severity ?? event.severity, labels: { ...event.labels, ...labels } };
}
type Verdict = NonNullable<ReturnType<EventFilter>>;
type Rewrite = Extract<Verdict, { action: "rewrite" }>;
