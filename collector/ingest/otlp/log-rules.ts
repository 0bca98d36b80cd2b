import { LogPatterns, type LogRule } from "../log-pattern.ts";
import type { LogRules } from "./log-event.ts";

/** The table of the configuration (`ingest.otlp.logRules`) over log records; `app` of a rule is the resource's `service.name`. */
export function logRulesOf(rules: readonly LogRule[]): LogRules | undefined {
  if (rules.length === 0) return undefined;
  const patterns = new LogPatterns(rules);
  return ({ body }, resource) => {
    const found = patterns.find(resource["service.name"], body);
    if (found === undefined) return undefined;
    const { rule, cleared, instance, labels } = found;
    const kind = rule.kind ?? "alert";
    return {
      check: rule.check,
      ...(instance === undefined ? {} : { instance }),
      kind,
      status: cleared && kind === "alert" ? "resolved" : "firing",
      ...(kind === "change" ? { severity: "info" } : rule.severity === undefined ? {} : { severity: rule.severity }),
      labels,
      ...(cleared || rule.expiresAfterMs === undefined ? {} : { expiresAfterMs: rule.expiresAfterMs }),
    };
  };
}
