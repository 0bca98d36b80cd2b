import { PerformanceObserver } from "node:perf_hooks";

/** Of one stretch of measuring; milliseconds. */
export interface TurnFigures {
  turns: number;
  /** The longest turn of the event loop by this thread's own processor time: what a pause is our fault for. */
  longestOwnMs: number;
  /** Nine hundred and ninety-nine of a thousand turns were shorter, by own time. */
  p999OwnMs: number;
  /** The same by the clock on the wall: what others on the machine add is in it. */
  longestWallMs: number;
  /** The longest pause of the garbage collector on this thread, by the wall. */
  longestGcMs: number;
  /** All own time, all time. */
  ownMs: number;
  wallMs: number;
}

/**
 * Measures each turn of the event loop, from one round of `setImmediate` to the next, in the thread's own processor time as
 * well as on the wall: on a loaded machine only the first tells our pauses from those of others. Keeps the loop turning,
 * so a measurement costs a whole core; for benchmarks only.
 */
export class TurnMeter {
  private readonly own: number[] = [];
  private longestWallMs = 0;
  private longestGcMs = 0;
  private running = true;
  private readonly startedAt = performance.now();
  private readonly ownAtStart = ownMs();
  private readonly observer: PerformanceObserver;

  constructor() {
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.longestGcMs = Math.max(this.longestGcMs, entry.duration);
    });
    this.observer.observe({ entryTypes: ["gc"] });
    let lastOwn = ownMs();
    let lastWall = performance.now();
    const turn = (): void => {
      const own = ownMs();
      const wall = performance.now();
      this.own.push(own - lastOwn);
      this.longestWallMs = Math.max(this.longestWallMs, wall - lastWall);
      lastOwn = own;
      lastWall = wall;
      if (this.running) setImmediate(turn);
    };
    setImmediate(turn);
  }

  stop(): TurnFigures {
    this.running = false;
    this.observer.disconnect();
    const sorted = this.own.toSorted((a, b) => a - b);
    return {
      turns: sorted.length,
      longestOwnMs: sorted.at(-1) ?? 0,
      p999OwnMs: sorted[Math.floor(sorted.length * 0.999)] ?? 0,
      longestWallMs: this.longestWallMs,
      longestGcMs: this.longestGcMs,
      ownMs: ownMs() - this.ownAtStart,
      wallMs: performance.now() - this.startedAt,
    };
  }
}

function ownMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
