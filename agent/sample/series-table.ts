import { encodePointAttributes, type OtlpMetric, type OtlpPoint } from "../../protocol/otlp-write.ts";
import type { Sample } from "../../protocol/sample.ts";

/**
 * One series for its life: what detection reads (`Sample`) and what the writer sends (`OtlpPoint`) are the same object,
 * changed in place at each sample, so that sampling makes no garbage. Whoever wants to keep a value copies it.
 */
export interface Series extends Sample, OtlpPoint {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: "gauge" | "counter";
  readonly unit: string;
  value: number;
  at: number;
}

interface Metric extends OtlpMetric {
  points: Series[];
}

/** Every series that the agent has now, by metric. */
export class SeriesTable {
  readonly #metrics = new Map<string, Metric>();
  readonly #byKey = new Map<string, Series>();
  readonly #seriesMax: number;
  #list: readonly Metric[] = [];
  #ended: Series[] = [];
  /** Series that were not taken because of the limit, since the start. */
  refused = 0;
  /** When the host booted, milliseconds since 1970: where its counters began. 0 = not known. */
  bootedAt = 0;

  constructor(seriesMax = 5000) {
    this.#seriesMax = seriesMax;
  }

  gauge(name: string, unit: string, labels: Readonly<Record<string, string>> = {}): Series {
    return this.#series(name, "gauge", unit, labels);
  }

  counter(name: string, unit: string, labels: Readonly<Record<string, string>> = {}): Series {
    return this.#series(name, "counter", unit, labels);
  }

  /** The thing that it measured is gone. It is said once more, as a series that has ended, until `removeEnded`. */
  end(series: Series, at: number): void {
    if (!this.#byKey.delete(keyOf(series.name, series.labels))) return;
    series.value = Number.NaN;
    series.at = at;
    this.#ended.push(series);
  }

  /** After a round was written. */
  removeEnded(): void {
    for (const series of this.#ended) {
      const metric = this.#metrics.get(series.name)!;
      metric.points.splice(metric.points.indexOf(series), 1);
      if (metric.points.length === 0) this.#metrics.delete(series.name);
    }
    if (this.#ended.length > 0) this.#list = [...this.#metrics.values()];
    this.#ended = [];
  }

  /** For the writer and for exposition; in order of registration. */
  metrics(): readonly Metric[] {
    return this.#list;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Beyond the limit the caller gets a series that nobody sends: collectors need not care. */
  #series(name: string, type: Series["type"], unit: string, labels: Readonly<Record<string, string>>): Series {
    const key = keyOf(name, labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const attributes = encodePointAttributes(labels);
    const series: Series = { name, labels, type, unit, value: Number.NaN, at: 0, startedAt: this.bootedAt, attributes };
    if (this.#byKey.size >= this.#seriesMax) {
      this.refused++;
      return series;
    }
    this.#byKey.set(key, series);
    const metric = this.#metrics.get(name);
    if (metric === undefined) {
      this.#metrics.set(name, { name, type, unit, points: [series] });
      this.#list = [...this.#metrics.values()];
    } else metric.points.push(series);
    return series;
  }
}

/** A value that was read now. A counter that fell has begun anew. */
export function setSeries(series: Series, value: number, at: number): void {
  if (Number.isNaN(value)) return;
  if (series.type === "counter" && value < series.value) series.startedAt = series.at;
  series.value = value;
  series.at = at;
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  let key = name;
  for (const label in labels) key += `\u0000${label}\u0000${labels[label]}`;
  return key;
}

/**
 * What a collector knows of each device, mount or CPU: made when the thing is first seen, forgotten with its series when it
 * was not seen in a round.
 */
export class Instances<T extends { readonly series: readonly Series[] }> {
  readonly #known = new Map<string, { item: T; round: number }>();
  readonly #table: SeriesTable;
  readonly #max: number;
  #round = 0;

  constructor(table: SeriesTable, max: number) {
    this.#table = table;
    this.#max = max;
  }

  /** null beyond the limit. */
  get(key: string, create: () => T): T | null {
    let entry = this.#known.get(key);
    if (entry === undefined) {
      if (this.#known.size >= this.#max) return null;
      entry = { item: create(), round: 0 };
      this.#known.set(key, entry);
    }
    entry.round = this.#round;
    return entry.item;
  }

  values(): T[] {
    return [...this.#known.values()].map((entry) => entry.item);
  }

  /** Ends the round of `at`: what `get` was not asked for since the last one is forgotten. */
  endRound(at: number): void {
    for (const [key, entry] of this.#known) {
      if (entry.round === this.#round) continue;
      this.#known.delete(key);
      for (const series of entry.item.series) this.#table.end(series, at);
    }
    this.#round++;
  }
}
