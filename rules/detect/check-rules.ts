import {
  AGGREGATIONS,
  BINARY_OPERATORS,
  type Expression,
  type LabelMatcher,
  RULE_LIMITS,
  RULE_SEVERITIES,
  type Rule,
  WINDOW_FUNCTIONS,
} from "./rule.ts";

type Data = Readonly<Record<string, unknown>>;

const RULES_MAX = 5000;
const TEXT_MAX = 4000;
const DIRECTIONS = ["high", "low", "either"];
const OPERATORS = ["above", "below", "equals", "notEquals"];
const FIELDS = ["value", "severity", "ci", "instance", "threshold", "expected", "when", "labels"];

/**
 * Rules as they come over the network: proves that data has the shape and the limits of rules, so that nothing a collector
 * sends can make a detector throw, run away or grow without bound. Rules that were parsed from YAML need no check.
 *
 * @returns the rules, or what is wrong with the first one that is none.
 */
export function checkRules(data: unknown): { rules: Rule[] } | { problem: string } {
  if (!Array.isArray(data)) return { problem: "not a list of rules" };
  if (data.length > RULES_MAX) return { problem: `${data.length} rules; at most ${RULES_MAX}` };
  for (const [index, rule] of data.entries()) {
    const problem = checkRule(rule);
    if (problem !== null) return { problem: `rule ${index + 1}: ${problem}` };
  }
  return { rules: data as Rule[] };
}

function checkRule(data: unknown): string | null {
  if (!isData(data)) return "not an object";
  for (const key of ["name", "pack", "runbook", "reason"]) if (!isText(data[key])) return `"${key}" is not text`;
  if (data["source"] !== null && !isText(data["source"])) return '"source" is not text';
  if (data["kind"] === "event") return checkEventRule(data);
  if (data["kind"] !== "metric") return '"kind" is neither metric nor event';
  if (!isExpression(data["expression"], 0)) return '"expression" is not an expression';
  if (data["while"] !== null && !isExpression(data["while"], 0)) return '"while" is not an expression';
  if (countSeries(data["expression"]) + countSeries(data["while"]) > RULE_LIMITS.metricsPerRule)
    return "too many metrics";
  if (countSeries(data["expression"]) === 0) return '"expression" reads no metric';
  if (!isTexts(data["instance"], RULE_LIMITS.instanceLabels)) return '"instance" is not a list of labels';
  if (!isList(data["levels"], RULE_SEVERITIES.length) || data["levels"].length === 0)
    return '"levels" is not a list of levels';
  const badLevel = data["levels"].findIndex((level) => !isLevel(level));
  if (badLevel !== -1) return `level ${badLevel + 1} is not one`;
  if (!isList(data["summary"], 100) || !data["summary"].every(isTemplatePart)) return '"summary" is not a template';
  if (!isLabels(data["labels"])) return '"labels" are not labels';
  if (data["unit"] !== null && !isText(data["unit"])) return '"unit" is not text';
  return typeof data["percent"] === "boolean" ? null : '"percent" is neither true nor false';
}

function checkEventRule(data: Data): string | null {
  const { match, action } = data;
  if (!isData(match)) return '"match" is not an object';
  for (const key of ["source", "check", "ci", "instance", "summary"]) {
    if (match[key] !== null && !isPatterns(match[key])) return `"match.${key}" are not patterns`;
  }
  const { severity, labels } = match;
  const areSeverities = severity === null || (isList(severity, 5) && severity.every(isSeverity));
  if (!areSeverities) return '"match.severity" are not severities';
  if (!isList(labels, RULE_LIMITS.matchersPerSelector) || !labels.every(isMatcher))
    return '"match.labels" are not matchers';
  if (!isData(action)) return '"action" is not an object';
  if (action["type"] === "drop") return null;
  const isRewrite = action["type"] === "rewrite" && (action["severity"] === null || isSeverity(action["severity"]));
  return isRewrite && isLabels(action["labels"]) ? null : '"action" is neither drop nor rewrite';
}

function isExpression(data: unknown, depth: number): data is Expression {
  if (!isData(data) || depth > 2 * RULE_LIMITS.expressionDepth) return false;
  switch (data["op"]) {
    case "now":
      return true;
    case "number":
      return isNumber(data["value"]);
    case "series":
      return isSeries(data);
    case "negate":
    case "abs":
      return isExpression(data["of"], depth + 1);
    case "binary":
      return (
        isOneOf(data["operator"], BINARY_OPERATORS) &&
        isExpression(data["left"], depth + 1) &&
        isExpression(data["right"], depth + 1)
      );
    default:
      return false;
  }
}

