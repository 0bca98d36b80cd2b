import type { Link } from "../../core/model/event.ts";
import type { Severity } from "../../core/model/severity.ts";
import { ciFromLabels, DEFAULT_CI_LABELS, type IsKnownCi, pickCi } from "../ci-label.ts";
import type { EventDraft } from "../event-draft.ts";
import { anyTimeAt, at, documentOf, entryOf, isUnsafeName, labelsFrom, linkTo, listOf, textAt } from "../field.ts";

export const SOURCE = "pagerduty";

/** Labels by which a later event finds the alert: whose integration it came through, and the sender's key. */
export const KEY_LABEL = "dedup_key";
export const INTEGRATION_LABEL = "integration";

const SEVERITIES: Readonly<Record<string, Severity>> = {
  critical: "critical",
  error: "major",
  warning: "warning",
  info: "info",
};

export type Action = "trigger" | "acknowledge" | "resolve";

/** An event of the Events API v2, checked. */
export interface PagerDutyEvent {
  action: Action;
  /** undefined: the sender leaves it to us. */
  dedupKey: string | undefined;
  /** Of a trigger; of other actions only where the sender gave the payload as well. */
  alert: Omit<EventDraft, "status" | "labels" | "annotations"> & {
    labels: Record<string, string>;
    annotations: Record<string, string>;
  };
}

export type Reading<T> = { ok: true; value: T } | { ok: false; errors: string[] };

const DEDUP_KEY_LENGTH_MAX = 255;

const isAction = (text: unknown): text is Action => text === "trigger" || text === "acknowledge" || text === "resolve";

/** Text of nested details, so that people can read them; the core never looks inside. */
export function detailsOf(value: unknown): Record<string, string> {
  const document = documentOf(value);
  if (document === undefined) {
    const text = textAt(value);
    return text === undefined ? {} : { details: text };
  }
  const flat: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(document))
    flat[name] = typeof inner === "object" && inner !== null ? JSON.stringify(inner) : inner;
  return labelsFrom(flat);
}

function linksOf(event: unknown): Link[] {
  const links = listOf(at(event, "links")).flatMap((link) =>
    linkTo(at(link, "href"), textAt(at(link, "text"), 200) ?? "link"),
  );
  const images = listOf(at(event, "images")).flatMap((image) =>
    linkTo(at(image, "href") ?? at(image, "src"), textAt(at(image, "alt"), 200) ?? "image"),
  );
  const client = linkTo(at(event, "client_url"), textAt(at(event, "client"), 200) ?? "client");
  return [...links, ...client, ...images].slice(0, 20);
}

/**
 * The labels of the first alert in what Alertmanager's and Grafana's default template writes: lines ` - name = value` below
 * `Labels:`. Their `source` is the program that pages.
 */
function labelsInText(text: string | undefined): Record<string, string> {
  const labels: Record<string, string> = {};
  const block = /^Labels:\n((?: - .*(?:\n|$))+)/m.exec(text ?? "")?.[1] ?? "";
  for (const [, name = "", value = ""] of block.matchAll(/^ - ([A-Za-z_][A-Za-z0-9_]*) = (.*)$/gm))
    if (!isUnsafeName(name)) labels[name] = value;
  return labels;
}

/** `[FIRING:1] Disk is full`: what Alertmanager and Grafana put before a title is told elsewhere, and changes. */
export const withoutState = (title: string): string => title.replace(/^\[(?:FIRING|RESOLVED)(?::\d+)?\]\s*(?=\S)/, "");

/** The check is the class of the event where it has one; the payload's other parts are labels. */
function alertOf(event: unknown, isKnown: IsKnownCi): PagerDutyEvent["alert"] {
  const payload = at(event, "payload");
  const details = detailsOf(at(payload, "custom_details"));
  const from = textAt(at(payload, "source"), 256);
  const { ci, host, hostname, instance, node } = details;
  const inner = labelsInText(details["firing"]);
  const alerted = ciFromLabels(inner, DEFAULT_CI_LABELS, isKnown)?.ci;
  const summary = withoutState(textAt(at(payload, "summary")) ?? "");
  return {
    source: SOURCE,
    ci: ci ?? pickCi([alerted, from, host, hostname, instance, node], isKnown),
    check: textAt(at(payload, "class"), 200) ?? inner["alertname"] ?? "event",
    severity: entryOf(SEVERITIES, textAt(at(payload, "severity"))) ?? "major",
    summary,
    at: anyTimeAt(at(payload, "timestamp")),
    labels: labelsFrom({
      component: at(payload, "component"),
      group: at(payload, "group"),
      class: at(payload, "class"),
      client: at(event, "client"),
    }),
    annotations: details,
    links: linksOf(event),
  };
}

