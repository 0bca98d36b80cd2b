import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../collector/port/store.ts";
import { MemoryDisk, createMemoryStore } from "../../collector/store/memory/store.ts";
import { type SqliteStoreOptions, createSqliteStore } from "../../collector/store/sqlite/store.ts";
import type { StoreHarness } from "./store.case.ts";

export interface StoreWorld extends StoreHarness {
  end(): Promise<void>;
}

export function memoryHarness(make: (disk: MemoryDisk) => Store = createMemoryStore): StoreWorld {
  const disk = new MemoryDisk();
  let current: Store | undefined;
  return {
    async open(eventIdsMax = 1000) {
      current = make(disk);
      return { store: current, snapshot: await current.open({ eventIdsMax }) };
    },
    async crash() {
      disk.isHeld = false;
      current = undefined;
    },
    async close() {
      await current?.close();
    },
    rival: () => make(disk),
    end: async () => undefined,
  };
}

/** kill -9 in one process: the next store opens a copy of the files as they lie there, the log with them. */
export function sqliteHarness(options: Partial<SqliteStoreOptions>): StoreWorld {
  const root = mkdtempSync(join(tmpdir(), "tocsin-store-"));
  const opened: Store[] = [];
  let generation = 0;
  const dataDir = (): string => join(root, String(generation));
  const make = (): Store => createSqliteStore({ ...options, dataDir: dataDir() });
  return {
    async open(eventIdsMax = 1000) {
      const store = make();
      opened.push(store);
      return { store, snapshot: await store.open({ eventIdsMax }) };
    },
    async crash() {
      const from = dataDir();
      generation += 1;
      cpSync(from, dataDir(), { recursive: true });
    },
    async close() {
      await opened.pop()?.close();
    },
    rival: make,
    async end() {
      for (const store of opened) await store.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
