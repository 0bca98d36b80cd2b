import type { Event } from "../core/model/event.ts";
import type { DroppedEvents } from "../core/model/input.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Intake, IntakeResult, Submission } from "../port/intake.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { EventFilter } from "../../rules/detect/event-filter.ts";

/** The same drop is written into the ledger at most this often, with how many there were. */
const RECORD_EVERY_MS: Milliseconds = 3_600_000;
/** Drops of so many kinds (rule, source, CI, check) are remembered; of more, the oldest are forgotten. */
const KINDS_MAX = 10_000;
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
          records.push({ kind: "command", actor: "event rules", command });
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

/** Which drops the ledger knows of. */
class DropBook {
  private readonly kinds = new Map<string, { recordedAt: UnixMillis; since: number }>();

  /** What the ledger is to be told now; null = it knows. */
  note(
    event: Event,
    { rule, reason }: Extract<Verdict, { action: "drop" }>,
    now: UnixMillis,
  ): ({ type: "events.dropped" } & DroppedEvents) | null {
    const { source, ci, check, instance, severity, summary } = event;
    const key = [rule, source, ci, check, instance].join("\n");
    const known = this.kinds.get(key);
    if (known !== undefined && now - known.recordedAt < RECORD_EVERY_MS) {
      known.since += 1;
      return null;
    }
    this.kinds.delete(key);
    this.kinds.set(key, { recordedAt: now, since: 0 });
    if (this.kinds.size > KINDS_MAX) this.kinds.delete(this.kinds.keys().next().value ?? "");
    return {
      type: "events.dropped",
      rule,
      reason,
      ci,
      source,
      check,
      instance,
      severity,
      summary,
      count: (known?.since ?? 0) + 1,
    };
  }
}
