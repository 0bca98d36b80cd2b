import { expect, test } from "vitest";
import { formatTime } from "./time.ts";

test.for<[situation: string, at: number]>([
  ["the first moment", 0],
  ["the last of a day", 86_399_999],
  ["the first of the next", 86_400_000],
  ["the end of a leap day", Date.UTC(2024, 1, 29, 23, 59, 59, 7)],
  ["the last with a year of four digits", 253_402_300_799_999],
  ["a year of five digits", 253_402_300_800_000],
  ["before 1970", -1],
  ["far before", -62_167_219_200_001],
])("a time is written as the engine itself writes it: %s", ([, at]) => {
  // One after the other, since the day is remembered.
  for (const time of [at, at + 1, at]) expect(formatTime(time)).toBe(new Date(time).toISOString());
});
