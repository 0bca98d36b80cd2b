import { expect, test } from "vitest";
import { createRandom } from "../../test/support/hourly-series.ts";
import { createDetector } from "./create-detector.ts";
import type { Condition, Level, MetricRule } from "./rule.ts";

const START = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
/** Rows a day at five minutes. */
const DAY = 288;

function rule(condition: Condition, times: Partial<Level> = {}, parts: Partial<MetricRule> = {}): MetricRule {
  return {
    kind: "metric",
    name: "learned",
    pack: "test",
    expression: { op: "series", metric: "m", match: [], over: null, aggregate: "worst" },
    while: null,
    instance: [],
    levels: [{ severity: "warning", condition, forMs: 0, clearForMs: 0, ...times }],
    summary: [{ field: "value" }, " usually ", { field: "expected" }],
    labels: {},
    runbook: "",
    reason: "",
    source: null,
    unit: null,
    percent: false,
    ...parts,
  };
}

function run(tested: MetricRule, rows: number, value: (row: number, noise: number) => number): string[] {
  const detector = createDetector([tested]);
  const random = createRandom(11);
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const at = START + row * 5 * MINUTE_MS;
    const noise = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const sample = { name: "m", labels: {}, value: value(row, noise), at, type: "gauge" as const, unit: "" };
    for (const found of detector.observe("host", sample)) lines.push(`${row} ${found.status} ${found.summary}`);
    detector.tick(at);
  }
  return lines.map((line) => line.replaceAll(/\d+\.\d+/g, (number) => String(Math.round(Number(number)))));
}

const unusual = (parts: Partial<Extract<Condition, { kind: "baseline" }>> = {}): Condition => ({
  kind: "baseline",
  direction: "either",
  score: 0.9,
  onlyAbove: null,
  onlyBelow: null,
  ...parts,
});

test("unusual: fires when it begins, stays while it lasts, clears when the value is back", () => {
  const found = run(rule(unusual()), 5 * DAY, (row, noise) => 50 + noise + (row >= 1000 && row < 1020 ? 60 : 0));
  expect(found).toEqual(["1000 firing 109 usually 50", "1020 resolved 51 usually 51"]);
});

test("unusual: with for, a spike of one sample wakes nobody, and what lasts does", () => {
  const held = rule(unusual(), { forMs: 15 * MINUTE_MS });
  expect(run(held, 5 * DAY, (row, noise) => 50 + noise + (row === 1000 ? 60 : 0))).toEqual([]);
  const found = run(held, 5 * DAY, (row, noise) => 50 + noise + (row >= 1000 && row < 1020 ? 60 : 0));
  expect(found.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(["1003 firing", "1020 resolved"]);
});

test("unusual: what stays is usual after a day", () => {
  const found = run(rule(unusual()), 8 * DAY, (row, noise) => (row >= 1000 ? 110 : 50) + noise);
  expect(found.map((line) => line.split(" ")[1])).toEqual(["firing", "resolved"]);
  // A day after the last sample that was beyond all before it.
  expect(Number(found[1]?.split(" ")[0])).toBeGreaterThanOrEqual(1000 + DAY);
  expect(Number(found[1]?.split(" ")[0])).toBeLessThan(1005 + DAY);
});

test("unusual: only the direction asked for, only where it matters", () => {
  const dip = (row: number, noise: number): number => 50 + noise - (row >= 1000 && row < 1010 ? 45 : 0);
  expect(run(rule(unusual({ direction: "high" })), 5 * DAY, dip)).toEqual([]);
  expect(run(rule(unusual({ direction: "low" })), 5 * DAY, dip)).toHaveLength(2);
  expect(run(rule(unusual({ direction: "low", onlyBelow: 2 })), 5 * DAY, dip)).toEqual([]);
});

test("unusual: a quiet noon in a busy day is found by the day's course", () => {
  const shape = (row: number): number => 50 + 40 * Math.sin((2 * Math.PI * (row % DAY)) / DAY);
  const found = run(rule(unusual({ direction: "low" })), 12 * DAY, (row, noise) =>
    row >= 10 * DAY + 60 && row < 10 * DAY + 84 ? 50 : shape(row) + noise,
  );
  expect(found).toHaveLength(2);
  expect(Number(found[0]?.split(" ")[0])).toBeGreaterThanOrEqual(10 * DAY + 60);
  expect(Number(found[0]?.split(" ")[0])).toBeLessThan(10 * DAY + 66);
});

const full: Condition = { kind: "forecast", reaches: 100, withinMs: 4 * 3_600_000, onlyAbove: 70, onlyBelow: null };

test("forecast: a disk that fills each night is known after four days, and growth on top of it is seen", () => {
  const night = (row: number): number => {
    const hour = (row % DAY) / 12;
    return hour > 1 && hour < 7 ? (35 * (hour - 1)) / 6 : hour >= 7 && hour < 7.5 ? 35 : 0;
  };
  const nightly = rule(full, { forMs: 15 * MINUTE_MS, clearForMs: 15 * MINUTE_MS });
  const quiet = run(nightly, 14 * DAY, (row) => 50 + night(row));
  expect(quiet.filter((line) => Number(line.split(" ")[0]) > 4 * DAY)).toEqual([]);
  const grows = run(nightly, 14 * DAY, (row) => 50 + night(row) + Math.max(0, (row - 10.5 * DAY) / 3));
  const first = grows.find((line) => Number(line.split(" ")[0]) > 4 * DAY);
  expect(Number(first?.split(" ")[0])).toBeGreaterThan(10.5 * DAY);
  expect(Number(first?.split(" ")[0])).toBeLessThan(10.95 * DAY);
});

test("shift: told when the level has moved by enough, and over when it comes back", () => {
  const moved = rule({ kind: "shift", direction: "high", by: 0.2 });
  const step = (size: number) => (row: number, noise: number) => 100 + 3 * noise + (row >= 800 && row < 900 ? size : 0);
  const found = run(moved, 4 * DAY, step(40)).map((line) => line.split(" ").slice(0, 2).join(" "));
  expect(found).toHaveLength(2);
  expect(Number(found[0]?.split(" ")[0])).toBeLessThan(812);
  expect(Number(found[1]?.split(" ")[0])).toBeGreaterThanOrEqual(900);
  expect(run(moved, 4 * DAY, step(10))).toEqual([]);
});
