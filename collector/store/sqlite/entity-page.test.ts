import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type EntityRow, packPage, unpackPage } from "./entity-page.ts";

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
  body: orNull(fc.string({ unit: "grapheme" })),
  touch: orNull(touch),
});

test("what is packed comes out again, without the rows that something newer is known of", () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const page = packPage(rows);
      const kept = rows.filter(({ body }) => body !== null);
      expect(unpackPage(page)).toEqual(
        kept.map(({ kind, id, body, touch: own }) => ({ kind, id, body, touch: own && { alert: id, ...own } })),
      );
    }),
  );
});
