/** For tests of rooms that may not import a store themselves. */
export { MemoryDisk, createMemoryStore } from "../../collector/store/memory/store.ts";
