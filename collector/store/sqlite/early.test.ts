import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commit, remembered, rememberedIn } from "../../../test/support/store-commit.ts";
import type { StoredEntity } from "../../port/store.ts";
import { createSqliteStore } from "./store.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tocsin-early-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const LIMITS = { eventIdsMax: 100 };

async function filled(dataDir: string, alerts: number): Promise<void> {
  const store = createSqliteStore({ dataDir, thread: "caller" });
  await store.open(LIMITS);
  const entities = Array.from({ length: alerts }, (_, number): StoredEntity => {
    const id = `a-${String(number).padStart(6, "0")}`;
    return { kind: "alert", id, status: "firing", sort: `1:${id}`, alias: null, body: "[]" };
  });
  expect(await store.commit(commit(1, { at: 1, entities, eventIds: ["s\n1", "s\n2"] }))).toEqual({
    status: "committed",
  });
  await store.close();
}

test("what was begun is what is opened: all pages, though they were read before somebody asked", async () => {
  const dataDir = folder();
  await filled(dataDir, 9_001);
  const store = createSqliteStore({ dataDir });
  onTestFinished(() => store.close());
  store.begin(LIMITS);
  const snapshot = await store.open(LIMITS);
  const ids: string[] = [];
  for await (const page of snapshot.entities) for (const { id } of page) ids.push(id);
  expect([snapshot.sequence, ids.length, new Set(ids).size]).toEqual([1, 9_001, 9_001]);
  expect(await rememberedIn(snapshot)).toEqual(remembered("s\n1", "s\n2"));
  await expect(store.open(LIMITS)).rejects.toThrow("the store is open already");
});

test("what was begun and never opened is closed, and another can begin", async () => {
  const dataDir = folder();
  const first = createSqliteStore({ dataDir });
  first.begin(LIMITS);
  await first.close();
  const second = createSqliteStore({ dataDir });
  onTestFinished(() => second.close());
  second.begin(LIMITS);
  expect((await second.open(LIMITS)).sequence).toBe(0);
});

test("why it could not be opened is told to who opens it, not before", async () => {
  const dataDir = folder();
  const first = createSqliteStore({ dataDir });
  onTestFinished(() => first.close());
  await first.open(LIMITS);
  const second = createSqliteStore({ dataDir });
  second.begin(LIMITS);
  await new Promise(setImmediate);
  await expect(second.open(LIMITS)).rejects.toThrow("is in use by another collector");
  await second.close();
});
