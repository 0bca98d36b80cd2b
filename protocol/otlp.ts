/**
 * OTLP requests after decoding, the same from Protocol Buffers and from JSON (opentelemetry-proto, metrics/v1, logs/v1).
 * Times are milliseconds since 1970; 0 where the sender gave none. Integers beyond ±2^53 are the nearest double.
 */

/** Attributes with their values as text: numbers in decimal, bytes in base64, arrays and maps as JSON. */
export type OtlpAttributes = Record<string, string>;

/** A bad request: the message is for the sender. */
export type OtlpResult<T> = { status: "read"; value: T } | { status: "malformed"; message: string };

export interface OtlpResourceMetrics {
  resource: OtlpAttributes;
  metrics: OtlpMetric[];
  /** Of its data points. */
  malformed?: OtlpMalformed;
}

/** Elements of a request that cannot be read, while the rest of it can. In Protocol Buffers there are none: one fault there moves all that follows. */
export interface OtlpMalformed {
  count: number;
  /** Of the first, for the sender. */
  message: string;
}

export type OtlpMetric = { name: string; description: string; unit: string } & OtlpData;

export type OtlpData =
  | { kind: "gauge"; points: OtlpNumberPoint[] }
  | { kind: "sum"; temporality: OtlpTemporality; monotonic: boolean; points: OtlpNumberPoint[] }
  | { kind: "histogram"; temporality: OtlpTemporality; points: OtlpHistogramPoint[] }
  | { kind: "exponentialHistogram"; temporality: OtlpTemporality; points: OtlpExponentialPoint[] }
  | { kind: "summary"; points: OtlpSummaryPoint[] }
  /** No data, or of a kind that this version does not know. */
  | { kind: "none" };

export type OtlpTemporality = "unspecified" | "delta" | "cumulative";

export const OTLP_TEMPORALITIES: readonly OtlpTemporality[] = ["unspecified", "delta", "cumulative"];

interface OtlpPoint {
  attributes: OtlpAttributes;
  startAt: number;
  at: number;
  /** The sender says that there is nothing to report (flag 1): the series has ended. */
  noValue: boolean;
  /** At most `EXEMPLARS_MAX`; absent where there are none. */
  exemplars?: OtlpExemplar[];
}

/** Exemplars of one point that are read. */
export const EXEMPLARS_MAX = 64;

/** One measurement that stands for many, with the trace it was taken in. */
export interface OtlpExemplar {
  at: number;
  value: number;
  /** Lower-case hex; "" where there is none. */
  traceId: string;
  spanId: string;
  attributes: OtlpAttributes;
}

export interface OtlpNumberPoint extends OtlpPoint {
  value: number;
}

export interface OtlpHistogramPoint extends OtlpPoint {
  count: number;
  /** null where the sender gave none. */
  sum: number | null;
  /** Upper bounds, ascending; counts has one more, for what is above the last. Both empty = no buckets. */
  bounds: number[];
  counts: number[];
}

export interface OtlpExponentialPoint extends OtlpPoint {
  count: number;
  sum: number | null;
  /** base = 2^(2^-scale) */
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: OtlpBuckets;
  negative: OtlpBuckets;
}

/** Bucket i holds values in (base^(offset+i), base^(offset+i+1)]. */
export interface OtlpBuckets {
  offset: number;
  counts: number[];
}

export interface OtlpSummaryPoint extends OtlpPoint {
  count: number;
  sum: number;
  quantiles: { quantile: number; value: number }[];
}

export interface OtlpResourceLogs {
  resource: OtlpAttributes;
  records: OtlpLogRecord[];
  /** Of its records. */
  malformed?: OtlpMalformed;
}

export interface OtlpLogRecord {
  at: number;
  observedAt: number;
  /** 1–24 (trace … fatal), 0 = not given. */
  severityNumber: number;
  severityText: string;
  /** Text as it is, anything else as JSON. */
  body: string;
  attributes: OtlpAttributes;
  eventName: string;
}

/** Nanoseconds since 1970 to milliseconds, rounded down; the nudge is for the double's own rounding. */
export const nanosToMillis = (nanos: number): number => Math.floor(nanos / 1e6 + 0.0005);

/** Messages in one request: a bound on memory that the size of the body alone does not give. */
export const OTLP_MESSAGES_MAX = 1_000_000;

/** How deep values may nest: an array in a map in an attribute … */
export const OTLP_DEPTH_MAX = 16;

/** A value that attributes and log bodies hold, as plain data. */
export type OtlpValue = string | number | boolean | null | OtlpValue[] | { [key: string]: OtlpValue };

/** As a label shows it. */
export function valueText(value: OtlpValue): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value === null ? "" : String(value);
}
