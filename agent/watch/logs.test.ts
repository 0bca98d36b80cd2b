import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/agent-event.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { LogWatch } from "../config/agent-config.ts";
import { ConditionBook } from "../evaluate/condition-book.ts";
import { createLog } from "../log.ts";
import { SeriesTable } from "../sample/series-table.ts";
import { LINE_BYTES_MAX, LineReader } from "./line-reader.ts";
import { LogFile } from "./log-file.ts";
import { createLogWatch } from "./logs.ts";
import { compilePattern, loadPatternCheck } from "./pattern.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-logs-"));
  folders.push(folder);
  return folder;
};

test.for<[string, string, string[], string[]]>([
  ["words", "ERROR|FATAL", ["an ERROR here", "FATAL"], ["error", "ERR"]],
  ["words, whatever the case", "(?i)error", ["ErRoR"], ["err"]],
  ["an expression", "user=\\d+ (failed|refused)", ["user=12 failed"], ["user=x failed"]],
  ["a dot is any character", "a.c", ["abc", "a.c"], ["ac"]],
  ["one that backtracking engines die of", "(a+)+$", ["aaaa"], ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"]],
])("pattern: %s", async ([, source, yes, no]) => {
  const matches = await compilePattern(source);
  expect([...yes, ...no].map(matches)).toEqual([...yes.map(() => true), ...no.map(() => false)]);
});

test("a pattern with back-references is refused, with a reason", async () => {
  const check = await loadPatternCheck();
  expect(check("(a)\\1")).toMatch(/./);
  expect(check("(?=a)")).toMatch(/./);
  expect(check("[a-z]+")).toBeNull();
});

test("lines come out the same however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 30 }).map((text) => text.replaceAll("\n", ""))),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const reader = new LineReader(null);
        const got: string[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1;
          reader.push(bytes.subarray(at, at + size), (line) => got.push(line));
          at += size;
        }
        expect(got).toEqual(lines.map((line) => line.toWellFormed().replace(/\r$/, "")));
      },
    ),
  );
});

test("a line without end does not fill memory, and the next one is read", () => {
  const reader = new LineReader(null);
  const got: number[] = [];
  for (let index = 0; index < 100; index++) reader.push(Buffer.alloc(10_000, 97), (line) => got.push(line.length));
  expect(reader.pendingBytes).toBeLessThanOrEqual(LINE_BYTES_MAX);
  reader.push(Buffer.from("\nnext\n"), (line) => got.push(line.length));
  expect(got).toEqual([LINE_BYTES_MAX, 4]);
});

test("a stack trace is one entry", () => {
  const reader = new LineReader((line) => /^\d{4}-/.test(line));
  const got: string[] = [];
  reader.push(Buffer.from("2026-01-01 ERROR a\n  at b\n  at c\n2026-01-02 fine\n"), (entry) => got.push(entry));
  expect(got).toEqual(["2026-01-01 ERROR a\n  at b\n  at c"]);
  reader.flush((entry) => got.push(entry));
  expect(got.at(-1)).toBe("2026-01-02 fine");
});

async function follow(file: LogFile): Promise<string> {
  let text = "";
  await file.follow((bytes) => (text += bytes.toString()));
  return text;
}

test("a log through its life: not there, there, rotated with a rest, truncated, missing for a while, back", async () => {
  const path = join(newFolder(), "app.log");
  const file = new LogFile(path, { roundBytes: 1000, backlogBytes: 10_000 });
  await file.begin(null, false);
  expect(await follow(file)).toBe("");
  writeFileSync(path, "one\n");
  expect(await follow(file)).toBe("one\n");
  appendFileSync(path, "rest\n");
  renameSync(path, `${path}.1`);
  writeFileSync(path, "new\n");
  expect(await follow(file)).toBe("rest\nnew\n");
  truncateSync(path, 0);
  appendFileSync(path, "x\n");
  expect(await follow(file)).toBe("x\n");
  rmSync(path);
  expect(await follow(file)).toBe("");
  writeFileSync(path, "again\n");
  expect(await follow(file)).toBe("again\n");
  await file.close();
});

test("what stood in it before the agent came is not read; after a restart it goes on where it was", async () => {
  const path = join(newFolder(), "app.log");
  writeFileSync(path, "old\n");
  const file = new LogFile(path, { roundBytes: 1000, backlogBytes: 10_000 });
  await file.begin(null, false);
  expect(await follow(file)).toBe("");
  appendFileSync(path, "a\n");
  expect(await follow(file)).toBe("a\n");
  const { place } = file;
  await file.close();
  appendFileSync(path, "while it was down\n");
  const again = new LogFile(path, { roundBytes: 1000, backlogBytes: 10_000 });
  await again.begin(place, false);
  expect(await follow(again)).toBe("while it was down\n");
  await again.close();
});

test("a log that grows too fast is read at its rate, and what is passed over is counted", async () => {
  const path = join(newFolder(), "app.log");
  writeFileSync(path, "");
  const file = new LogFile(path, { roundBytes: 100, backlogBytes: 1000 });
  await file.begin(null, false);
  appendFileSync(path, "x".repeat(500));
  expect((await follow(file)).length).toBe(100);
  appendFileSync(path, "y".repeat(5000));
  expect((await follow(file)).length).toBe(100);
  expect(file.skippedBytes).toBe(5300);
  await file.close();
});

const LOG: Omit<LogWatch, "path"> = {
  name: "app",
  pattern: "ERROR",
  exclude: "harmless",
  entryStart: null,
  severity: "minor",
  forMs: 0,
  clearAfterMs: 60_000,
  count: 2,
  withinMs: 30_000,
};

test("told when enough lines match in time, with the last of them, and cleared after a quiet time", async () => {
  const folder = newFolder();
  const clock = new VirtualClock();
  const sent: WireEvent[] = [];
  const log = createLog(
    "error",
    () => undefined,
    () => 0,
  );
  let id = 0;
  const book = new ConditionBook({
    ci: "web-1",
    clock,
    log,
    path: join(folder, "conditions.json"),
    nextId: () => String(id++),
    send: (event) => sent.push(event),
    expiresAfterMs: 600_000,
  });
  const path = join(folder, "a.log");
  writeFileSync(path, "ERROR long ago\nERROR long ago\n");
  const watch = await createLogWatch(
    { clock, log, table: new SeriesTable(), book },
    [{ ...LOG, path: join(folder, "*.log") }],
    join(folder, "places.json"),
  );
  const round = async (): Promise<string[]> => {
    clock.advance(10_000);
    watch.tick(clock.now());
    await watch.settled();
    return sent.splice(0).map((event) => `${event.status} ${event.instance} ${event.summary}`);
  };
  expect(await round()).toEqual([]);
  appendFileSync(path, "ERROR one\nERROR harmless\nfine\n");
  expect(await round()).toEqual([]);
  appendFileSync(path, "ERROR two\n");
  expect(await round()).toEqual(["firing app app: ERROR two"]);
  writeFileSync(join(folder, "b.log"), "ERROR from the first line of a new file\n");
  await round();
  for (let index = 0; index < 5; index++) expect(await round()).toEqual([]);
  expect((await round()).concat(await round())).toEqual([expect.stringMatching(/^resolved app/)]);
  watch.stop?.();
});
