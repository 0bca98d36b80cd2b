import type { Suffering } from "../model/metric-evidence.ts";
import type { Meaning } from "./meaning.ts";
import type { MetricSeries } from "./series.ts";

/** Of the past, so many values must be known before anything is called unusual. */
const PAST_MIN = 8;
/** A value is looked for this many slots around the one that is asked for: sources do not measure in step. */
const NEAR_SLOTS = 2;
/** Even where nothing ever moved, this much of the level is no news. */
const SPREAD_OF_LEVEL = 0.02;
/** One failed call more or less is chance; with no count of calls, half a percent is. */
const CALLS_BY_CHANCE = 3;
const SHARE_BY_CHANCE = 0.005;
/** By so many spreads the highest value may stand out from the next. */
const ALONE = 3;
/** Up to half a spread above the level is not counted as trouble. */
const NOISE = 0.5;

/**
 * How much trouble of one kind a CI had, slot by slot, in units that add up along a call path: for latency the seconds
 * that callers waited longer than usual (excess × calls), for errors the calls that failed beyond the usual. What a callee
 * loses its callers lose, so a share of the symptom's loss can be told, and what is unusual but small is seen to be small.
 */
export interface Profile {
  excess: Float64Array;
  total: number;
  /** How far beyond its usual, in spreads, in the worst fifth of the slots. */
  strength: number;
  /** The same, from what was usual just before where that is lower. */
  rise: number;
  /** Of the series with the largest part in it. */
  meaning: Meaning;
  usual: number;
  worst: number;
}

export interface Usual {
  level: number;
  spread: number;
}

/**
 * Level and spread of a heavy tail: the spread is the widest that any of its quantiles suggests, so that a series that
 * spikes now and then must spike higher to be unusual.
 *
 * @param past ascending; null when there is too little of it
 */
export function usualOf(past: readonly number[], isErrors: boolean): Usual | null {
  if (past.length < PAST_MIN) return null;
  const level = quantile(past, 0.5);
  const spread = Math.max(
    (quantile(past, 0.95) - level) / 1.65,
    (quantile(past, 0.75) - level) / 0.67,
    isErrors ? (quantile(past, 0.99) - level) / 4 : 0,
    SPREAD_OF_LEVEL * Math.abs(level),
    1e-9,
  );
  return { level, spread };
}

/** @param sorted ascending, not empty */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const first = sorted[low] ?? 0;
  return first + (place - low) * ((sorted[low + 1] ?? first) - first);
}

/** What a CI's series of one kind of trouble say about these slots; null when they say nothing. */
export function profileOf(all: Iterable<MetricSeries>, kind: Suffering, slots: readonly number[]): Profile | null {
  const { channels, traffic } = channelsOf(all, kind);
  const from = slots[0] ?? 0;
  let found: Profile | null = null;
  for (const series of channels) {
    const part = profileOfOne(series, traffic.get(place(series)) ?? only(traffic), { kind, slots, from });
    if (part === null) continue;
    found = found === null ? part : added(found, part);
  }
  return found;
}

/** For each channel the series whose statistic adds up best, and the calls that belong to it. */
function channelsOf(
  all: Iterable<MetricSeries>,
  kind: Suffering,
): { channels: MetricSeries[]; traffic: Map<string, MetricSeries> } {
  const best = new Map<string, MetricSeries>();
  const traffic = new Map<string, MetricSeries>();
  for (const series of all) {
    const { reading, channel, rank } = series.meaning;
    if (reading === "traffic") traffic.set(place(series), series);
    const fits = kind === "slow" ? reading === "seconds" : reading !== "seconds" && isErrors(series);
    if (!fits) continue;
    const known = best.get(channel);
    if (known === undefined || rank < known.meaning.rank) best.set(channel, series);
  }
  return { channels: [...best.values()], traffic };
}

