import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { type Batch, type LaneName, Spool, type SpoolOptions } from "./spool.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-spool-"));
  folders.push(folder);
  return folder;
};

const LIMITS = { maxBytes: 1024 * 1024, maxRawBytes: 4 * 1024 * 1024, maxRecords: 1000 };

function open(folder: string, options: Partial<SpoolOptions> = {}): Spool {
  const clock = options.clock ?? new VirtualClock();
  return new Spool({
    folder,
    maxBytes: 64 * 1024 * 1024,
    keepFreeBytes: 0,
    retainMs: 120_000,
    clock,
    log: createLog(
      "error",
      () => undefined,
      () => 0,
    ),
    freeBytes: () => Number.MAX_SAFE_INTEGER,
    ...options,
  });
}

const put = (spool: Spool, lane: LaneName, text: string, items = 1): void =>
  spool.append(lane, Buffer.from(text), { items, rawBytes: text.length, at: 1000 });

const texts = (batch: Batch | null): string[] => batch?.records.map((record) => record.payload.toString()) ?? [];

/** Reads and acknowledges until nothing is left. */
function drain(spool: Spool, limits = LIMITS): string[] {
  const all: string[] = [];
  for (let batch = spool.next(limits); batch !== null; batch = spool.next(limits)) {
    all.push(...texts(batch));
    spool.acknowledge(batch);
  }
  return all;
}

const name = (index: number): string => `record ${index} ${"x".repeat(index % 50)}`;

test("what was stored is sent in order, events before metrics, and each once", () => {
  const spool = open(newFolder());
  put(spool, "metric", "m1");
  put(spool, "event", "e1");
  put(spool, "metric", "m2");
  expect(drain(spool)).toEqual(["e1", "m1", "m2"]);
  put(spool, "metric", "m3");
  expect(drain(spool)).toEqual(["m3"]);
  expect(spool.next(LIMITS)).toBeNull();
});

test("a request takes as many records as it may", () => {
  const spool = open(newFolder());
  for (let index = 0; index < 10; index++) put(spool, "metric", "0123456789");
  const sizes = (limits: Partial<typeof LIMITS>): number => spool.next({ ...LIMITS, ...limits })!.records.length;
  expect(sizes({ maxRecords: 3 })).toBe(3);
  expect(sizes({ maxBytes: 25 })).toBe(2);
  expect(sizes({ maxRawBytes: 45 })).toBe(4);
  expect(sizes({ maxBytes: 1 })).toBe(1);
});

test("not acknowledged means sent again, also after a restart", () => {
  const folder = newFolder();
  const spool = open(folder);
  put(spool, "metric", "m1");
  put(spool, "metric", "m2");
  const first = spool.next({ ...LIMITS, maxRecords: 1 })!;
  spool.acknowledge(first);
  expect(texts(spool.next(LIMITS))).toEqual(["m2"]);
  expect(texts(open(folder).next(LIMITS))).toEqual(["m2"]);
});

test("a collector that forgot gets what it acknowledged in the last two minutes, and not what is older", () => {
  const clock = new VirtualClock();
  const folder = newFolder();
  const spool = open(folder, { clock });
  for (let index = 0; index < 60; index++) {
    put(spool, "metric", `m${index}`);
    drain(spool);
    clock.advance(10_000);
  }
  expect(spool.next(LIMITS)).toBeNull();
  const records = spool.rewind();
  const again = drain(spool);
  expect(again).toHaveLength(records);
  expect(again.length).toBeGreaterThanOrEqual(12);
  expect(again.length).toBeLessThanOrEqual(14);
  expect(again.at(-1)).toBe("m59");
  // Also by an agent that was started anew meanwhile.
  const later = open(folder, { clock });
  expect(later.rewind()).toBeGreaterThanOrEqual(12);
  expect(drain(later).at(-1)).toBe("m59");
});

test("killed at any byte: every record before the tear is read, in order, and writing goes on", () => {
  const source = newFolder();
  const spool = open(source);
  for (let index = 0; index < 12; index++) put(spool, "metric", name(index));
  const segment = readdirSync(join(source, "metric"))[0]!;
  const size = statSync(join(source, "metric", segment)).size;
  const ends = Array.from({ length: 12 }, (_, index) => 48 + name(index).length).map((_, index, all) =>
    all.slice(0, index + 1).reduce((sum, each) => sum + each, 0),
  );
  expect(ends.at(-1)).toBe(size);
  for (let cut = 0; cut <= size; cut += 7) {
    const folder = newFolder();
    cpSync(source, folder, { recursive: true });
    truncateSync(join(folder, "metric", segment), cut);
    const again = open(folder);
    const whole = ends.filter((end) => end <= cut).length;
    put(again, "metric", "after");
    expect(drain(again), `cut at ${cut}`).toEqual([
      ...Array.from({ length: whole }, (_, index) => name(index)),
      "after",
    ]);
    expect(again.takeGaps()).toEqual([]);
  }
});

