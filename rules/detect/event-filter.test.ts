import { expect, test } from "vitest";
import { createEventFilter, type FilteredEvent } from "./event-filter.ts";
import type { EventRule } from "./rule.ts";

const ANY: EventRule["match"] = {
  source: null,
  check: null,
  ci: null,
  instance: null,
  summary: null,
  severity: null,
  labels: [],
};

function rule(name: string, match: Partial<EventRule["match"]>, action: EventRule["action"]): EventRule {
  return {
    kind: "event",
    name,
    pack: "test",
    match: { ...ANY, ...match },
    action,
    runbook: "",
    reason: "",
    source: null,
  };
}

const EVENT: FilteredEvent = {
  source: "nagios",
  check: "ntp_drift",
  ci: "web-01",
  instance: "",
  severity: "warning",
  summary: "offset 0.2 s",
  labels: { env: "test-2" },
};

const info = { type: "rewrite", severity: "info", labels: { team: "time" } } as const;

test.for<[situation: string, match: Partial<EventRule["match"]>, matches: boolean]>([
  [
    "all of it",
    { source: ["nagios"], check: ["ntp*"], ci: ["web-*"], severity: ["warning"], summary: ["offset*"] },
    true,
  ],
  ["another source", { source: ["zabbix"] }, false],
  ["one of several patterns", { check: ["disk*", "*drift"] }, true],
  ["another severity", { severity: ["critical"] }, false],
  ["a label", { labels: [{ label: "env", negated: false, patterns: ["test*"] }] }, true],
  ["a label that is missing", { labels: [{ label: "team", negated: false, patterns: ["x"] }] }, false],
  ["a missing label is empty text", { labels: [{ label: "team", negated: false, patterns: [""] }] }, true],
])("%s", ([, match, matches]) => {
  expect(createEventFilter([rule("r", match, info)])(EVENT) !== null).toBe(matches);
});

test("a drop wins; of rewrites the first counts for each key", () => {
  const louder = { type: "rewrite", severity: "critical", labels: { team: "other", site: "ams" } } as const;
  const both = createEventFilter([rule("a", {}, info), rule("b", {}, louder)]);
  expect(both(EVENT)).toEqual({
    action: "rewrite",
    rules: ["a", "b"],
    severity: "info",
    labels: { team: "time", site: "ams" },
  });
  const dropped = createEventFilter([rule("a", {}, info), rule("c", {}, { type: "drop" })]);
  expect(dropped(EVENT)).toMatchObject({ action: "drop", rule: "c" });
});
