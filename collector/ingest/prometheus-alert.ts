import type { Event, Labels, Link } from "../core/model/event.ts";
import { ALERTMANAGER } from "../core/model/posted-alert.ts";
import type { Severity } from "../core/model/severity.ts";
import type { UnixMillis } from "../core/model/time.ts";
import { ciFromLabels, type CiLabelOptions } from "./ci-label.ts";
import { cut, documentOf, isUnsafeName, linkTo } from "./field.ts";
import { severityWord } from "./severity.ts";
import { fingerprint } from "./label-fingerprint.ts";

/** Text of the link that holds the alert's `generatorURL`. */
export const GENERATOR = "generator";
/** The check of an alert that has no `alertname`. */
export const UNNAMED = "alert";

/** Of one alert; lengths in UTF-16 code units. */
export const POSTED_LIMITS = {
  /** And as many annotations. */
  labels: 64,
  nameLength: 256,
  labelLength: 4096,
  annotationLength: 16_384,
  urlLength: 8192,
} as const;
const SUMMARY_LENGTH_MAX = 1024;

export interface ReadingOptions {
  ciLabels: CiLabelOptions;
  isKnownCi: (name: string) => boolean;
  /** For an alert without a `severity` label, or with a word there that we do not know. */
  unstatedSeverity: Severity;
}

/** What a posted alert says, checked. */
export interface AlertText {
  labels: Labels;
  annotations: Labels;
  generatorUrl: string;
}

/** Everything about a posted alert that does not change when it is sent again. */
export interface PreparedAlert {
  fingerprint: string;
  ci: string;
  check: string;
  instance: string;
  severity: Severity;
  summary: string;
  labels: Labels;
  annotations: Labels;
  generatorUrl: string;
  links: readonly Link[];
}

/** Why an alert is not taken; the sender reads it. */
export class InvalidAlert extends Error {}

/**
 * A map of text to text in a foreign value, checked against limits and not copied; `what` names it in messages.
 * Empty values stay, and null becomes one: what an empty label means is the caller's affair.
 */
function textMap(value: unknown, what: string, valueLengthMax: number): Labels {
  if (value === undefined || value === null) return {};
  const document = documentOf(value);
  if (document === undefined) throw new InvalidAlert(`${what}s must be an object`);
  const names = Object.keys(document);
  if (names.length > POSTED_LIMITS.labels) throw new InvalidAlert(`more than ${POSTED_LIMITS.labels} ${what}s`);
  let hasNull = false;
  for (const name of names) {
    const text = document[name];
    if (name === "" || name.length > POSTED_LIMITS.nameLength || isUnsafeName(name))
      throw new InvalidAlert(`invalid ${what} name ${JSON.stringify(cut(name, 100))}`);
    hasNull ||= text === null;
    if (text === null) continue;
    if (typeof text !== "string") throw new InvalidAlert(`the value of ${what} ${name} must be a string`);
    if (text.length > valueLengthMax)
      throw new InvalidAlert(`the value of ${what} ${name} is longer than ${valueLengthMax} characters`);
  }
  // Parsed for us and for nobody else: a copy would take twice the memory.
  const texts = document as Labels;
  return hasNull ? Object.fromEntries(names.map((name) => [name, texts[name] ?? ""])) : texts;
}

function withoutEmpty(labels: Labels): Labels {
  for (const name in labels)
    if (labels[name] === "") return Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== ""));
  return labels;
}

/** The labels of an alert, without the empty ones, which mean absent. Throws `InvalidAlert`. */
export function readLabels(value: unknown): Labels {
  const labels = withoutEmpty(textMap(value, "label", POSTED_LIMITS.labelLength));
  for (const _name in labels) return labels;
  throw new InvalidAlert("at least one label pair required");
}

/** Labels that tell two alerts of one name on one CI apart for a person, most telling first. */
const TELLING = [
  "device",
  "interface",
  "ifName",
  "mountpoint",
  "volume",
  "container",
  "unit",
  "name",
  "endpoint",
  "path",
  "queue",
  "topic",
  "database",
  "persistentvolumeclaim",
  "pod",
  "service",
  "job",
];

