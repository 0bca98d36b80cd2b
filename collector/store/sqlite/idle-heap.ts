import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { collectGarbage } from "../../port/garbage.ts";

/** What a thread's heap says of itself, and what can be asked of it. */
export interface Heap {
  /** Memory that it holds, in use or not. */
  sizeBytes(): number;
  /** Part of the time since the last call in which the thread was busy, 0…1. */
  busyShare(): number;
  collect(): boolean;
}

const LOOK_MS = 10_000;
/** Little to do: nobody is about to wait for some milliseconds. */
const IDLE_SHARE = 0.1;
/** Less growth than this is not worth a pause. */
const GROWN_BYTES = 12 * 1024 * 1024;

/**
 * Gives back what a flood has left in the heap of the store's thread: some 30 MiB, and its engine has no reason to look where
 * little happens afterwards. Six milliseconds, in which commits wait.
 */
export class IdleHeap {
  private readonly heap: Heap;
  /** What it held when it was last collected; at first anything is worth a look. */
  private leastBytes = 0;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** Calls `look` every ten seconds, until the thread ends. */
  static ofThisThread(): void {
    const idle = new IdleHeap(threadHeap());
    setInterval(() => idle.look(), LOOK_MS).unref();
  }

  look(): void {
    const { heap } = this;
    if (heap.busyShare() > IDLE_SHARE || heap.sizeBytes() < this.leastBytes + GROWN_BYTES) return;
    if (heap.collect()) this.leastBytes = heap.sizeBytes();
  }
}

function threadHeap(): Heap {
  let seen = performance.eventLoopUtilization();
  return {
    sizeBytes: () => getHeapStatistics().total_heap_size,
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, seen);
      seen = now;
      return utilization;
    },
    collect: () => collectGarbage("major"),
  };
}
