import { anyGlobMatches } from "./glob.ts";
import { type Expression, type LabelMatcher, type MetricRule, type SeriesExpression, seriesOf } from "./rule.ts";
import type { Slot } from "./slot.ts";

/** The series of each input of an expression, in the order of `seriesOf`. */
export type Inputs = readonly (readonly Slot[])[];

/** NaN = no value. `at`: the newest sample's time, milliseconds since 1970. */
export type Evaluate = (inputs: Inputs, at: number) => number;

/** A rule made ready: its inputs numbered, `value:` before `while:`, and both turned into functions. */
export interface CompiledRule {
  rule: MetricRule;
  inputs: SeriesExpression[];
  value: Evaluate;
  /** null = always. */
  gate: Evaluate | null;
  /** One metric alone, read as it is: each sample decides at once, without waiting for others. */
  isLone: boolean;
  isAbsence: boolean;
  hasShift: boolean;
  hasForecast: boolean;
  /** It asks for the unusual, or for what is judged beside the season. */
  hasBaseline: boolean;
  /** What `{{value}}` is shown in; null = the metric's own unit. */
  unit: string | null;
  unitSuffix: string;
}

/** The worst of several series is the smallest where conditions look down. */
function looksDown(rule: MetricRule): boolean {
  return rule.levels.some(({ condition }) =>
    condition.kind === "threshold"
      ? condition.operator === "below"
      : condition.kind === "forecast"
        ? condition.onlyBelow !== null
        : (condition.kind === "baseline" || condition.kind === "shift") && condition.direction === "low",
  );
}

export function compileRule(rule: MetricRule): CompiledRule {
  const inputs = seriesOf(rule.expression);
  const worst = looksDown(rule) ? "min" : "max";
  let next = 0;
  const number = (): number => next++;
  const value = compile(rule.expression, worst, number);
  const gate = rule.while === null ? null : compile(rule.while, worst, number);
  const { expression } = rule;
  const has = (kind: string): boolean => rule.levels.some((level) => level.condition.kind === kind);
  const fn = expression.op === "series" ? expression.over?.fn : undefined;
  return {
    rule,
    inputs: rule.while === null ? inputs : [...inputs, ...seriesOf(rule.while)],
    value,
    gate,
    isLone: expression.op === "series" && expression.aggregate === "worst" && rule.while === null,
    isAbsence: has("absence"),
    hasShift: has("shift"),
    hasForecast: has("forecast"),
    hasBaseline: has("baseline") || has("shift") || has("forecast"),
    unit: rule.percent ? "%" : (rule.unit ?? (expression.op === "series" ? null : "")),
    unitSuffix: fn === "rate" && rule.unit === null && !rule.percent ? "/s" : "",
  };
}

function compile(expression: Expression, worst: "min" | "max", number: () => number): Evaluate {
  switch (expression.op) {
    case "number": {
      const { value } = expression;
      return () => value;
    }
    case "now":
      return (_inputs, at) => at / 1000;
    case "series":
      return compileSeries(expression.aggregate === "worst" ? worst : expression.aggregate, number());
    case "negate": {
      const of = compile(expression.of, worst, number);
      return (inputs, at) => -of(inputs, at);
    }
    case "abs": {
      const of = compile(expression.of, worst, number);
      return (inputs, at) => Math.abs(of(inputs, at));
    }
    default: {
      const left = compile(expression.left, worst, number);
      const right = compile(expression.right, worst, number);
      return compileBinary(expression.operator, left, right);
    }
  }
}

function compileSeries(aggregate: SeriesExpression["aggregate"], input: number): Evaluate {
  return (inputs) => {
    const slots = inputs[input] as readonly Slot[];
    let count = 0;
    let sum = 0;
    let least = Number.POSITIVE_INFINITY;
    let largest = Number.NEGATIVE_INFINITY;
    for (const slot of slots) {
      if (slot.isStale || Number.isNaN(slot.value)) continue;
      count += 1;
      sum += slot.value;
      if (slot.value < least) least = slot.value;
      if (slot.value > largest) largest = slot.value;
    }
    if (aggregate === "count") return count;
    if (count === 0) return Number.NaN;
    if (aggregate === "sum") return sum;
    return aggregate === "avg" ? sum / count : aggregate === "min" ? least : largest;
  };
}

function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  const both = (combine: (a: number, b: number) => number): Evaluate => {
    return (inputs, at) => {
      const a = left(inputs, at);
      const b = right(inputs, at);
      return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : combine(a, b);
    };
  };
  switch (operator) {
    case "+":
      return both((a, b) => a + b);
    case "-":
      return both((a, b) => a - b);
    case "*":
      return both((a, b) => a * b);
    case "/":
      return both((a, b) => (b === 0 ? Number.NaN : a / b));
    case ">":
      return both((a, b) => (a > b ? 1 : 0));
    case ">=":
      return both((a, b) => (a >= b ? 1 : 0));
    case "<":
      return both((a, b) => (a < b ? 1 : 0));
    case "<=":
      return both((a, b) => (a <= b ? 1 : 0));
    case "==":
      return both((a, b) => (a === b ? 1 : 0));
    case "!=":
      return both((a, b) => (a === b ? 0 : 1));
    case "and":
      return (inputs, at) => (isTrue(left(inputs, at)) && isTrue(right(inputs, at)) ? 1 : 0);
    default:
      return (inputs, at) => (isTrue(left(inputs, at)) || isTrue(right(inputs, at)) ? 1 : 0);
  }
}

/** "No value" is not true. */
export function isTrue(value: number): boolean {
  return value !== 0 && !Number.isNaN(value);
}

/** Does a series with these labels belong to this input? Asked once for each series. */
export function labelsMatch(matchers: readonly LabelMatcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => {
    const text = Object.hasOwn(labels, matcher.label) ? (labels[matcher.label] ?? "") : "";
    return anyGlobMatches(matcher.patterns, text) !== matcher.negated;
  });
}
