import type { Series } from "./series.ts";
import type { Window } from "./window.ts";

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
  readonly series: Series;
  readonly window: Window | null;

  constructor(series: Series, window: Window | null) {
    this.series = series;
    this.window = window;
  }
}
