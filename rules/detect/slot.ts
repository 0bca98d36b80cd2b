import type { Window } from "./window.ts";

/** The place of one series in one input of one group. */
export class Slot {
  /** After the window function; NaN while it has no value yet. */
  value = Number.NaN;
  at = 0;
  /** Updated since the group was last evaluated. */
  isFresh = false;
  /** Missed more than three of its intervals: it counts no longer, until it comes again. */
  isStale = false;
  /** Milliseconds between its samples, learned; 0 = not known yet. */
  intervalMs = 0;
  readonly window: Window | null;

  constructor(window: Window | null) {
    this.window = window;
  }
}
