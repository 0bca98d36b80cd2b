import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { commit } from "../../../test/support/store-commit.ts";
import type { StoredEntity } from "../../port/store.ts";
import { RepeatedList } from "../../core/model/repeated.ts";
import { Checkpointer } from "./checkpointer.ts";
import { DATABASE_FILE } from "./database.ts";
import { type BeginCheckpoints, EngineHost } from "./host.ts";
import { BufferPool, type PackedCommit, packCommit } from "./packed-commit.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tocsin-host-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function commitOf(sequence: number, journal = "[]"): PackedCommit {
  return packCommit(commit(sequence, { at: sequence, journal }), new BufferPool());
}

function alertCommit(sequence: number): PackedCommit {
  const id = `a-${sequence}`;
  const alert: StoredEntity = { kind: "alert", id, status: "firing", sort: id, alias: null, body: "{}" };
  return packCommit(commit(sequence, { at: sequence, entities: [alert] }), new BufferPool());
}

/** A host whose checkpoints the test makes. */
function host(dataDir: string): { host: EngineHost; asked: () => number; begun: () => Parameters<BeginCheckpoints> } {
  let asked = 0;
  let begun: Parameters<BeginCheckpoints> | undefined;
  const own = new EngineHost((...args) => {
    begun = args;
    return { wrote: () => (asked += 1), stop: async () => undefined };
  });
  own.open({ dataDir, eventIdsMax: 10 });
  onTestFinished(() => own.close());
  if (begun === undefined) throw new Error("no checkpoints were begun");
  const args = begun;
  return { host: own, asked: () => asked, begun: () => args };
}

test("each commit asks for a checkpoint, and none is made by the commit itself", () => {
  const dataDir = folder();
  const { host: own, asked, begun } = host(dataDir);
  const [file] = begun();
  expect(file).toBe(join(dataDir, DATABASE_FILE));
  const before = statSync(file).size;
  for (let sequence = 1; sequence <= 40; sequence += 1)
    own.commit(commitOf(sequence, Array.from({ length: 20_000 }, () => Math.random().toString(36)).join("")));
  expect(asked()).toBe(40);
  expect(statSync(file).size).toBe(before);
});

test("a log that checkpoints beside the commits cannot empty is emptied between two of them", () => {
  const { host: own, begun } = host(folder());
  const [file, onDone] = begun();
  const before = statSync(file).size;
  own.commit(commitOf(1, Array.from({ length: 20_000 }, () => Math.random().toString(36)).join("")));
  onDone({ pages: 100, done: 90 });
  expect(statSync(file).size).toBe(before);
  onDone({ pages: 20_000, done: 19_000 });
  expect(statSync(file).size).toBeGreaterThan(before);
});

test("after a checkpoint that failed for good nothing is acknowledged; after one that may succeed later all is well", () => {
  const { host: own, begun } = host(folder());
  const [, , onFailure] = begun();
  onFailure({ status: "retryable", reason: "full" });
  expect(own.commit(commitOf(1))).toEqual({ status: "committed" });
  onFailure({ status: "fatal", reason: "a sync failed" });
  expect(own.commit(commitOf(2))).toEqual({ status: "fatal", reason: "a sync failed" });
});

test("the checkpointer brings the log into the database in a thread of its own", async () => {
  const dataDir = folder();
  const { host: own, begun } = host(dataDir);
  const [file] = begun();
  const before = statSync(file).size;
  own.commit(commitOf(1, Array.from({ length: 20_000 }, () => Math.random().toString(36)).join("")));
  const progress = await new Promise((resolve, reject) => {
    const checkpointer = new Checkpointer(file, resolve, reject);
    onTestFinished(() => checkpointer.stop());
    checkpointer.wrote();
  });
  expect(progress).toMatchObject({ pages: expect.any(Number), done: expect.any(Number) });
  expect(statSync(file).size).toBeGreaterThan(before);
});

test("what has become much is folded between commits at once, though it was to wait until it is old", async () => {
  const own = new EngineHost();
  onTestFinished(() => own.close());
  own.open({ dataDir: folder(), eventIdsMax: 10, fold: { rowsMax: 20, ageMaxMs: 3_600_000 } });
  const pending = (): number => own.size().rows["pending"] ?? 0;
  for (let sequence = 1; sequence <= 10; sequence += 1) own.commit(alertCommit(sequence));
  await new Promise(setImmediate);
  expect(pending()).toBe(10);
  for (let sequence = 11; sequence <= 20; sequence += 1) own.commit(alertCommit(sequence));
  // As long as it stays below the limit and a quarter no commit does it.
  await vi.waitUntil(() => pending() === 0);
});

test("what waits for minutes does not hold up what is due in seconds", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { host: own } = host(folder());
  const list = new RepeatedList(1);
  list.add([0, 1, 2], 0, 1);
  const repeated = [list.with({ seenAt: 1, occurredAt: 1, expiresAfterMs: 1, expiresAt: 2 })];
  own.commit(packCommit(commit(1, { repeated }), new BufferPool()));
  vi.advanceTimersByTime(60_000);
  const entities = [{ kind: "meta", id: "m", status: "", sort: "", alias: null, body: "{}" } as const];
  own.commit(packCommit(commit(2, { entities }), new BufferPool()));
  expect(own.size().rows["pending"]).toBe(1);
  vi.advanceTimersByTime(21_000);
  expect(own.size().rows["pending"]).toBe(0);
});
