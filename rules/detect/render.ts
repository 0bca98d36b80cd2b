import { formatDuration } from "../../protocol/duration.ts";
import type { TemplatePart } from "./rule.ts";

/** What a summary may show. */
export interface SummaryFields {
  value: number;
  unit: string;
  severity: string;
  ci: string;
  instance: string;
  threshold: number | null;
  /** What the baseline expected; null = no baseline. */
  expected: number | null;
  /** Milliseconds until a forecast comes true; null = not a forecast. */
  whenMs: number | null;
  labels: Readonly<Record<string, string>>;
}

/** A label's text goes in as it is, shortened and without control characters: it is data, never a template. */
export function renderSummary(parts: readonly TemplatePart[], fields: SummaryFields): string {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : field(part, fields);
  return text.slice(0, 1000);
}

function field(part: Exclude<TemplatePart, string>, fields: SummaryFields): string {
  switch (part.field) {
    case "labels":
      return plain(Object.hasOwn(fields.labels, part.label) ? (fields.labels[part.label] ?? "") : "");
    case "value":
      return formatValue(fields.value, fields.unit);
    case "threshold":
    case "expected": {
      const number = fields[part.field];
      return number === null ? "" : formatValue(number, fields.unit);
    }
    case "when":
      return fields.whenMs === null ? "" : roundedDuration(fields.whenMs);
    default:
      return plain(fields[part.field]);
  }
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ").slice(0, 200);
}

/** Two units at most, days the largest: `3h20m`, not `3h20m17s`; `20d18h`, not weeks. */
function roundedDuration(durationMs: number): string {
  const unitMs = durationMs >= DAY_MS ? 3_600_000 : durationMs >= 600_000 ? 60_000 : 1000;
  const rounded = Math.max(unitMs, Math.round(durationMs / unitMs) * unitMs);
  const days = Math.floor(rounded / DAY_MS);
  const rest = rounded - days * DAY_MS;
  return `${days > 0 ? `${days}d` : ""}${rest > 0 ? formatDuration(rest) : ""}`;
}

const DAY_MS = 86_400_000;

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A number for a person: `93.2%`, `1.5 GiB`, `20 ms`, `12`. `unit` is UCUM, with `%` for a ratio to be shown as percent. */
export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "no value";
  if (unit.endsWith("/s")) return `${formatValue(value, unit.slice(0, -2))}/s`;
  if (unit === "%") return `${significant(value * 100)}%`;
  if (unit === "By") return bytes(value);
  if (unit === "s") return seconds(value);
  if (unit === "Cel") return `${significant(value)} °C`;
  if (unit === "" || unit === "1" || unit.startsWith("{")) return significant(value);
  return `${significant(value)} ${unit}`;
}

function bytes(value: number): string {
  let scaled = value;
  let step = 0;
  while (Math.abs(scaled) >= 1024 && step < BYTES.length - 1) {
    scaled /= 1024;
    step += 1;
  }
  return `${significant(scaled)} ${BYTES[step] as string}`;
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size >= 60) return `${value < 0 ? "-" : ""}${roundedDuration(size * 1000)}`;
  if (size >= 1 || size === 0) return `${significant(value)} s`;
  return size >= 0.001 ? `${significant(value * 1000)} ms` : `${significant(value * 1e6)} µs`;
}

/** Three digits that say something, and never an exponent below 10^15. */
function significant(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return String(Number(value.toFixed(decimals)));
}
