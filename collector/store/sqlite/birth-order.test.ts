import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BirthOrder, type OrderLimits } from "./birth-order.ts";
import { type EntityRow, unpackPage } from "./entity-page.ts";

const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const touch = fc.record({
  lastSeenAt: fc.nat(),
  lastOccurredAt: fc.nat(),
  count: fc.nat(),
  expiresAfterMs: orNull(fc.nat()),
  expiresAt: orNull(fc.nat()),
});
const row: fc.Arbitrary<EntityRow> = fc.record({
  kind: fc.constantFrom("alert", "incident", "meta"),
  id: fc.string(),
  born: fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(1_800_000_000_000, Number.NaN, 0.5)),
  body: orNull(fc.string({ unit: "grapheme" })),
  touch: orNull(touch),
});

/** As it comes out on the other side. */
function unpacked(order: BirthOrder): ReturnType<typeof unpackPage> {
  return [...order.takePages()].flatMap(unpackPage);
}

test("what goes in comes out kind by kind in the order of birth, without the rows that something newer is known of", () => {
  const limits: fc.Arbitrary<Partial<OrderLimits>> = fc.record({
    pageMax: fc.integer({ min: 1, max: 5 }),
    chunkBytes: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), limits, (rows, own) => {
      const order = new BirthOrder(own);
      for (const one of rows) order.add(one);
      const kept = rows.filter(({ body }) => body !== null);
      const kinds = [...new Set(kept.map(({ kind }) => kind))];
      const bornAt = ({ born }: EntityRow): number => (Number.isInteger(born) ? born : 0);
      const inOrder = kinds.flatMap((kind) =>
        kept.filter((one) => one.kind === kind).sort((a, b) => bornAt(a) - bornAt(b)),
      );
      const expected = inOrder.map(({ kind, id, body, touch: moved }) => ({
        kind,
        id,
        body,
        touch: moved && { alert: id, ...moved },
      }));
      expect(unpacked(order)).toEqual(expected);
      expect(unpacked(order)).toEqual([]);
      // Where others were before.
      for (const one of rows.toReversed()) order.add(one);
      expect(unpacked(order)).toHaveLength(expected.length);
      for (const one of rows) order.add(one);
      expect(unpacked(order)).toEqual(expected);
    }),
  );
});

test.each<[string, Partial<OrderLimits>]>([
  ["so many entities", { entitiesMax: 3 }],
  ["so much text", { sizeBytesMax: 30 }],
])("after %s it is full until it is emptied", (_, limits) => {
  const order = new BirthOrder(limits);
  const add = (id: string): void => order.add({ kind: "alert", id, born: 1, body: "0123456789", touch: null });
  for (const id of ["a-1", "a-2"]) add(id);
  expect(order.isFull).toBe(false);
  add("a-3");
  expect(order.isFull).toBe(true);
  expect(unpacked(order)).toHaveLength(3);
  expect(order.isFull).toBe(false);
  add("a-4");
  expect(unpacked(order).map(({ id }) => id)).toEqual(["a-4"]);
  order.free();
});
