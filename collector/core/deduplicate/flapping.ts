import { withOneMore } from "../model/short-list.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/**
 * Flap detection after Icinga 2 and Nagios: twenty states, the newer the heavier (0.8 … 1.2), flapping above 30 % changes,
 * steady again below 25 %. A stream of events has no fixed check interval, so that weight follows the age of a change in a
 * window of thirty minutes rather than its place among twenty results.
 *
 * @see https://icinga.com/docs/icinga-2/latest/doc/08-advanced-topics/#check-flapping
 */
const WINDOW_MS: Milliseconds = 30 * 60_000;
const STATES = 20;
const ENTER_SHARE = 0.3;
const LEAVE_SHARE = 0.25;
const WEIGHT_NEW = 1.2;
const WEIGHT_FALL = 0.4;

/** Share of weighted changes among twenty states, 0 … 1.2. */
export function changeShare(changes: readonly UnixMillis[], at: UnixMillis): number {
  let sum = 0;
  // By index: an iterator hands each time over in an object of its own.
  for (let index = 0; index < changes.length; index += 1) {
    const age = at - (changes[index] ?? at);
    if (age < WINDOW_MS) sum += WEIGHT_NEW - (WEIGHT_FALL * age) / WINDOW_MS;
  }
  return sum / STATES;
}

/** With one more change, the last twenty. A new list of that size: one that grows in place has room for sixteen more. */
export function withChange(changes: readonly UnixMillis[], at: UnixMillis): UnixMillis[] {
  return withOneMore(changes.length < STATES ? changes : changes.slice(1 - STATES), at);
}

export function startsFlapping(changes: readonly UnixMillis[], at: UnixMillis): boolean {
  return changeShare(changes, at) > ENTER_SHARE;
}

/** When it will count as steady if nothing changes any more; `at` itself when it does already. */
export function steadyAt(changes: readonly UnixMillis[], at: UnixMillis): UnixMillis {
  // The share only falls while nothing changes: with each millisecond, and by a step when a change leaves the window.
  let low = at;
  if (changeShare(changes, low) < LEAVE_SHARE) return at;
  let high = at + WINDOW_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (changeShare(changes, middle) < LEAVE_SHARE) high = middle;
    else low = middle;
  }
  return high;
}
