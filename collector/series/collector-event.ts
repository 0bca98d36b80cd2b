import type { Event } from "../core/model/event.ts";
import type { Severity } from "../core/model/severity.ts";
import type { UnixMillis } from "../core/model/time.ts";
import type { Detection } from "../../rules/detect/detector.ts";

/** What the collector itself has to say about a CI. */
export interface CollectorFinding {
  ci: string;
  check: string;
  status: Event["status"];
  severity: Severity;
  summary: string;
  at: UnixMillis;
}

/** Source of events that the collector raises itself. */
export const COLLECTOR_SOURCE = "collector";
/** Source of events that rules found in samples of foreign senders. */
export const RULES_SOURCE = "rules";

/** The id is made of what the event says, so that a repeat after a crash is recognised. */
const identified = (event: Omit<Event, "id" | "idGiven">): Event => ({
  ...event,
  id: [event.ci, event.check, event.instance, event.status, event.occurredAt].join("|"),
  idGiven: true,
});

export function collectorEvent(finding: CollectorFinding): Event {
  return identified({
    source: COLLECTOR_SOURCE,
    ci: finding.ci,
    check: finding.check,
    instance: "",
    kind: "alert",
    status: finding.status,
    severity: finding.severity,
    summary: finding.summary,
    occurredAt: finding.at,
    labels: {},
    annotations: {},
    links: [],
    expiresAfterMs: null,
  });
}

/** @param repeatAt for a condition that still holds: tells the core that it was not forgotten. */
export function detectionEvent(detection: Detection, repeatAt?: UnixMillis): Event {
  return identified({
    source: RULES_SOURCE,
    ci: detection.ci,
    check: detection.rule,
    instance: detection.instance,
    kind: "alert",
    status: detection.status,
    severity: detection.severity,
    summary: detection.summary,
    occurredAt: repeatAt ?? detection.at,
    since: detection.since,
    labels: detection.labels,
    annotations: { value: String(detection.value) },
    links: detection.runbook === null ? [] : [{ href: detection.runbook, text: "runbook" }],
    expiresAfterMs: null,
  });
}
