import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashHex, hashId } from "./hash.ts";

test.for<[parts: string[], hex: string]>([
  [["web-1", "agent", "cpu", ""], "4dd065dfcbc91597"],
  [["ü", ""], "ff2a85b43d219728"],
])("ids are what they were in every version: %j", ([parts, hex]) => {
  expect(hashHex(parts)).toBe(hex);
  expect(hashId("a-", parts)).toBe(`a-${hex}`);
  expect(hashId("inc-", parts, 12)).toBe(`inc-${hex.slice(0, 12)}`);
});

test("an id is its prefix and so many hex digits, leading zeros too", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (parts) => {
      expect(hashId("prb-", parts, 12)).toMatch(/^prb-[0-9a-f]{12}$/);
      expect(hashHex(parts)).toMatch(/^[0-9a-f]{16}$/);
    }),
  );
});
