import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../../protocol/agent-event.ts";
import { JournalWriter } from "../../../test/support/journal-writer.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { JournalWatch } from "../../config/agent-config.ts";
import { ConditionBook } from "../../evaluate/condition-book.ts";
import { createLog } from "../../log.ts";
import { SeriesTable } from "../../sample/series-table.ts";
import { type JournalEntry, JournalFile } from "./journal-file.ts";
import { JournalFollower } from "./journal-follower.ts";
import { createJournalWatch } from "./journal-watch.ts";
import { lz4Block } from "./lz4.ts";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-journal-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
const ID = "0123456789abcdef0123456789abcdef";
const OTHER_ID = "fedcba9876543210fedcba9876543210";
function writer(path: string, options: { fileId?: string; compact?: boolean } = {}): JournalWriter {
  const made = new JournalWriter(path, { fileId: ID, ...options });
  clean.push(() => made.close());
  return made;
}
const fields = (message: string, more: Record<string, string> = {}): Record<string, string> => ({
  MESSAGE: message,
  PRIORITY: "3",
  _SYSTEMD_UNIT: "shop.service",
  SYSLOG_IDENTIFIER: "shop",
  _PID: "7",
  ...more,
});

/** Files that systemd 252 itself wrote: systemd-journal-remote, with SYSTEMD_JOURNAL_COMPACT 1 and 0, from an export of eight entries. */
test.for(["compact-zstd", "regular-zstd"])("a journal that systemd wrote: %s", async (name) => {
  const path = join(newFolder(), "system.journal");
  writeFileSync(path, gunzipSync(readFileSync(new URL(`testdata/${name}.journal.gz`, import.meta.url))));
  const file = (await JournalFile.open(path))!;
  clean.push(() => file.close());
  const found: JournalEntry[] = [];
  expect(await file.follow(100_000_000, (entry) => found.push(entry))).toBe(false);
  expect(found).toHaveLength(8);
  expect(found[0]).toEqual({
    at: 1_789_000_000_000,
    message: "connection 0 from 192.0.2.0 accepted",
    priority: 6,
    unit: "sshd.service",
    identifier: "sshd",
  });
  expect(found[5]).toMatchObject({
    message: "Out of memory: Killed process 4711 (java)",
    identifier: "kernel",
    unit: "",
  });
  expect(found[6]).toMatchObject({ priority: 2, unit: "postgresql@15-main.service" });
  expect(found[6]?.message).toMatch(/^FATAL: database is on fire (abcdefgh ){200}END$/);
  expect(found[7]).toMatchObject({ unit: "nginx.service", identifier: "systemd", priority: 4 });
  expect((await file.last(2)).map((entry) => entry.priority)).toEqual([2, 4]);
  expect(await file.backlogBytes()).toBe(0);
});

test.for<["zstd" | "lz4" | undefined, boolean]>([
  ["zstd", true],
  ["lz4", false],
  [undefined, false],
])("following while it is written: packed %s, compact %s", async ([pack, compact]) => {
  const path = join(newFolder(), "system.journal");
  const journal = writer(path, { compact });
  journal.append(fields("old"));
  const file = (await JournalFile.open(path))!;
  clean.push(() => file.close());
  await file.toEnd();
  const found: string[] = [];
  const follow = (): Promise<boolean> => file.follow(1_000_000, ({ message }) => found.push(message));
  await follow();
  expect(found).toEqual([]);
  const long = `long ${"x".repeat(3000)}`;
  journal.append(fields(long), pack);
  journal.append(fields(long), pack);
  await follow();
  journal.appendUnlinked(fields("half"));
  await follow();
  expect(found).toEqual([long, long]);
  journal.link();
  journal.append(fields("more"));
  await follow();
  expect(found).toEqual([long, long, "half", "more"]);
  journal.writeEntryArray();
  expect((await file.last(3)).map(({ message }) => message)).toEqual([long, "half", "more"]);
});

test("a round reads no more than it may, and goes on where it stood", async () => {
  const path = join(newFolder(), "system.journal");
  const journal = writer(path);
  for (let index = 0; index < 500; index++) journal.append(fields(`entry ${index} ${"y".repeat(400)}`));
  const file = (await JournalFile.open(path))!;
  clean.push(() => file.close());
  const found: string[] = [];
  let rounds = 1;
  while (await file.follow(20_000, ({ message }) => found.push(message.split(" ")[1]!))) rounds++;
  expect(found).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
  expect(rounds).toBeGreaterThan(8);
});

test("a damaged journal ends the reading, and never the reader", async () => {
  const path = join(newFolder(), "system.journal");
  const journal = writer(path);
  for (let index = 0; index < 20; index++) journal.append(fields(`entry ${index}`), "zstd");
  journal.writeEntryArray();
  const good = readFileSync(path);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 272, max: good.length - 1 }), fc.nat(255)), { minLength: 1, maxLength: 20 }),
      async (flips) => {
        const bad = Buffer.from(good);
        for (const [at, byte] of flips) bad[at] = byte;
        writeFileSync(path, bad);
        const file = (await JournalFile.open(path))!;
        let count = 0;
        await file.follow(1_000_000, () => count++);
        await file.last(5);
        await file.close();
        expect(count).toBeLessThanOrEqual(20);
      },
    ),
    { numRuns: 300 },
  );
});

