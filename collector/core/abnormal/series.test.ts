import { expect, test } from "vitest";
import { assert, array, double, property } from "fast-check";
import { meaningOf } from "./meaning.ts";
import { quantile, usualOf } from "./profile.ts";
import { MetricSeries, RECENT_SLOTS, SLOT_MS } from "./series.ts";

const sample = (metric: string, more: { labels?: Record<string, string>; unit?: string } = {}) => ({
  ci: "shop",
  metric,
  value: 1,
  time: 0,
  labels: more.labels ?? {},
  unit: more.unit ?? null,
});

function series(metric = "latency"): MetricSeries {
  const meaning = meaningOf(sample(metric));
  if (meaning === null) throw new Error(`${metric} says nothing`);
  return new MetricSeries(meaning);
}

test.for<[metric: string, labels: Record<string, string>, reading: string | null, rank?: number, factor?: number]>([
  ["latency", { statistic: "Average" }, "seconds", 0],
  ["latency_p99", {}, "seconds", 6],
  ["latency", { quantile: "0.5" }, "seconds", 2],
  ["http.server.duration.ms", {}, "seconds", 1, 1e-3],
  ["responseTimeMillis", {}, "seconds", 1, 1e-3],
  ["requests", { statistic: "Sum" }, "traffic", 0],
  ["request_latency", {}, "seconds", 1],
  ["availability.Average", {}, "availability", 0],
  ["error_rate", {}, "errorShare", 1],
  ["requests_failed", {}, "errorCount", 1],
  ["cpu_busy", {}, "other", 1],
  ["http_requests_total", {}, null],
  ["http_request_duration_seconds_bucket", {}, null],
])("%s with %o is read as %s", ([metric, labels, reading, rank, factor]) => {
  const meaning = meaningOf(sample(metric, { labels }));
  expect(meaning?.reading ?? null).toBe(reading);
  if (rank !== undefined) expect(meaning?.rank).toBe(rank);
  if (factor !== undefined) expect(meaning?.factor).toBe(factor);
});

test("values of one slot are averaged; other slots have none", () => {
  const one = series();
  one.put(5 * SLOT_MS, 1);
  one.put(5 * SLOT_MS + 30_000, 3);
  expect([4, 5, 6].map((slot) => one.at(slot))).toEqual([Number.NaN, 2, Number.NaN]);
});

test("a late value still finds its slot; one that is too late changes nothing", () => {
  const one = series();
  one.put(100 * SLOT_MS, 1);
  one.put(90 * SLOT_MS, 2);
  one.put((100 - RECENT_SLOTS) * SLOT_MS, 3);
  expect([one.at(90), one.at(100 - RECENT_SLOTS)]).toEqual([2, Number.NaN]);
  expect(one.before(101)).toEqual([1, 2]);
});

test("what is before a slot does not know what came after", () => {
  const one = series();
  for (let slot = 0; slot < 40; slot += 1) one.put(slot * SLOT_MS, slot < 30 ? 1 : 100);
  expect(new Set(one.before(30))).toEqual(new Set([1]));
});

test("the past is an even sample of all that was, also after a long gap", () => {
  const one = series();
  for (let slot = 0; slot < 3000; slot += 1) one.put(slot * SLOT_MS, slot);
  const past = one.before(3000 - RECENT_SLOTS);
  expect(past.length).toBeGreaterThanOrEqual(48);
  expect(past.length).toBeLessThanOrEqual(96);
  expect(quantile(past, 0.5)).toBeGreaterThan(1300);
  expect(quantile(past, 0.5)).toBeLessThan(1650);
  one.put(100_000 * SLOT_MS, 7);
  expect(one.at(2999)).toBeNaN();
  expect(one.before(100_001)).toContain(7);
});

test("availability is read as the share of calls that fail, whether it comes as percent or as share", () => {
  const percent = series("availability");
  percent.put(0, 97);
  const share = series("availability");
  share.put(0, 0.97);
  expect(percent.at(0)).toBeCloseTo(0.03, 5);
  expect(share.at(0)).toBeCloseTo(0.03, 5);
});

test("a series that spikes now and then has a wide spread; one that never moves a small one", () => {
  const still = Array.from({ length: 50 }, () => 10);
  const spiky = [...Array.from({ length: 45 }, () => 10), 60, 70, 80, 90, 100];
  expect(usualOf(still, false)).toEqual({ level: 10, spread: 0.2 });
  expect(usualOf(spiky, false)?.spread).toBeGreaterThan(20);
  expect(usualOf(still.slice(0, 7), false)).toBeNull();
});

test("whatever comes in, in whatever order of time, a quantile lies within what came", () => {
  assert(
    property(array(double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
      const one = series();
      values.forEach((value, index) => one.put(((index * 37) % 500) * SLOT_MS, value));
      const past = one.before(one.newestSlot + 1);
      expect(past.length).toBeGreaterThan(0);
      const middle = quantile(past, 0.5);
      expect(middle).toBeGreaterThanOrEqual(Math.min(...values) - 1);
      expect(middle).toBeLessThanOrEqual(Math.max(...values) * 1.001 + 1);
    }),
    { numRuns: 50 },
  );
});