function isErrors({ meaning }: MetricSeries): boolean {
  return meaning.reading === "availability" || meaning.reading === "errorShare" || meaning.reading === "errorCount";
}

/** A channel without what is measured. */
const place = ({ meaning }: MetricSeries): string => meaning.channel.slice(meaning.channel.indexOf("|"));
const only = (map: ReadonlyMap<string, MetricSeries>): MetricSeries | undefined =>
  map.size === 1 ? [...map.values()][0] : undefined;

interface Window {
  kind: Suffering;
  slots: readonly number[];
  from: number;
}

function profileOfOne(series: MetricSeries, calls: MetricSeries | undefined, window: Window): Profile | null {
  const { kind, slots, from } = window;
  const usual = usualOf(series.before(from), kind === "errors");
  if (usual === null) return null;
  const values = slots.map((slot) => near(series, slot));
  const seen = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const excess = new Float64Array(slots.length);
  const nothing = { excess, total: 0, strength: 0, rise: 0, meaning: series.meaning, usual: usual.level };
  if (seen.length === 0) return { ...nothing, worst: usual.level };
  const isCount = series.meaning.reading === "errorCount";
  const weights = weightsOf(isCount ? undefined : calls, slots, from);
  const spread = kind === "errors" ? Math.max(usual.spread, chance(weights, isCount)) : usual.spread;
  // What came before may be lower than the whole past: another month, less traffic.
  const base = seen.length < 3 ? usual.level : Math.min(usual.level, quantile(seen, 0.25) + 0.67 * spread);
  let total = 0;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    excess[index] = Math.max(0, value - base - NOISE * spread) * (weights?.[index] ?? 1);
    total += excess[index] ?? 0;
  });
  const top = worstOf(seen, spread);
  return {
    ...nothing,
    total,
    strength: (top - usual.level) / spread,
    rise: (top - base) / spread,
    worst: seen.at(-1) ?? usual.level,
  };
}

/** The average of the worst fifth, and of two at least; one value alone, however high, is easily chance. */
function worstOf(sorted: readonly number[], spread: number): number {
  const count = Math.min(sorted.length, Math.max(2, Math.round(sorted.length / 5)));
  const worst = sorted.slice(-count);
  const highest = Math.min(worst.at(-1) ?? 0, (worst.at(-2) ?? 0) + ALONE * spread);
  return (worst.slice(0, -1).reduce((sum, value) => sum + value, 0) + highest) / count;
}

/** Calls in each slot; undefined when nobody counts them. A slot without a count had the usual number. */
function weightsOf(calls: MetricSeries | undefined, slots: readonly number[], from: number): number[] | undefined {
  if (calls === undefined) return undefined;
  const counted = slots.map((slot) => near(calls, slot));
  if (counted.every(Number.isNaN)) return undefined;
  const past = calls.before(from);
  const otherwise = past.length > 0 ? quantile(past, 0.5) : 1;
  return counted.map((count) => (Number.isNaN(count) ? otherwise : count));
}

function chance(weights: readonly number[] | undefined, isCount: boolean): number {
  if (isCount) return CALLS_BY_CHANCE;
  if (weights === undefined) return SHARE_BY_CHANCE;
  const middle = quantile(
    [...weights].sort((a, b) => a - b),
    0.5,
  );
  return CALLS_BY_CHANCE / Math.max(1, middle);
}

function near(series: MetricSeries, slot: number): number {
  for (let away = 0; away <= NEAR_SLOTS; away += 1) {
    const value = series.at(slot - away);
    if (!Number.isNaN(value)) return value;
    const after = away === 0 ? Number.NaN : series.at(slot + away);
    if (!Number.isNaN(after)) return after;
  }
  return Number.NaN;
}

function added(a: Profile, b: Profile): Profile {
  const main = a.total >= b.total ? a : b;
  return {
    ...main,
    excess: a.excess.map((value, index) => value + (b.excess[index] ?? 0)),
    total: a.total + b.total,
  };
}
