import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Sample } from "../../protocol/sample.ts";
import { createDetector } from "./create-detector.ts";
import type { Detection } from "./detector.ts";
import type { Condition, Expression, Level, MetricRule } from "./rule.ts";

const START = Date.UTC(2026, 0, 5);
const SECOND = 1000;
const MINUTE = 60 * SECOND;

const series = (metric: string, over: Extract<Expression, { op: "series" }>["over"] = null): Expression => ({
  op: "series",
  metric,
  match: [],
  over,
  aggregate: "worst",
});

const above = (value: number, clear: number | null = null): Condition => ({
  kind: "threshold",
  operator: "above",
  value,
  clear,
  times: null,
});

function level(condition: Condition, times: Partial<Level> = {}): Level {
  return { severity: "warning", condition, forMs: 0, clearForMs: 0, ...times };
}

function rule(parts: Partial<MetricRule>): MetricRule {
  return {
    kind: "metric",
    name: "high",
    pack: "test",
    expression: series("m"),
    while: null,
    instance: [],
    levels: [level(above(10))],
    summary: [{ field: "value" }],
    labels: {},
    runbook: "test/runbook/high.md",
    reason: "test",
    source: null,
    unit: null,
    percent: false,
    ...parts,
  };
}

function sample(value: number, at: number, parts: Partial<Sample> = {}): Sample {
  return { name: "m", labels: {}, value, at: START + at, type: "gauge", unit: "", ...parts };
}

const shown = (found: readonly Detection[]): string[] =>
  found.map(
    ({ at, status, severity, instance }) =>
      `${(at - START) / SECOND}s ${status} ${severity}${instance === "" ? "" : ` ${instance}`}`,
  );

/** Feeds values at a fixed pace (null = no sample), with a tick after each. */
function run(rules: MetricRule, values: readonly (number | null)[], paceMs = 10 * SECOND): string[] {
  const detector = createDetector([rules]);
  const found: Detection[] = [];
  values.forEach((value, index) => {
    const at = index * paceMs;
    if (value !== null) found.push(...detector.observe("host", sample(value, at)));
    found.push(...detector.tick(START + at));
  });
  return shown(found);
}

test.for<[situation: string, level: Level, values: (number | null)[], found: string[]]>([
  ["fires and clears at once", level(above(10)), [5, 11, 12, 10], ["10s firing warning", "30s resolved warning"]],
  ["the threshold itself is not above it", level(above(10)), [10, 10], []],
  [
    "hysteresis: back below the threshold is not yet clear",
    level(above(10, 8)),
    [11, 9, 8, 7],
    ["0s firing warning", "30s resolved warning"],
  ],
  ["for: not before its end", level(above(10), { forMs: 20 * SECOND }), [11, 11, 11], ["20s firing warning"]],
  [
    "for: a dip begins it anew",
    level(above(10), { forMs: 20 * SECOND }),
    [11, 11, 5, 11, 11, 11],
    ["50s firing warning"],
  ],
  [
    "for: does not run across a gap of more than three intervals",
    level(above(10), { forMs: 60 * SECOND }),
    [11, 11, null, null, null, null, 11, 11, 11, 11, 11, 11, 11],
    ["120s firing warning"],
  ],
  [
    "for: two lost samples are no gap",
    level(above(10), { forMs: 60 * SECOND }),
    [11, 11, null, null, 11, 11, 11],
    ["60s firing warning"],
  ],
  [
    "clearFor: comes back before its end",
    level(above(10), { clearForMs: 20 * SECOND }),
    [11, 5, 5, 11, 5, 5, 5],
    ["0s firing warning", "60s resolved warning"],
  ],
  [
    "a firing condition outlives a gap",
    level(above(10)),
    [11, null, null, null, null, null, 11, 5],
    ["0s firing warning", "70s resolved warning"],
  ],
  [
    "below",
    level({ kind: "threshold", operator: "below", value: 3, clear: 5, times: null }),
    [4, 2, 4, 6],
    ["10s firing warning", "30s resolved warning"],
  ],
  [
    "equals",
    level({ kind: "threshold", operator: "equals", value: 0, clear: null, times: null }),
    [1, 0, 1],
    ["10s firing warning", "20s resolved warning"],
  ],
  [
    "not equals",
    level({ kind: "threshold", operator: "notEquals", value: 1, clear: null, times: null }),
    [1, 0, 1],
    ["10s firing warning", "20s resolved warning"],
  ],
  [
    "3 of 5 samples",
    level({ ...above(10), times: { hits: 3, samples: 5, withinMs: null } } as Condition),
    [11, 1, 11, 1, 11, 1, 1, 1],
    ["40s firing warning", "50s resolved warning"],
  ],
  [
    "3 in 60 s",
    level({ ...above(10), times: { hits: 3, samples: null, withinMs: 60_000 } } as Condition),
    [11, 1, 1, 11, 1, 1, 11, 1],
    ["60s firing warning", "70s resolved warning"],
  ],
  [
    "3 in 60 s, spread over more",
    level({ ...above(10), times: { hits: 3, samples: null, withinMs: 60_000 } } as Condition),
    [11, 1, 1, 1, 11, 1, 1, 1, 11],
    [],
  ],
  [
    "values that are no numbers are not samples",
    level(above(10)),
    [11, Number.NaN, Number.POSITIVE_INFINITY, 11],
    ["0s firing warning"],
  ],
])("%s", ([, only, values, found]) => {
  expect(run(rule({ levels: [only] }), values)).toEqual(found);
});

