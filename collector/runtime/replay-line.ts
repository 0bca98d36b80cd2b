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
  const receivedAt = time(fields, "receivedAt");
  if (receivedAt === null) throw new BadLine("receivedAt is missing: it is the clock of a replay");
  if (fields["kind"] === "sample") return { type: "sample", receivedAt, sample: sample(fields, receivedAt) };
  const kind = oneOf(fields, "kind", ["alert", "change"] as const, "alert");
  const isChange = kind === "change";
  const id = text(fields, "id", "");
  const source = text(fields, "source");
  const ci = text(fields, "ci");
  const check = text(fields, "check", isChange ? "change" : undefined);
  const instance = text(fields, "instance", "");
  const status = oneOf(fields, "status", ["firing", "resolved"] as const, isChange ? "firing" : undefined);
  const occurredAt = time(fields, "time") ?? receivedAt;
  const event: Event = {
    id: id === "" ? `${ci} ${check} ${instance} ${status} ${occurredAt}` : id,
    idGiven: id !== "",
    source,
    ci,
    check,
    instance,
    kind,
    status,
    severity: oneOf<Severity>(fields, "severity", SEVERITIES, isChange || status === "resolved" ? "info" : undefined),
    summary: text(fields, "summary", ""),
    occurredAt,
    labels: labels(fields, "labels"),
    annotations: labels(fields, "annotations"),
    links: links(fields),
    expiresAfterMs: duration(fields, "expiresAfter"),
  };
  return { type: "event", receivedAt, event };
}

function sample(fields: Fields, receivedAt: UnixMillis): ReplaySample {
  const value = fields["value"];
  if (typeof value !== "number" || !Number.isFinite(value)) throw new BadLine("value must be a finite number");
  return {
    ci: text(fields, "ci"),
    metric: text(fields, "metric"),
    value,
    at: time(fields, "time") ?? receivedAt,
    labels: labels(fields, "labels"),
    unit: typeof fields["unit"] === "string" ? fields["unit"] : null,
  };
}

function text(fields: Fields, name: string, missing?: string): string {
  const value = fields[name];
  if ((value === undefined || value === null || value === "") && missing !== undefined) return missing;
  if (typeof value === "number") return String(value);
  if (typeof value !== "string" || value === "")
    throw new BadLine(`${name} must be a text that is not empty, not ${shown(value)}`);
  return value;
}

function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[], missing?: T): T {
  const value = fields[name];
  if (value === undefined && missing !== undefined) return missing;
  const found = allowed.find((choice) => choice === value);
  if (found === undefined) throw new BadLine(`${name} must be one of ${allowed.join(", ")}, not ${shown(value)}`);
  return found;
}

function time(fields: Fields, name: string): UnixMillis | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  const at = typeof value === "string" ? parseRfc3339(value) : Number.NaN;
  if (Number.isNaN(at)) throw new BadLine(`${name} must be a time as RFC 3339 has it, not ${shown(value)}`);
  return at;
}

function labels(fields: Fields, name: string): Labels {
  const value = fields[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new BadLine(`${name} must be an object of texts`);
  if (areTexts(value)) return value;
  const out: Record<string, string> = {};
  for (const [key, label] of Object.entries(value as Fields)) {
    if (typeof label !== "string" && typeof label !== "number" && typeof label !== "boolean") {
      throw new BadLine(`${name}.${key} must be a text`);
    }
    // Not by assignment: a label may be called `__proto__`.
    Object.defineProperty(out, key, { value: String(label), enumerable: true, configurable: true, writable: true });
  }
  return out;
}

/** Mostly they are: what JSON has made is nobody else's, and need not be copied. */
function areTexts(value: object): value is Labels {
  return Object.values(value).every((label) => typeof label === "string");
}

function links(fields: Fields): Link[] {
  const value = fields["links"];
  if (!Array.isArray(value)) return [];
  return value.flatMap((link: unknown) => {
    const { href, text: label } = (link ?? {}) as { href?: unknown; text?: unknown };
    return typeof href === "string" ? [{ href, text: typeof label === "string" ? label : href }] : [];
  });
}

function duration(fields: Fields, name: string): Milliseconds | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  const parsed = typeof value === "string" ? parseDuration(value) : null;
  if (parsed === null) throw new BadLine(`${name} must be a duration such as 30s or 5m, not ${shown(value)}`);
  return parsed;
}

function shown(value: unknown): string {
  const out = JSON.stringify(value) ?? "nothing";
  return out.length > 60 ? `${out.slice(0, 57)}…` : out;
}
