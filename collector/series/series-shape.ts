import { metricHelp } from "../../protocol/metric-help.ts";
import type { Sample } from "../../protocol/sample.ts";
import type { SeriesIdentity } from "../port/samples.ts";
import { baseName, escapeLabel, type PrometheusSeries, toPrometheus } from "./prometheus-names.ts";

/** A metric family at the Prometheus border. */
export interface SeriesFamily {
  /** Rises with each family that was made; the order of exposition. */
  readonly id: number;
  readonly name: string;
  readonly type: PrometheusSeries["type"];
  help: string;
  shapes: number;
}

/**
 * A metric name with labels, as it is the same for many senders: ten thousand hosts share one shape for
 * `system.cpu.load_average.1m`. Keeps everything that is not the sender's own, rendered once.
 */
export interface SeriesShape {
  readonly key: string;
  readonly name: string;
  readonly type: Sample["type"];
  readonly unit: string;
  readonly family: Sample["family"];
  /** Of the labels, in the order in which the first sender gave them. */
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** null: cannot be shown to Prometheus (no usable name, or its family has another type). */
  readonly prometheus: { family: SeriesFamily; text: string; group: string; rank: number } | null;
  /** Senders that hold it; without one it is forgotten. */
  holders: number;
}

/** Why a series is not made; names are counted as text, not bytes: a limit on memory, not a format. */
export const LABELS_MAX = 32;
export const LABEL_NAME_LENGTH_MAX = 128;
export const LABEL_VALUE_LENGTH_MAX = 1024;
export const METRIC_NAME_LENGTH_MAX = 255;

export function withinLabelLimits(sample: Sample): boolean {
  if (sample.name === "" || sample.name.length > METRIC_NAME_LENGTH_MAX || sample.unit.length > 63) return false;
  let count = 0;
  for (const key in sample.labels) {
    count += 1;
    if (count > LABELS_MAX || key.length > LABEL_NAME_LENGTH_MAX) return false;
    if (sample.labels[key]!.length > LABEL_VALUE_LENGTH_MAX) return false;
  }
  return true;
}

/** Whether the sample belongs to the shape; false also where only the order of labels differs. Some tens of nanoseconds. */
export function hasShape(sample: SeriesIdentity, shape: SeriesShape): boolean {
  if (sample.name !== shape.name || sample.type !== shape.type || sample.unit !== shape.unit) return false;
  if (sample.family !== shape.family) return false;
  const { keys, values } = shape;
  let index = 0;
  for (const key in sample.labels) {
    if (key !== keys[index] || sample.labels[key] !== values[index]) return false;
    index += 1;
  }
  return index === keys.length;
}

/** All shapes there are; the owner counts holders and calls `release`. */
export class ShapeTable {
  private readonly shapes = new Map<string, SeriesShape>();
  private readonly families = new Map<string, SeriesFamily>();
  private nextFamily = 0;

  get size(): number {
    return this.shapes.size;
  }

  /** By the time of their making. */
  familyList(): SeriesFamily[] {
    return [...this.families.values()];
  }

  find(sample: SeriesIdentity): SeriesShape | undefined {
    return this.shapes.get(shapeKey(sample));
  }

  /** Makes the shape if there is none; `holders` is the caller's to raise. */
  obtain(sample: Sample, help: string | undefined): SeriesShape {
    const key = shapeKey(sample);
    const found = this.shapes.get(key);
    if (found !== undefined) return found;
    const shape: SeriesShape = {
      key,
      name: sample.name,
      type: sample.type,
      unit: sample.unit,
      family: sample.family,
      keys: Object.keys(sample.labels),
      values: Object.values(sample.labels),
      labels: { ...sample.labels },
      prometheus: this.border(sample, help),
      holders: 0,
    };
    this.shapes.set(key, shape);
    return shape;
  }

  release(shape: SeriesShape): void {
    shape.holders -= 1;
    if (shape.holders > 0) return;
    this.shapes.delete(shape.key);
    const family = shape.prometheus?.family;
    if (family === undefined) return;
    family.shapes -= 1;
    if (family.shapes === 0) this.families.delete(family.name);
  }

  private border(sample: Sample, help: string | undefined): SeriesShape["prometheus"] {
    const series = toPrometheus(sample);
    if (series === null) return null;
    let family = this.families.get(series.family);
    if (family === undefined) {
      const text = series.help === "" ? (help ?? metricHelp(sample.name) ?? "") : series.help;
      family = {
        id: this.nextFamily++,
        name: series.family,
        type: series.type,
        help: text === "" ? `OpenTelemetry metric ${baseName(sample)}.` : text,
        shapes: 0,
      };
      this.families.set(series.family, family);
    }
    if (family.type !== series.type) return null;
    family.shapes += 1;
    return { family, ...rendered(series) };
  }
}

/** `text` is the line up to the labels of the sender; `group` and `rank` keep a histogram's lines together and in order. */
function rendered(series: PrometheusSeries): { text: string; group: string; rank: number } {
  const label = ([name, value]: [string, string]): string => `${name}="${escapeLabel(value)}",`;
  const text = `${series.name}{${series.labels.map(label).join("")}`;
  if (series.type !== "histogram" && series.type !== "summary") return { text, group: "", rank: 0 };
  const isBound = ([name]: [string, string]): boolean => name === "le" || name === "quantile";
  const group = series.labels
    .filter((pair) => !isBound(pair))
    .map(label)
    .join("");
  const bound = series.labels.find(isBound)?.[1];
  if (bound !== undefined) return { text, group, rank: bound === "+Inf" ? Number.MAX_VALUE : Number(bound) };
  return { text, group, rank: Number.POSITIVE_INFINITY };
}

function shapeKey(sample: SeriesIdentity): string {
  let key = `${sample.type === "counter" ? "c" : "g"}${sample.family ?? ""}\n${sample.unit}\n${sample.name}`;
  const names = Object.keys(sample.labels);
  if (names.length > 1) names.sort();
  for (const name of names) {
    const value = sample.labels[name]!;
    // Lengths, so that no value can look like another label.
    key += `\n${name.length}:${value.length}:${name}${value}`;
  }
  return key;
}