function isSeries(data: Data): boolean {
  const { metric, match, over, aggregate } = data;
  if (!isText(metric) || !isList(match, RULE_LIMITS.matchersPerSelector) || !match.every(isMatcher)) return false;
  if (aggregate !== "worst" && !isOneOf(aggregate, AGGREGATIONS)) return false;
  if (over === null) return true;
  if (!isData(over) || !isOneOf(over["fn"], WINDOW_FUNCTIONS)) return false;
  const { windowMs } = over;
  return windowMs === null
    ? over["fn"] === "rate"
    : isNumber(windowMs) && windowMs >= 1000 && windowMs <= RULE_LIMITS.windowMs;
}

function countSeries(data: unknown): number {
  if (!isData(data)) return 0;
  if (data["op"] === "series") return 1;
  return countSeries(data["left"]) + countSeries(data["right"]) + countSeries(data["of"]);
}

function isLevel(data: unknown): boolean {
  return (
    isData(data) &&
    isSeverity(data["severity"]) &&
    isDuration(data["forMs"]) &&
    isDuration(data["clearForMs"]) &&
    isCondition(data["condition"])
  );
}

function isCondition(data: unknown): boolean {
  if (!isData(data)) return false;
  const bounds = (): boolean => isNumberOrNull(data["onlyAbove"]) && isNumberOrNull(data["onlyBelow"]);
  switch (data["kind"]) {
    case "threshold":
      return (
        isOneOf(data["operator"], OPERATORS) &&
        isNumber(data["value"]) &&
        isNumberOrNull(data["clear"]) &&
        isTimes(data["times"])
      );
    case "absence":
      return isDuration(data["afterMs"]) && data["afterMs"] !== 0;
    case "forecast":
      return isNumber(data["reaches"]) && isDuration(data["withinMs"]) && data["withinMs"] !== 0 && bounds();
    case "baseline":
      return isOneOf(data["direction"], DIRECTIONS) && isNumber(data["score"]) && bounds();
    case "shift":
      return isOneOf(data["direction"], DIRECTIONS) && isNumberOrNull(data["by"]);
    default:
      return false;
  }
}

function isTimes(data: unknown): boolean {
  if (data === null) return true;
  if (!isData(data)) return false;
  const { hits, samples, withinMs } = data;
  const isCount = (value: unknown, most: number): boolean =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
  if (!isCount(hits, RULE_LIMITS.hits)) return false;
  return samples === null ? isDuration(withinMs) : isCount(samples, RULE_LIMITS.samples) && withinMs === null;
}

function isTemplatePart(data: unknown): boolean {
  if (typeof data === "string") return data.length <= TEXT_MAX;
  return isData(data) && isOneOf(data["field"], FIELDS) && (data["field"] !== "labels" || isText(data["label"]));
}

function isMatcher(data: unknown): data is LabelMatcher {
  return isData(data) && isText(data["label"]) && typeof data["negated"] === "boolean" && isPatterns(data["patterns"]);
}

function isPatterns(data: unknown): boolean {
  return (
    isTexts(data, RULE_LIMITS.patternsPerMatcher) && data.every((text) => text.length <= RULE_LIMITS.patternLength)
  );
}

function isLabels(data: unknown): boolean {
  if (!isData(data)) return false;
  const values = Object.values(data);
  return values.length <= RULE_LIMITS.labelsPerRule && values.every(isText);
}

function isData(data: unknown): data is Data {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function isList(data: unknown, most: number): data is unknown[] {
  return Array.isArray(data) && data.length <= most;
}

function isTexts(data: unknown, most: number): data is string[] {
  return isList(data, most) && data.every(isText);
}

function isText(data: unknown): data is string {
  return typeof data === "string" && data.length <= TEXT_MAX;
}

function isNumber(data: unknown): data is number {
  return typeof data === "number" && Number.isFinite(data);
}

function isNumberOrNull(data: unknown): boolean {
  return data === null || isNumber(data);
}

function isDuration(data: unknown): boolean {
  return isNumber(data) && data >= 0 && data <= 366 * 86_400_000;
}

function isSeverity(data: unknown): boolean {
  return isOneOf(data, RULE_SEVERITIES);
}

function isOneOf(data: unknown, known: readonly string[]): boolean {
  return typeof data === "string" && known.includes(data);
}
