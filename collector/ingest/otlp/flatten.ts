import type { Sample } from "../../../protocol/sample.ts";
import type {
  OtlpExemplar,
  OtlpExponentialPoint,
  OtlpHistogramPoint,
  OtlpMetric,
  OtlpNumberPoint,
  OtlpSummaryPoint,
  OtlpTemporality,
} from "../../../protocol/otlp.ts";
import { explicitBuckets } from "../exponential-buckets.ts";
import { exemplarWithin } from "./exemplar.ts";

/** Why data points became no samples: a closed list. */
export type PointFault = "noName" | "noData" | "badHistogram" | "deltaGauge" | "notANumber";

/** What a resource's metrics come to. */
export interface Flattened {
  /** Gauges and cumulative counters. */
  cumulative: Sample[];
  /** Increments since the sender's last. */
  delta: Sample[];
  /** Data points, of whatever kind. */
  points: number;
  faults: Partial<Record<PointFault, number>>;
  help: Map<string, string>;
}

/** Explicit bounds of one histogram; more are no histogram that anyone reads. */
const BOUNDS_MAX = 256;

export const nothingYet = (): Flattened => ({ cumulative: [], delta: [], points: 0, faults: {}, help: new Map() });

/**
 * Data points as samples: histograms and summaries in Prometheus's parts (`_bucket` with `le`, `_sum`, `_count`, `quantile`),
 * exponential histograms merged to a few explicit buckets; of those with delta temporality only `_sum` and `_count`, because
 * their bounds move. Adds to `into`; some hundred nanoseconds a sample.
 */
export function flatten(metric: OtlpMetric, into: Flattened): void {
  if (metric.kind === "none") {
    fault(into, "noData", 1);
    return;
  }
  into.points += metric.points.length;
  if (metric.name === "") {
    fault(into, "noName", metric.points.length);
    return;
  }
  if (metric.description !== "") for (const part of PARTS) into.help.set(metric.name + part, metric.description);
  switch (metric.kind) {
    case "gauge":
      for (const point of metric.points) number(metric, point, "gauge", into.cumulative, into);
      break;
    case "sum":
      flattenSum(metric, into);
      break;
    case "histogram":
      for (const point of metric.points) histogram(metric, point, into);
      break;
    case "exponentialHistogram":
      for (const point of metric.points) exponential(metric, point, into);
      break;
    case "summary":
      for (const point of metric.points) summary(metric, point, into);
  }
}

const PARTS = ["", "_bucket", "_sum", "_count"] as const;

function fault(into: Flattened, reason: PointFault, by: number): void {
  if (by > 0) into.faults[reason] = (into.faults[reason] ?? 0) + by;
}

function flattenSum(metric: OtlpMetric & { kind: "sum" }, into: Flattened): void {
  const isDelta = metric.temporality === "delta";
  if (isDelta && !metric.monotonic) {
    fault(into, "deltaGauge", metric.points.length);
    return;
  }
  const list = isDelta ? into.delta : into.cumulative;
  for (const point of metric.points) number(metric, point, metric.monotonic ? "counter" : "gauge", list, into);
}

