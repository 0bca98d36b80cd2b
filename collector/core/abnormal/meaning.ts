import type { Labels } from "../model/event.ts";
import type { MetricSample } from "../model/metric-evidence.ts";

/** How a metric's value is to be read. `share`: of the calls that fail, 0…1. */
export type Reading =
  | "seconds"
  /** Calls in the interval, or per second: only proportions count. */
  | "traffic"
  /** Share of calls that succeed, as 0…1 or as percent. */
  | "availability"
  | "errorShare"
  /** Failed calls in the interval. */
  | "errorCount"
  /** Anything else (CPU, queue length …): far from usual, either way, is all that can be said. */
  | "other";

export interface Meaning {
  reading: Reading;
  /** Which of several statistics of one thing; the lower, the better it adds up along a call path. */
  rank: number;
  /** To seconds, for latencies. */
  factor: number;
  /** What is measured, without the statistic: series of one channel are statistics of one thing. */
  channel: string;
  /** For people: `latency`, `latency p99`. */
  title: string;
}

const STATISTIC_KEYS: ReadonlySet<string> = new Set([
  "stat",
  "statistic",
  "agg",
  "aggregation",
  "quantile",
  "percentile",
]);

/** Averages add up: what a callee takes longer, on average, its callers take longer. Percentiles do so roughly. */
const STATISTICS: readonly (readonly [RegExp, number, string])[] = [
  [/\b(avg|average|mean)\b/, 0, ""],
  [/\bsum\b|\btotal\b|\bcount\b/, 0, ""],
  [/\b(p50|median|0?\.50?)\b/, 2, "p50"],
  [/\b(p75|0?\.75)\b/, 3, "p75"],
  [/\b(p90|0?\.90?)\b/, 4, "p90"],
  [/\b(p95|0?\.95)\b/, 5, "p95"],
  [/\b(p99|0?\.99)\b/, 6, "p99"],
  [/\b(max|maximum|p100)\b/, 8, "max"],
  [/\b(min|minimum)\b/, 9, "min"],
];
const PLAIN = 1;

const READINGS: readonly (readonly [RegExp, Reading])[] = [
  [/latency|response time|duration|elapsed|delay/, "seconds"],
  [/availab|success/, "availability"],
  [/(error|fail|failure|fault|exception|5xx)s? (rate|ratio|percent|share)/, "errorShare"],
  [/error|fail|fault|exception|5xx/, "errorCount"],
  [/request|invocation|calls?\b|throughput|traffic|hits|\bqps\b|\brps\b/, "traffic"],
];

/** Counters that only rise, and the parts of histograms: their value at one time says nothing. */
const CUMULATIVE = /\b(total|bucket)$|\b(seconds|duration|latency) (count|sum)$/;

/**
 * Reads a metric by the words of its name, its unit and its labels, whatever product sent it; null where its value alone
 * says nothing.
 */
export function meaningOf(sample: MetricSample): Meaning | null {
  const words = spaced(sample.metric);
  if (CUMULATIVE.test(words)) return null;
  const { statistic, rest } = split(sample.labels);
  const found = STATISTICS.find(([pattern]) => pattern.test(statistic === "" ? words : statistic));
  const reading = READINGS.find(([pattern]) => pattern.test(words))?.[1] ?? "other";
  const name = found?.[2] ?? "";
  const plain = rest.map(([key, value]) => `${key}=${value}`).join(",");
  // Whatever is not understood stays a thing of its own, with its full name.
  const thing = reading === "other" || reading === "errorCount" ? `${sample.metric} ${statistic}` : reading;
  return {
    reading,
    rank: found?.[1] ?? PLAIN,
    factor: reading === "seconds" ? toSeconds(`${sample.unit ?? ""} ${words}`) : 1,
    channel: `${thing}|${sample.ci}|${plain}`,
    title: [titles[reading] ?? sample.metric, name].filter((part) => part !== "").join(" "),
  };
}

const titles: Readonly<Partial<Record<Reading, string>>> = {
  seconds: "latency",
  availability: "availability",
  errorShare: "error rate",
  errorCount: "errors",
  traffic: "requests",
};

function spaced(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[_.\-/:]+/g, " ");
}

function split(labels: Labels): { statistic: string; rest: [string, string][] } {
  let statistic = "";
  const rest: [string, string][] = [];
  for (const key of Object.keys(labels).sort()) {
    const value = labels[key] ?? "";
    if (STATISTIC_KEYS.has(key.toLowerCase())) statistic = value.toLowerCase();
    else rest.push([key, value]);
  }
  return { statistic, rest };
}

function toSeconds(words: string): number {
  if (/\b(ms|milliseconds?|millis)\b/.test(words)) return 1e-3;
  if (/\b(us|µs|microseconds?|micros)\b/.test(words)) return 1e-6;
  return /\b(ns|nanoseconds?|nanos)\b/.test(words) ? 1e-9 : 1;
}