test("whatever byte is damaged, the others are read, what is lost is counted to the item, and nothing breaks", () => {
  const source = newFolder();
  const written = open(source, { maxBytes: 16 * 16 * 1024 });
  for (let index = 0; index < 20; index++) put(written, "metric", name(index), 5);
  written.close();
  const segment = join("metric", readdirSync(join(source, "metric"))[0]!);
  const size = statSync(join(source, segment)).size;
  for (let position = 0; position < size; position += 11) {
    const folder = newFolder();
    cpSync(source, folder, { recursive: true });
    const bytes = readFileSync(join(folder, segment));
    bytes[position]! ^= 0x55;
    writeFileSync(join(folder, segment), bytes);
    const spool = open(folder);
    const read = drain(spool);
    // Nothing follows the newest record by which its loss could be known: it counts as a torn tail.
    const newest = position >= size - 48 - name(19).length;
    expect(read, `at ${position}`).toHaveLength(19);
    expect(spool.dropped("metric").damaged, `at ${position}`).toBe(newest ? 0 : 5);
    expect(spool.takeGaps().map((gap) => [gap.records, gap.items])).toEqual(newest ? [] : [[1, 5]]);
  }
});

test("full: the oldest metrics go, events stay, and every item is either sent or counted", () => {
  const spool = open(newFolder(), { maxBytes: 256 * 1024 });
  const big = "m".repeat(4000);
  for (let index = 0; index < 200; index++) {
    put(spool, "metric", `${index} ${big}`, 100);
    if (index % 10 === 0) put(spool, "event", `event ${index}`);
    expect(spool.sizeBytes).toBeLessThanOrEqual(256 * 1024 + 16 * 1024);
  }
  const sent = drain(spool);
  const metrics = sent.filter((text) => text.endsWith("m"));
  expect(sent.filter((text) => text.startsWith("event"))).toHaveLength(20);
  expect(metrics.at(-1)).toContain("199 ");
  expect(metrics.length * 100 + spool.dropped("metric").cap).toBe(20_000);
  expect(spool.dropped("event").cap).toBe(0);
  const gaps = spool.takeGaps();
  expect(gaps.reduce((sum, gap) => sum + gap.items, 0)).toBe(spool.dropped("metric").cap);
  expect(gaps.every((gap) => gap.lane === "metric" && gap.reason === "cap")).toBe(true);
});

test("full of events: the oldest events go, and a metric never pushes one out", () => {
  const spool = open(newFolder(), { maxBytes: 256 * 1024 });
  for (let index = 0; index < 100; index++) put(spool, "event", `${index} ${"e".repeat(4000)}`);
  const before = spool.dropped("event").cap;
  expect(before).toBeGreaterThan(0);
  for (let index = 0; index < 400; index++) put(spool, "metric", `${index} ${"m".repeat(4000)}`);
  expect(spool.dropped("event").cap).toBe(before);
  expect(spool.dropped("metric").memory).toBeGreaterThan(0);
  const sent = drain(spool);
  expect(sent.filter((text) => text.endsWith("e")).length + before).toBe(100);
  const metrics = sent.filter((text) => text.endsWith("m")).length;
  expect(metrics + spool.dropped("metric").memory + spool.dropped("metric").cap).toBe(400);
});

test("a disk that others fill: our metrics make room, new ones wait in memory, events are still stored", () => {
  let free = 1_000_000;
  const spool = open(newFolder(), { keepFreeBytes: 500_000, freeBytes: () => free });
  put(spool, "metric", "old", 7);
  free = 100_000;
  put(spool, "metric", "new", 7);
  put(spool, "event", "disk full");
  expect(spool.dropped("metric").reserve).toBe(7);
  expect(drain(spool)).toEqual(["disk full", "new"]);
  free = 1_000_000;
  put(spool, "metric", "again");
  expect(drain(spool)).toEqual(["again"]);
});

