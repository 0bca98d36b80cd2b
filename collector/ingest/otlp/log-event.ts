import type { OtlpAttributes, OtlpLogRecord } from "../../../protocol/otlp.ts";
import type { Event } from "../../core/model/event.ts";
import { SEVERITIES, type Severity } from "../../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { eventOfDraft } from "../event-draft.ts";
import { labelsFrom } from "../field.ts";
import { severityWord } from "../severity.ts";

/** What a rule says of a log record: it is this event. */
export interface LogMatch {
  check: string;
  instance?: string;
  status?: Event["status"];
  severity?: Severity;
  summary?: string;
  kind?: Event["kind"];
  /** Beside the record's attributes. */
  labels?: Readonly<Record<string, string>>;
  expiresAfterMs?: Milliseconds;
}

/** Asked for each record that does not say itself that it is an event; undefined = it is none. */
export type LogRules = (record: OtlpLogRecord, resource: OtlpAttributes, ci: string) => LogMatch | undefined;

/** Attributes by which a record says that it is an event; `tocsin.check` makes it one. */
export const EVENT_ATTRIBUTES = {
  check: "tocsin.check",
  instance: "tocsin.instance",
  status: "tocsin.status",
  severity: "tocsin.severity",
  summary: "tocsin.summary",
  source: "tocsin.source",
  id: "tocsin.id",
} as const;

export type LogReading = { kind: "event"; event: Event } | { kind: "counted" } | { kind: "rejected"; message: string };

export interface LogContext {
  resource: OtlpAttributes;
  ci: string;
  now: UnixMillis;
  rules: LogRules | undefined;
}

/** An event, where the record's attributes or a rule say so. Logs are many and events few: nothing else becomes one. */
export function readLogRecord(record: OtlpLogRecord, context: LogContext): LogReading {
  const said = matchOfAttributes(record.attributes);
  if (typeof said === "string") return { kind: "rejected", message: said };
  const match = said ?? context.rules?.(record, context.resource, context.ci);
  if (match === undefined) return { kind: "counted" };
  const { attributes } = record;
  const own = Object.entries(attributes).filter(([key]) => !key.startsWith("tocsin."));
  const labels = labelsFrom({ ...Object.fromEntries(own), ...match.labels });
  const at = record.at || record.observedAt;
  const event = eventOfDraft(
    {
      id: attributes[EVENT_ATTRIBUTES.id],
      source: attributes[EVENT_ATTRIBUTES.source] ?? context.resource["service.name"] ?? "otlp",
      ci: context.ci,
      check: match.check,
      instance: match.instance,
      kind: match.kind ?? "alert",
      expiresAfterMs: match.expiresAfterMs,
      status: match.status ?? "firing",
      severity: match.severity ?? severityOf(record),
      summary: match.summary || record.body || record.eventName || match.check,
      at: at === 0 ? undefined : at,
      labels,
    },
    context.now,
  );
  return { kind: "event", event };
}

/** undefined where the record does not say that it is an event; text where what it says is wrong. */
function matchOfAttributes(attributes: OtlpAttributes): LogMatch | string | undefined {
  const check = attributes[EVENT_ATTRIBUTES.check];
  if (check === undefined || check === "") return undefined;
  const { [EVENT_ATTRIBUTES.status]: status = "firing", [EVENT_ATTRIBUTES.severity]: severity } = attributes;
  if (status !== "firing" && status !== "resolved") return `${EVENT_ATTRIBUTES.status} must be firing or resolved`;
  if (severity !== undefined && !(SEVERITIES as readonly string[]).includes(severity))
    return `${EVENT_ATTRIBUTES.severity} must be one of ${SEVERITIES.join(", ")}`;
  const match: LogMatch = { check, status };
  if (severity !== undefined) match.severity = severity as Severity;
  const { [EVENT_ATTRIBUTES.instance]: instance, [EVENT_ATTRIBUTES.summary]: summary } = attributes;
  if (instance !== undefined) match.instance = instance;
  if (summary !== undefined) match.summary = summary;
  return match;
}

/** Severity numbers of the logs data model: 1–24 in six groups of four. Without a number its own word counts. */
function severityOf({ severityNumber, severityText }: OtlpLogRecord): Severity {
  if (severityNumber === 0) return severityWord(severityText) ?? "info";
  if (severityNumber >= 21) return "critical";
  if (severityNumber >= 17) return "major";
  return severityNumber >= 13 ? "warning" : "info";
}
