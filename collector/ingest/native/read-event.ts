import { parseDuration } from "../../../protocol/duration.ts";
import { parseRfc3339 } from "../../../protocol/rfc3339.ts";
import type { Event, Labels, Link } from "../../core/model/event.ts";
import { hashHex } from "../../core/model/hash.ts";
import { SEVERITIES, type Severity } from "../../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { BadLine } from "../../port/ingest.ts";
import { cut } from "../field.ts";

/** Why one element of a batch was not taken. `code` is stable. */
export interface EventFault {
  code:
    | "badLine"
    | "notAnObject"
    | "tooDeep"
    | "missingField"
    | "badField"
    | "tooLong"
    | "badStatus"
    | "badSeverity"
    | "badKind"
    | "badTime"
    | "badDuration"
    | "badLabels";
  message: string;
}

/** Characters of what identifies an alert; longer ones are refused, because a cut one would be another alert. */
export const NAME_LENGTH_MAX = 512;
/** Characters of texts that are only shown; longer ones are cut. */
export const TEXT_LENGTH_MAX = 4096;
export const LABELS_MAX = 64;
export const LABEL_NAME_LENGTH_MAX = 128;
export const LABEL_VALUE_LENGTH_MAX = 1024;
export const LINKS_MAX = 16;
/** Levels of objects and lists in one event, itself included; keys that nobody knows count, too. */
export const DEPTH_MAX = 32;

type Wire = Readonly<Record<string, unknown>>;

