import { expect, test } from "vitest";
import { Latest } from "./latest.ts";

test("of each the latest time counts, however large its number; what was set to null is as if never heard of", () => {
  const latest = new Latest();
  expect(latest.isSince(70_000, 0)).toBe(false);
  latest.raise(70_000, 20);
  latest.raise(70_000, 10);
  latest.raise(3, 5);
  expect([20, 21].map((from) => latest.isSince(70_000, from))).toEqual([true, false]);
  expect([latest.isSince(3, 5), latest.isSince(69_999, 0)]).toEqual([true, false]);
  latest.set(70_000, null);
  expect(latest.isSince(70_000, 0)).toBe(false);
});
