import type { Exemplar } from "../../../protocol/sample.ts";

/** One sample as it stood in the message. */
export interface WrittenSample {
  value: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Prometheus' staleness marker: the series has ended. */
  stale: boolean;
}

/** A native histogram, as classic ones are. */
export interface WrittenHistogram {
  count: number;
  sum: number;
  at: number;
  stale: boolean;
  /** Upper bounds with cumulative counts, ascending, without +Inf; at most forty. */
  buckets: [bound: number, count: number][];
}

export type MetricType =
  | "unknown"
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset";

/** In the order of the enumeration of both versions. */
const METRIC_TYPES: readonly MetricType[] = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
];

export const metricType = (number: number): MetricType => METRIC_TYPES[number] ?? "unknown";

export interface Metadata {
  type: MetricType;
  help: string;
  unit: string;
}

/** Label names and values, alternating, as the message has them. */
export type LabelPairs = readonly string[];

/** What reads a message tells these things to; both versions of the protocol come to the same. */
export interface MessageVisitor {
  /**
   * One series. The lists are the reader's own and are used again for the next series.
   *
   * @param key equal for equal labels within one version: what was found for them before can be found by it.
   * @param pairs called only where the key is new.
   */
  series(key: string, pairs: () => LabelPairs, values: SeriesValues): void;
  /** Metadata of a metric family, by the name under which it was exposed. */
  metadata(family: string, metadata: Metadata): void;
}

export interface SeriesValues {
  samples: WrittenSample[];
  histograms: WrittenHistogram[];
  exemplars: Exemplar[];
}

/** The bits of Prometheus' staleness marker: a NaN that no arithmetic gives. JavaScript may change a NaN's bits, so they are read as integers. */
export function isStaleMarker(bytes: Buffer, at: number): boolean {
  return bytes.readUInt32LE(at + 4) === 0x7ff00000 && bytes.readUInt32LE(at) === 2;
}
