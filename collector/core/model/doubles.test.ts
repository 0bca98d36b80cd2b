import { expect, test } from "vitest";
import { countBelow, listOfDoubles } from "./doubles.ts";

test("a list of doubles is one of its own, of the size that was asked for", () => {
  const numbers = Float64Array.of(0, 1, 2.5, 9);
  const [first, second] = [listOfDoubles(numbers, 3), listOfDoubles(numbers, 0)];
  numbers[0] = 7;
  expect([first, second, listOfDoubles(numbers, 1)]).toEqual([[0, 1, 2.5], [], [7]]);
});

test.for<[situation: string, limit: number, most: number, count: number]>([
  ["none is less", 0.5, 9, 0],
  ["an equal one is not less", 1, 9, 1],
  ["equal ones in the middle", 2, 9, 2],
  ["all are less", 9, 9, 5],
  ["no more are looked at than asked for", 9, 3, 3],
])("counts those below a limit: %s", ([, limit, most, count]) => {
  expect(countBelow([0.5, 1, 2, 2, 3], limit, most)).toBe(count);
});