test("a worse level takes the milder one with it, so that recovery goes step by step", () => {
  const levels = [
    level(above(95, 90), { severity: "critical" }),
    level(above(85, 80), { severity: "warning", forMs: 10 * MINUTE }),
  ];
  expect(run(rule({ levels }), [50, 96, 88, 70])).toEqual([
    "10s firing critical",
    "20s firing warning",
    "30s resolved warning",
  ]);
});

test("a for of minutes ends by the clock where samples are rare", () => {
  const detector = createDetector([rule({ levels: [level(above(10), { forMs: 7 * MINUTE })] })]);
  const found: Detection[] = [];
  for (let second = 0; second <= 1200; second += 10) {
    const at = second * SECOND;
    if (second % 300 === 0) found.push(...detector.observe("host", sample(second < 600 ? 5 : 11, at)));
    found.push(...detector.tick(START + at));
  }
  // 600 s + 7 min = 1020 s, between the samples of 900 s and 1200 s; the clock's word is good to a tick.
  expect(shown(found)).toEqual(["1020s firing warning"]);
});

test("late and repeated samples change nothing", () => {
  const detector = createDetector([rule({})]);
  const found = [
    ...detector.observe("host", sample(11, 60_000)),
    ...detector.observe("host", sample(5, 60_000)),
    ...detector.observe("host", sample(5, 30_000)),
  ];
  expect(shown(found)).toEqual(["60s firing warning"]);
  expect(detector.counts()).toMatchObject({ ignored: 2 });
});

test("a clock that steps back for good is believed after five samples", () => {
  const detector = createDetector([rule({})]);
  const found: Detection[] = [];
  for (let index = 0; index < 10; index += 1)
    found.push(...detector.observe("host", sample(5, 3_600_000 + index * 10_000)));
  for (let index = 0; index < 10; index += 1) found.push(...detector.observe("host", sample(11, index * 10_000)));
  expect(shown(found)).toEqual(["40s firing warning"]);
});

test("series are told apart by CI, by instance labels, and not by the order of labels", () => {
  const detector = createDetector([rule({ instance: ["device"] })]);
  const feed = (ci: string, value: number, labels: Record<string, string>, at: number): string[] =>
    shown(detector.observe(ci, sample(value, at, { labels })));
  expect(feed("a", 11, { device: "sda", x: "1" }, 0)).toEqual(["0s firing warning sda"]);
  expect(feed("b", 11, { device: "sda", x: "1" }, 0)).toEqual(["0s firing warning sda"]);
  expect(feed("a", 11, { device: "sdb", x: "1" }, 0)).toEqual(["0s firing warning sdb"]);
  expect(feed("a", 11, { x: "1", device: "sda" }, 10_000)).toEqual([]);
  expect(detector.firing().map(({ ci, instance }) => `${ci} ${instance}`)).toEqual(["a sda", "b sda", "a sdb"]);
});

test("of several series of one instance the worst counts", () => {
  const detector = createDetector([rule({})]);
  const found: Detection[] = [];
  const round = (values: number[], at: number): void => {
    values.forEach((value, core) =>
      found.push(...detector.observe("host", sample(value, at, { labels: { core: `${core}` } }))),
    );
    found.push(...detector.tick(START + at));
  };
  round([1, 2, 3], 0);
  round([1, 20, 3], 10_000);
  round([15, 2, 3], 20_000);
  round([1, 2, 3], 30_000);
  expect(shown(found)).toEqual(["10s firing warning", "30s resolved warning"]);
});

