import type { Sample } from "../../protocol/sample.ts";
import { type CompiledRule, labelsMatch } from "./compile.ts";
import type { Group } from "./group.ts";
import type { GroupTable } from "./group-table.ts";
import type { SeriesExpression } from "./rule.ts";
import { type Binding, type CiState, Series } from "./series.ts";
import { Slot } from "./slot.ts";
import { Window } from "./window.ts";

/** Keys of one metric on one CI, beyond which other orders of the same labels are looked up the slow way. */
const ORDERS_MAX = 100_000;

type Labels = Readonly<Record<string, string>>;

/** One metric's readers: which input of which rule. */
interface Reader {
  compiled: CompiledRule;
  input: number;
  expression: SeriesExpression;
}

/** One metric that some rule reads, and its series by CI and labels. */
export interface NameIndex {
  name: string;
  readers: Reader[];
  byCi: Map<string, Map<string, Series>>;
}

/** What a series is when it is made. */
type Origin = Pick<Sample, "labels" | "type" | "unit">;

/** What its owner wants to know of. */
export interface SeriesTableEvents {
  /** The first series of this metric on this CI. */
  firstOf: (index: NameIndex, ci: string) => void;
  newGroup: (group: Group) => void;
}

/**
 * The series that rules read: by metric, CI and labels. The labels are made into a key as they stand, which is one
 * concatenation; only a new series, or a new order of its labels, takes the slow way.
 */
export class SeriesTable {
  readonly names = new Map<string, NameIndex>();
  readonly cis = new Map<string, CiState>();
  readonly #groups: GroupTable;
  readonly #seriesMax: number;
  readonly #events: SeriesTableEvents;
  size = 0;
  /** Samples of series beyond the limit. */
  dropped = 0;

  constructor(rules: readonly CompiledRule[], groups: GroupTable, seriesMax: number, events: SeriesTableEvents) {
    this.#groups = groups;
    this.#seriesMax = seriesMax;
    this.#events = events;
    for (const compiled of rules) {
      compiled.inputs.forEach((expression, input) => {
        const name = expression.metric;
        const index: NameIndex = this.names.get(name) ?? { name, readers: [], byCi: new Map() };
        index.readers.push({ compiled, input, expression });
        this.names.set(name, index);
      });
    }
  }

  /** The sample's series, made where it is new; undefined beyond the limit. */
  find(index: NameIndex, ci: string, sample: Origin, tickAt: number): Series | undefined {
    const { labels } = sample;
    let key = "";
    for (const name in labels) key += `${name}\u0001${labels[name]}\u0002`;
    return index.byCi.get(ci)?.get(key) ?? this.#make(index, ci, key, sample, tickAt);
  }

  #make(index: NameIndex, ci: string, key: string, sample: Origin, tickAt: number): Series | undefined {
    const byLabels = index.byCi.get(ci) ?? new Map<string, Series>();
    const inOrder = sortedKey(sample.labels);
    const known = byLabels.get(inOrder);
    if (known !== undefined) {
      // The same labels in another order. Each order seen is kept, so that it is looked up once.
      if (byLabels.size < ORDERS_MAX) byLabels.set(key, known);
      return known;
    }
    if (this.size >= this.#seriesMax) {
      this.dropped += 1;
      return undefined;
    }
    const state = this.cis.get(ci) ?? { seenTick: tickAt, series: 0 };
    state.series += 1;
    this.cis.set(ci, state);
    const series = new Series(state);
    series.bindings = index.readers.flatMap((reader) => this.#bind(reader, ci, sample, series));
    byLabels.set(inOrder, series);
    byLabels.set(key, series);
    if (!index.byCi.has(ci)) {
      index.byCi.set(ci, byLabels);
      this.#events.firstOf(index, ci);
    }
    this.size += 1;
    return series;
  }

  #bind(reader: Reader, ci: string, sample: Origin, series: Series): Binding[] {
    const { compiled, input, expression } = reader;
    if (!labelsMatch(expression.match, sample.labels)) return [];
    const { over } = expression;
    const window = over === null ? null : new Window(over.fn, over.windowMs, sample.type === "counter");
    const slot = new Slot(series, window);
    const { group, isNew } = this.#groups.place(compiled, ci, sample.labels, { input, slot });
    if (group !== null) {
      if (isNew) this.#events.newGroup(group);
      if (input === 0) group.unit = sample.unit;
      group.expected += 1;
    }
    return [{ group, slot, compiled, input }];
  }

  /**
   * Drops one metric's series of one CI that `isOld` names.
   * @returns false when nothing is left of them; `forget` is told each dropped one, still bound.
   */
  sweep(index: NameIndex, ci: string, isOld: (series: Series) => boolean, forget: (series: Series) => void): boolean {
    const byLabels = index.byCi.get(ci);
    if (byLabels === undefined) return false;
    const old = new Set<Series>();
    for (const [key, series] of byLabels) {
      if (!old.has(series) && !isOld(series)) continue;
      byLabels.delete(key);
      old.add(series);
    }
    for (const series of old) {
      this.size -= 1;
      series.ci.series -= 1;
      if (series.ci.series === 0) this.cis.delete(ci);
      forget(series);
    }
    if (byLabels.size > 0) return true;
    index.byCi.delete(ci);
    return false;
  }
}

function sortedKey(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0001${labels[name]}\u0002`)
    .join("");
}

/** The labels of a key, in its order; undefined for one whose labels held the separators. */
export function labelsOfKey(key: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (const part of key.split("\u0002").slice(0, -1)) {
    const pieces = part.split("\u0001");
    if (pieces.length !== 2) return undefined;
    labels[pieces[0] as string] = pieces[1] as string;
  }
  return labels;
}
