import { expect, test } from "vitest";
import { BestCosts } from "./best-costs.ts";
import { FaultSums } from "./fault-sums.ts";
import { Keys } from "./keys.ts";

/** One that has been emptied so often as in months of work. */
function worn<T extends object>(space: T): T {
  Object.assign(space, { epoch: 2 ** 31 - 4 });
  return space;
}

/** Whether 7 was known before it was put in, and then; for some emptyings around the last that 32 bits can count. */
function known(empty: () => void, put: () => void, has: () => boolean): boolean[][] {
  return Array.from({ length: 6 }, () => {
    empty();
    const before = has();
    put();
    return [before, has()];
  });
}

const AS_EVER = Array.from({ length: 6 }, () => [false, true]);

test("a set that is emptied more often than 32 bits count still knows what is in it", () => {
  const keys = worn(new Keys());
  expect(
    known(
      () => keys.begin(),
      () => keys.add(7),
      () => keys.has(7),
    ),
  ).toEqual(AS_EVER);
  expect(keys.add(7)).toBe(false);
});

test("so do the least costs: a search that forgot them would never end", () => {
  const best = worn(new BestCosts());
  expect(
    known(
      () => best.begin(),
      () => best.lower(7, 2),
      () => best.get(7) === 2,
    ),
  ).toEqual(AS_EVER);
  expect([best.lower(7, 3), best.size]).toEqual([false, 1]);
});

test("and the sums of faults", () => {
  const sums = worn(new FaultSums());
  expect(
    known(
      () => sums.begin(),
      () => sums.addSaved({ keys: [7], costs: [0] }, 2, 1),
      () => sums.has(7),
    ),
  ).toEqual(AS_EVER);
  sums.addSaved({ keys: [7], costs: [0] }, 3, 1);
  expect([sums.get(7), sums.size]).toEqual([5, 1]);
});
