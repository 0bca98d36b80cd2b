import { expect, test } from "vitest";
import { FaultSums, largest } from "./fault-sums.ts";
import { Marks } from "./marks.ts";

test("sums by fault, far apart and forgotten at the next beginning", () => {
  const sums = new FaultSums().begin();
  sums.addSaved({ keys: [7], costs: [0] }, 1.5, 1);
  sums.addSaved({ keys: [500_000], costs: [0] }, 2, 1);
  sums.addSaved({ keys: [7], costs: [0] }, 0.25, 1);
  expect([sums.get(7), sums.get(500_000), sums.get(8)]).toEqual([1.75, 2, 0]);
  expect(sums.keys.slice(0, sums.size)).toEqual([7, 500_000]);
  sums.begin();
  expect([sums.get(7), sums.has(500_000), sums.size]).toEqual([0, false, 0]);
});

test("the largest sums come first, of equal ones the lower key, and no more than asked for", () => {
  const sums = new FaultSums().begin();
  for (const [key, value] of [
    [9, 1],
    [4, 3],
    [2, 1],
    [5, 3],
    [1, 0.5],
  ] as const)
    sums.addSaved({ keys: [key], costs: [0] }, value, 1);
  expect(largest(sums, 3)).toEqual([4, 5, 2]);
  expect(largest(sums, 10)).toEqual([4, 5, 2, 9, 1]);
});

test("marks grow with the largest index, and go again", () => {
  const marks = new Marks();
  for (const index of [0, 1024, 70_000]) marks.add(index);
  marks.delete(1024);
  marks.delete(1_000_000);
  expect([0, 1, 1024, 70_000, 70_001].map((index) => marks.has(index))).toEqual([true, false, false, true, false]);
});
