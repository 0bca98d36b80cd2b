import type { Event } from "../../../core/model/event.ts";
import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { LooseFields } from "../loose-fields.ts";
import { type MapContext, type Mapped, notOfKind, type WebhookKind, type WebhookMessage } from "../webhook-kind.ts";
import { parseJson } from "../../body.ts";

const SOURCE = "zabbix";
const KEY = "event_id";
/** {EVENT.NSEVERITY} 0 not classified … 5 disaster. */
const SEVERITIES: readonly Severity[] = ["info", "info", "warning", "minor", "major", "critical"];
/** {EVENT.SOURCE}: discovery and registration tell of hosts that came, not of trouble. */
const NO_TROUBLE: ReadonlySet<string> = new Set(["1", "2"]);

function severityOf(text: string | undefined): Severity {
  const number = text === undefined || !/^\d$/.test(text) ? undefined : SEVERITIES[Number(text)];
  return number ?? severityWord(text ?? "") ?? "major";
}

/** Tags as `{tag, value}` pairs or as {EVENT.TAGSJSON}, the text of such a list. */
function tagsOf(value: unknown): Record<string, string> {
  let list: unknown = value;
  if (typeof value === "string" && value.startsWith("[")) {
    try {
      list = JSON.parse(value);
    } catch {
      // A template's mistake: the alert matters more than its tags.
      return {};
    }
  }
  return labelsFrom(
    Object.fromEntries(listOf(list).map((tag) => [textAt(at(tag, "tag"), 100) ?? "", at(tag, "value")])),
  );
}

/** The message of our media type: macros of Zabbix as JSON, under any spelling of their names. */
function problemOf(body: unknown, context: MapContext): Event | "notAProblem" {
  const fields = new LooseFields(body, /^event[._]?/i);
  if (NO_TROUBLE.has(fields.text("source") ?? "0")) return "notAProblem";
  const id = fields.text("id");
  const name = fields.text("name", "alertSubject", "subject", "triggerName");
  if (id === undefined || name === undefined) throw notOfKind("zabbix", "EVENT.ID and EVENT.NAME are expected");
  const value = fields.text("value");
  const resolved = value === "0" || /^(?:ok|resolved)$/i.test(value ?? fields.text("status") ?? "");
  const trigger = fields.text("triggerId");
  const known = context.openAlert(id);
  const named = pickCi(
    [fields.text("hostName", "hostHost", "host"), fields.text("hostIp", "hostConn"), name],
    context.isKnownCi,
  );
  const labels = {
    ...tagsOf(fields.value("tagsJson") ?? fields.value("tags")),
    ...labelsFrom({ [KEY]: id, trigger_id: trigger }),
  };
  const server = fields.text("zabbixUrl", "url");
  const link =
    server === undefined || trigger === undefined
      ? undefined
      : `${server.replace(/\/+$/, "")}/tr_events.php?triggerid=${encodeURIComponent(trigger.toWellFormed())}&eventid=${encodeURIComponent(id.toWellFormed())}`;
  return eventOfDraft(
    {
      source: SOURCE,
      ci: known?.ci ?? named,
      check: known?.check ?? name,
      instance: known?.instance ?? trigger,
      status: resolved ? "resolved" : "firing",
      severity: severityOf(fields.text("nSeverity", "severity")),
      summary: name,
      at: anyTimeAt(fields.text("timestamp", "clock")),
      labels,
      annotations: labelsFrom({
        description: fields.text("alertMessage", "message"),
        comment: fields.text("triggerDescription"),
      }),
      links: linkTo(link, "event"),
    },
    context.now,
  );
}

/** One line of the streaming connector: a recovery names no host, only the problem that it ends (`p_eventid`). */
function streamed(line: unknown, context: MapContext): Event | "unknownProblem" | "notAProblem" {
  const clock = anyTimeAt(at(line, "clock"));
  const key = textAt(at(line, "p_eventid")) ?? textAt(at(line, "eventid"));
  // Item values come over the same sort of connector.
  if (key === undefined) return "notAProblem";
  const known = context.openAlert(key);
  const resolved = String(at(line, "value")) === "0";
  if (resolved && known === undefined) return "unknownProblem";
  const host = listOf(at(line, "hosts"))[0];
  const name = textAt(at(line, "name")) ?? known?.check ?? "problem";
  const groups = listOf(at(line, "groups")).flatMap((group) => textAt(group) ?? []);
  return eventOfDraft(
    {
      source: SOURCE,
      ci: known?.ci ?? pickCi([textAt(at(host, "host")), textAt(at(host, "name")), name], context.isKnownCi),
      check: known?.check ?? name,
      instance: known?.instance ?? "",
      status: resolved ? "resolved" : "firing",
      severity: severityOf(textAt(at(line, "severity"))),
      summary: name,
      at: clock,
      labels: { ...tagsOf(at(line, "tags")), ...labelsFrom({ [KEY]: key, groups: groups.slice(0, 20).join(",") }) },
    },
    context.now,
  );
}

/** Of one message; more are left out and counted. */
const LINES_MAX = 20_000;

function linesOf(message: WebhookMessage): string[] | undefined {
  const type = message.header("content-type") ?? "";
  const text = message.text().trim();
  const isLines = type.includes("ndjson") || /^\{[^\n]*\}\s*\n\s*\{/.test(text);
  if (!isLines) return undefined;
  return text.split("\n").filter((line) => line.trim() !== "");
}

function mapLines(lines: readonly unknown[], tooMany: number, context: MapContext): Mapped {
  const events: Event[] = [];
  const dropped: Record<string, number> = { tooMany };
  // A recovery may follow its problem in the same request.
  const own = new Map<string, Event>();
  const within: MapContext = { ...context, openAlert: (key) => own.get(key) ?? context.openAlert(key) };
  for (const line of lines) {
    const event = streamed(line, within);
    if (typeof event === "string") dropped[event] = (dropped[event] ?? 0) + 1;
    else {
      events.push(event);
      own.set(event.labels[KEY] ?? "", event);
    }
  }
  return { events, dropped };
}

/** Zabbix: the message of our media type, and the streaming connector's lines. */
export const zabbix: WebhookKind = {
  name: "zabbix",
  keyLabel: KEY,
  map(message, context) {
    const lines = linesOf(message);
    if (lines !== undefined)
      return mapLines(lines.slice(0, LINES_MAX).map(parseJson), Math.max(0, lines.length - LINES_MAX), context);
    const body = message.json();
    if (documentOf(body) === undefined) throw notOfKind("zabbix", "an object is expected");
    if (at(body, "eventid") !== undefined && at(body, "clock") !== undefined) return mapLines([body], 0, context);
    const event = problemOf(body, context);
    return typeof event === "string" ? { events: [], dropped: { [event]: 1 } } : { events: [event] };
  },
};
