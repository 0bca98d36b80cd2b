import type { Event } from "../../../core/model/event.ts";
import { Refusal } from "../../../port/ingest.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, labelsFrom, linkTo, textAt } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { parseJson } from "../../body.ts";
import { mapEach, type MapContext, notOfKind, type WebhookKind, type WebhookMessage } from "../webhook-kind.ts";

/** Most events of a batch that are read. */
const BATCH_MAX = 10_000;
const RESOLVED = /(?:^|[._-])(?:resolved?|recovered|cleared?|closed|ok|up|normal)$/i;
const CHANGE =
  /^dev\.cdevents\.|(?:^|[._-])(?:deployed|deployment|released|upgraded|changed?|rolled_?back)(?:[._-]|$)/i;
const ATTRIBUTES: ReadonlySet<string> = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "time",
  "subject",
  "datacontenttype",
  "dataschema",
  "data",
  "data_base64",
  // Extensions that differ with every message of one condition.
  "traceparent",
  "tracestate",
  "sequence",
  "recordedtime",
  "expirytime",
]);

/** `%20`-style escapes of header values (HTTP binding, section 3.1.3.2). */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A stray per cent sign: some senders do not escape.
    return value;
  }
}

/** Binary mode: attributes, extensions among them, are headers, the body is the data. */
function binary(message: WebhookMessage): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [header, value] of message.headersWith("ce-")) {
    const name = header.slice("ce-".length);
    // Names have lower-case letters and digits only (specification, "Attribute Naming Convention").
    if (/^[a-z0-9]{1,64}$/.test(name)) event[name] = unescaped(value);
  }
  const type = (message.header("content-type") ?? "").toLowerCase();
  const isJson = /[/+]json\b/.test(type) || type === "";
  if (message.bytes.length > 0) event["data"] = isJson ? message.json() : message.text();
  return event;
}

/** Structured mode's data may be text of JSON, or base64. */
function dataOf(event: unknown): unknown {
  const encoded = at(event, "data_base64");
  const data = at(event, "data");
  if (typeof encoded !== "string") return data;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  return (textAt(at(event, "datacontenttype")) ?? "").includes("json") ? parseJson(text) : text;
}

function eventOf(cloud: unknown, context: MapContext): Event {
  const [id, source, type] = ["id", "source", "type"].map((name) => textAt(at(cloud, name), 512));
  if (textAt(at(cloud, "specversion")) !== "1.0" || id === undefined || source === undefined || type === undefined)
    throw notOfKind("cloudevents", "specversion 1.0, id, source and type are expected");
  const data = dataOf(cloud);
  const subject = textAt(at(cloud, "subject"), 512);
  const status = textAt(at(data, "status")) ?? textAt(at(cloud, "status"));
  const isChange = textAt(at(data, "kind")) === "change" || CHANGE.test(type.replace(/\.v?\d+(?:\.\d+)*$/, ""));
  const resolved =
    status === undefined ? RESOLVED.test(type) : /^(?:resolved|ok|closed|recovered|cleared)$/i.test(status);
  const check = textAt(at(data, "check"), 256);
  const isPlain = typeof data === "string" ? data : undefined;
  const extensions = Object.fromEntries(
    Object.entries(documentOf(cloud) ?? {}).filter(([name]) => !ATTRIBUTES.has(name)),
  );
  return eventOfDraft(
    {
      id,
      source: `cloudevents:${source}`.slice(0, 256),
      ci: pickCi(
        [textAt(at(data, "ci")), textAt(at(data, "host")), subject?.split("/").at(-1), source.split("/").at(-1)],
        context.isKnownCi,
      ),
      // A condition and its end have types that differ in the last word.
      check:
        check ??
        (RESOLVED.test(type)
          ? type.replace(/[._-][^._-]*$/, "")
          : type.replace(/[._-](?:firing|opened|open|raised|triggered|failed|down)$/i, "")),
      instance: textAt(at(data, "instance"), 256) ?? (isChange ? undefined : subject),
      kind: isChange ? "change" : "alert",
      status: isChange || !resolved ? "firing" : "resolved",
      severity: isChange
        ? "info"
        : (severityWord(textAt(at(data, "severity")) ?? textAt(at(cloud, "severity")) ?? "") ?? "warning"),
      summary:
        textAt(at(data, "summary")) ??
        textAt(at(data, "message"), 1024) ??
        textAt(at(data, "title")) ??
        isPlain?.slice(0, 1024) ??
        `${type}${subject === undefined ? "" : ` ${subject}`}`,
      at: anyTimeAt(at(cloud, "time")),
      labels: { ...labelsFrom(extensions), ...labelsFrom(at(data, "labels")), ...labelsFrom({ type, subject }) },
      annotations: labelsFrom(at(data, "annotations")),
      links: linkTo(at(data, "url") ?? at(data, "link"), "event"),
    },
    context.now,
  );
}

/** CloudEvents 1.0 over HTTP: structured, binary and batch. `source` and `id` together recognise a repeat. */
export const cloudevents: WebhookKind = {
  name: "cloudevents",
  map(message, context) {
    const type = (message.header("content-type") ?? "").toLowerCase();
    if (type.startsWith("application/cloudevents-batch")) {
      const batch = message.json();
      if (!Array.isArray(batch)) throw notOfKind("cloudevents", "a batch is a list");
      if (batch.length > BATCH_MAX) throw new Refusal(413, "tooManyEvents", `more than ${BATCH_MAX} events at once`);
      return mapEach(batch, (item) => eventOf(item, context));
    }
    if (type.startsWith("application/cloudevents") && !type.startsWith("application/cloudevents+json"))
      throw new Refusal(415, "unsupportedType", "of the event formats only JSON is read");
    const isBinary = message.header("ce-specversion") !== undefined;
    return { events: [eventOf(isBinary ? binary(message) : message.json(), context)] };
  },
};
