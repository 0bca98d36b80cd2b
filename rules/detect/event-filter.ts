import { labelsMatch } from "./compile.ts";
import { anyGlobMatches } from "./glob.ts";
import type { EventRule, Rule, RuleSeverity } from "./rule.ts";

/** What event rules look at. */
export interface FilteredEvent {
  source: string;
  check: string;
  ci: string;
  instance: string;
  severity: RuleSeverity;
  summary: string;
  labels: Readonly<Record<string, string>>;
}

/** The rule that decided, and what it says; `severity` null = as it is. A resolve must be treated as its firing was. */
export type FilterVerdict =
  | { action: "drop"; rule: string; reason: string }
  | { action: "rewrite"; rules: string[]; severity: RuleSeverity | null; labels: Readonly<Record<string, string>> };

/** null where no rule says anything of the event. */
export type EventFilter = (event: FilteredEvent) => FilterVerdict | null;

/**
 * Event rules over events of other systems, before they become alerts.
 *
 * @returns a function that answers null where no rule matches. The first `drop` that matches wins; rewrites add up, and
 * for one and the same key the first one counts. Severity is not matched against for a rewrite that went before.
 */
export function createEventFilter(rules: readonly Rule[]): EventFilter {
  const eventRules = rules.filter((rule) => rule.kind === "event");
  return (event) => {
    const matching = eventRules.filter((rule) => ruleMatches(rule, event));
    if (matching.length === 0) return null;
    const dropping = matching.find((rule) => rule.action.type === "drop");
    if (dropping !== undefined) return { action: "drop", rule: dropping.name, reason: dropping.reason };
    let severity: RuleSeverity | null = null;
    let labels: Record<string, string> = {};
    for (const { action } of matching) {
      if (action.type !== "rewrite") continue;
      severity ??= action.severity;
      labels = { ...action.labels, ...labels };
    }
    return { action: "rewrite", rules: matching.map((rule) => rule.name), severity, labels };
  };
}

function ruleMatches(rule: EventRule, event: FilteredEvent): boolean {
  const { match } = rule;
  const fits = (patterns: string[] | null, text: string): boolean =>
    patterns === null || anyGlobMatches(patterns, text);
  return (
    fits(match.source, event.source) &&
    fits(match.check, event.check) &&
    fits(match.ci, event.ci) &&
    fits(match.instance, event.instance) &&
    fits(match.summary, event.summary) &&
    (match.severity === null || match.severity.includes(event.severity)) &&
    labelsMatch(match.labels, event.labels)
  );
}
