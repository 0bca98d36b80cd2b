import type { Sample } from "../../protocol/sample.ts";
import { Calendar } from "./calendar.ts";
import { type CompiledRule, compileRule, labelsMatch } from "./compile.ts";
import type { Detection, Detector } from "./detector.ts";
import { type Group, NO_VALUE_CLEARS_MS } from "./group.ts";
import { GroupTable } from "./group-table.ts";
import { type MetricRule, type Rule, type SeriesExpression } from "./rule.ts";
import { type Binding, type CiState, GAP_INTERVALS, Series } from "./series.ts";
import { Slot } from "./slot.ts";
import { Window } from "./window.ts";

const NONE: readonly Detection[] = Object.freeze([]);

/** A series not seen for this long is forgotten; an absence that it raised ends with it. */
const FORGET_MS = 7 * 24 * 3_600_000;

/** Keys of one metric on one CI, beyond which other orders of the same labels are looked up the slow way. */
const ORDERS_MAX = 100_000;

/** A silence of the ticks longer than this is a suspend or a step of the clock, not a slow caller. */
const TICK_GAP_MS = 60_000;

/** Where a CI sends anything at all, the end of one of its series means that the thing is gone. */
const CI_ALIVE_MS = 120_000;

/** One metric's readers: which input of which rule. */
interface Reader {
  compiled: CompiledRule;
  input: number;
  expression: SeriesExpression;
}

interface NameIndex {
  readers: Reader[];
  byCi: Map<string, Map<string, Series>>;
}

export interface DetectorOptions {
  /** Series in memory; more are not evaluated, and counted. */
  seriesMax?: number;
}

export interface DetectorCounts {
  series: number;
  groups: number;
  /** Conditions that hold and wait for their `for` to end. */
  pending: number;
  /** Samples of series beyond the limit. */
  dropped: number;
  /** Samples that were late or repeated. */
  ignored: number;
}

/**
 * Prepares rules for evaluation. Event rules are passed over (see `createEventFilter`).
 *
 * Cost: one look-up for a metric that no rule reads; else one for its series, and the rules that read it.
 */
export function createDetector(
  rules: readonly Rule[],
  options: DetectorOptions = {},
): Detector & { counts(): DetectorCounts } {
  return new RuleDetector(
    rules.filter((rule) => rule.kind === "metric"),
    options.seriesMax ?? 1_000_000,
  );
}

class RuleDetector implements Detector {
  readonly #names = new Map<string, NameIndex>();
  readonly #cis = new Map<string, CiState>();
  readonly #groups = new GroupTable();
  readonly #seriesMax: number;
  /** Groups of which only a part was updated in this round. */
  readonly #open = new Set<Group>();
  readonly #pending = new Set<Group>();
  readonly #firing = new Set<Group>();
  readonly #calendar = new Calendar();
  #found: Detection[] = [];
  #tickAt = Number.NaN;
  /** Usual time between ticks; what the clock says of a series' silence is this inexact. */
  #tickSpacingMs = 0;
  /** Silence is counted from here at the earliest: the last suspend or step of the clock. */
  #awakeSince = Number.NEGATIVE_INFINITY;
  #series = 0;
  #dropped = 0;
  #ignored = 0;

  constructor(rules: readonly MetricRule[], seriesMax: number) {
    this.#seriesMax = seriesMax;
    for (const rule of rules) {
      const compiled = compileRule(rule);
      compiled.inputs.forEach((expression, input) => {
        const index: NameIndex = this.#names.get(expression.metric) ?? { readers: [], byCi: new Map() };
        index.readers.push({ compiled, input, expression });
        this.#names.set(expression.metric, index);
      });
    }
  }

  observe(ci: string, sample: Sample): readonly Detection[] {
    const index = this.#names.get(sample.name);
    if (index === undefined) return NONE;
    const { at, value } = sample;
    if (!Number.isFinite(value) || !Number.isFinite(at)) return NONE;
    const series = this.#seriesOf(index, ci, sample);
    if (series === undefined || series.bindings.length === 0) return NONE;
    const arrival = series.arrive(at);
    if (arrival === "ignore") {
      this.#ignored += 1;
      return NONE;
    }
    series.seenTick = this.#tickAt;
    series.ci.seenTick = this.#tickAt;
    for (const { group, slot } of series.bindings) {
      // What is half an interval newer, or comes a second time, belongs to the next round.
      if (group !== null && group.fresh > 0 && (slot.isFresh || isNextRound(group, series))) this.#evaluate(group);
      slot.value = slot.window === null ? value : slot.window.push(value, at, arrival === "gap");
      if (group !== null) this.#updated(group, slot, arrival === "gap");
    }
    return this.#take();
  }

