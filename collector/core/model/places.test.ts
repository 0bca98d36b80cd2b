import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Places } from "./places.ts";

test("finds each number where it stands in the list, and no other", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(100_000), { maxLength: 300 }), fc.nat(100_000), (keys, other) => {
      const places = new Places(Int32Array.from(keys));
      expect(keys.map((key) => places.of(key))).toEqual(keys.map((_, at) => at));
      expect(places.of(other)).toBe(keys.indexOf(other));
    }),
  );
});

test("a row of neighbours, as a CMDB names them, is found as well", () => {
  const keys = Int32Array.from({ length: 2500 }, (_, at) => 40_000 + at);
  const places = new Places(keys);
  expect([places.of(40_000), places.of(42_499), places.of(42_500), places.of(39_999)]).toEqual([0, 2499, -1, -1]);
});
