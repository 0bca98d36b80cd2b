import type { Sample } from "../../../protocol/sample.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { SampleBatch, SampleSink } from "../../port/samples.ts";
import type { KnownSeries, SeriesBook } from "./series-book.ts";
import type { LabelPairs, MessageVisitor, Metadata, SeriesValues } from "./written-series.ts";

/** The batch's source: how series of this protocol are told from others. */
export const SOURCE = "remote-write";

export interface WriteTotals {
  samples: number;
  histograms: number;
  exemplars: number;
  /** Left out silently, by reason: it is no fault of the sender, or nothing is lost. */
  dropped: Record<string, number>;
  /** Refused, by reason: the sender is told. */
  refused: Record<string, number>;
}

/** What a message says of one CI. */
interface Written {
  samples: Sample[];
  exemplars: Exclude<SampleBatch["exemplars"], undefined>[number][];
}

/** Gathers the samples of one message by CI, and hands them to the sink. */
export class SampleCollector implements MessageVisitor {
  private readonly book: SeriesBook;
  private readonly byCi = new Map<string, Written>();
  private readonly help = new Map<string, string>();
  private histograms = 0;
  /** Samples that histograms became. */
  private parts = 0;
  private readonly dropped: Record<string, number> = {};
  private readonly refused: Record<string, number> = {};

  constructor(book: SeriesBook) {
    this.book = book;
  }

  metadata(family: string, metadata: Metadata): void {
    if (!this.book.families.tell(family, metadata)) add(this.dropped, "familyLimit", 1);
    else if (metadata.help !== "") this.help.set(family, metadata.help);
  }

  series(key: string, pairs: () => LabelPairs, values: SeriesValues): void {
    const known = this.book.find(key, pairs);
    if (known.fault !== undefined) {
      add(this.refused, known.fault, values.samples.length + values.histograms.length);
      return;
    }
    let written = this.byCi.get(known.ci);
    if (written === undefined) {
      written = { samples: [], exemplars: [] };
      this.byCi.set(known.ci, written);
    }
    const list = written.samples;
    for (const { value, at, stale } of values.samples) {
      // A calculation without a result is no value; only the marker says that the series has ended.
      if (Number.isNaN(value) && !stale) add(this.dropped, "notANumber", 1);
      else list.push(sampleOf(known, value, at));
    }
    for (const histogram of values.histograms) {
      this.histograms += 1;
      const count = histogram.stale ? Number.NaN : histogram.count;
      list.push(partOf(known, "_count", count, histogram.at), partOf(known, "_sum", histogram.sum, histogram.at));
      for (const [bound, below] of histogram.buckets) list.push(bucketOf(known, bound, below, histogram.at));
      // A name that everyone reads as "all of them".
      if (histogram.buckets.length > 0) list.push(bucketOf(known, Number.POSITIVE_INFINITY, count, histogram.at));
      this.parts += 2 + (histogram.buckets.length === 0 ? 0 : histogram.buckets.length + 1);
    }
    if (values.exemplars.length > 0) this.exemplars(known, values, written);
  }

  /** Prometheus sends them apart from the samples. OpenMetrics has them for counters and buckets only. */
  private exemplars(known: KnownSeries, { exemplars, histograms }: SeriesValues, written: Written): void {
    const newest = exemplars.toSorted((a, b) => a.at - b.at);
    const { name, kind } = known;
    const buckets = histograms.at(-1)?.buckets ?? [];
    for (const exemplar of newest) {
      const bound = buckets.find(([upTo]) => exemplar.value <= upTo)?.[0] ?? Number.POSITIVE_INFINITY;
      if (buckets.length > 0) written.exemplars.push({ series: bucketOf(known, bound, 0, 0), exemplar });
      else if (kind.type === "counter" && (kind.family === undefined || name.endsWith("_bucket")))
        written.exemplars.push({ series: sampleOf(known, 0, 0), exemplar });
      else add(this.dropped, "exemplarPlace", 1);
    }
  }

  /** Hands everything over, one batch a CI. */
  write(sink: SampleSink, receivedAt: UnixMillis): WriteTotals {
    let samples = -this.parts;
    let exemplars = 0;
    for (const [ci, written] of this.byCi) {
      if (written.samples.length === 0 && written.exemplars.length === 0) continue;
      const batch: SampleBatch = { ci, source: SOURCE, labels: {}, samples: written.samples };
      if (this.help.size > 0) batch.help = this.help;
      if (written.exemplars.length > 0) batch.exemplars = written.exemplars;
      const result = sink.write(batch, receivedAt);
      samples += result.accepted;
      const kept = result.exemplars ?? 0;
      exemplars += kept;
      if (written.exemplars.length > kept) add(this.dropped, "exemplarNotKept", written.exemplars.length - kept);
      for (const [reason, count] of Object.entries(result.reasons)) add(this.refused, reason, count);
    }
    const { histograms, dropped, refused } = this;
    return { samples: Math.max(0, samples) + (dropped["notANumber"] ?? 0), histograms, exemplars, dropped, refused };
  }
}

function sampleOf(known: KnownSeries, value: number, at: UnixMillis): Sample {
  const { name, labels, kind } = known;
  const { type, unit, family } = kind;
  return family === undefined
    ? { name, labels, value, at, type, unit }
    : { name, labels, value, at, type, unit, family };
}

function bucketOf(known: KnownSeries, bound: number, below: number, at: UnixMillis): Sample {
  const { name, labels } = known;
  const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
  return {
    name: `${name}_bucket`,
    labels: { ...labels, le },
    value: below,
    at,
    type: "counter",
    unit: "",
    family: "histogram",
  };
}

/** The two counters that a classic histogram has as well. */
function partOf(known: KnownSeries, suffix: "_count" | "_sum", value: number, at: UnixMillis): Sample {
  const { name, labels, kind } = known;
  const unit = suffix === "_sum" ? kind.unit : "";
  return { name: name + suffix, labels, value, at, type: "counter", unit, family: "histogram" };
}

function add(counts: Record<string, number>, reason: string, by: number): void {
  counts[reason] = (counts[reason] ?? 0) + by;
}
