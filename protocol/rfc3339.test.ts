import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseRfc3339, parseWrittenTime } from "./rfc3339.ts";

test.for<[string, string]>([
  ["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"],
  ["2026-03-01t10:00:00.5z", "2026-03-01T10:00:00.500Z"],
  ["2026-03-01 10:00:00.123456789+02:00", "2026-03-01T08:00:00.123Z"],
  ["2024-02-29T23:59:59-05:30", "2024-03-01T05:29:59.000Z"],
  ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
])("%s is %s", ([text, expected]) => {
  expect(new Date(parseRfc3339(text)).toISOString()).toBe(expected);
});

test.for([
  "",
  "now",
  "2026-03-01",
  "2026-03-01T10:00:00",
  "2026-02-29T10:00:00Z",
  "2026-13-01T10:00:00Z",
  "2026-03-01T24:00:00Z",
  "2026-03-01T10:00:00.Z",
  "2026-03-01T10:00:00+0200",
  "2026-03-01T10:00:00Zx",
  "2026-03-01T10:0a:00Z",
  "1772359200000",
  `2026-03-01T10:00:00.${"1".repeat(40)}Z`,
])("%s is no time", (text) => {
  expect(parseRfc3339(text)).toBeNaN();
});

test.for<[string, number]>([
  ["2026-03-01T10:00Z", Date.UTC(2026, 2, 1, 10)],
  ["2026-03-01 10:00+02:00", Date.UTC(2026, 2, 1, 8)],
  ["2026-03-01T10:00:07Z", Date.UTC(2026, 2, 1, 10, 0, 7)],
  ["2026-02-30T10:00Z", Number.NaN],
  ["2026-03-01T10:00", Number.NaN],
  ["2026-03-01", Number.NaN],
])("%s as people write it", ([text, at]) => {
  expect(parseWrittenTime(text)).toBe(at);
});

test("agrees with Date for every time and offset", () => {
  const offset = fc
    .tuple(fc.constantFrom("+", "-"), fc.nat({ max: 23 }), fc.nat({ max: 59 }))
    .map(([sign, hours, minutes]) => `${sign}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`);
  const date = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-30"), noInvalidDate: true });
  fc.assert(
    fc.property(date, fc.oneof(fc.constant("Z"), offset), (at, zone) => {
      const text = at.toISOString().replace("Z", zone);
      expect(parseRfc3339(text)).toBe(Date.parse(text));
    }),
  );
});

test("any text is a time or not", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 45 }), (text) => typeof parseRfc3339(text) === "number"),
  );
});
