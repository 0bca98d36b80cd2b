import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Touch } from "../../port/store.ts";
import { readPending, writePending } from "./packed-commit.ts";

const NOW = 1_795_296_848_347;

const touch = (fields: Partial<Touch>): Touch => ({
  alert: "a-1",
  lastSeenAt: NOW,
  lastOccurredAt: NOW,
  count: 2,
  expiresAfterMs: 300_000,
  expiresAt: NOW + 300_000,
  ...fields,
});

const written = (touches: readonly Touch[]): string => writePending([], touches, []).join("");

test.each<[string, Touch[]]>([
  ["none", []],
  ["one", [touch({})]],
  ["one that never expires", [touch({ expiresAfterMs: null, expiresAt: null })]],
  ["a source whose clock is years away", [touch({}), touch({ alert: "a-2", lastOccurredAt: 0, count: 70_000 })]],
  ["times that are not whole", [touch({ lastOccurredAt: NOW + 0.1 }), touch({ alert: "a-2", expiresAt: NOW / 3 })]],
])("touches are read as they were written: %s", (_, touches) => {
  expect(readPending(written(touches)).touches).toEqual(touches);
});

test("any touches are read as they were written", () => {
  const time = fc.oneof(fc.integer({ min: 0, max: 2 ** 43 }), fc.double({ min: 0, max: 2 ** 43, noNaN: true }));
  const any = fc.record({
    alert: fc.string(),
    lastSeenAt: time,
    lastOccurredAt: time,
    count: fc.nat(),
    expiresAfterMs: fc.option(fc.nat()),
    expiresAt: fc.option(time),
  });
  fc.assert(
    fc.property(fc.array(any), (touches) => {
      expect(readPending(written(touches)).touches).toEqual(touches);
    }),
  );
});

test("a log from before, with a list for each touch, is still read", () => {
  const head = {
    entities: [],
    touches: [
      ["a-1", NOW, NOW - 5, 3, null],
      ["a-2", NOW, NOW, 4, NOW + 9, 9],
    ],
    ledger: [0, 0],
  };
  expect(readPending(`${JSON.stringify(head)}\n`).touches).toEqual([
    touch({ lastOccurredAt: NOW - 5, count: 3, expiresAt: null, expiresAfterMs: null }),
    touch({ alert: "a-2", count: 4, expiresAt: NOW + 9, expiresAfterMs: 9 }),
  ]);
});
