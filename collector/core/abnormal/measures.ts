import type { CiId } from "../model/ci.ts";
import type { MetricSample } from "../model/metric-evidence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { meaningOf } from "./meaning.ts";
import { MetricSeries, RECENT_SLOTS, SLOT_MS } from "./series.ts";

/** About 20 MiB when all are there. */
const SERIES_MAX = 20_000;
const SERIES_PER_CI_MAX = 256;
/** A source's clock is believed when it is behind ours by less than this. */
const LATE_MAX_MS: Milliseconds = RECENT_SLOTS * SLOT_MS;

/** Every series of every CI, in bounded memory. Series beyond the limits are refused and counted. */
export class Measures {
  private readonly byCi = new Map<CiId, Map<string, MetricSeries>>();
  private count = 0;
  private refusedCount = 0;

  /** @param ci the CMDB's id of the sample's CI */
  take(ci: CiId, sample: MetricSample, at: UnixMillis): void {
    const series = this.seriesOf(ci, sample);
    const isBelieved = sample.time <= at && sample.time > at - LATE_MAX_MS;
    series?.put(isBelieved ? sample.time : at, sample.value);
  }

  get size(): number {
    return this.count;
  }

  /** Samples of series that there was no room for, since the start. */
  get refused(): number {
    return this.refusedCount;
  }

  of(ci: CiId): Iterable<MetricSeries> {
    return this.byCi.get(ci)?.values() ?? [];
  }

  private seriesOf(ci: CiId, sample: MetricSample): MetricSeries | null {
    let all = this.byCi.get(ci);
    const key = keyOf(sample);
    const known = all?.get(key);
    if (known !== undefined) return known;
    const meaning = meaningOf(sample);
    if (meaning === null) return null;
    if (this.count >= SERIES_MAX || (all?.size ?? 0) >= SERIES_PER_CI_MAX) {
      this.refusedCount += 1;
      return null;
    }
    if (all === undefined) this.byCi.set(ci, (all = new Map<string, MetricSeries>()));
    const series = new MetricSeries(meaning);
    all.set(key, series);
    this.count += 1;
    return series;
  }
}

function keyOf({ ci, metric, labels }: MetricSample): string {
  let key = `${metric}\n${ci}`;
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  for (const name of names) key += `\n${name}=${labels[name]}`;
  return key;
}
