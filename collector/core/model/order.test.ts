import * as fc from "fast-check";
import { expect, test } from "vitest";
import { inOrderOf } from "./order.ts";

test("items are in the order of their numbers, equal ones as they stood, as a sort by comparison puts them", () => {
  const numbers = fc.oneof(fc.nat({ max: 5 }), fc.nat(), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 51, 2 ** 53));
  fc.assert(
    fc.property(fc.array(numbers), (list) => {
      const items = list.map((number, place) => ({ number, place }));
      expect(inOrderOf(items, ({ number }) => number)).toEqual(items.toSorted((a, b) => a.number - b.number));
    }),
  );
});
