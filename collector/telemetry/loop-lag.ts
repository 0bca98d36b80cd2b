import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Progress } from "../port/progress.ts";

const PROBE_MS = 500;
const WINDOW_PROBES = 60;

/**
 * How long the event loop kept a timer waiting: the longest of the last 30 s. A loop that is blocked cannot answer
 * `/healthz`; this is what it says when it can speak again, and what tells a loop that is nearly always blocked.
 */
export class LoopLag implements Progress {
  readonly name = "eventLoop";
  readonly limitMs: Milliseconds;
  private readonly clock: Clock;
  private readonly lags: number[] = Array.from({ length: WINDOW_PROBES }, () => 0);
  private next = 0;
  private cancel: () => void = () => undefined;

  constructor(clock: Clock, limitMs: Milliseconds = 5000) {
    this.clock = clock;
    this.limitMs = limitMs;
  }

  start(): void {
    const expected = this.clock.monotonic() + PROBE_MS;
    this.cancel = this.clock.after(PROBE_MS, () => {
      this.lags[this.next] = Math.max(0, this.clock.monotonic() - expected);
      this.next = (this.next + 1) % WINDOW_PROBES;
      this.start();
    });
  }

  stop(): void {
    this.cancel();
  }

  waitingMs(): Milliseconds {
    return Math.max(...this.lags);
  }
}