test("a disk that fails, takes half a record, and works again: nothing is lost and the order stays", () => {
  const folder = newFolder();
  let mood: "works" | "fails" | "half" = "works";
  const spool = open(folder, {
    write: (file, parts) => {
      if (mood === "fails") throw new Error("EIO");
      const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const path = `/proc/self/fd/${file}`;
      writeFileSync(path, mood === "half" ? bytes.subarray(0, 20) : bytes, { flag: "a" });
      return mood === "half" ? 20 : bytes.length;
    },
  });
  put(spool, "metric", "a");
  mood = "fails";
  put(spool, "metric", "b");
  mood = "half";
  put(spool, "metric", "c");
  expect(spool.pending("metric")).toEqual({ records: 3, items: 3 });
  mood = "works";
  put(spool, "metric", "d");
  expect(texts(open(folder).next(LIMITS))).toEqual(["a", "b", "c", "d"]);
  expect(drain(spool)).toEqual(["a", "b", "c", "d"]);
});

test("a record that the collector will never take is counted, and the next has its turn", () => {
  const spool = open(newFolder());
  put(spool, "metric", "poison", 3);
  put(spool, "metric", "good");
  spool.refuse(spool.next({ ...LIMITS, maxRecords: 1 })!);
  expect(drain(spool)).toEqual(["good"]);
  expect(spool.dropped("metric").refused).toBe(3);
  expect(spool.takeGaps()).toEqual([
    { lane: "metric", reason: "refused", records: 1, items: 3, fromMs: 1000, toMs: 1000 },
  ]);
});

test("counts of what was lost survive a restart", () => {
  const folder = newFolder();
  const spool = open(folder);
  put(spool, "metric", "poison", 3);
  spool.refuse(spool.next(LIMITS)!);
  spool.close();
  expect(open(folder).dropped("metric").refused).toBe(3);
});

test("a place that was damaged on disk only costs a repetition", () => {
  const folder = newFolder();
  const spool = open(folder);
  put(spool, "metric", "m1");
  drain(spool);
  writeFileSync(join(folder, "metric.json"), "00000000\n{}");
  expect(drain(open(folder))).toEqual(["m1"]);
});

test("foreign files in the folder are left alone", () => {
  const folder = newFolder();
  open(folder).close();
  copyFileSync(join(folder, "metric.json"), join(folder, "metric", "README"));
  const spool = open(folder);
  put(spool, "metric", "m1");
  expect(drain(spool)).toEqual(["m1"]);
  expect(readdirSync(join(folder, "metric"))).toContain("README");
});

test("24 hours offline: the disk holds them, memory does not, and they go out far faster than they came", () => {
  const clock = new VirtualClock();
  const spool = open(newFolder(), { clock });
  const body = Buffer.alloc(2600, 7);
  for (let index = 0; index < 8640; index++) {
    body.writeUInt32LE(index);
    spool.append("metric", body, { items: 250, rawBytes: 25_000, at: clock.now() });
    clock.advance(10_000);
  }
  const started = performance.now();
  let expected = 0;
  for (let batch = spool.next(LIMITS); batch !== null; batch = spool.next(LIMITS)) {
    for (const record of batch.records) expect(record.payload.readUInt32LE()).toBe(expected++);
    spool.acknowledge(batch);
  }
  expect(expected).toBe(8640);
  expect(performance.now() - started).toBeLessThan((24 * 3_600_000) / 60);
});

/** Any life of a spool, beside a list that says what it should hold. */
test("any sequence of storing, sending, restarting and tearing keeps order and loses nothing without counting it", () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("put" as const), size: fc.integer({ min: 0, max: 3000 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("send" as const), max: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("rewind" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const folder = newFolder();
      const clock = new VirtualClock();
      let spool = open(folder, { clock, maxBytes: 256 * 1024 });
      let stored = 0;
      let highest = -1;
      const seen = new Set<number>();
      for (const each of steps) {
        clock.advance(1000);
        if (each.do === "put") put(spool, "metric", `${stored++} ${"y".repeat(each.size)}`);
        else if (each.do === "restart") spool = open(folder, { clock, maxBytes: 256 * 1024 });
        else if (each.do === "rewind") {
          spool.rewind();
          highest = -1;
        } else {
          const batch = spool.next({ ...LIMITS, maxRecords: each.max });
          for (const text of texts(batch)) {
            const index = Number.parseInt(text, 10);
            expect(index).toBeGreaterThan(highest);
            highest = index;
            seen.add(index);
          }
          if (batch !== null) spool.acknowledge(batch);
        }
      }
      for (const text of drain(spool)) seen.add(Number.parseInt(text, 10));
      expect(seen.size + spool.dropped("metric").cap).toBe(stored);
      rmSync(folder, { recursive: true, force: true });
    }),
    { numRuns: 60 },
  );
});
