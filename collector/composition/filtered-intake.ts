import type { Event } from "../core/model/event.ts";
import type { Intake, IntakeResult, Submission } from "../port/intake.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { EventFilter } from "../../rules/detect/event-filter.ts";

/**
 * The way into the core through the event rules: events of other systems are made milder, get labels, or are left out,
 * before they can become alerts. The sender of an event that is left out gets its acceptance, as it would for one that
 * changes nothing. Commands, heartbeats and what detection finds do not come this way.
 *
 * @param filter the rules as they are now; null = there are none.
 */
export function filteredIntake(intake: Intake, filter: () => EventFilter | null, telemetry: Telemetry): Intake {
  return {
    async submit(submissions, lane): Promise<IntakeResult> {
      const rules = filter();
      if (rules === null) return intake.submit(submissions, lane);
      const kept: Submission[] = [];
      const isKept = submissions.map((submission) => {
        const passed = submission.kind === "event" ? passEvent(submission.event, rules, telemetry) : undefined;
        if (passed === null) return false;
        kept.push(passed === undefined ? submission : { kind: "event", event: passed });
        return true;
      });
      if (kept.length === 0) return { status: "committed", outcomes: isKept.map(() => LEFT_OUT) };
      const result = await intake.submit(kept, lane);
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

/** The event as the rules want it; null = left out. */
function passEvent(event: Event, rules: EventFilter, telemetry: Telemetry): Event | null {
  const verdict = rules(event);
  if (verdict === null) return event;
  telemetry.count("tocsin_event_rules_total", { action: verdict.action });
  if (verdict.action === "drop") return null;
  return { ...event, severity: verdict.severity ?? event.severity, labels: { ...event.labels, ...verdict.labels } };
}
