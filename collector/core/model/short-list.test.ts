import { expect, test } from "vitest";
import { withOneMore } from "./short-list.ts";

test("a list with one more is another list", () => {
  const none: number[] = [];
  const one = withOneMore(none, 1);
  expect([none, one, withOneMore(one, 2), one]).toEqual([[], [1], [1, 2], [1]]);
});

test("what is added is one item, also when it is a list", () => {
  expect(withOneMore([[1]], [2, 3])).toEqual([[1], [2, 3]]);
});
