import { expect, test } from "vitest";
import { sameButFigures } from "./figures.ts";

test.for<[one: string, other: string, isSame: boolean]>([
  ["disk is 91 % full", "disk is 9 % full", true],
  ["load 1.5", "load 17", true],
  ["1.234,5 ms", "7 ms", true],
  ["queue 5", "queue #", true],
  ["", "", true],
  ["1", "22.5", true],
  ["it is 5.", "it is 5", false],
  ["it is 5. 6", "it is 5 6", false],
  ["5 of 7", "5", false],
  ["disk is full", "disk is 9 full", false],
  ["a5", "b5", false],
  ["5,", "5.", false],
])("'%s' and '%s': %s", ([one, other, isSame]) => {
  // By the words that the rule was written in first: each figure is one sign.
  const asSigns = (text: string): string => text.replaceAll(/\d+(?:[.,]\d+)*/g, "#");
  expect([sameButFigures(one, other), sameButFigures(other, one)]).toEqual([isSame, isSame]);
  expect(asSigns(one) === asSigns(other)).toBe(isSame);
});