const sum = (metric: string): Expression => ({ ...series(metric), aggregate: "sum" }) as Expression;
const ratio = rule({
  expression: { op: "binary", operator: "/", left: sum("bad"), right: sum("all") },
  instance: ["device"],
  levels: [level(above(0.5))],
});

test("a ratio waits for all its parts, so that no half of a round is judged", () => {
  const detector = createDetector([ratio]);
  const found: Detection[] = [];
  const feed = (name: string, value: number, at: number): void => {
    found.push(...detector.observe("host", sample(value, at, { name, labels: { device: "eth0" } })));
  };
  feed("bad", 1, 0);
  feed("all", 10, 0);
  found.push(...detector.tick(START));
  feed("bad", 60, 10_000);
  expect(found).toEqual([]);
  feed("all", 100, 10_000);
  expect(shown(found)).toEqual(["10s firing warning eth0"]);
});

test("a division by nothing is no value: it fires nothing and ends what fires after five minutes", () => {
  const detector = createDetector([ratio]);
  const found: Detection[] = [];
  const round = (bad: number, all: number, at: number): void => {
    for (const [name, value] of [
      ["bad", bad],
      ["all", all],
    ] as const) {
      found.push(...detector.observe("host", sample(value, at, { name, labels: { device: "eth0" } })));
    }
    found.push(...detector.tick(START + at));
  };
  round(0, 0, 0);
  round(9, 10, 60_000);
  for (let minute = 2; minute < 10; minute += 1) round(0, 0, minute * 60_000);
  expect(shown(found)).toEqual(["60s firing warning eth0", "420s resolved warning eth0"]);
});

test("a metric without the instance's labels counts for all instances", () => {
  const free = rule({
    expression: series("m"),
    while: { op: "binary", operator: ">", left: sum("load"), right: { op: "number", value: 5 } },
    instance: ["device"],
  });
  const detector = createDetector([free]);
  const found: Detection[] = [];
  const round = (load: number, at: number): void => {
    found.push(...detector.observe("host", sample(load, at, { name: "load" })));
    found.push(...detector.observe("host", sample(20, at, { labels: { device: "sda" } })));
    found.push(...detector.tick(START + at));
  };
  round(1, 0);
  round(9, 10_000);
  round(1, 20_000);
  expect(shown(found)).toEqual(["10s firing warning sda", "20s resolved warning sda"]);
});

const absence = rule({ levels: [level({ kind: "absence", afterMs: 2 * MINUTE })] });

function ticks(detector: ReturnType<typeof createDetector>, from: number, to: number): Detection[] {
  const found: Detection[] = [];
  for (let at = from; at <= to; at += 10_000) found.push(...detector.tick(START + at));
  return found;
}

test("absence is told of what was there before, and ends with the next sample", () => {
  const detector = createDetector([absence]);
  const found = ticks(detector, 0, 10 * MINUTE);
  expect(found).toEqual([]);
  found.push(...detector.observe("host", sample(1, 10 * MINUTE)));
  found.push(...ticks(detector, 10 * MINUTE, 13 * MINUTE));
  found.push(...detector.observe("host", sample(1, 13 * MINUTE + 5000)));
  expect(shown(found)).toEqual(["730s firing warning", "785s resolved warning"]);
});

test("a host that slept is not absent: silence counts from when it woke", () => {
  const detector = createDetector([absence]);
  detector.observe("host", sample(1, 0));
  const found = ticks(detector, 0, 60_000);
  // Two hours without a tick: the machine was suspended.
  found.push(...ticks(detector, 2 * 3_600_000, 2 * 3_600_000 + MINUTE));
  found.push(...detector.observe("host", sample(1, 2 * 3_600_000 + MINUTE)));
  found.push(...ticks(detector, 2 * 3_600_000 + MINUTE, 2 * 3_600_000 + 3 * MINUTE));
  expect(found).toEqual([]);
});

test("a clock that steps forward or back raises no absence", () => {
  for (const step of [3_600_000, -3_600_000]) {
    const detector = createDetector([absence]);
    const found: Detection[] = [];
    for (let index = 0; index < 100; index += 1) {
      const at = 10 * 3_600_000 + index * 10_000 + (index > 50 ? step : 0);
      found.push(...detector.observe("host", sample(1, at)), ...detector.tick(START + at));
    }
    expect(found).toEqual([]);
  }
});

