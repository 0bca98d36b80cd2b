import type { UnixMillis } from "./time.ts";

interface Entry {
  at: UnixMillis;
  key: string;
}

/**
 * When what must be looked at again. A key has at most one live entry; an entry that was overtaken stays in the heap and
 * is skipped when it comes up, so that putting a deadline off costs nothing until it would have passed.
 *
 * Entries come out by time, then key: the order does not depend on the order in which they were put in, so that a
 * restored queue behaves as the one that lived on. All operations O(log n).
 */
export class TimerQueue {
  private readonly heap: Entry[] = [];
  private readonly live = new Map<string, UnixMillis>();

  get size(): number {
    return this.live.size;
  }

  /** The earliest time at which something may be due; null = nothing is waiting. */
  next(): UnixMillis | null {
    this.dropStale();
    return this.heap[0]?.at ?? null;
  }

  /** Wakes `key` at `at` at the latest. A later wish than the one that stands is not entered: the waker asks again. */
  schedule(key: string, at: UnixMillis): void {
    const standing = this.live.get(key);
    if (standing !== undefined && standing <= at) return;
    this.live.set(key, at);
    this.push({ at, key });
  }

  cancel(key: string): void {
    this.live.delete(key);
  }

  /** Takes the first key that is due at `now`; undefined = none. */
  take(now: UnixMillis): string | undefined {
    this.dropStale();
    const first = this.heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.pop();
    this.live.delete(first.key);
    return first.key;
  }

  private dropStale(): void {
    let first = this.heap[0];
    while (first !== undefined && this.live.get(first.key) !== first.at) {
      this.pop();
      first = this.heap[0];
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let smaller = left;
      if (right !== undefined && before(right, left)) {
        child += 1;
        smaller = right;
      }
      if (!before(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.key < b.key);
}
