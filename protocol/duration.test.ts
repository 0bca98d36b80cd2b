import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test.for<[text: string, milliseconds: number | null]>([
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["1w2d", 777_600_000],
  ["500ms", 500],
  ["1m500ms", 60_500],
  ["0s", 0],
  ["", null],
  ["30", null],
  ["30 s", null],
  ["1.5h", null],
  ["30m1h", null],
  ["5M", null],
  ["-5m", null],
  ["99999999999999999999w", null],
  ["1h ", null],
])("%s is %s ms", ([text, milliseconds]) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test("what is written is read back", () => {
  assert(
    property(integer({ min: 0, max: 10 ** 12 }), (durationMs) => {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
    }),
  );
});
