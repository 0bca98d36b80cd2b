import * as fc from "fast-check";
import { expect, test } from "vitest";
import { marksOf } from "../model/event-id.ts";
import { EventIds } from "./event-ids.ts";

test("an id is new once, and again when it has left the set", () => {
  const ids = new EventIds(2);
  expect([ids.add("a", "1"), ids.add("a", "1"), ids.add("b", "1"), ids.add("a", "2")]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  // `a 1` was the first in and has gone.
  expect([ids.add("a", "1"), ids.size]).toEqual([true, 2]);
});

test("source and id do not run into each other", () => {
  const ids = new EventIds(10);
  expect([ids.add("ab", "c"), ids.add("a", "bc"), ids.add("abc", "")]).toEqual([true, true, true]);
});

test("the stored form finds the same entry", () => {
  const ids = new EventIds(10);
  ids.restore([marksOf(["prometheus\ne-1"])]);
  expect(ids.add("prometheus", "e-1")).toBe(false);
});

test("behaves as a queue of exact size whatever is added", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400 }),
      (max, adds) => {
        const ids = new EventIds(max);
        const model: number[] = [];
        for (const value of adds) {
          const isNew = !model.includes(value);
          expect(ids.add("s", String(value))).toBe(isNew);
          if (isNew) model.push(value);
          if (model.length > max) model.shift();
        }
        expect(ids.size).toBe(model.length);
      },
    ),
    { numRuns: 200 },
  );
});

test("after a restart it goes on as the one that lived on", () => {
  const many = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 4_000, size: "max" });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_500 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 3_000 })),
      many,
      (max, before, after) => {
        const lived = new EventIds(max);
        for (const value of before) lived.add("s", String(value));
        const restored = new EventIds(max);
        const stored = before.slice(-max).map((value) => `s\n${value}`);
        restored.restore([marksOf(stored.slice(0, 3)), marksOf(stored.slice(3))]);
        expect(restored.size).toBe(lived.size);
        for (const value of after) expect(restored.add("s", String(value))).toBe(lived.add("s", String(value)));
      },
    ),
    { numRuns: 20 },
  );
});

test("grows to many ids and forgets none of them", () => {
  const ids = new EventIds(50_000);
  for (let index = 0; index < 50_000; index += 1) expect(ids.add("s", `e-${index}`)).toBe(true);
  for (let index = 0; index < 50_000; index += 997) expect(ids.add("s", `e-${index}`)).toBe(false);
  ids.add("s", "one more");
  expect(ids.add("s", "e-0")).toBe(true);
  expect(ids.size).toBe(50_000);
});
