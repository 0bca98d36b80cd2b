import type { Alert } from "../model/alert.ts";
import type { Event } from "../model/event.ts";
import type { Turn } from "../model/turn.ts";
import type { Verdict } from "./classify.ts";

type LateRule = Extract<Verdict, { type: "timeline" }>["rule"];

const LATE_REASONS: Readonly<Record<LateRule, string>> = {
  "older-than-clear": "the message says that it fired, but it is older than the clear that we already have",
  "older-than-firing": "the message is older than what we already know of this alert",
  "clear-older-than-firing": "the message says that it cleared, but the source has said since then that it fires",
  "resolved-by-person": "a person resolved it a few minutes ago; the source is believed again if it goes on",
};

/** A message that came too late or out of order to change anything. */
export function tellLate(turn: Turn, alert: Readonly<Alert>, event: Readonly<Event>, rule: LateRule): void {
  turn.record({
    decision: "alert.late",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: rule,
    reasons: [LATE_REASONS[rule]],
    counterfactual:
      event.status === "firing"
        ? "in time, it would have kept the alert firing or started a new episode"
        : "in time, it would have resolved the alert",
    facts: {
      event: event.id,
      status: event.status,
      occurredAt: event.occurredAt,
      lastOccurredAt: alert.lastOccurredAt,
    },
  });
}

/** A firing whose clear came first, of an alert that nothing else is known of. */
export function tellOvertaken(turn: Turn, event: Readonly<Event>, ci: string): void {
  turn.record({
    decision: "alert.late",
    ci,
    rule: "older-than-clear",
    reasons: [LATE_REASONS["older-than-clear"]],
    counterfactual: "in time, it would have fired until its clear came",
    facts: { event: event.id, status: event.status, occurredAt: event.occurredAt },
  });
}

/** A person resolved it minutes ago, and its source says something that it had not said before. */
export function tellAnew(turn: Turn, alert: Readonly<Alert>, event: Readonly<Event>, why: string): void {
  turn.record({
    decision: "alert.anew",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: "new-evidence",
    reasons: [`a person resolved it a few minutes ago, but ${why}`],
    counterfactual:
      "had its source only repeated itself, it would have been believed again five minutes after the resolve",
    facts: { event: event.id, resolvedAt: alert.resolvedAt, severity: event.severity },
  });
}

/** An alert of which all that is known came late. */
export function tellLateBegin(turn: Turn, alert: Alert, event: Readonly<Event>): void {
  turn.record({
    decision: "alert.late",
    alert: alert.id,
    ci: alert.ci,
    rule: "late",
    reasons: [
      `it came ${Math.round((turn.at - alert.lastOccurredAt) / 60_000)} min after it was sent: it tells of the past`,
    ],
    counterfactual: "in time, it could have opened an incident and paged",
    facts: { event: event.id, occurredAt: event.occurredAt },
  });
}

export function tellFlapping(turn: Turn, alert: Alert): void {
  turn.record({
    decision: "alert.flapping",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: "flapping",
    reasons: [`it changed ${alert.changes.length} times within half an hour or less; it is held as one state`],
    counterfactual: "steady, each change would count as a new episode",
    facts: { changes: alert.changes.length },
  });
}
