import type { Window } from "./window.ts";

/** When a series was last heard of, and how often it comes. */
export interface Pace {
  /** Unix milliseconds; -Infinity before the first sample. */
  readonly lastAt: number;
  /** 0 until two samples have come. */
  readonly intervalMs: number;
}

/** The place of one series in one input of one group. */
export class Slot {
  /** After the window function; NaN while it has no value yet. */
  value = Number.NaN;
  /** Updated since the group was last evaluated. */
  isFresh = false;
  /** Missed more than three of its intervals: it counts no longer, until it comes again. */
  isStale = false;
  /** It counts for several groups; it opens and closes no rounds. */
  isShared = false;
  readonly series: Pace;
  readonly window: Window | null;

  constructor(series: Pace, window: Window | null) {
    this.series = series;
    this.window = window;
  }
}