function number(
  metric: OtlpMetric,
  point: OtlpNumberPoint,
  type: Sample["type"],
  list: Sample[],
  into: Flattened,
): void {
  // A calculation without a result is no value; only the flag says that the series has ended.
  if (Number.isNaN(point.value) && !point.noValue) fault(into, "notANumber", 1);
  else {
    const sample: Sample = {
      name: metric.name,
      labels: point.attributes,
      value: point.noValue ? Number.NaN : point.value,
      at: point.at,
      type,
      unit: metric.unit,
    };
    // OpenMetrics has exemplars of counters and buckets only.
    const exemplar =
      type === "counter"
        ? exemplarWithin(point.exemplars, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
        : undefined;
    if (exemplar !== undefined) sample.exemplar = exemplar;
    list.push(sample);
  }
}

interface Point {
  attributes: Record<string, string>;
  at: number;
  noValue: boolean;
  exemplars?: OtlpExemplar[];
}

interface Parts {
  metric: OtlpMetric;
  point: Point;
  /** Those of the point, without one that has the name of our own label. */
  attributes: Record<string, string>;
  family: "histogram" | "summary";
  list: Sample[];
}

const OWN_LABELS = { histogram: "le", summary: "quantile" } as const;

function partsOf(metric: OtlpMetric, point: Point, family: Parts["family"], list: Sample[]): Parts {
  const own = OWN_LABELS[family];
  if (!Object.hasOwn(point.attributes, own)) return { metric, point, attributes: point.attributes, family, list };
  const { [own]: renamed = "", ...attributes } = point.attributes;
  return { metric, point, attributes: { ...attributes, [`exported_${own}`]: renamed }, family, list };
}

function bucket(parts: Parts, count: number, above: number, bound: number): void {
  part(parts, "_bucket", count, { label: "le", text: boundText(bound) });
  const exemplar = exemplarWithin(parts.point.exemplars, above, bound);
  const sample = parts.list.at(-1);
  if (exemplar !== undefined && sample !== undefined) sample.exemplar = exemplar;
}

function part(parts: Parts, suffix: string, value: number, more?: { label: string; text: string }): void {
  const { metric, point, attributes, family, list } = parts;
  list.push({
    name: metric.name + suffix,
    labels: more === undefined ? attributes : { ...attributes, [more.label]: more.text },
    value: point.noValue ? Number.NaN : value,
    at: point.at,
    type: more?.label === "quantile" ? "gauge" : "counter",
    unit: metric.unit,
    family,
  });
}

const listFor = (temporality: OtlpTemporality, into: Flattened): Sample[] =>
  temporality === "delta" ? into.delta : into.cumulative;

function histogram(metric: OtlpMetric & { kind: "histogram" }, point: OtlpHistogramPoint, into: Flattened): void {
  const { bounds, counts } = point;
  const isShaped = counts.length === bounds.length + 1 || (counts.length === 0 && bounds.length === 0);
  if (!isShaped || bounds.length > BOUNDS_MAX || !isAscending(bounds)) {
    fault(into, "badHistogram", 1);
    return;
  }
  const parts = partsOf(metric, point, "histogram", listFor(metric.temporality, into));
  let total = 0;
  for (const [index, bound] of bounds.entries()) {
    total += counts[index]!;
    bucket(parts, total, bounds[index - 1] ?? Number.NEGATIVE_INFINITY, bound);
  }
  totals(parts, point, total + (counts[bounds.length] ?? 0), bounds.at(-1));
}

function exponential(
  metric: OtlpMetric & { kind: "exponentialHistogram" },
  point: OtlpExponentialPoint,
  into: Flattened,
): void {
  const parts = partsOf(metric, point, "histogram", listFor(metric.temporality, into));
  const buckets = explicitBuckets(point);
  if (buckets === null) {
    fault(into, "badHistogram", 1);
    return;
  }
  let above = Number.NEGATIVE_INFINITY;
  let total = 0;
  if (metric.temporality !== "delta")
    for (const [bound, count] of buckets) {
      total = count;
      // A zero bucket may be wider than those beside it.
      if (bound <= above) continue;
      bucket(parts, count, above, bound);
      above = bound;
    }
  totals(parts, point, total, above);
}

/**
 * The bucket of everything, the sum where there is one, and the count.
 *
 * @param total of all buckets: a sender that counts while it is read says more there than in its count, and buckets never fall.
 */
function totals(
  parts: Parts,
  point: { count: number; sum: number | null },
  total: number,
  above: number = Number.NEGATIVE_INFINITY,
): void {
  const count = Math.max(point.count, total);
  bucket(parts, count, above, Number.POSITIVE_INFINITY);
  if (point.sum !== null && !Number.isNaN(point.sum)) part(parts, "_sum", point.sum);
  part(parts, "_count", count);
}

function summary(metric: OtlpMetric, point: OtlpSummaryPoint, into: Flattened): void {
  const parts = partsOf(metric, point, "summary", into.cumulative);
  for (const { quantile, value } of point.quantiles.slice(0, BOUNDS_MAX))
    if (!Number.isNaN(value)) part(parts, "", value, { label: "quantile", text: boundText(quantile) });
  if (!Number.isNaN(point.sum)) part(parts, "_sum", point.sum);
  part(parts, "_count", point.count);
}

function isAscending(bounds: readonly number[]): boolean {
  for (let index = 0; index < bounds.length; index++)
    if (Number.isNaN(bounds[index]) || (index > 0 && !(bounds[index]! > bounds[index - 1]!))) return false;
  return true;
}

/** As Prometheus writes it. */
function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return "+Inf";
  return bound === Number.NEGATIVE_INFINITY ? "-Inf" : String(bound);
}
