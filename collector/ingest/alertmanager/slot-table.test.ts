import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SlotTable } from "./slot-table.ts";

/** Few hashes, so that they collide, and some that wrap around the end. */
const hash = fc.constantFrom(0, 1, 2, 1023, 1024, 2047, -1, -2, 7 * 1024 + 1);

test("finds what was added and not removed, as a plain list would", () => {
  const step = fc.record({ add: fc.boolean(), hash, slot: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new SlotTable();
      const model = new Map<number, number>();
      for (const one of steps) {
        const known = model.get(one.slot);
        if (one.add && known === undefined) {
          model.set(one.slot, one.hash);
          table.add(one.hash, one.slot);
        } else if (!one.add) {
          table.remove(known ?? one.hash, one.slot);
          model.delete(one.slot);
        }
        for (let slot = 0; slot <= 40; slot += 1)
          for (const asked of [one.hash, model.get(slot) ?? 3])
            expect(table.find(asked, (found) => found === slot)).toBe(model.get(slot) === asked ? slot : -1);
      }
    }),
    { numRuns: 60 },
  );
});

test("grows with what is in it, and is empty when it was cleared", () => {
  const table = new SlotTable();
  for (let slot = 0; slot < 10_000; slot += 1) table.add(Math.imul(slot, 0x9e3779b1), slot);
  for (let slot = 0; slot < 10_000; slot += 1) expect(table.find(Math.imul(slot, 0x9e3779b1), () => true)).toBe(slot);
  table.clear();
  expect(table.find(0, () => true)).toBe(-1);
});