  #updated(group: Group, slot: Slot, isGap: boolean): void {
    if (isGap) group.hasGap = true;
    if (slot.isStale) {
      slot.isStale = false;
      group.expected += 1;
    }
    const at = slot.series.lastAt;
    if (group.fresh === 0) group.roundAt = at;
    slot.isFresh = true;
    group.fresh += 1;
    if (at > group.at || isGap) group.at = at;
    group.seenTick = this.#tickAt;
    if (group.isWarm && group.fresh >= group.expected) this.#evaluate(group);
    else this.#open.add(group);
  }

  #evaluate(group: Group): void {
    if (group.fresh < group.expected || group.hasShared) markStale(group);
    if (this.#open.size > 0) this.#open.delete(group);
    this.#note(group, group.evaluate());
    if (group.isPending) this.#pending.add(group);
  }

  #note(group: Group, detection: Detection | null): void {
    if (detection === null) return;
    this.#found.push(detection);
    if (detection.status === "firing") this.#firing.add(group);
    else this.#firing.delete(group);
  }

  #take(): readonly Detection[] {
    if (this.#found.length === 0) return NONE;
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #seriesOf(index: NameIndex, ci: string, sample: Sample): Series | undefined {
    let byLabels = index.byCi.get(ci);
    if (byLabels === undefined) {
      byLabels = new Map();
      index.byCi.set(ci, byLabels);
    }
    const { labels } = sample;
    let key = "";
    for (const name in labels) key += `${name}\u0001${labels[name]}\u0002`;
    return byLabels.get(key) ?? this.#newSeries(index, byLabels, key, ci, sample);
  }

  #newSeries(
    index: NameIndex,
    byLabels: Map<string, Series>,
    key: string,
    ci: string,
    sample: Sample,
  ): Series | undefined {
    if (this.#series >= this.#seriesMax) {
      this.#dropped += 1;
      return undefined;
    }
    const inOrder = sortedKey(sample.labels);
    const known = byLabels.get(inOrder);
    if (known !== undefined) {
      // The same labels in another order. Each order seen is kept, so that it is looked up once.
      if (byLabels.size < ORDERS_MAX) byLabels.set(key, known);
      return known;
    }
    const state = this.#cis.get(ci) ?? { seenTick: this.#tickAt };
    this.#cis.set(ci, state);
    const series = new Series(state);
    series.bindings = index.readers.flatMap((reader) => this.#bind(reader, ci, sample, series));
    if (byLabels.size === 0) this.#calendar.add(this.#nowOr(FORGET_MS), (now) => this.#forgetOld(index, ci, now));
    byLabels.set(inOrder, series);
    byLabels.set(key, series);
    this.#series += 1;
    return series;
  }

  #nowOr(waitMs: number): number {
    return Number.isNaN(this.#tickAt) ? 0 : this.#tickAt + waitMs;
  }

  #bind(reader: Reader, ci: string, sample: Sample, series: Series): Binding[] {
    const { compiled, input, expression } = reader;
    if (!labelsMatch(expression.match, sample.labels)) return [];
    const { over } = expression;
    const window = over === null ? null : new Window(over.fn, over.windowMs, sample.type === "counter");
    const slot = new Slot(series, window);
    const { group, isNew } = this.#groups.place(compiled, ci, sample.labels, { input, slot });
    if (group === null) return [{ group, slot, compiled }];
    if (isNew && compiled.isAbsence) {
      this.#calendar.add(this.#nowOr(group.absenceMs), (now) => this.#checkAbsence(group, now));
    }
    if (input === 0) group.unit = sample.unit;
    group.expected += 1;
    return [{ group, slot, compiled }];
  }

  tick(at: number): readonly Detection[] {
    const elapsedMs = at - this.#tickAt;
    if (elapsedMs < 0 || elapsedMs > Math.max(TICK_GAP_MS, 3 * this.#tickSpacingMs)) {
      this.#awakeSince = at;
      this.#calendar.restart(at);
    } else if (elapsedMs > 0) {
      this.#tickSpacingMs = elapsedMs;
    }
    this.#tickAt = at;
    // Callers tick after a round: what has not come by now is missing.
    for (const group of this.#open) this.#evaluate(group);
    for (const group of this.#pending) this.#tickPending(group);
    for (const group of this.#firing) this.#tickFiring(group);
    this.#calendar.run(at);
    return this.#take();
  }

  /** How long nothing has been heard, by our own clock, at least. */
  #silentMs(seenTick: number, now: number): number {
    if (Number.isNaN(seenTick)) return 0;
    return Math.max(0, now - Math.max(Math.min(seenTick, now), this.#awakeSince) - this.#tickSpacingMs);
  }

  #tickPending(group: Group): void {
    if (Number.isNaN(group.seenTick)) group.seenTick = this.#tickAt;
    const silentMs = this.#silentMs(group.seenTick, this.#tickAt);
    const isAwake = group.seenTick >= this.#awakeSince;
    if (isAwake && silentMs > 0 && silentMs <= GAP_INTERVALS * intervalOf(group)) {
      this.#note(group, group.checkPending(silentMs));
    }
    if (!group.isPending) this.#pending.delete(group);
  }

  #tickFiring(group: Group): void {
    if (group.compiled.isAbsence) return;
    if (Number.isNaN(group.seenTick)) group.seenTick = this.#tickAt;
    const ci = this.#cis.get(group.ci);
    if (ci === undefined) return;
    if (Number.isNaN(ci.seenTick)) ci.seenTick = this.#tickAt;
    const goneMs = Math.max(NO_VALUE_CLEARS_MS, 10 * intervalOf(group));
    if (this.#silentMs(group.seenTick, this.#tickAt) < goneMs) return;
    if (this.#silentMs(ci.seenTick, this.#tickAt) <= CI_ALIVE_MS) this.#note(group, group.end(this.#tickAt));
  }

  #checkAbsence(group: Group, now: number): number | null {
    if (this.#groups.isGone(group)) return null;
    if (Number.isNaN(group.seenTick)) group.seenTick = now;
    const silentMs = this.#silentMs(group.seenTick, now);
    this.#note(group, group.checkAbsence(silentMs, now));
    const waits = group.compiled.rule.levels.flatMap(({ condition }) =>
      condition.kind === "absence" && condition.afterMs > silentMs ? [condition.afterMs - silentMs] : [],
    );
    return now + Math.max(this.#tickSpacingMs, 1000, waits.length === 0 ? group.absenceMs : Math.min(...waits));
  }

  /** Drops one metric's series of one CI that were not seen for long. */
  #forgetOld(index: NameIndex, ci: string, now: number): number | null {
    const byLabels = index.byCi.get(ci);
    if (byLabels === undefined) return null;
    for (const [key, series] of byLabels) {
      if (Number.isNaN(series.seenTick)) series.seenTick = now;
      if (this.#silentMs(series.seenTick, now) < FORGET_MS) continue;
      byLabels.delete(key);
      if (![...byLabels.values()].includes(series)) this.#forget(ci, series, now);
    }
    if (byLabels.size > 0) return now + FORGET_MS / 7;
    index.byCi.delete(ci);
    return null;
  }

  #forget(ci: string, series: Series, now: number): void {
    this.#series -= 1;
    for (const { group, slot, compiled } of series.bindings) {
      if (group === null) {
        this.#groups.removeShared(compiled, ci, slot);
        continue;
      }
      this.#groups.remove(group, slot);
      if (!this.#groups.isGone(group)) continue;
      this.#note(group, group.end(now));
      this.#open.delete(group);
      this.#pending.delete(group);
    }
  }

  firing(): readonly Detection[] {
    return [...this.#firing].map((group) => group.current());
  }

  counts(): DetectorCounts {
    return {
      series: this.#series,
      groups: this.#groups.size,
      pending: [...this.#pending].filter((group) => group.isPending).length,
      dropped: this.#dropped,
      ignored: this.#ignored,
    };
  }
}

function isNextRound(group: Group, series: Series): boolean {
  return Math.abs(series.lastAt - group.roundAt) > series.intervalMs / 2;
}

function intervalOf(group: Group): number {
  let longest = 0;
  for (const slots of group.inputs) for (const slot of slots) longest = Math.max(longest, slot.series.intervalMs);
  return longest === 0 ? 60_000 : longest;
}

/** A part that missed more than three of its samples counts no longer. */
function markStale(group: Group): void {
  for (const slots of group.inputs) {
    for (const slot of slots) {
      if (slot.isFresh) continue;
      const isStale = group.at - slot.series.lastAt > GAP_INTERVALS * (slot.series.intervalMs || 60_000);
      if (slot.isShared) slot.isStale = isStale;
      else if (isStale && !slot.isStale) {
        slot.isStale = true;
        group.expected -= 1;
      }
    }
  }
}

function sortedKey(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0001${labels[name]}\u0002`)
    .join("");
}
