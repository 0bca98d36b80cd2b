import type { Sample } from "../../protocol/sample.ts";
import { Calendar } from "./calendar.ts";
import { type CompiledRule, compileRule } from "./compile.ts";
import type { Detection, Detector } from "./detector.ts";
import { type Group, NO_VALUE_CLEARS_MS } from "./group.ts";
import { GroupTable } from "./group-table.ts";
import type { MetricRule, Rule } from "./rule.ts";
import { GAP_INTERVALS, type Series } from "./series.ts";
import { type NameIndex, SeriesTable } from "./series-table.ts";
import type { Slot } from "./slot.ts";
import { type DetectorSnapshot, ruleKey } from "./snapshot.ts";
import { loadSeries, saveSeries } from "./snapshot-series.ts";

const NONE: readonly Detection[] = Object.freeze([]);

/** A series not seen for this long is forgotten; an absence that it raised ends with it. */
const FORGET_MS = 7 * 24 * 3_600_000;

/** A silence of the ticks longer than this is a suspend or a step of the clock, not a slow caller. */
const TICK_GAP_MS = 60_000;

/** Where a CI sends anything at all, the end of one of its series means that the thing is gone. */
const CI_ALIVE_MS = 120_000;

export interface DetectorOptions {
  /** Series in memory; more are not evaluated, and counted. */
  seriesMax?: number;
  /** Goes on from here. Rules that are not the same as then begin anew; so does all of it where it is of another version. */
  snapshot?: DetectorSnapshot;
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
export function createDetector(rules: readonly Rule[], options: DetectorOptions = {}): RunningDetector {
  const metricRules = rules.filter((rule) => rule.kind === "metric");
  const detector = new RuleDetector(metricRules, options.seriesMax ?? 1_000_000);
  if (options.snapshot?.version === 1) detector.restore(options.snapshot);
  return detector;
}

export interface RunningDetector extends Detector {
  counts(): DetectorCounts;
  /** All that it knows; a detector made from it goes on as this one would. Costs a walk over all series. */
  snapshot(): DetectorSnapshot;
}

class RuleDetector implements RunningDetector {
  readonly #rules: readonly CompiledRule[];
  readonly #groups = new GroupTable();
  readonly #table: SeriesTable;
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
  #ignored = 0;

  constructor(rules: readonly MetricRule[], seriesMax: number) {
    this.#rules = rules.map(compileRule);
    this.#table = new SeriesTable(this.#rules, this.#groups, seriesMax, {
      firstOf: (index, ci) => this.#calendar.add(this.#nowOr(FORGET_MS), (now) => this.#forgetOld(index, ci, now)),
      newGroup: (group) => {
        if (!group.compiled.isAbsence) return;
        this.#calendar.add(this.#nowOr(group.absenceMs), (now) => this.#checkAbsence(group, now));
      },
    });
  }

  observe(ci: string, sample: Sample): readonly Detection[] {
    const index = this.#table.names.get(sample.name);
    if (index === undefined) return NONE;
    const { at, value } = sample;
    if (!Number.isFinite(value) || !Number.isFinite(at)) return NONE;
    const series = this.#table.find(index, ci, sample, this.#tickAt);
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

  #nowOr(waitMs: number): number {
    return Number.isNaN(this.#tickAt) ? 0 : this.#tickAt + waitMs;
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
    const ci = this.#table.cis.get(group.ci);
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
    const isOld = (series: Series): boolean => {
      if (Number.isNaN(series.seenTick)) series.seenTick = now;
      return this.#silentMs(series.seenTick, now) >= FORGET_MS;
    };
    const isLeft = this.#table.sweep(index, ci, isOld, (series) => this.#forget(ci, series, now));
    return isLeft ? now + FORGET_MS / 7 : null;
  }

  #forget(ci: string, series: Series, now: number): void {
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
      series: this.#table.size,
      groups: this.#groups.size,
      pending: [...this.#pending].filter((group) => group.isPending).length,
      dropped: this.#table.dropped,
      ignored: this.#ignored,
    };
  }

  snapshot(): DetectorSnapshot {
    const ruleAt = new Map(this.#rules.map((compiled, index) => [compiled, index]));
    const ruleOf = (group: Group): number => ruleAt.get(group.compiled) ?? -1;
    const groups = [...this.#groups.all()].sort(
      (a, b) => ruleOf(a) - ruleOf(b) || compareText(a.ci, b.ci) || compareText(a.instance, b.instance),
    );
    const place = new Map(groups.map((group, index) => [group, index]));
    const places = (set: ReadonlySet<Group>): number[] => [...set].flatMap((group) => place.get(group) ?? []);
    return {
      version: 1,
      tickAt: this.#tickAt,
      tickSpacingMs: this.#tickSpacingMs,
      awakeSince: this.#awakeSince,
      rules: this.#rules.map(ruleKey),
      cis: [...this.#table.cis].map(([ci, { seenTick }]) => ({ ci, seenTick })).sort((a, b) => compareText(a.ci, b.ci)),
      series: saveSeries(this.#table, ruleAt),
      groups: groups.map((group) => ({ ...group.save(), rule: ruleOf(group) })),
      open: places(this.#open),
      pending: places(this.#pending),
      firing: places(this.#firing),
    };
  }

  restore(snapshot: DetectorSnapshot): void {
    const now = new Map(this.#rules.map((compiled) => [ruleKey(compiled), compiled]));
    const rules = snapshot.rules.map((key) => now.get(key));
    this.#tickAt = snapshot.tickAt;
    this.#tickSpacingMs = snapshot.tickSpacingMs;
    this.#awakeSince = snapshot.awakeSince;
    loadSeries(this.#table, snapshot, rules);
    const groups = snapshot.groups.map((saved) => {
      const compiled = rules[saved.rule];
      const group = compiled === undefined ? undefined : this.#groups.find(compiled, saved.ci, saved.instance);
      group?.load(saved);
      return group;
    });
    const fill = (set: Set<Group>, places: readonly number[]): void => {
      for (const place of places) {
        const group = groups[place];
        if (group !== undefined) set.add(group);
      }
    };
    fill(this.#open, snapshot.open);
    fill(this.#pending, snapshot.pending);
    fill(this.#firing, snapshot.firing);
    // What was planned is looked at with the next tick, and says itself when next.
    this.#calendar.restart(snapshot.tickAt);
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

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