/** Thrown inside this file only. */
class Fault extends Error {
  readonly code: EventFault["code"];
  constructor(code: EventFault["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * One element of `POST /api/v1/events` as an event, or why not. By hand, because a compiled schema costs seven times as much
 * and says less. Unknown keys pass and are left out; under two microseconds.
 */
export function readEvent(element: unknown, receivedAt: UnixMillis): { event: Event } | { fault: EventFault } {
  try {
    return { event: read(element, receivedAt) };
  } catch (error) {
    if (error instanceof Fault) return { fault: { code: error.code, message: error.message } };
    throw error;
  }
}

function read(element: unknown, receivedAt: UnixMillis): Event {
  if (element instanceof BadLine) throw new Fault("badLine", element.message);
  if (typeof element !== "object" || element === null || Array.isArray(element))
    throw new Fault("notAnObject", "an event is an object");
  const wire = element as Wire;
  if (nestsDeeper(wire, DEPTH_MAX)) throw new Fault("tooDeep", `the event nests deeper than ${DEPTH_MAX} levels`);
  const kind = oneOf(wire, "kind", KINDS, "badKind", "alert");
  const event: Event = {
    id: optionalName(wire, "id"),
    idGiven: true,
    source: name(wire, "source"),
    ci: name(wire, "ci"),
    check: name(wire, "check"),
    instance: optionalName(wire, "instance"),
    kind,
    status: oneOf(wire, "status", STATUSES, "badStatus"),
    severity: oneOf<Severity>(wire, "severity", SEVERITIES, "badSeverity"),
    summary: cut(text(wire, "summary"), TEXT_LENGTH_MAX),
    occurredAt: time(wire["time"], receivedAt),
    labels: wire["labels"] === undefined ? NO_LABELS : labels(wire["labels"], "labels"),
    annotations: wire["annotations"] === undefined ? NO_LABELS : labels(wire["annotations"], "annotations"),
    links: wire["links"] === undefined ? NO_LINKS : links(wire["links"]),
    expiresAfterMs: duration(wire["expiresAfter"]),
  };
  if (event.id !== "") return event;
  event.id = hashHex([
    event.source,
    event.ci,
    event.check,
    event.instance,
    event.status,
    event.severity,
    event.summary,
    `${event.occurredAt} ${receivedAt}`,
  ]);
  event.idGiven = false;
  return event;
}

function nestsDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const key in value) {
    const inner = (value as Wire)[key];
    if (typeof inner === "object" && inner !== null && nestsDeeper(inner, levels - 1)) return true;
  }
  return false;
}

const KINDS = ["alert", "change"] as const;
const STATUSES = ["firing", "resolved"] as const;
const NO_LABELS: Labels = {};
const NO_LINKS: readonly Link[] = [];

function text(wire: Wire, key: string): string {
  const value = wire[key];
  if (typeof value === "string" && value !== "") return value;
  if (value === undefined || value === null || value === "") throw new Fault("missingField", `${key}: is missing`);
  throw new Fault("badField", `${key}: must be text, not ${kindOf(value)}`);
}

function name(wire: Wire, key: string): string {
  const value = text(wire, key);
  if (value.length > NAME_LENGTH_MAX)
    throw new Fault("tooLong", `${key}: is longer than ${NAME_LENGTH_MAX} characters`);
  return value;
}

function optionalName(wire: Wire, key: string): string {
  const value = wire[key];
  return value === undefined || value === null || value === "" ? "" : name(wire, key);
}

function oneOf<T extends string>(
  wire: Wire,
  key: string,
  allowed: readonly T[],
  code: EventFault["code"],
  absent?: T,
): T {
  const value = wire[key];
  if (value === undefined && absent !== undefined) return absent;
  for (const each of allowed) if (each === value) return each;
  if (value === undefined) throw new Fault("missingField", `${key}: is missing`);
  throw new Fault(code, `${key}: must be one of ${allowed.join(", ")}, not ${shown(value)}`);
}

function time(value: unknown, receivedAt: UnixMillis): UnixMillis {
  if (value === undefined || value === null) return receivedAt;
  const at = typeof value === "string" ? parseRfc3339(value) : Number.NaN;
  if (Number.isNaN(at)) throw new Fault("badTime", `time: must be RFC 3339 with a zone, not ${shown(value)}`);
  return at;
}

function duration(value: unknown): Milliseconds | null {
  if (value === undefined || value === null) return null;
  const ms = typeof value === "string" ? parseDuration(value) : null;
  if (ms === null || ms === 0)
    throw new Fault("badDuration", `expiresAfter: must be a duration such as 30s or 5m, not ${shown(value)}`);
  return ms;
}

/** Labels take part in matching and are refused when too long; annotations are only shown and are cut. */
function labels(value: unknown, key: "labels" | "annotations"): Labels {
  if (value === null) return NO_LABELS;
  if (typeof value !== "object" || Array.isArray(value)) throw new Fault("badField", `${key}: must be an object`);
  const result: Record<string, string> = {};
  let count = 0;
  for (const label in value) {
    if (!Object.hasOwn(value, label)) continue;
    const content = (value as Wire)[label];
    count += 1;
    if (count > LABELS_MAX) throw new Fault("badLabels", `${key}: more than ${LABELS_MAX}`);
    if (label === "" || label === "__proto__" || label.length > LABEL_NAME_LENGTH_MAX)
      throw new Fault(
        "badLabels",
        `${key}: a name must have 1 to ${LABEL_NAME_LENGTH_MAX} characters and not be __proto__`,
      );
    if (typeof content !== "string")
      throw new Fault("badLabels", `${key}.${cut(label, 40)}: must be text, not ${kindOf(content)}`);
    if (key === "labels" && content.length > LABEL_VALUE_LENGTH_MAX)
      throw new Fault("badLabels", `labels.${cut(label, 40)}: is longer than ${LABEL_VALUE_LENGTH_MAX} characters`);
    result[label] = content.length > TEXT_LENGTH_MAX ? cut(content, TEXT_LENGTH_MAX) : content;
  }
  return result;
}

/** Addresses that are not http or https are left out: an alert is not lost over a link, and a link must not run anything. */
function links(value: unknown): Link[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new Fault("badField", "links: must be an array");
  return value.slice(0, LINKS_MAX).flatMap((item: unknown) => {
    const link = typeof item === "object" && item !== null ? (item as Wire) : {};
    const { href, text: title } = link;
    if (typeof href !== "string" || (title !== undefined && typeof title !== "string"))
      throw new Fault("badField", "links: each is {href, text}");
    return /^https?:\/\//i.test(href) && href.length <= 2048 ? [{ href, text: cut(title ?? "", 256) }] : [];
  });
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "an array" : typeof value);

const shown = (value: unknown): string =>
  typeof value === "string"
    ? JSON.stringify(cut(value, 40))
    : typeof value === "number"
      ? String(value)
      : kindOf(value);
