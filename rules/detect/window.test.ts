import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { WindowFunction } from "./rule.ts";
import { Window } from "./window.ts";

const SECOND = 1000;

function last(fn: WindowFunction, windowMs: number | null, values: readonly number[], isCounter = true): number {
  const window = new Window(fn, windowMs, isCounter);
  return values.map((value, index) => window.push(value, index * 10 * SECOND, false)).at(-1) ?? Number.NaN;
}

test.for<[situation: string, fn: WindowFunction, windowMs: number | null, values: number[], result: number]>([
  ["one sample has no rate", "rate", null, [5], Number.NaN],
  ["per second, of the last two", "rate", null, [0, 0, 50], 5],
  ["a reset counts from nothing", "rate", null, [100, 20], 2],
  ["over a minute", "rate", 60_000, [0, 10, 20, 30, 40, 50, 60], 1],
  ["over a minute, with a reset inside", "rate", 60_000, [0, 10, 20, 0, 10, 20, 30], 5 / 6],
  ["half of the window must be covered", "rate", 60_000, [0, 10, 20], Number.NaN],
  ["increase forgets what is older", "increase", 30_000, [0, 100, 100, 100, 100, 101], 1],
  ["average", "avgOver", 30_000, [100, 0, 0, 30, 30, 0], 15],
  ["least", "minOver", 30_000, [1, 9, 5, 9, 7, 8], 5],
  ["largest", "maxOver", 30_000, [99, 9, 5, 9, 7, 8], 9],
])("%s", ([, fn, windowMs, values, result]) => {
  const found = last(fn, windowMs, values);
  if (Number.isNaN(result)) expect(found).toBeNaN();
  else expect(found).toBeCloseTo(result, 6);
});

test("delta is signed, and knows no resets", () => {
  expect(last("delta", 30_000, [10, 10, 10, 4], false)).toBe(-6);
});

test("a sleep has no rate, and what a counter counted meanwhile is an increase", () => {
  const rate = new Window("rate", null, true);
  rate.push(0, 0, false);
  expect(rate.push(100, 3_600_000, true)).toBeNaN();
  const increase = new Window("increase", 600_000, true);
  increase.push(3, 0, false);
  expect(increase.push(4, 60_000, true)).toBe(1);
});

test("a clock that steps back begins anew", () => {
  const window = new Window("increase", 600_000, true);
  window.push(3, 3_600_000, false);
  window.push(9, 3_660_000, false);
  expect(window.push(10, 0, true)).toBeNaN();
});

test("an increase is never more than the counter rose, and a window never holds what is much older", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 10, max: 300 }),
      (steps, seconds) => {
        const window = new Window("increase", seconds * SECOND, true);
        const totals: number[] = [];
        let total = 0;
        steps.forEach((step, index) => {
          total += step;
          totals.push(total);
          const found = window.push(total, index * 10 * SECOND, false);
          if (index === 0) return;
          const exact = (ageMs: number): number =>
            total - (totals[Math.max(0, index - Math.ceil(ageMs / (10 * SECOND)))] as number);
          expect(found).toBeLessThanOrEqual(exact(seconds * SECOND * 1.3 + 10 * SECOND));
          expect(found).toBeGreaterThanOrEqual(
            exact(Math.max(0, seconds * SECOND - 20 * SECOND)) - (seconds < 30 ? total : 0),
          );
        });
      },
    ),
  );
});
