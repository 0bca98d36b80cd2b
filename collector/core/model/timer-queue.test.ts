import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TimerQueue } from "./timer-queue.ts";

function drain(queue: TimerQueue, now: number): string[] {
  const keys: string[] = [];
  for (let key = queue.take(now); key !== undefined; key = queue.take(now)) keys.push(key);
  return keys;
}

test("keys come by time, then name, and only when they are due", () => {
  const queue = new TimerQueue();
  queue.schedule("c", 5);
  queue.schedule("b", 5);
  queue.schedule("a", 9);
  expect(queue.next()).toBe(5);
  expect(drain(queue, 8)).toEqual(["b", "c"]);
  expect(drain(queue, 9)).toEqual(["a"]);
  expect(queue.next()).toBe(null);
});

test("an earlier wish replaces, a later one does not, and what was cancelled is silent", () => {
  const queue = new TimerQueue();
  queue.schedule("a", 5);
  queue.schedule("a", 9);
  queue.schedule("b", 9);
  queue.schedule("b", 3);
  queue.schedule("c", 1);
  queue.cancel("c");
  expect(queue.next()).toBe(3);
  expect(drain(queue, 100)).toEqual(["b", "a"]);
});

test("the order does not depend on the order of entry", () => {
  const entries = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.nat(20)), { selector: ([key]) => key });
  fc.assert(
    fc.property(entries, fc.integer(), (list, seed) => {
      const shuffled = [...list].sort((a, b) => ((a[1] * 7 + seed) % 13) - ((b[1] * 7 + seed) % 13));
      const [first, second] = [new TimerQueue(), new TimerQueue()];
      for (const [key, at] of list) first.schedule(key, at);
      for (const [key, at] of shuffled) second.schedule(key, at);
      const expected = [...list].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
      expect(drain(first, 20)).toEqual(expected);
      expect(drain(second, 20)).toEqual(expected);
    }),
  );
});
