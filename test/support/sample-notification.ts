import type { AlertDocument, IncidentDocument } from "../../collector/core/model/document.ts";
import type { Notification } from "../../collector/core/model/notification.ts";

/** Text as an attacker would put it into a host name or a log line: markup, mentions, line breaks, other headers, turned text. */
export const HOSTILE_TEXT =
  "<script>alert(1)</script> & <!channel> <@U1> [x](javascript:1) {{ 7 | times: 7 }} \"'`\r\nBcc: all@example.net\r\n.\r\nQUIT\u0000\u202Eevil\u2028end😀\uD800";

export function sampleAlert(over: Partial<AlertDocument> = {}): AlertDocument {
  return {
    id: "a-0123456789abcdef",
    ci: "web-01",
    source: "prometheus",
    check: "http_5xx_rate",
    instance: "",
    status: "firing",
    severity: "critical",
    summary: "22 % of requests fail",
    labels: { site: "ams1", runbook_url: "https://runbooks.example.net/http-5xx" },
    firstSeenAt: "2026-03-01T10:00:00.000Z",
    lastSeenAt: "2026-03-01T10:00:20.000Z",
    resolvedAt: null,
    count: 3,
    incident: "inc-0123456789ab",
    ...over,
  };
}

export function sampleIncident(over: Partial<IncidentDocument> = {}): IncidentDocument {
  return {
    id: "inc-0123456789ab",
    number: 42,
    status: "open",
    severity: "critical",
    priority: "P1",
    title: "db-2 is down: checkout fails",
    openedAt: "2026-03-01T10:00:00.000Z",
    acknowledgedAt: null,
    resolvedAt: null,
    rootCause: {
      ci: "db-2",
      confidence: 0.93,
      inferred: true,
      candidates: [
        { ci: "db-2", score: 0.93, reasons: ["11 of 12 services that need db-2 fail", "db-2 itself sends nothing"] },
        { ci: "sw-3", score: 0.05, reasons: ["db-2 is behind it"] },
      ],
      change: null,
    },
    impact: { services: [{ ci: "checkout", criticality: 1, redundancyLeft: 0 }], cis: ["checkout", "db-2", "web-01"] },
    alerts: [sampleAlert()],
    owner: null,
    timeline: [{ at: "2026-03-01T10:00:10.000Z", kind: "opened", text: "opened by web-01 http_5xx_rate", actor: null }],
    revision: 1,
    mergedInto: null,
    problem: null,
    ...over,
  };
}

export function sampleNotification(over: Partial<Notification> = {}): Notification {
  const document = over.document ?? sampleIncident();
  return {
    idempotencyKey: "inc-0123456789ab-0-opened-1-hook",
    incident: document.id,
    revision: document.revision,
    receiver: "hook",
    kind: "opened",
    page: true,
    at: Date.parse("2026-03-01T10:00:20Z"),
    reason: "the root cause is clear and a critical service is hit",
    document,
    ...over,
  };
}

/** Every text of the incident is hostile. */
export function hostileNotification(): Notification {
  const text = HOSTILE_TEXT;
  const document = sampleIncident({
    title: text,
    rootCause: {
      ci: text,
      confidence: 0.5,
      inferred: false,
      candidates: [{ ci: text, score: 0.5, reasons: [text] }],
      change: text,
    },
    impact: { services: [{ ci: text, criticality: 1, redundancyLeft: null }], cis: [text, "b"] },
    alerts: [
      sampleAlert({
        ci: text,
        check: text,
        instance: text,
        summary: text,
        labels: { runbook_url: `https://x/${text}` },
      }),
    ],
    owner: text,
    timeline: [{ at: "2026-03-01T10:00:10.000Z", kind: "acknowledged", text, actor: text }],
  });
  return sampleNotification({ document, reason: text, kind: "updated" });
}
