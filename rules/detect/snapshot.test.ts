import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Sample } from "../../protocol/sample.ts";
import { createRandom } from "../../test/support/hourly-series.ts";
import { createDetector } from "./create-detector.ts";
import type { Detection, Detector } from "./detector.ts";
import type { Condition, Expression, MetricRule } from "./rule.ts";

const START = Date.UTC(2026, 0, 5);

const lone = (metric: string, over: Extract<Expression, { op: "series" }>["over"] = null): Expression => ({
  op: "series",
  metric,
  match: [],
  over,
  aggregate: "worst",
});

function rule(name: string, expression: Expression, condition: Condition, parts: Partial<MetricRule> = {}): MetricRule {
  return {
    kind: "metric",
    name,
    pack: "test",
    expression,
    while: null,
    instance: ["device"],
    levels: [{ severity: "warning", condition, forMs: 0, clearForMs: 0 }],
    summary: [{ field: "value" }],
    labels: {},
    runbook: "",
    reason: "",
    source: null,
    unit: null,
    percent: false,
    ...parts,
  };
}

const above: Condition = { kind: "threshold", operator: "above", value: 60, clear: 50, times: null };
const ratio: Expression = {
  op: "binary",
  operator: "/",
  left: { ...lone("a"), aggregate: "sum" } as Expression,
  right: { ...lone("b"), aggregate: "max" } as Expression,
};

/** One of each kind. */
const RULES: readonly MetricRule[] = [
  rule("above", lone("a"), above, {
    levels: [{ severity: "minor", condition: above, forMs: 60_000, clearForMs: 30_000 }],
  }),
  rule("times", lone("a"), { ...above, times: { hits: 3, samples: 5, withinMs: null } }),
  rule("often", lone("a"), { ...above, times: { hits: 3, samples: null, withinMs: 120_000 } }),
  rule("rate", lone("a", { fn: "rate", windowMs: null }), above),
  rule("window", lone("b", { fn: "increase", windowMs: 120_000 }), above),
  rule("gone", lone("a"), { kind: "absence", afterMs: 90_000 }),
  rule("ratio", ratio, { ...above, value: 1.2, clear: 1 }),
  rule(
    "shared",
    ratio,
    { ...above, value: 1.2, clear: 1 },
    {
      while: { ...lone("load"), aggregate: "sum" } as Expression,
    },
  ),
  rule("full", lone("a"), { kind: "forecast", reaches: 200, withinMs: 3_600_000, onlyAbove: null, onlyBelow: null }),
  rule("odd", lone("a"), { kind: "baseline", direction: "either", score: 0.3, onlyAbove: null, onlyBelow: null }),
  rule("moved", lone("b"), { kind: "shift", direction: "either", by: null }),
];

/** What happens at one step: time passes, some series send. */
interface Step {
  elapsedMs: number;
  values: (number | null)[];
}

const step: fc.Arbitrary<Step> = fc.record({
  elapsedMs: fc.oneof(
    { weight: 20, arbitrary: fc.constant(10_000) },
    fc.constantFrom(1, 70_000, 3_600_000, -40_000, 40_000_000),
  ),
  values: fc.array(fc.option(fc.integer({ min: 0, max: 100 }), { freq: 5 }), { minLength: 6, maxLength: 6 }),
});

function play(detector: Detector, steps: readonly Step[], from: number): Detection[] {
  const found: Detection[] = [];
  let at = from;
  for (const { elapsedMs, values } of steps) {
    at += elapsedMs;
    values.forEach((value, index) => {
      if (value === null) return;
      const device = index % 2 === 0 ? "sda" : "sdb";
      const sample: Sample = {
        name: ["a", "b", "load"][index >> 1] as string,
        labels: index >= 4 ? {} : { device, zone: "x" },
        value,
        at,
        type: index >> 1 === 1 ? "counter" : "gauge",
        unit: "By",
      };
      found.push(...detector.observe("host", sample));
    });
    found.push(...detector.tick(at));
  }
  return found;
}

test("a detector that goes on from its snapshot finds what one without a break finds", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 80 }),
      fc.array(step, { minLength: 1, maxLength: 80 }),
      (before, after) => {
        const whole = createDetector(RULES);
        play(whole, before, START);
        const snapshot = structuredClone(whole.snapshot());
        const resumed = createDetector(RULES, { snapshot });
        expect(resumed.firing()).toEqual(whole.firing());
        expect(resumed.snapshot()).toEqual(snapshot);
        const now = START + before.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
        expect(play(resumed, after, now)).toEqual(play(whole, after, now));
        expect(resumed.snapshot()).toEqual(whole.snapshot());
      },
    ),
    { numRuns: 150 },
  );
});

test("what was learned over days survives", () => {
  const random = createRandom(1);
  const samples = Array.from({ length: 2000 }, (_, row): Sample => {
    const value = 50 + 30 * Math.sin((2 * Math.PI * row) / 288) + 2 * random() + (row === 1900 ? 50 : 0);
    return { name: "a", labels: { device: "sda" }, value, at: START + row * 300_000, type: "gauge", unit: "" };
  });
  const whole = createDetector(RULES);
  const found = samples.flatMap((sample) => whole.observe("host", sample).map(({ rule: name, at }) => `${name} ${at}`));
  let parts = createDetector(RULES);
  const again = samples.flatMap((sample, row) => {
    if (row % 333 === 0) parts = createDetector(RULES, { snapshot: structuredClone(parts.snapshot()) });
    return parts.observe("host", sample).map(({ rule: name, at }) => `${name} ${at}`);
  });
  expect(again).toEqual(found);
  expect(found.some((line) => line.startsWith("odd"))).toBe(true);
});

test("a rule that has changed begins anew, the others go on", () => {
  const detector = createDetector(RULES);
  const sample: Sample = { name: "a", labels: { device: "sda" }, value: 99, at: START, type: "gauge", unit: "" };
  for (let row = 0; row < 20; row += 1) {
    detector.observe("host", { ...sample, at: START + row * 10_000 });
    detector.tick(START + row * 10_000);
  }
  expect(detector.firing().map((found) => found.rule)).toContain("above");
  const changed = RULES.map((each) => (each.name === "above" ? { ...each, instance: [] } : each));
  const resumed = createDetector(changed, { snapshot: structuredClone(detector.snapshot()) });
  const names = resumed.firing().map((found) => found.rule);
  expect(names).not.toContain("above");
  expect(names).toContain("times");
});

test("the snapshot of another version is left alone", () => {
  const snapshot = { ...createDetector(RULES).snapshot(), version: 2 } as unknown as ReturnType<
    ReturnType<typeof createDetector>["snapshot"]
  >;
  expect(createDetector(RULES, { snapshot }).counts().series).toBe(0);
});

test("this room knows no YAML and no Node", () => {
  for (const name of ["create-detector.ts", "baseline.ts", "series-table.ts", "group.ts"]) {
    expect(readFileSync(join(import.meta.dirname, name), "utf8")).not.toMatch(/from "(node:|yaml)/);
  }
});
