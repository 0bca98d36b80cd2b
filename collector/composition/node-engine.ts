import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { collectGarbage } from "../port/garbage.ts";
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
 * V8 begins only when old objects have grown since it looked last, and goes on after the first collection only when its heap
 * is a tenth and 10 MB larger than when it was done last: where little happens it would be asked in vain. A text of
 * that length, which is gone with the first collections, is more than that.
 */
const GROWTH_SHARE = 0.12;
const [GROWTH_MIN, GROWTH_MAX] = [12 * 1024 * 1024, 64 * 1024 * 1024];

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
  const endOfBeginning = (_growth: string): void => {
    begun = undefined;
    setFlagsFromString("--incremental-marking-soft-trigger=0");
  };
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
      begun = undefined;
      if (!favoured) return;
      const growth = Math.min(GROWTH_MAX, Math.max(GROWTH_MIN, GROWTH_SHARE * process.memoryUsage().heapTotal));
      // The timer has the text for so long.
      begun = setTimeout(endOfBeginning, BEGIN_MS, textOf(growth)).unref();
      // V8 looks whether to begin when it has collected young objects; where nothing happens, that is once in ten seconds.
      collectGarbage("minor");
    },
  };
}

/** In one piece: to be asked for a character it is written out. */
function textOf(length: number): string {
  const text = " ".repeat(length);
  text.charCodeAt(0);
  return text;
}
