/**
 * A rule as plain JSON data: what `parsePack` makes of a pack's text, what the collector sends to agents, and what
 * `createDetector` reads. No functions, no dates, no regular expressions: it can be signed, compared and stored.
 */

export const RULE_SEVERITIES = ["critical", "major", "minor", "warning", "info"] as const;
export type RuleSeverity = (typeof RULE_SEVERITIES)[number];

/** Every pattern is a glob in which `*` stands for any run of characters; all others stand for themselves. */
export interface LabelMatcher {
  label: string;
  negated: boolean;
  /** Any of. A missing label counts as "". */
  patterns: string[];
}

export const WINDOW_FUNCTIONS = ["rate", "increase", "delta", "avgOver", "minOver", "maxOver"] as const;
export type WindowFunction = (typeof WINDOW_FUNCTIONS)[number];

export const AGGREGATIONS = ["sum", "avg", "min", "max", "count"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export const BINARY_OPERATORS = ["+", "-", "*", "/", ">", ">=", "<", "<=", "==", "!=", "and", "or"] as const;
export type BinaryOperator = (typeof BINARY_OPERATORS)[number];

/** All series of one metric that match, each passed through `over`, brought to one number by `aggregate`. */
export interface SeriesExpression {
  op: "series";
  metric: string;
  match: LabelMatcher[];
  /** rate: per second. increase, delta: over the window, with and without counter resets. null = the value itself. */
  over: { fn: WindowFunction /** null for `rate` between the last two samples. */; windowMs: number | null } | null;
  /** `worst` = the largest for conditions that look upwards, the smallest for those that look down. */
  aggregate: Aggregation | "worst";
}

/** A comparison, `and`, `or` give 1 or 0. A division by zero and a missing series give "no value". */
export type Expression =
  | { op: "number"; value: number }
  /** The newest sample's time in seconds since 1970. */
  | { op: "now" }
  | SeriesExpression
  | { op: "binary"; operator: BinaryOperator; left: Expression; right: Expression }
  | { op: "negate" | "abs"; of: Expression };

export type Direction = "high" | "low" | "either";

export type Condition =
  | {
      kind: "threshold";
      operator: "above" | "below" | "equals" | "notEquals";
      value: number;
      /** The other side of the hysteresis: clears only when the value is back beyond it. null = `value` itself. */
      clear: number | null;
      /** N of the last M samples, or N samples within a time; null = each sample decides. */
      times: { hits: number; samples: number | null; withinMs: number | null } | null;
    }
  /** A series that was there stays away. */
  | { kind: "absence"; afterMs: number }
  /** On its present course the value reaches `reaches` within this time; `onlyAbove`, `onlyBelow` = not before it is there. */
  | { kind: "forecast"; reaches: number; withinMs: number; onlyAbove: number | null; onlyBelow: number | null }
  /** The value is not what its own history lets expect. `score` 0…1: how unlikely it must be. */
  | { kind: "baseline"; direction: Direction; score: number; onlyAbove: number | null; onlyBelow: number | null }
  /** The level moved and stayed, by at least `by` (a fraction of the old level; null = by any clear step). */
  | { kind: "shift"; direction: Direction; by: number | null };

export interface Level {
  severity: RuleSeverity;
  condition: Condition;
  /** The condition must hold without a break this long before it fires. */
  forMs: number;
  /** … and be gone this long before it clears. */
  clearForMs: number;
}

/** Text between placeholders, and placeholders. `{{value}}` is {field: "value"}; `{{labels.x}}` is {field: "labels", label: "x"}. */
export type TemplatePart =
  | string
  | { field: "value" | "severity" | "ci" | "instance" | "threshold" | "expected" | "when" }
  | { field: "labels"; label: string };

export interface MetricRule {
  kind: "metric";
  /** The event's `check`. Unique in all packs that run together. */
  name: string;
  pack: string;
  expression: Expression;
  /** An expression that must also be true; null = always. */
  while: Expression | null;
  /** Labels that tell the instances of this condition on one CI apart. */
  instance: string[];
  /** Worst first; each severity at most once. */
  levels: Level[];
  summary: TemplatePart[];
  labels: Record<string, string>;
  /** `<pack>/runbook/<rule>.md` below the packs' folder, or an https address. */
  runbook: string;
  /** Why these numbers. */
  reason: string;
  /** Where they come from; null = our own experience, said in `reason`. */
  source: string | null;
  /** UCUM unit in which `{{value}}` is shown; null = the metric's own. */
  unit: string | null;
  /** The author writes percent, so the value is shown so. */
  percent: boolean;
}

/** What to do with events that other systems sent, before they become alerts. The first matching rule of a kind decides. */
export interface EventRule {
  kind: "event";
  name: string;
  pack: string;
  /** All given must match. */
  match: {
    source: string[] | null;
    check: string[] | null;
    ci: string[] | null;
    instance: string[] | null;
    summary: string[] | null;
    severity: RuleSeverity[] | null;
    labels: LabelMatcher[];
  };
  action: { type: "drop" } | { type: "rewrite"; severity: RuleSeverity | null; labels: Record<string, string> };
  runbook: string;
  reason: string;
  source: string | null;
}

export type Rule = MetricRule | EventRule;

export interface Pack {
  name: string;
  version: string;
  description: string;
  rules: Rule[];
}

export const RULE_LIMITS = {
  rulesPerPack: 500,
  expressionLength: 1000,
  expressionDepth: 24,
  /** Series expressions in one rule, `while` included. */
  metricsPerRule: 12,
  matchersPerSelector: 16,
  patternsPerMatcher: 64,
  patternLength: 256,
  summaryLength: 400,
  labelsPerRule: 16,
  instanceLabels: 6,
  /** N of `times`. */
  hits: 60,
  samples: 120,
  windowMs: 7 * 24 * 3_600_000,
  textBytes: 1024 * 1024,
} as const;

/** The series expressions in it, left to right: the order in which the detector numbers its inputs. */
export function seriesOf(expression: Expression): SeriesExpression[] {
  if (expression.op === "series") return [expression];
  if (expression.op === "binary") return [...seriesOf(expression.left), ...seriesOf(expression.right)];
  return expression.op === "number" || expression.op === "now" ? [] : seriesOf(expression.of);
}
