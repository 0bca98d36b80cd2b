import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type MemoryDisk, createMemoryStore } from "../../collector/store/memory/store.ts";
import { createSqliteStore } from "../../collector/store/sqlite/store.ts";
import type { Store } from "../../collector/port/store.ts";
import { DEPOSIT_CASES } from "./store-deposit.case.ts";
import { REPEAT_CASES } from "./store-repeat.case.ts";
import { STORE_CASES } from "./store.case.ts";
import { commit } from "../support/store-commit.ts";
import { commits, entity } from "./store-entries.ts";
import { type StoreWorld, memoryHarness, sqliteHarness } from "./store-harness.ts";

const HARNESSES: Record<string, () => StoreWorld> = {
  memory: () => memoryHarness(),
  sqlite: () => sqliteHarness({ thread: "caller" }),
  "sqlite that folds each commit at once": () =>
    sqliteHarness({ thread: "caller", fold: { rowsMax: 1, sliceMs: 0 }, repeats: { sizeBytesMax: 1, ageMaxMs: 0 } }),
  "sqlite in its own thread": () => sqliteHarness({}),
};

describe.each(Object.entries(HARNESSES))("store: %s", (_, create) => {
  test.each([...STORE_CASES, ...DEPOSIT_CASES, ...REPEAT_CASES])("$name", async ({ run }) => {
    const harness = create();
    try {
      await run(harness);
    } finally {
      await harness.end();
    }
  });
});

/** The suite is worth something only if it goes red: each planted fault must fail the case that is named. */
const FAULTS: { fault: string; fails: string; plant: (store: Store) => Partial<Store> }[] = [
  {
    fault: "acknowledges and does not keep",
    fails: "after a crash everything committed is there",
    plant: () => ({ commit: async () => ({ status: "committed" }) }),
  },
  {
    fault: "forgets touches",
    fails: "the newest touch of an alert comes with it after a crash, unless it was put since",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, touches: [] }) }),
  },
  {
    fault: "forgets what was said again",
    fails: "what was said again of an alert comes with it after a crash, unless something newer is known",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, repeated: [] }) }),
  },
  {
    fault: "believes the older of two words",
    fails: "what was said again of an alert comes with it after a crash, unless something newer is known",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, repeated: item.repeated.toReversed() }) }),
  },
  {
    fault: "delivers done rows again",
    fails: "after a crash the outbox has what is not done, with its attempts, in order",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, outboxChanges: [] }) }),
  },
  {
    fault: "forgets deposits",
    fails: "after a crash a deposit is there, by number, until it is over",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, deposits: item.deposits.slice(1) }) }),
  },
  {
    fault: "hands deposits over anew that are over",
    fails: "after a crash a deposit is there, by number, until it is over",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, depositProgress: [] }) }),
  },
  {
    fault: "forgets event ids",
    fails: "the newest event ids are remembered, oldest first",
    plant: (store) => ({ commit: (item) => store.commit({ ...item, eventIds: item.eventIds.slice(1) }) }),
  },
  {
    fault: "reads the commit late",
    fails: "a commit is read before it is answered",
    plant: (store) => ({
      commit: async (item) => {
        await Promise.resolve();
        return store.commit(item);
      },
    }),
  },
  {
    fault: "lists oldest first",
    fails: "entities are listed newest first, by status, page after page",
    plant: (store) => ({
      entities: async (query) => ({ items: (await store.entities(query)).items.reverse() }),
    }),
  },
  {
    fault: "compacts the open with the closed",
    fails: "compaction takes what is old and over, and nothing else",
    plant: (store) => ({
      compact: async (before) => {
        const { sequence } = { sequence: 10_000 };
        await store.commit(commit(sequence, { entities: [{ ...entity("incident", "inc-open", {}), body: null }] }));
        return store.compact(before);
      },
    }),
  },
];

test.each(FAULTS)("the suite sees a store that $fault", async ({ fails, plant }) => {
  const faulty = (disk: MemoryDisk): Store => {
    const store = createMemoryStore(disk);
    const whole: Store = {
      open: (options) => store.open(options),
      commit: (item) => store.commit(item),
      entity: (kind, id) => store.entity(kind, id),
      entities: (query) => store.entities(query),
      ledger: (query) => store.ledger(query),
      reference: (receiver, incident) => store.reference(receiver, incident),
      journal: (after, limit) => store.journal(after, limit),
      compact: (before) => store.compact(before),
      size: () => store.size(),
      close: () => store.close(),
    };
    return { ...whole, ...plant(store) };
  };
  const found = [...STORE_CASES, ...DEPOSIT_CASES, ...REPEAT_CASES].find(({ name }) => name === fails);
  expect(found).toBeDefined();
  await expect(found?.run(memoryHarness(faulty))).rejects.toThrow();
});

test("a full disk refuses the commit whole, and takes it when there is room again", async () => {
  const root = mkdtempSync(join(tmpdir(), "tocsin-store-"));
  const store = createSqliteStore({ dataDir: root, thread: "caller", pagesMax: 120 });
  try {
    await store.open({ eventIdsMax: 10 });
    const noise = (seed: number): string =>
      Array.from({ length: 4000 }, (_, index) => Math.imul(seed + index, 0x9e3779b1).toString(36)).join("");
    let sequence = 1;
    let result = await store.commit(commit(1, { journal: noise(1) }));
    while (result.status === "committed") {
      sequence += 1;
      const alert = entity("alert", `a-${sequence}`, { status: "firing" });
      result = await store.commit(
        commit(sequence, { journal: noise(sequence), entities: [alert], eventIds: ["s\nx"] }),
      );
    }
    expect(result).toEqual({ status: "retryable", reason: "full" });
    expect(await store.entity("alert", `a-${sequence}`)).toBeUndefined();
    expect((await store.journal(sequence - 1, 10)).length).toBe(0);
    const before = Date.UTC(2100, 0);
    while (await store.compact({ journal: before, ledger: 0, outbox: 0, entities: 0, alerts: 0 }));
    await commits(store, commit(sequence, { journal: noise(sequence) }));
  } finally {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  }
});
