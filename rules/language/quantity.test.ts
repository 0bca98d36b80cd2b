import { expect, test } from "vitest";
import { parseQuantity } from "./quantity.ts";

test.for<[text: string | number, value: number | undefined, percent: boolean]>([
  ["90%", 0.9, true],
  ["0.5 %", 0.005, true],
  ["7%", 0.07, true],
  [0.9, 0.9, false],
  ["1.5GiB", 1.5 * 1024 ** 3, false],
  ["100MB/s", 1e8, false],
  ["20ms", 0.02, false],
  ["5m", 300, false],
  ["-3", -3, false],
  ["1e3", 1000, false],
  ["", undefined, false],
  ["much", undefined, false],
  ["5 apples", undefined, false],
  ["constructor", undefined, false],
  [Number.NaN, undefined, false],
  ["1e999", undefined, false],
])("%s", ([text, value, percent]) => {
  expect(parseQuantity(text)).toEqual(value === undefined ? undefined : { value, percent });
});
