import type { Exemplar, Sample } from "../../protocol/sample.ts";
import type { UnixMillis } from "../core/model/time.ts";

/** What tells a series of a sender from its others. */
export type SeriesIdentity = Pick<Sample, "name" | "labels" | "type" | "unit" | "family">;

/** Samples of one CI from one sender. */
export interface SampleBatch {
  /** As the sender names it. */
  ci: string;
  /** `agent` for our agents; else the protocol: `otlp`, `remote-write`. */
  source: string;
  /** The resource's own labels worth showing on series (never identity). */
  labels: Readonly<Record<string, string>>;
  samples: readonly Sample[];
  /** Those that do not come with a sample: of series that the sink has, or that stand in `samples`. */
  exemplars?: readonly { series: SeriesIdentity; exemplar: Exemplar }[];
  /** `delta`: the counters of this batch are increments since the sender's last; the sink adds them up. Default `cumulative`. */
  temporality?: "cumulative" | "delta";
  /** How often this sender sends, where it says so: its series are gone when it was silent for five intervals. */
  intervalMs?: number;
  /** Help text by metric name, where the sender gave one. */
  help?: ReadonlyMap<string, string>;
}

/** How many were taken and how many not, by reason; `reasons` is a closed list. */
export interface SampleResult {
  accepted: number;
  rejected: number;
  /** How many of `exemplars` were kept. */
  exemplars?: number;
  reasons: Partial<Record<"seriesLimit" | "labelLimit" | "stale" | "badValue" | "overload", number>>;
}

/** Where samples go: the series in memory, detection, and the fleet's exposition. Never blocks, never journals. */
export interface SampleSink {
  write(batch: SampleBatch, receivedAt: UnixMillis): SampleResult;
}
