import type { Clock } from "./clock.ts";

/** By then everything has run once or twice: what the start left behind is a fifth of the heap. */
const FIRST_AFTER_MS = 25_000;
/**
 * V8 by itself waits until several megabytes of garbage have grown, a quarter of an hour or more. One costs 20 to 40 ms, and in each
 * minute without one a quarter of a megabyte grows.
 */
const EVERY_MS = 150_000;

/**
 * Collects garbage, closes the gaps in the heap and gives the rest back to the host, so that the agent is as small in its third week as
 * in its second minute. Nothing happens where Node was not started with `--expose-gc`.
 */
export function giveMemoryBack(clock: Clock, collect = globalThis.gc): void {
  if (collect === undefined) return;
  const again = (): void => {
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    clock.after(EVERY_MS, again);
  };
  clock.after(FIRST_AFTER_MS, again);
}
