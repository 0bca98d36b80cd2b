import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom, hourlySeries } from "../../test/support/hourly-series.ts";
import { Baseline, BASELINE_BYTES, BaselineMemory } from "./baseline.ts";

const START = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Rows a day at five minutes. */
const DAY = 288;

function scores(values: readonly number[], paceMs = 5 * MINUTE_MS): { score: number; direction: number }[] {
  const baseline = new Baseline(new BaselineMemory());
  return values.map((value, index) => {
    baseline.push(value, START + index * paceMs);
    return { score: baseline.score, direction: baseline.direction };
  });
}

function normal(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function series(days: number, value: (row: number, noise: number) => number): number[] {
  const noise = normal(7);
  return Array.from({ length: days * DAY }, (_, row) => value(row, noise()));
}

/** Ordinary series: in none of them anything happens. */
test.for<[situation: string, values: number[]]>([
  ["constant", series(10, () => 42)],
  ["noise", series(30, (_, noise) => 50 + 5 * noise)],
  ["a day", series(30, (row, noise) => 50 + 30 * Math.sin((2 * Math.PI * row) / DAY) + 2 * noise)],
  ["office hours", series(30, (row, noise) => (row % DAY >= 108 && row % DAY < 216 ? 80 : 20) + noise)],
  ["a slow climb", series(30, (row, noise) => row / 50 + noise)],
  ["a random walk", ((sum) => series(30, (_, noise) => (sum += noise)))(0)],
  ["heavy tails", series(30, (_, noise) => Math.exp(noise))],
  ["large numbers with little in them", series(10, (_, noise) => 6.4e10 + 4096 * noise)],
])("nothing is unusual in %s", ([, values]) => {
  const worst = Math.max(...scores(values).map(({ score }) => score));
  expect(worst).toBeLessThan(0.9);
});

test.for<[situation: string, values: number[], from: number, to: number, direction: number]>([
  ["a spike", series(10, (row, noise) => (row === 2000 ? 120 : 50 + 5 * noise)), 2000, 2000, 1],
  ["a drop to nothing", series(10, (row, noise) => (row === 2000 ? 0 : 50 + noise)), 2000, 2000, -1],
  ["a new level", series(10, (row, noise) => (row >= 2000 ? 80 : 50) + noise), 2000, 2002, 1],
  [
    "a busy night",
    series(
      14,
      (row, noise) => 50 + 30 * Math.sin((2 * Math.PI * row) / DAY) + 2 * noise + (row > 3672 && row < 3690 ? 35 : 0),
    ),
    3670,
    3690,
    1,
  ],
  [
    "a morning without work",
    series(14, (row, noise) => (Math.floor(row / DAY) !== 12 && row % DAY >= 108 && row % DAY < 216 ? 80 : 20) + noise),
    12 * DAY + 108,
    12 * DAY + 124,
    -1,
  ],
])("%s is", ([, values, from, to, direction]) => {
  const found = scores(values);
  const at = found.findIndex(({ score }, row) => row > 3 * DAY && score >= 0.9);
  expect(at).toBeGreaterThanOrEqual(from);
  expect(at).toBeLessThanOrEqual(to);
  expect(found[at]?.direction).toBe(direction);
});

test("what happened once is less unusual the second time", () => {
  const values = series(10, (row, noise) => (row === 1500 || row === 2100 ? 120 : 50 + noise));
  const found = scores(values);
  expect(found[2100]!.score).toBeLessThan(found[1500]!.score);
});

test("nothing is said in the first day", () => {
  const found = scores(series(2, (row) => (row === 100 ? 1e6 : 1)));
  expect(found[100]).toEqual({ score: 0, direction: 0 });
});

test("a score depends on the past alone, is between 0 and 1, and is the same for each run", () => {
  const value = fc.oneof(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.constantFrom(0, 1, 1e-9, 5));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 2, maxLength: 400 }),
      fc.nat(),
      fc.integer({ min: 1, max: DAY_MS }),
      (values, cut, paceMs) => {
        const whole = scores(values, paceMs);
        const part = scores(values.slice(0, cut % values.length), paceMs);
        expect(whole.slice(0, part.length)).toEqual(part);
        expect(whole.every(({ score }) => score >= 0 && score <= 1)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

test("a clock that jumps or stands still breaks nothing", () => {
  const baseline = new Baseline(new BaselineMemory());
  const random = createRandom(3);
  let at = START;
  for (let row = 0; row < 5000; row += 1) {
    at += row % 97 === 0 ? (random() - 0.5) * 10 * DAY_MS : 300_000;
    baseline.push(50 + random(), row % 89 === 0 ? at - 300_000 : at);
    expect(baseline.score).toBeLessThan(0.9);
  }
});

test("the forecast of hourly series is better than to repeat yesterday, nearly always", () => {
  let better = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const { history, future } = hourlySeries(seed);
    const baseline = new Baseline(new BaselineMemory());
    history.forEach((value, hour) => baseline.push(value, START + hour * 3_600_000));
    let ours = 0;
    let naive = 0;
    future.forEach((actual, ahead) => {
      ours += Math.abs(actual - (baseline.forecast(START + (history.length + ahead) * 3_600_000) ?? Number.NaN));
      naive += Math.abs(actual - (history[history.length - 24 + (ahead % 24)] as number));
    });
    if (ours < naive) better += 1;
  }
  expect(better).toBeGreaterThanOrEqual(34);
});

test("a series' state is at most one kibibyte, and is given back clean", () => {
  expect(BASELINE_BYTES).toBeLessThanOrEqual(1024);
  const memory = new BaselineMemory();
  const first = new Baseline(memory);
  for (let row = 0; row < 1000; row += 1) first.push(row, START + row * 300_000);
  first.release(memory);
  const second = new Baseline(memory);
  second.push(7, START);
  expect([second.expected, second.score, second.isReady]).toEqual([7, 0, false]);
});
