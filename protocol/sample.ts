/** One value of one metric series at one time: what agents send, foreign senders send, and detection reads. */
export interface Sample {
  /** OpenTelemetry name (`system.cpu.utilization`) inside; the Prometheus border renames. */
  name: string;
  /** Attributes of the data point, without the resource's. */
  labels: Readonly<Record<string, string>>;
  /** NaN: the sender says that the series has ended. */
  value: number;
  /** Milliseconds since 1970, the sampler's clock. */
  at: number;
  /** gauge: any value. counter: cumulative, monotonic, resets to 0. */
  type: "gauge" | "counter";
  /** UCUM (`By`, `s`, `1`); "" where none. */
  unit: string;
  /**
   * Part of a histogram or summary that was flattened: `name` ends in `_bucket` (with label `le`), `_sum` or `_count`;
   * a summary's quantiles (label `quantile`) keep the bare name. Buckets, sums and counts are counters.
   */
  family?: "histogram" | "summary";
  /** The newest that came with it; of counters and buckets. */
  exemplar?: Exemplar;
}

/** One measurement that stands for many: OpenMetrics 1.0. */
export interface Exemplar {
  /** Names and values together at most 128 characters. */
  labels: Readonly<Record<string, string>>;
  value: number;
  /** 0 = not told. */
  at: number;
}
