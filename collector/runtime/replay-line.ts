import { parseDuration } from "../../protocol/duration.ts";
import { parseRfc3339 } from "../../protocol/rfc3339.ts";
import type { Event, Labels, Link } from "../core/model/event.ts";
import { SEVERITIES, type Severity } from "../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** One metric value of a `{"kind":"sample"}` line. */
export interface ReplaySample {
  ci: string;
  metric: string;
  value: number;
  at: UnixMillis;
  labels: Labels;
  unit: string | null;
}

/** What a line of a recording says. */
export type ReplayLine =
  | { type: "event"; receivedAt: UnixMillis; event: Event }
  | { type: "sample"; receivedAt: UnixMillis; sample: ReplaySample }
  | { type: "empty" }
  /** Plain words for the operator. */
  | { type: "bad"; message: string };

type Fields = Readonly<Record<string, unknown>>;

class BadLine extends Error {}

/** Reads one line of an events file. Never throws for what a line says. */
export function readReplayLine(text: string): ReplayLine {
  const line = text.trim();
  if (line === "") return { type: "empty" };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { type: "bad", message: `not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { type: "bad", message: "a line must be one JSON object" };
  }
  try {
    return readFields(value as Fields);
  } catch (error) {
    if (error instanceof BadLine) return { type: "bad", message: error.message };
    throw error;
  }
}

function readFields(fields: Fields): ReplayLine {
  const receivedAt = time(fields["receivedAt"], "receivedAt");
  if (receivedAt === null) throw new BadLine("receivedAt is missing: it is the clock of a replay");
  if (fields["kind"] === "sample") return { type: "sample", receivedAt, sample: sample(fields, receivedAt) };
  const kind = oneOf(fields["kind"], "kind", KINDS, "alert");
  const isChange = kind === "change";
  const id = text(fields["id"], "id", "");
  const source = text(fields["source"], "source");
  const ci = text(fields["ci"], "ci");
  const check = text(fields["check"], "check", isChange ? "change" : undefined);
  const instance = text(fields["instance"], "instance", "");
  const status = oneOf(fields["status"], "status", STATES, isChange ? "firing" : undefined);
  const isMild = isChange || status === "resolved";
  const occurredAt = time(fields["time"], "time") ?? receivedAt;
  const event: Event = {
    id: id === "" ? `${ci} ${check} ${instance} ${status} ${occurredAt}` : id,
    idGiven: id !== "",
    source,
    ci,
    check,
    instance,
    kind,
    status,
    severity: oneOf<Severity>(fields["severity"], "severity", SEVERITIES, isMild ? "info" : undefined),
    summary: text(fields["summary"], "summary", ""),
    occurredAt,
    labels: labels(fields["labels"], "labels"),
    annotations: labels(fields["annotations"], "annotations"),
    links: links(fields["links"]),
    expiresAfterMs: duration(fields["expiresAfter"], "expiresAfter"),
  };
  return { type: "event", receivedAt, event };
}

const KINDS = ["alert", "change"] as const;
const STATES = ["firing", "resolved"] as const;

function sample(fields: Fields, receivedAt: UnixMillis): ReplaySample {
  const { value, unit } = fields;
  if (typeof value !== "number" || !Number.isFinite(value)) throw new BadLine("value must be a finite number");
  return {
    ci: text(fields["ci"], "ci"),
    metric: text(fields["metric"], "metric"),
    value,
    at: time(fields["time"], "time") ?? receivedAt,
    labels: labels(fields["labels"], "labels"),
    unit: typeof unit === "string" ? unit : null,
  };
}

function text(value: unknown, name: string, missing?: string): string {
  if (typeof value === "string" && value !== "") return value;
  if ((value === undefined || value === null || value === "") && missing !== undefined) return missing;
  if (typeof value === "number") return String(value);
  throw new BadLine(`${name} must be a text that is not empty, not ${shown(value)}`);
}

function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[], missing?: T): T {
  if (value === undefined && missing !== undefined) return missing;
  for (const choice of allowed) if (choice === value) return choice;
  throw new BadLine(`${name} must be one of ${allowed.join(", ")}, not ${shown(value)}`);
}

function time(value: unknown, name: string): UnixMillis | null {
  if (value === undefined || value === null) return null;
  const at = typeof value === "string" ? parseRfc3339(value) : Number.NaN;
  if (Number.isNaN(at)) throw new BadLine(`${name} must be a time as RFC 3339 has it, not ${shown(value)}`);
  return at;
}

function labels(value: unknown, name: string): Labels {
  if (value === undefined || value === null) return NO_LABELS;
  if (typeof value !== "object" || Array.isArray(value)) throw new BadLine(`${name} must be an object of texts`);
  if (areTexts(value as Fields)) return value as Labels;
  const out: Record<string, string> = {};
  for (const [key, label] of Object.entries(value)) {
    if (typeof label !== "string" && typeof label !== "number" && typeof label !== "boolean") {
      throw new BadLine(`${name}.${key} must be a text`);
    }
    // Not by assignment: a label may be called `__proto__`.
    Object.defineProperty(out, key, { value: String(label), enumerable: true, configurable: true, writable: true });
  }
  return out;
}

const NO_LABELS: Labels = Object.freeze({});

/** Mostly they are: what JSON has made is nobody else's, and need not be copied. */
function areTexts(value: Fields): boolean {
  for (const name in value) if (typeof value[name] !== "string") return false;
  return true;
}

function links(value: unknown): Link[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((link: unknown) => {
    const { href, text: label } = (link ?? {}) as { href?: unknown; text?: unknown };
    return typeof href === "string" ? [{ href, text: typeof label === "string" ? label : href }] : [];
  });
}

function duration(value: unknown, name: string): Milliseconds | null {
  if (value === undefined || value === null) return null;
  const parsed = typeof value === "string" ? parseDuration(value) : null;
  if (parsed === null) throw new BadLine(`${name} must be a duration such as 30s or 5m, not ${shown(value)}`);
  return parsed;
}

function shown(value: unknown): string {
  const out = JSON.stringify(value) ?? "nothing";
  return out.length > 60 ? `${out.slice(0, 57)}…` : out;
}
