import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";

/** Whoever was not looked at for longer than this was stopped, suspended, or blocked: absence then proves nothing. */
export const GAP_MS: Milliseconds = 5_000;
/** How fast our time runs while the wall clock is behind it. */
const SLOW = 0.9;

export interface Arrival {
  at: UnixMillis;
  /** Not null: between this time and `at` we did not observe, though we live. */
  gapFrom: UnixMillis | null;
}

/**
 * The one time of all inputs: follows the wall clock, never goes back, never stands still, also across restarts.
 *
 * When the wall clock is set back, our time goes on at nine tenths of its pace until the wall clock has caught up: a time
 * that stood still would let no deadline pass for as long as the step was wide. When it jumps ahead, or when nobody has
 * asked for `GAP_MS` (SIGSTOP, a suspended machine, a blocked loop), the reader is told that there is a gap. It must be read
 * at least every second for that.
 */
export class ArrivalTime {
  private readonly clock: Clock;
  /** With its fraction: readings may be closer to one another than a millisecond. */
  private exact: number;
  private readMono: Milliseconds;

  /** @param last `at` of the last commit before. */
  constructor(clock: Clock, last: UnixMillis) {
    this.clock = clock;
    this.readMono = clock.monotonic();
    this.exact = Math.max(last, clock.now());
  }

  /** Of the last reading. */
  get last(): UnixMillis {
    return Math.floor(this.exact);
  }

  read(): Arrival {
    const mono = this.clock.monotonic();
    const elapsedMs = Math.max(0, mono - this.readMono);
    const before = this.exact;
    this.readMono = mono;
    // While it lags behind the wall clock it takes the wall's time; else the wall was set back.
    this.exact = Math.max(this.clock.now(), before + elapsedMs * SLOW);
    const isGap = elapsedMs > GAP_MS || this.exact - before - elapsedMs > GAP_MS;
    return { at: this.last, gapFrom: isGap ? Math.floor(before) : null };
  }
}
