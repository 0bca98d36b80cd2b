import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkRules } from "./check-rules.ts";
import { createDetector } from "./create-detector.ts";
import type { MetricRule } from "./rule.ts";

const RULE: MetricRule = {
  kind: "metric",
  name: "high",
  pack: "test",
  expression: {
    op: "binary",
    operator: "/",
    left: {
      op: "series",
      metric: "a",
      match: [{ label: "x", negated: false, patterns: ["1*"] }],
      over: { fn: "rate", windowMs: 60_000 },
      aggregate: "sum",
    },
    right: { op: "series", metric: "b", match: [], over: null, aggregate: "max" },
  },
  while: { op: "binary", operator: ">", left: { op: "now" }, right: { op: "number", value: 5 } },
  instance: ["device"],
  levels: [
    {
      severity: "critical",
      condition: {
        kind: "threshold",
        operator: "above",
        value: 1,
        clear: 0.5,
        times: { hits: 3, samples: 5, withinMs: null },
      },
      forMs: 0,
      clearForMs: 0,
    },
    {
      severity: "major",
      condition: { kind: "forecast", reaches: 1, withinMs: 1000, onlyAbove: null, onlyBelow: null },
      forMs: 0,
      clearForMs: 0,
    },
    {
      severity: "minor",
      condition: { kind: "baseline", direction: "high", score: 0.9, onlyAbove: null, onlyBelow: null },
      forMs: 0,
      clearForMs: 0,
    },
    { severity: "warning", condition: { kind: "shift", direction: "low", by: 0.5 }, forMs: 0, clearForMs: 0 },
    { severity: "info", condition: { kind: "absence", afterMs: 60_000 }, forMs: 0, clearForMs: 0 },
  ],
  summary: ["is ", { field: "value" }, { field: "labels", label: "device" }],
  labels: { team: "x" },
  runbook: "",
  reason: "",
  source: null,
  unit: null,
  percent: false,
};

test("a rule of every kind passes, and so does its JSON", () => {
  expect(checkRules(JSON.parse(JSON.stringify([RULE])))).toEqual({ rules: [RULE] });
});

test.for<[situation: string, change: (rule: Record<string, unknown>) => void, problem: string]>([
  ["no name", (rule) => delete rule["name"], '"name" is not text'],
  ["another kind", (rule) => (rule["kind"] = "code"), '"kind" is neither'],
  ["a function that is not there", (rule) => (rule["expression"] = { op: "eval", of: "x" }), '"expression" is not'],
  ["no metric", (rule) => (rule["expression"] = { op: "number", value: 1 }), "reads no metric"],
  ["no levels", (rule) => (rule["levels"] = []), '"levels" is not'],
  ["a level that is none", (rule) => (rule["levels"] = [{ severity: "loud" }]), "level 1 is not one"],
  [
    "a window of no time",
    (rule) =>
      (rule["expression"] = {
        op: "series",
        metric: "a",
        match: [],
        over: { fn: "delta", windowMs: null },
        aggregate: "sum",
      }),
    '"expression" is not',
  ],
  ["a thousand instances", (rule) => (rule["instance"] = Array.from({ length: 1000 }, () => "x")), '"instance" is not'],
])("%s is refused", ([, change, problem]) => {
  const rule = structuredClone(RULE) as unknown as Record<string, unknown>;
  change(rule);
  expect(checkRules([rule])).toMatchObject({ problem: expect.stringContaining(problem) });
});

test("deep nesting is refused, not followed to the stack's end", () => {
  let expression: unknown = { op: "number", value: 1 };
  for (let depth = 0; depth < 200; depth += 1) expression = { op: "abs", of: expression };
  expect(checkRules([{ ...RULE, expression }])).toHaveProperty("problem");
});

test("whatever passes can be run", () => {
  const json = JSON.stringify([RULE]);
  const piece = fc.record({
    at: fc.nat(json.length),
    remove: fc.nat(12),
    insert: fc.constantFrom("", "null", "1", '"x"', "{}", "[]", "-1", "1e9", "true"),
  });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), (pieces) => {
      let text = json;
      for (const { at, remove, insert } of pieces) text = text.slice(0, at) + insert + text.slice(at + remove);
      let data: unknown;
      try {
        data = JSON.parse(text);
      } catch {
        return;
      }
      const checked = checkRules(data);
      if ("problem" in checked) return;
      const detector = createDetector(checked.rules);
      for (let row = 0; row < 20; row += 1) {
        for (const name of ["a", "b"]) {
          detector.observe("host", {
            name,
            labels: { device: "d", x: "12" },
            value: row,
            at: 1e12 + row * 10_000,
            type: "gauge",
            unit: "",
          });
        }
        detector.tick(1e12 + row * 10_000);
      }
    }),
    { numRuns: 2000 },
  );
});