/**
 * The alert's instance: Alertmanager's identity is the whole label set, so the fingerprint ends it. What stands before
 * is for people.
 */
function instanceOf(labels: Labels, ciLabel: string | undefined, print: string): string {
  const telling = TELLING.find((name) => name !== ciLabel && labels[name] !== undefined);
  return telling === undefined ? print : `${cut(labels[telling] ?? "", 80)} ${print}`;
}

function summaryOf(labels: Labels, annotations: Labels, check: string): string {
  const text = annotations["summary"] || annotations["message"] || annotations["description"] || annotations["title"];
  if (text !== undefined && text !== "") return cut(text, SUMMARY_LENGTH_MAX);
  const rest = Object.keys(labels)
    .filter((name) => name !== "alertname")
    .map((name) => `${name}=${labels[name]}`);
  return cut(rest.length === 0 ? check : `${check}: ${rest.join(", ")}`, SUMMARY_LENGTH_MAX);
}

/** An address as RFC 3986 has them. */
const ADDRESS =
  /^https?:\/\/[\w.-]+(?::\d{1,5})?(?:[/?#](?:[\w\-.~:/?@!$&'()*+,;=]|%[\da-f]{2})*(?:#(?:[\w\-.~:/?@!$&'()*+,;=]|%[\da-f]{2})*)?)?$/i;
const UNFIT = /[^\w\-.~:/?@!$&'()*+,;=%]|%(?![\da-f]{2})/gi;

/**
 * Clients of the API are promised a URI: what does not belong into one is escaped, as browsers would not do it everywhere
 * (`{job="x"}` in a query). undefined for what is no http or https address at all.
 */
function addressOf(text: string): string | undefined {
  if (ADDRESS.test(text)) return text;
  const parts = /^(https?:\/\/[^/?#]*)([^#]*)(?:#(.*))?$/.exec(URL.canParse(text) ? new URL(text).href : "");
  if (parts === null) return undefined;
  const [, host = "", path = "", fragment] = parts;
  const escaped = [path, fragment].map((part) => part?.replaceAll(UNFIT, encodeURIComponent));
  return host + escaped.filter((part) => part !== undefined).join("#");
}

function linksOf(annotations: Labels, generatorUrl: string): readonly Link[] {
  const address = generatorUrl === "" ? undefined : addressOf(generatorUrl);
  const generator: Link[] = address === undefined ? [] : [{ href: address, text: GENERATOR }];
  // Not pushed to: a list that grows takes room for sixteen more.
  return generator.concat(
    linkTo(annotations["runbook_url"] ?? annotations["runbook"], "runbook"),
    linkTo(annotations["dashboard_url"] ?? annotations["dashboard"], "dashboard"),
  );
}

/** The parts beside the labels that may change between two sendings of one alert. Throws `InvalidAlert`. */
export function readDetails(
  annotations: unknown,
  generatorUrl: unknown,
): { annotations: Labels; generatorUrl: string } {
  const read = textMap(annotations, "annotation", POSTED_LIMITS.annotationLength);
  if (generatorUrl !== undefined && generatorUrl !== null && typeof generatorUrl !== "string")
    throw new InvalidAlert("generatorURL must be a string");
  const url = generatorUrl ?? "";
  if (url.length > POSTED_LIMITS.urlLength)
    throw new InvalidAlert(`generatorURL is longer than ${POSTED_LIMITS.urlLength} characters`);
  return { annotations: read, generatorUrl: url };
}

/** Reads one alert, times aside. Throws `InvalidAlert`. */
export function prepareAlert(
  rawLabels: unknown,
  rawAnnotations: unknown,
  rawGeneratorUrl: unknown,
  options: ReadingOptions,
): PreparedAlert {
  return preparedOf({ labels: readLabels(rawLabels), ...readDetails(rawAnnotations, rawGeneratorUrl) }, options);
}

/** Of an alert without a `severity` label, or with a word there that we do not know, it is `unstated`. */
export const severityOf = (labels: Labels, unstated: Severity): Severity =>
  severityNamed(labels["severity"] ?? "", unstated);

export const severityNamed = (word: string, unstated: Severity): Severity => severityWord(word) ?? unstated;

/** What it is about, from what it says. */
export function preparedOf({ labels, annotations, generatorUrl }: AlertText, options: ReadingOptions): PreparedAlert {
  const check = labels["alertname"] ?? UNNAMED;
  const named = ciFromLabels(labels, options.ciLabels, options.isKnownCi);
  const print = fingerprint(labels);
  return {
    fingerprint: print,
    // Without any naming label, alerts of one name belong together more than all nameless ones do.
    ci: named?.ci ?? check,
    check,
    instance: instanceOf(labels, named?.label, print),
    severity: severityOf(labels, options.unstatedSeverity),
    summary: summaryOf(labels, annotations, check),
    labels,
    annotations,
    generatorUrl,
    links: linksOf(annotations, generatorUrl),
  };
}

/** The same alert with other annotations or another generator: identity and labels are kept. */
export function withDetails(
  prepared: PreparedAlert,
  details: { annotations: Labels; generatorUrl: string },
): PreparedAlert {
  return {
    ...prepared,
    ...details,
    summary: summaryOf(prepared.labels, details.annotations, prepared.check),
    links: linksOf(details.annotations, details.generatorUrl),
  };
}

/** When a posted alert began and ends. */
export interface AlertTimes {
  startsAt: UnixMillis;
  /** In the past or now = resolved; null = it fires, and its sender does not say until when. */
  endsAt: UnixMillis | null;
  /** See `endOf`. */
  endIs: EndIs;
}

/**
 * What is known of an end. Of two firings of one alert the later end counts, as long as it was `given`; what we `assumed`,
 * because the sender did not say, gives way. So does one without a beginning (`loose`), which Alertmanager takes for a
 * firing of no length, with which nothing is merged.
 */
export type EndIs = "given" | "loose" | "assumed";

/**
 * Missing times filled in as Alertmanager does: it starts now, or when it ends if that is given and earlier; it ends
 * `resolveTimeoutMs` from now. Throws `InvalidAlert` when it ends before it starts.
 *
 * @param startsAt, endsAt undefined = absent; Go's zero time counts as absent.
 */
export function timesOf(
  startsAt: UnixMillis | undefined,
  endsAt: UnixMillis | undefined,
  now: UnixMillis,
  resolveTimeoutMs: number,
): AlertTimes {
  const start = startsAt ?? Math.min(now, endsAt ?? now);
  const end = endsAt ?? now + resolveTimeoutMs;
  if (end < start) throw new InvalidAlert("start time must be before end time");
  const endIs = endsAt === undefined ? "assumed" : startsAt === undefined ? "loose" : "given";
  return { startsAt: start, endsAt: end, endIs };
}

/** Until when the event of an alert says that it holds; `endsAt` is not over. */
export function endOf(
  endsAt: UnixMillis,
  endIs: EndIs,
  now: UnixMillis,
): { expiresAfterMs: number; expiresAt?: number } {
  const expiresAfterMs = endIs === "given" ? 0 : endsAt - now;
  return endIs === "assumed" ? { expiresAfterMs } : { expiresAfterMs, expiresAt: endsAt };
}

/**
 * The event of one sending. It happened now, as Alertmanager sees it: a resend carries the old `startsAt` and is not
 * late, and of two Prometheus replicas the one that spoke last is right.
 */
export function eventOf(prepared: PreparedAlert, times: AlertTimes, now: UnixMillis, id: string): Event {
  const { endsAt, endIs } = times;
  const firing = endsAt === null || endsAt > now;
  return {
    id,
    idGiven: false,
    source: ALERTMANAGER,
    ci: prepared.ci,
    check: prepared.check,
    instance: prepared.instance,
    kind: "alert",
    status: firing ? "firing" : "resolved",
    severity: prepared.severity,
    summary: prepared.summary,
    occurredAt: now,
    since: times.startsAt,
    labels: prepared.labels,
    annotations: prepared.annotations,
    links: prepared.links,
    ...(firing && endsAt !== null ? endOf(endsAt, endIs, now) : { expiresAfterMs: null }),
  };
}
