import { expect, test } from "vitest";
import { createRandom } from "../../test/support/hourly-series.ts";
import { Forecast } from "./forecast.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function after(hours: number, value: (hour: number) => number): Forecast {
  const forecast = new Forecast(4 * HOUR_MS);
  for (let minute = 0; minute <= hours * 60; minute += 1) forecast.push(value(minute / 60), minute * MINUTE_MS);
  return forecast;
}

test("a straight rise arrives when it arrives", () => {
  const hours = after(6, (hour) => 10 * hour).timeToReach(100, "below") / HOUR_MS;
  expect(hours).toBeCloseTo(4, 1);
});

test("a fall to nothing, too", () => {
  expect(after(3, (hour) => 50 - 10 * hour).timeToReach(0, "above") / HOUR_MS).toBeCloseTo(2, 1);
});

test.for<[situation: string, value: (hour: number) => number]>([
  ["level", () => 90],
  ["falling", (hour) => 90 - hour],
  [
    "noise around a level",
    (
      (random) => () =>
        80 + 10 * random()
    )(createRandom(1)),
  ],
  ["a sawtooth that empties itself each half hour", (hour) => 60 + 60 * (hour % 0.5)],
])("%s reaches nothing", ([, value]) => {
  expect(after(8, value).timeToReach(100, "below")).toBeGreaterThan(4 * HOUR_MS);
});

test("nothing is foretold from a few minutes", () => {
  expect(after(0.2, (hour) => 100 * hour).timeToReach(1000, "below")).toBe(Number.POSITIVE_INFINITY);
});

test("there already", () => {
  expect(after(1, () => 100).timeToReach(100, "below")).toBe(0);
});

test("with a season on top, its peak counts", () => {
  const forecast = after(6, () => 70);
  const peakInTwoHours = (aheadMs: number): number => (Math.abs(aheadMs - 2 * HOUR_MS) < HOUR_MS ? 35 : 0);
  const timeMs = forecast.timeToReachWithSeason(100, "below", 4 * HOUR_MS, peakInTwoHours);
  expect(timeMs / HOUR_MS).toBeGreaterThan(0.9);
  expect(timeMs / HOUR_MS).toBeLessThan(2);
});

test("a clock that steps back begins anew", () => {
  const forecast = after(6, (hour) => 10 * hour);
  forecast.push(60, 0);
  expect(forecast.timeToReach(100, "below")).toBe(Number.POSITIVE_INFINITY);
});
