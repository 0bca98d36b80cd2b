import { expect, test } from "vitest";
import { createRandom } from "../../test/support/hourly-series.ts";
import { ChangePoint } from "./change-point.ts";

const MINUTE_MS = 60_000;

function directions(rows: number, value: (row: number, noise: number) => number, seed = 5): number[] {
  const random = createRandom(seed);
  const point = new ChangePoint();
  return Array.from({ length: rows }, (_, row) => {
    const noise = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return point.push(value(row, noise), row * MINUTE_MS);
  });
}

test.for<[situation: string, value: (row: number, noise: number) => number]>([
  ["noise", (_, noise) => 50 + 5 * noise],
  ["single wild values", (row, noise) => (row % 500 === 0 ? 1000 : 50) + noise],
  ["a constant", () => 7],
])("%s moves nothing", ([, value]) => {
  for (let seed = 1; seed <= 5; seed += 1)
    expect(directions(4000, value, seed).every((found) => found === 0)).toBe(true);
});

test("a step up is told within minutes, and is over when it goes back", () => {
  const found = directions(1200, (row, noise) => (row >= 600 && row < 900 ? 70 : 50) + 5 * noise);
  const first = found.indexOf(1);
  expect(first).toBeGreaterThan(600);
  expect(first).toBeLessThan(615);
  expect(found.slice(first, 900).every((each) => each === 1)).toBe(true);
  expect(found.slice(960).every((each) => each === 0)).toBe(true);
});

test("a step down of two spreads", () => {
  const found = directions(800, (row, noise) => (row >= 600 ? 38 : 50) + 5 * noise);
  expect(found.indexOf(-1)).toBeGreaterThan(600);
  expect(found.indexOf(-1)).toBeLessThan(640);
});

test("after a day the new level is the level", () => {
  const found = directions(600 + 24 * 60 + 60, (row, noise) => (row >= 600 ? 90 : 50) + noise);
  expect(found[700]).toBe(1);
  expect(found.at(-1)).toBe(0);
});
