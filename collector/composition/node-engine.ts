import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { collectGarbage } from "../store/sqlite/garbage.ts";
import type { Engine } from "../telemetry/idle-memory.ts";

/**
 * Collections in a row at the most, each of which closes some 25 MiB of holes; V8 stops by itself when none are left. Set once:
 * lowered while it collects, V8 finds that it has begun more than it may, and ends the process (a CHECK in its
 * `MemoryReducer`).
 */
const COLLECTIONS_MAX = 32;
/** For so long any heap is large enough to begin with; after that it would begin again and again. */
const BEGIN_MS = 1_500;

/**
 * From now on threads that begin keep their objects within the limits that are set for each. The program is started with
 * figures for its main thread, which otherwise count for all of them: the store's young heap grew to four times its own, and
 * its old one was looked through as late as a flood's.
 */
export function limitThreadsByTheirOwn(): void {
  for (const flag of ["--max-semi-space-size=0", "--initial-old-space-size=0"]) setFlagsFromString(flag);
}

/**
 * Node as the room for idle memory needs it. V8 has a collector for idle moments, which marks in steps, moves objects
 * together and gives pages back. In Node it never finds its moment, because a part of the heap that Node does not use counts
 * as always busy; where size matters more than speed it does not ask. These flags hold for all threads of the process.
 */
export function nodeEngine(): Engine {
  let seen: EventLoopUtilization | undefined;
  let begun: NodeJS.Timeout | undefined;
  setFlagsFromString(`--memory-reducer-gc-count=${COLLECTIONS_MAX}`);
  return {
    residentBytes: () => process.memoryUsage.rss(),
    holesBytes() {
      const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space");
      return old === undefined ? 0 : old.space_size - old.space_used_size;
    },
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, seen);
      seen = now;
      return utilization;
    },
    favourMemory(favoured) {
      setFlagsFromString(favoured ? "--optimize-for-size" : "--no-optimize-for-size");
      setFlagsFromString(`--incremental-marking-soft-trigger=${favoured ? 1 : 0}`);
      clearTimeout(begun);
      if (!favoured) return;
      begun = setTimeout(setFlagsFromString, BEGIN_MS, "--incremental-marking-soft-trigger=0").unref();
      // V8 looks whether to begin when it has collected young objects; where nothing happens, that is once in ten seconds.
      collectGarbage("minor");
    },
  };
}