/** Reads a body of `/v2/enqueue`. The errors are worded as PagerDuty words them. */
export function readEvent(body: unknown, isKnown: IsKnownCi): Reading<PagerDutyEvent> {
  if (documentOf(body) === undefined) return { ok: false, errors: ["the body must be a JSON object"] };
  const errors: string[] = [];
  const action = at(body, "event_action");
  if (!isAction(action)) errors.push("'event_action' must be one of trigger, acknowledge, resolve");
  const dedupKey = textAt(at(body, "dedup_key"), DEDUP_KEY_LENGTH_MAX + 1);
  if (dedupKey !== undefined && dedupKey.length > DEDUP_KEY_LENGTH_MAX)
    errors.push(`'dedup_key' is longer than ${DEDUP_KEY_LENGTH_MAX} characters`);
  if (action === "trigger") {
    for (const name of ["summary", "source", "severity"])
      if (textAt(at(body, "payload", name)) === undefined) errors.push(`'payload.${name}' is missing or blank`);
    const severity = textAt(at(body, "payload", "severity"));
    if (severity !== undefined && entryOf(SEVERITIES, severity) === undefined)
      errors.push("'payload.severity' must be one of critical, error, warning, info");
  } else if (isAction(action) && dedupKey === undefined) errors.push("'dedup_key' is missing or blank");
  if (errors.length > 0 || !isAction(action)) return { ok: false, errors };
  return { ok: true, value: { action, dedupKey, alert: alertOf(body, isKnown) } };
}

/** Reads a body of `/v2/change/enqueue`. */
export function readChange(body: unknown, isKnown: IsKnownCi): Reading<EventDraft> {
  const payload = at(body, "payload");
  const summary = textAt(at(payload, "summary"));
  if (summary === undefined) return { ok: false, errors: ["'payload.summary' is missing or blank"] };
  const details = detailsOf(at(payload, "custom_details"));
  const { ci, service, host } = details;
  return {
    ok: true,
    value: {
      source: SOURCE,
      kind: "change",
      ci: ci ?? pickCi([service, textAt(at(payload, "source"), 256), host], isKnown),
      check: "change",
      status: "firing",
      severity: "info",
      summary,
      at: anyTimeAt(at(payload, "timestamp")),
      annotations: details,
      links: linksOf(body),
    },
  };
}

/** Version 1 asks for no source. What nobody names is told apart by its key or its text: it is not all one CI. */
const namelessOf = (body: unknown): string =>
  textAt(at(body, "incident_key"), 200) ?? textAt(at(body, "description"), 200) ?? "unknown";

/** Reads a body of version 1, `/generic/2010-04-15/create_event.json`: no severity, one text. */
export function readEvent1(body: unknown, isKnown: IsKnownCi): Reading<PagerDutyEvent> {
  const event = {
    event_action: at(body, "event_type"),
    dedup_key: at(body, "incident_key"),
    client: at(body, "client"),
    client_url: at(body, "client_url"),
    payload: {
      summary: at(body, "description"),
      source: at(body, "details", "host") ?? at(body, "details", "hostname") ?? at(body, "client") ?? namelessOf(body),
      severity: "critical",
      custom_details: at(body, "details"),
    },
  };
  const reading = readEvent(event, isKnown);
  if (reading.ok) return reading;
  const names: readonly [string, string][] = [
    ["event_action", "event_type"],
    ["dedup_key", "incident_key"],
    ["payload.summary", "description"],
  ];
  return {
    ok: false,
    errors: reading.errors.map((error) => names.reduce((text, [two, one]) => text.replace(two, one), error)),
  };
}
