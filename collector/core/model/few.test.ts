import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Few } from "./few.ts";

test("few or many, it holds what a Set would hold, in the same order", () => {
  const step = fc.record({ isAdded: fc.boolean(), item: fc.nat(30) });
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.record({ isAdded: fc.constant(true), item: fc.nat(30) }) }, step), {
        maxLength: 80,
      }),
      (steps) => {
        const few = new Few<number>();
        const set = new Set<number>();
        for (const { isAdded, item } of steps) {
          if (isAdded) {
            few.add(item);
            set.add(item);
          } else {
            few.delete(item);
            set.delete(item);
          }
          expect(few.all()).toEqual([...set]);
          expect(few.size).toBe(set.size);
        }
      },
    ),
  );
});