test("what fires ends when its series is gone while the host still reports; silence of the whole host ends nothing", () => {
  const both = [
    rule({ instance: ["device"] }),
    rule({ name: "other", expression: series("n"), levels: [level(above(1e9))] }),
  ];
  const detector = createDetector(both);
  const found: Detection[] = [...detector.observe("host", sample(11, 0, { labels: { device: "usb" } }))];
  for (let at = 0; at <= 12 * MINUTE; at += 10_000) {
    found.push(...detector.observe("host", sample(1, at, { name: "n" })), ...detector.tick(START + at));
  }
  expect(shown(found)).toEqual(["0s firing warning usb", "610s resolved warning usb"]);
  const silent = createDetector(both);
  silent.observe("host", sample(11, 0, { labels: { device: "usb" } }));
  expect(ticks(silent, 0, 3_600_000)).toEqual([]);
});

test("rates: a counter that starts anew is no negative rate, a sleep is no low rate", () => {
  const low = rule({
    expression: series("m", { fn: "rate", windowMs: null }),
    levels: [level({ kind: "threshold", operator: "below", value: 0.5, clear: null, times: null })],
  });
  const values = [100, 110, 120, 5, 15, null, null, null, null, null, null, 20, 30, 30];
  const detector = createDetector([low]);
  const found: Detection[] = [];
  values.forEach((value, index) => {
    if (value !== null) found.push(...detector.observe("host", sample(value, index * 10_000, { type: "counter" })));
  });
  // 5 after a reset in 10 s is 0.5/s; 20 after the sleep says nothing; 30 → 30 is a real 0.
  expect(shown(found)).toEqual(["130s firing warning"]);
});

test("series beyond the limit are dropped and counted", () => {
  const detector = createDetector([rule({ instance: ["device"] })], { seriesMax: 3 });
  for (let index = 0; index < 10; index += 1)
    detector.observe("host", sample(11, 0, { labels: { device: `d${index}` } }));
  expect(detector.firing()).toHaveLength(3);
  expect(detector.counts()).toMatchObject({ series: 3, dropped: 7 });
});

test("series that are gone for a week are forgotten", () => {
  const detector = createDetector([rule({ instance: ["device"] })]);
  for (let hour = 0; hour < 24 * 9; hour += 1) {
    for (let minute = 0; minute < 60; minute += 1) {
      const at = (hour * 60 + minute) * MINUTE;
      if (minute === 0 && hour < 2) detector.observe("host", sample(1, at, { labels: { device: `d${hour}` } }));
      detector.tick(START + at);
    }
  }
  expect(detector.counts()).toMatchObject({ series: 0, groups: 0 });
});

test("hostile labels are text: shortened, without control characters, never a template", () => {
  const detector = createDetector([
    rule({ instance: ["device"], summary: [{ field: "labels", label: "device" }, " at ", { field: "value" }] }),
  ]);
  const device = `{{value}}\u001b[31m\u202e${"x".repeat(500)}`;
  const [found] = detector.observe("host", sample(11, 0, { labels: { device, ["__proto__"]: "x" } }));
  expect(found?.summary.startsWith("{{value}} [31m x")).toBe(true);
  expect(found?.summary.length).toBeLessThan(250);
});

test("whatever the clock does, a value that is always good raises nothing", () => {
  const rules = [
    rule({ levels: [level(above(10), { forMs: 30_000 })] }),
    rule({
      name: "low",
      levels: [level({ kind: "threshold", operator: "below", value: 1, clear: null, times: null })],
    }),
    rule({ name: "gone", levels: [level({ kind: "absence", afterMs: 5 * MINUTE })] }),
    rule({
      name: "odd",
      levels: [level({ kind: "baseline", direction: "either", score: 0.9, onlyAbove: null, onlyBelow: null })],
    }),
    rule({
      name: "full",
      levels: [level({ kind: "forecast", reaches: 100, withinMs: 4 * 3_600_000, onlyAbove: null, onlyBelow: null })],
    }),
    rule({ name: "moved", levels: [level({ kind: "shift", direction: "either", by: null })] }),
  ];
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constant(10_000) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -90_000_000, max: 90_000_000 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 200 }), (steps) => {
      const detector = createDetector(rules);
      const found: Detection[] = [];
      let at = 1e9;
      for (const elapsedMs of steps) {
        at += elapsedMs;
        found.push(...detector.observe("host", sample(5, at)));
        found.push(...detector.tick(START + at));
      }
      expect(found).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
