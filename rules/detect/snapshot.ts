import type { CompiledRule } from "./compile.ts";
import type { BaselineSnapshot } from "./baseline.ts";
import type { WindowSnapshot } from "./window.ts";

/**
 * What a detector has learned and found, to go on after a restart as if there had been none. Plain data that a structured
 * clone takes (`node:v8` serialize); not JSON, for it holds NaN, infinities and typed arrays.
 */
export interface DetectorSnapshot {
  version: 1;
  tickAt: number;
  tickSpacingMs: number;
  awakeSince: number;
  /** What each rule evaluates, as text: state of a rule that has changed is left out. */
  rules: string[];
  cis: { ci: string; seenTick: number }[];
  series: SeriesSnapshot[];
  groups: GroupSnapshot[];
  /** Places in `groups`. */
  open: number[];
  pending: number[];
  firing: number[];
}

export interface SeriesSnapshot {
  name: string;
  ci: string;
  labels: Record<string, string>;
  numbers: number[];
  slots: {
    /** Place in `rules`. */
    rule: number;
    input: number;
    isCounter: boolean;
    value: number;
    isFresh: boolean;
    isStale: boolean;
    window: WindowSnapshot | null;
  }[];
}

export interface GroupSnapshot {
  rule: number;
  ci: string;
  instance: string;
  unit: string;
  isWarm: boolean;
  hasGap: boolean;
  numbers: number[];
  levels: { phase: "idle" | "pending" | "firing" | "clearing"; numbers: number[]; ring: Float64Array | null }[];
  forecasts: (number[] | null)[] | null;
  changePoint: number[] | null;
  baseline: BaselineSnapshot | null;
}

/** Equal for two rules that keep the same state. */
export function ruleKey({ rule }: CompiledRule): string {
  const levels = rule.levels.map(({ severity, condition, forMs, clearForMs }) => [
    severity,
    condition,
    forMs,
    clearForMs,
  ]);
  return JSON.stringify([rule.name, rule.expression, rule.while, rule.instance, levels]);
}
