import { expect, test } from "vitest";
import { parseValues } from "./parse-values.ts";

test.for<[text: string, values: (number | null)[] | string]>([
  ["1", [1]],
  ["80% x3", [0.8, 0.8, 0.8]],
  ["1 to 5 x3", [1, 3, 5]],
  ["5, +2 x3, gap x2, 0", [5, 7, 9, 11, null, null, 0]],
  ["-1 to 1 x2", [-1, 1]],
  ["x3", '"x3" holds no number'],
  ["1 x999999", "more than 200000 samples"],
  ["1,,2", '"" is not a part of a timeline'],
])("%s", ([text, values]) => {
  expect(parseValues(text)).toEqual(typeof values === "string" ? { error: values } : { values });
});
