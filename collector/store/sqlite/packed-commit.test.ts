import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Touch } from "../../port/store.ts";
import { commit } from "../../../test/support/store-commit.ts";
import { BufferPool, packCommit, partsOf, readPending, writePending } from "./packed-commit.ts";

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

test("any text is there as it was, however many bytes its characters take", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.constant("é".repeat(5_000)),
    fc.constant("🔔"),
  );
  fc.assert(
    fc.property(text, fc.array(text), text, (journal, eventIds, body) => {
      const deposits = [{ id: 1, lane: "event", reader: "r", receivedAt: 1, taken: 0, body: Buffer.from(body) }];
      const packed = packCommit(commit(1, { journal, eventIds, deposits }), new BufferPool());
      const parts = partsOf(packed);
      expect(parts.journal.toString()).toBe(Buffer.from(journal).toString());
      expect(parts.eventIds.toString()).toBe(eventIds.length === 0 ? "" : JSON.stringify(eventIds));
      expect(parts.deposits.map((deposit) => deposit.body.toString())).toEqual([Buffer.from(body).toString()]);
    }),
  );
});

describe("buffers for commits", () => {
  const commits = (pool: BufferPool, count: number, sizeBytes: number): number[] =>
    Array.from({ length: count }, () => {
      const bytes = pool.take(sizeBytes);
      pool.give(bytes);
      return bytes.buffer.byteLength;
    });

  test("one is used again, also for less", () => {
    const pool = new BufferPool();
    expect(commits(pool, 1, 3_000_000)).toEqual([4_194_304]);
    expect(commits(pool, 30, 100)).toEqual(Array.from({ length: 30 }, () => 4_194_304));
  });

  test("what a flood needed is given up when it is over", () => {
    const pool = new BufferPool();
    commits(pool, 100, 20_000_000);
    expect(commits(pool, 100, 100).at(-1)).toBe(1_048_576);
  });

  test("a large commit now and then keeps its buffer", () => {
    const pool = new BufferPool();
    const buffers = new Set<ArrayBufferLike>();
    for (let time = 0; time < 20; time += 1) {
      commits(pool, 20, 100);
      const bytes = pool.take(20_000_000);
      buffers.add(bytes.buffer);
      pool.give(bytes);
    }
    expect(buffers.size).toBe(1);
  });
});