interface Follower {
  follow: () => Promise<string[]>;
  places: Record<string, never>;
  close: () => Promise<void>;
}
function follower(folder: string, places: Record<string, never> = {}): Follower {
  const made = new JournalFollower(() => Promise.resolve([folder]), places);
  clean.push(() => made.close());
  return {
    places,
    close: () => made.close(),
    follow: async () => {
      const found: string[] = [];
      expect((await made.follow(({ message }) => found.push(message))).trouble).toBeNull();
      return found;
    },
  };
}

test("rotation: the old file is read to its end, the new one from its beginning", async () => {
  const folder = newFolder();
  const path = join(folder, "system.journal");
  const journal = writer(path);
  journal.append(fields("before the agent"));
  const { follow } = follower(folder);
  expect(await follow()).toEqual([]);
  journal.append(fields("a"));
  expect(await follow()).toEqual(["a"]);
  journal.append(fields("b"));
  renameSync(path, join(folder, "system@1-2.journal"));
  const next = writer(path, { fileId: OTHER_ID });
  next.append(fields("c"));
  expect(await follow()).toEqual(["b", "c"]);
  next.append(fields("d"));
  expect(await follow()).toEqual(["d"]);
});

test("a restart goes on where it was left, also across a rotation while it was down", async () => {
  const folder = newFolder();
  const path = join(folder, "system.journal");
  const journal = writer(path);
  const first = follower(folder);
  await first.follow();
  journal.append(fields("a"));
  expect(await first.follow()).toEqual(["a"]);
  await first.close();
  journal.append(fields("b"));
  const second = follower(folder, structuredClone(first.places));
  expect(await second.follow()).toEqual(["b"]);
  await second.close();
  journal.append(fields("c"));
  renameSync(path, join(folder, "system@1-2.journal"));
  writer(path, { fileId: OTHER_ID }).append(fields("d"));
  const third = follower(folder, structuredClone(second.places));
  expect(await third.follow()).toEqual(["c", "d"]);
});

test("a user's journal that appears is read from its beginning; other files are none of ours", async () => {
  const folder = newFolder();
  const { follow } = follower(folder);
  writer(join(folder, "system.journal")).append(fields("old"));
  await follow();
  writer(join(folder, "user-1000.journal"), { fileId: OTHER_ID }).append(fields("new"));
  writeFileSync(join(folder, "remote.journal"), "x");
  expect(await follow()).toEqual(["new"]);
});

test.runIf(process.getuid?.() !== 0)("a journal that may not be read is told", async () => {
  const folder = newFolder();
  writer(join(folder, "system.journal"));
  chmodSync(join(folder, "system.journal"), 0);
  const { trouble } = await new JournalFollower(() => Promise.resolve([folder]), {}).follow(() => undefined);
  expect(trouble).toContain("systemd-journal");
});

const WATCH: JournalWatch = {
  name: "shop errors",
  unit: "shop*.service",
  identifier: null,
  priority: 3,
  pattern: "refused|timeout",
  exclude: "harmless",
  count: 2,
  withinMs: 60_000,
  clearAfterMs: 300_000,
  severity: "major",
  forMs: 0,
};

test("a watch: by unit, priority and pattern, so many within a time; cleared after silence", async () => {
  const folder = newFolder();
  const journal = writer(join(folder, "system.journal"));
  const clock = new VirtualClock();
  const events: WireEvent[] = [];
  let next = 0;
  const log = createLog(
    "error",
    () => undefined,
    () => 0,
  );
  const table = new SeriesTable();
  const book = new ConditionBook({
    ci: "web-1",
    clock,
    log,
    path: join(folder, "conditions.json"),
    nextId: () => String(next++),
    send: (event) => events.push(event),
    expiresAfterMs: 600_000,
  });
  const watch = await createJournalWatch({ clock, log, table, book }, [WATCH], join(folder, "places.json"), () =>
    Promise.resolve([folder]),
  );
  clean.push(() => watch.stop?.());
  const round = async (): Promise<void> => {
    watch.tick(clock.now());
    await watch.settled();
    clock.advance(10_000);
  };
  await round();
  journal.append(fields("connection refused"));
  journal.append(fields("connection refused", { _SYSTEMD_UNIT: "other.service" }));
  journal.append(fields("connection refused", { PRIORITY: "6" }));
  journal.append(fields("timeout, harmless"));
  journal.append(fields("all is well"));
  await round();
  expect(events).toEqual([]);
  journal.append(fields("timeout of the till"));
  await round();
  expect(events).toMatchObject([
    {
      check: "journal_match",
      instance: "shop errors",
      severity: "major",
      status: "firing",
      summary: "shop errors: shop.service: timeout of the till",
    },
  ]);
  clock.advance(300_000);
  await round();
  expect(events.at(-1)).toMatchObject({ check: "journal_match", status: "resolved" });
  const matches = table.metrics().find(({ name }) => name === "tocsin.log.matches");
  expect(matches?.points[0]?.value).toBe(2);
});

test("LZ4: literals and matches that overlap themselves", () => {
  // "abc", then nine bytes from three back, then "!".
  const block = Buffer.from([0x35, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x21]);
  expect(lz4Block(block, 100)?.toString()).toBe("abcabcabcabc!");
  expect(lz4Block(block, 5)).toBeNull();
  expect(lz4Block(Buffer.from([0x10, 0x61, 9, 0]), 100)).toBeNull();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const unpacked = lz4Block(Buffer.from(bytes), 200);
      expect(unpacked === null || unpacked.length <= 200).toBe(true);
    }),
  );
});
