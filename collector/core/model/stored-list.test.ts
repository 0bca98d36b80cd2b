import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StoredList } from "./stored-list.ts";

/** Grow by some, begin anew, or restart. */
const steps = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 80 }), fc.constantFrom("anew" as const, "restart" as const)),
  {
    maxLength: 30,
  },
);

test("what is stored of a list is the list, and no piece of it is written without need", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const store = new Map<string, unknown>([["others 0", ["left alone"]]]);
      let kept = new StoredList<number>("numbers");
      let numbers: number[] = [];
      for (const step of list) {
        if (step === "anew") numbers = [];
        else if (step === "restart") {
          kept = new StoredList("numbers");
          numbers = kept.restore([...store].map(([id, value]) => ({ id, value })));
        } else for (let count = 0; count < step; count += 1) numbers.push(numbers.length);
        const before = numbers.length;
        const changed = kept.takeChanged(numbers);
        if (typeof step === "number") expect(changed.length).toBeLessThanOrEqual(Math.ceil(step / 32) + 1);
        for (const { id, value } of changed) {
          if (value === null) store.delete(id);
          else store.set(id, structuredClone(value));
        }
        expect(kept.takeChanged(numbers)).toEqual([]);
        const again = new StoredList<number>("numbers").restore([...store].map(([id, value]) => ({ id, value })));
        expect(again).toEqual(numbers);
        expect(numbers.length).toBe(before);
      }
      expect(store.get("others 0")).toEqual(["left alone"]);
    }),
  );
});
