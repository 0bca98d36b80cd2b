import type { Labels } from "../../core/model/event.ts";
import type { Sample } from "../../../protocol/sample.ts";
import { ciFromLabels, type CiLabelOptions } from "../ci-label.ts";
import { entryOf, isUnsafeName } from "../field.ts";
import type { LabelPairs, Metadata } from "./written-series.ts";

/** Why a series is not taken: a closed list, it labels a metric. */
export type SeriesFault = "noName" | "badLabel" | "duplicateLabel" | "tooManyLabels";

/** What the labels of a series mean to us; found once, then remembered. */
export interface KnownSeries {
  fault: SeriesFault | undefined;
  ci: string;
  name: string;
  /** Without `__name__`. */
  labels: Labels;
  kind: SeriesKind;
  /** Of the families when `kind` was found: newer metadata can change it. */
  revision: number;
}

export interface SeriesKind {
  type: Sample["type"];
  unit: string;
  family: Sample["family"];
}

const LABELS_MAX = 64;
const NAME_LENGTH_MAX = 512;
const VALUE_LENGTH_MAX = 4096;
const GAUGE: SeriesKind = { type: "gauge", unit: "", family: undefined };

/** Prometheus' words for units, as UCUM. */
const UNITS: Readonly<Record<string, string>> = {
  seconds: "s",
  bytes: "By",
  ratio: "1",
  celsius: "Cel",
  meters: "m",
  metres: "m",
  volts: "V",
  amperes: "A",
  joules: "J",
  watts: "W",
  hertz: "Hz",
  grams: "g",
};

/** Metadata by family. In version 1 it comes apart from the samples, about once a minute. */
export class Families {
  private readonly byName = new Map<string, Metadata>();
  private readonly max: number;
  /** Rises when something changed. */
  revision = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Keeps the newest; families beyond the limit are left out (false). */
  tell(family: string, metadata: Metadata): boolean {
    const known = this.byName.get(family);
    if (known === undefined && this.byName.size >= this.max) return false;
    if (known?.type === metadata.type && known.help === metadata.help && known.unit === metadata.unit) return true;
    this.byName.set(family, metadata);
    this.revision += 1;
    return true;
  }

  /** Of a series: under its own name, or under that of the family it is a part of. */
  find(name: string): Metadata | undefined {
    return this.byName.get(name) ?? this.byName.get(name.replace(/_(?:total|bucket|count|sum)$/, ""));
  }
}

/** What a series is, from its metadata; where that is missing, from the habits of naming. */
export function kindOf(name: string, labels: Labels, metadata: Metadata | undefined): SeriesKind {
  const suffix = /_(total|bucket|count|sum)$/.exec(name)?.[1];
  const word = metadata?.unit || /_([a-z]+)(?:_total|_bucket|_count|_sum)?$/.exec(name)?.[1] || "";
  const unit = suffix === "count" ? "" : (entryOf(UNITS, word) ?? "");
  const isBucket = suffix === "bucket" && labels["le"] !== undefined;
  switch (metadata?.type ?? "unknown") {
    case "counter":
      return { type: "counter", unit, family: undefined };
    case "histogram":
      return { type: "counter", unit: isBucket ? "" : unit, family: "histogram" };
    case "summary":
      return { type: suffix === "count" || suffix === "sum" ? "counter" : "gauge", unit, family: "summary" };
    case "unknown":
      if (isBucket) return { type: "counter", unit: "", family: "histogram" };
      return { type: suffix === "total" ? "counter" : "gauge", unit, family: undefined };
    default:
      return { type: "gauge", unit, family: undefined };
  }
}

export interface SeriesBookOptions {
  ciLabels: CiLabelOptions;
  isKnownCi: (name: string) => boolean;
  /** Series remembered; the least recently written go first. About 1 KiB each. */
  rememberedMax: number;
  familiesMax: number;
}

/** Series by the key of their labels. A sender writes the same series again and again: this makes it cheap. */
export class SeriesBook {
  readonly families: Families;
  private readonly options: SeriesBookOptions;
  private young = new Map<string, KnownSeries>();
  private old = new Map<string, KnownSeries>();

  constructor(options: SeriesBookOptions) {
    this.options = options;
    this.families = new Families(options.familiesMax);
  }

  find(key: string, pairs: () => LabelPairs): KnownSeries {
    let known = this.young.get(key);
    if (known === undefined) {
      known = this.old.get(key) ?? this.read(pairs());
      if (this.young.size >= Math.max(1, this.options.rememberedMax / 2)) {
        this.old = this.young;
        this.young = new Map();
      }
      this.young.set(key, known);
    }
    if (known.revision !== this.families.revision) {
      known.revision = this.families.revision;
      known.kind = kindOf(known.name, known.labels, this.families.find(known.name));
    }
    return known;
  }

  private read(pairs: LabelPairs): KnownSeries {
    const labels: Record<string, string> = {};
    let name = "";
    let fault: SeriesFault | undefined = pairs.length > LABELS_MAX * 2 ? "tooManyLabels" : undefined;
    for (let i = 0; i < pairs.length && fault === undefined; i += 2) {
      const label = pairs[i] ?? "";
      const value = pairs[i + 1] ?? "";
      if (label === "" || label.length > NAME_LENGTH_MAX || value.length > VALUE_LENGTH_MAX || isUnsafeName(label))
        fault = "badLabel";
      else if (label === "__name__") name = value;
      else if (labels[label] !== undefined) fault = "duplicateLabel";
      // An empty value is an absent label.
      else if (value !== "") labels[label] = value;
    }
    fault ??= name === "" ? "noName" : undefined;
    const ci = fault === undefined ? this.ciOf(labels) : "";
    return { fault, ci, name, labels, kind: GAUGE, revision: -1 };
  }

  private ciOf(labels: Labels): string {
    return ciFromLabels(labels, this.options.ciLabels, this.options.isKnownCi)?.ci ?? labels["job"] ?? "unknown";
  }
}
