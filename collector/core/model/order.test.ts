import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byText, inOrderOf } from "./order.ts";

test("items are in the order of their numbers, equal ones as they stood, as a sort by comparison puts them", () => {
  const numbers = fc.oneof(fc.nat({ max: 5 }), fc.nat(), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 51, 2 ** 53));
  fc.assert(
    fc.property(fc.array(numbers), (list) => {
      const items = list.map((number, place) => ({ number, place }));
      expect(inOrderOf(items, ({ number }) => number)).toEqual(items.toSorted((a, b) => a.number - b.number));
    }),
  );
});

test("equal ones are as they compare, where that is asked for", () => {
  const items = fc.array(
    fc.record({ number: fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(-1, 2 ** 53)), text: fc.string() }),
  );
  fc.assert(
    fc.property(items, (list) => {
      const compare = (a: { text: string }, b: { text: string }): number => byText(a.text, b.text);
      const expected = list.toSorted((a, b) => a.number - b.number || compare(a, b));
      expect(inOrderOf(list, ({ number }) => number, compare)).toEqual(expected);
    }),
  );
});
