import type { UnixMillis } from "./time.ts";

/**
 * When what must be looked at again. A key has at most one live entry; an entry that was overtaken stays in the heap and
 * is skipped when it comes up, so that putting a deadline off costs nothing until it would have passed.
 *
 * Entries come out by time, then key: the order does not depend on the order in which they were put in, so that a
 * restored queue behaves as the one that lived on. All operations O(log n). An entry costs some 70 bytes beside its key.
 */
export class TimerQueue {
  /** A heap in two arrays: an object for each of a hundred thousand deadlines would be as much again. */
  private readonly times: UnixMillis[] = [];
  private readonly keys: string[] = [];
  private readonly live = new Map<string, UnixMillis>();

  get size(): number {
    return this.live.size;
  }

  /** The earliest time at which something may be due; null = nothing is waiting. */
  next(): UnixMillis | null {
    this.dropStale();
    return this.times[0] ?? null;
  }

  /** Whether anything can be due at `now`: a load and a compare, and no look-up, for who asks before each event. */
  mayBeDue(now: UnixMillis): boolean {
    const { times } = this;
    return times.length > 0 && (times[0] as UnixMillis) <= now;
  }

  /** The key that `take` would give next; undefined = nothing is waiting. */
  nextKey(): string | undefined {
    this.dropStale();
    return this.keys[0];
  }

  /** Wakes `key` at `at` at the latest. A later wish than the one that stands is not entered: the waker asks again. */
  schedule(key: string, at: UnixMillis): void {
    const standing = this.live.get(key);
    if (standing !== undefined && standing <= at) return;
    this.live.set(key, at);
    this.push(at, key);
  }

  /** When `key` is woken; null = it does not wait. */
  dueAt(key: string): UnixMillis | null {
    return this.live.get(key) ?? null;
  }

  cancel(key: string): void {
    this.live.delete(key);
  }

  /** Takes the first key that is due at `now`; undefined = none. */
  take(now: UnixMillis): string | undefined {
    const { times } = this;
    // An overtaken entry that is not due says that nothing else is.
    if (times.length === 0 || (times[0] as UnixMillis) > now) return undefined;
    this.dropStale();
    if (times.length === 0 || (times[0] as UnixMillis) > now) return undefined;
    const key = this.keys[0] as string;
    this.pop();
    this.live.delete(key);
    return key;
  }

  private dropStale(): void {
    const { times, keys, live } = this;
    while (times.length > 0 && live.get(keys[0] as string) !== times[0]) this.pop();
  }

  private push(at: UnixMillis, key: string): void {
    const { times, keys } = this;
    let index = times.length;
    times.push(at);
    keys.push(key);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(at, key, times[parent] as UnixMillis, keys[parent] as string)) break;
      times[index] = times[parent] as UnixMillis;
      keys[index] = keys[parent] as string;
      index = parent;
    }
    times[index] = at;
    keys[index] = key;
  }

  private pop(): void {
    const { times, keys } = this;
    const [at, key] = [times.pop(), keys.pop()];
    const size = times.length;
    if (at === undefined || key === undefined || size === 0) return;
    let index = 0;
    for (let child = 1; child < size; child = 2 * index + 1) {
      const right = child + 1;
      if (right < size && this.precedes(right, child)) child = right;
      if (!isBefore(times[child] as UnixMillis, keys[child] as string, at, key)) break;
      times[index] = times[child] as UnixMillis;
      keys[index] = keys[child] as string;
      index = child;
    }
    times[index] = at;
    keys[index] = key;
  }

  private precedes(one: number, other: number): boolean {
    const { times, keys } = this;
    return isBefore(times[one] as UnixMillis, keys[one] as string, times[other] as UnixMillis, keys[other] as string);
  }
}

function isBefore(at: UnixMillis, key: string, otherAt: UnixMillis, otherKey: string): boolean {
  return at < otherAt || (at === otherAt && key < otherKey);
}
