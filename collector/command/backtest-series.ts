import type { Detection } from "../../rules/detect/detector.ts";
import { Baseline, BaselineMemory } from "../../rules/detect/baseline.ts";
import { createDetector } from "../../rules/detect/create-detector.ts";
import type { LabelMatcher, MetricRule } from "../../rules/detect/rule.ts";
import { seriesOf } from "../../rules/detect/rule.ts";

/** What is said of one row. `state`: `learning`, `ok`, `anomaly`; with a rule `ok`, `pending` or the severity that fires; `skipped`. */
export interface Judgement {
  anomalyScore: number;
  state: string;
}

/** Judges rows one by one; nothing that comes later can change what was said. */
export type Judge = (value: number, at: number) => Judgement;

const CI = "backtest";

/** The score from which the learned baseline calls a value an anomaly, as rules do where they say nothing else. */
export const ANOMALY_SCORE = 0.9;

/** The learned baseline, without any rule. */
export function baselineJudge(): Judge {
  const baseline = new Baseline(new BaselineMemory());
  return (value, at) => {
    baseline.push(value, at);
    const { score, isReady } = baseline;
    return { anomalyScore: score, state: isReady ? (score >= ANOMALY_SCORE ? "anomaly" : "ok") : "learning" };
  };
}

/**
 * One rule over one series. A rule that reads one metric gets the series as that metric; to one that combines several,
 * the series is the value of its expression. `while:` is taken as true: the series says nothing of other metrics.
 */
export function ruleJudge(rule: MetricRule): Judge {
  const inputs = seriesOf(rule.expression);
  const [first] = inputs;
  const isOne = inputs.length === 1 && first !== undefined;
  const name = isOne ? first.metric : "value";
  const labels = isOne ? pinnedLabels(first.match, rule.instance) : {};
  const alone: MetricRule = {
    ...rule,
    instance: isOne ? rule.instance : [],
    while: null,
    expression: isOne ? rule.expression : { op: "series", metric: name, match: [], over: null, aggregate: "worst" },
  };
  const isCounter = isOne && (first.over?.fn === "rate" || first.over?.fn === "increase");
  const detector = createDetector([alone]);
  const scores = rule.levels.some((level) => level.condition.kind === "baseline") ? baselineJudge() : null;
  let state = "ok";
  let lastAt = Number.NEGATIVE_INFINITY;
  return (value, at) => {
    // The detector ignores what is late, so nothing is said of it.
    if (at <= lastAt) return { anomalyScore: 0, state: "skipped" };
    lastAt = at;
    const found: Detection[] = [
      ...detector.observe(CI, { name, labels, value, at, type: isCounter ? "counter" : "gauge", unit: "" }),
    ];
    found.push(...detector.tick(at));
    const last = found.at(-1);
    if (last !== undefined) state = last.status === "firing" ? last.severity : "ok";
    const shown = state === "ok" && detector.counts().pending > 0 ? "pending" : state;
    const ruleScore = shown === "ok" ? 0 : shown === "pending" ? 0.5 : 1;
    return { anomalyScore: scores === null ? ruleScore : scores(value, at).anomalyScore, state: shown };
  };
}

/** Labels with which a series belongs to the rule: the first pattern of each matcher, and something for each instance label. */
function pinnedLabels(matchers: readonly LabelMatcher[], instance: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const name of instance) labels[name] = "series";
  for (const { label, negated, patterns } of matchers) {
    if (!negated) labels[label] = (patterns[0] ?? "").replaceAll("*", "series");
  }
  return labels;
}
