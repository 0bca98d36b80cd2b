import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newest } from "./newest.ts";

test("it is the sorted list, cut", () => {
  const placed = fc.record({ at: fc.nat(5), id: fc.string({ maxLength: 2 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(placed, { maxLength: 40, selector: ({ at, id }) => `${at}:${id}` }),
      fc.nat(10),
      fc.option(placed),
      (list, limit, after) => {
        const isBefore = (a: { at: number; id: string }, b: { at: number; id: string }): boolean =>
          a.at > b.at || (a.at === b.at && a.id > b.id);
        const wanted = list
          .filter((item) => after === null || isBefore(after, item))
          .sort((a, b) => (isBefore(a, b) ? -1 : 1))
          .slice(0, limit);
        const found = newest(
          list.map((item) => ({ ...item, item })),
          limit,
          after,
        );
        expect(found.map(({ item }) => item)).toEqual(wanted);
      },
    ),
  );
});
