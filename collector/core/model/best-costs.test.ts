import { expect, test } from "vitest";
import { BestCosts } from "./best-costs.ts";

test("of each key the least cost is kept, and what was never kept is infinite", () => {
  const best = new BestCosts().begin();
  expect([best.lower(7, 2), best.lower(7, 2), best.lower(7, 1.5), best.lower(7, 3)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect([best.get(7), best.get(8)]).toEqual([1.5, Number.POSITIVE_INFINITY]);
});

test("begin empties it", () => {
  const best = new BestCosts().begin();
  best.lower(7, 2);
  expect([...best.begin().cheapest(5).keys]).toEqual([]);
  expect(best.get(7)).toBe(Number.POSITIVE_INFINITY);
});

const NEAR = 0.1 + 0.2;
const ORDERS: readonly { name: string; costs: Record<number, number>; keys: number[] }[] = [
  { name: "cheapest first", costs: { 1: 3, 2: 1, 3: 2 }, keys: [2, 3, 1] },
  { name: "of equal ones the lower key", costs: { 90_000: 1, 3: 1, 700: 1 }, keys: [3, 700, 90_000] },
  { name: "a difference in the last bit counts", costs: { 1: NEAR, 2: 0.3, 3: 0.3, 4: 0 }, keys: [4, 2, 3, 1] },
  {
    name: "beyond the first work space",
    costs: Object.fromEntries([...Array(3000).keys()].map((n) => [n, 3000 - n])),
    keys: [2999, 2998, 2997, 2996],
  },
];

test.each(ORDERS)("order: $name", ({ costs, keys }) => {
  const best = new BestCosts().begin();
  for (const [key, cost] of Object.entries(costs)) best.lower(Number(key), cost);
  const found = best.cheapest(4);
  expect([...found.keys]).toEqual(keys);
  expect([...found.costs]).toEqual(keys.map((key) => costs[key]));
});
