import type { TocsinConfig } from "../config/config.ts";
import type { Store } from "../port/store.ts";
import { createSqliteStore } from "../store/sqlite/store.ts";
import { makeDataFolder } from "./data-folder.ts";

/**
 * The store, which begins to open and to read at once, in its own thread. Whoever opens it is told how that went; whoever
 * does not come to that closes it. Throws for the operator where the data directory cannot be made.
 */
export function beginStore({ dataDir, limits }: TocsinConfig): Store {
  makeDataFolder(dataDir);
  const store = createSqliteStore({ dataDir });
  store.begin({ eventIdsMax: limits.eventIdsMax });
  return store;
}
