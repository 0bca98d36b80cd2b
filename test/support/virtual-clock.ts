import type { Clock } from "../../collector/port/clock.ts";

/** Time that stands still until a test turns it. Timers run in order of their time, then of their making. */
export class VirtualClock implements Clock {
  private wallMs: number;
  private elapsedMs = 0;
  private made = 0;
  private readonly timers = new Map<number, { at: number; call: () => void }>();

  constructor(startAt = Date.UTC(2026, 2, 1, 10)) {
    this.wallMs = startAt;
  }

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const id = this.made++;
    this.timers.set(id, { at: this.elapsedMs + Math.max(0, delayMs), call });
    return () => void this.timers.delete(id);
  }

  /** Runs every timer that falls due, also those that timers make. */
  advance(spanMs: number): void {
    const until = this.elapsedMs + spanMs;
    for (let next = this.nextDue(until); next !== undefined; next = this.nextDue(until)) {
      const [id, timer] = next;
      this.move(Math.max(this.elapsedMs, timer.at));
      this.timers.delete(id);
      timer.call();
    }
    this.move(until);
  }

  /** The wall clock is set, as by an administrator or NTP; the monotonic clock does not notice. */
  step(byMs: number): void {
    this.wallMs += byMs;
  }

  get pending(): number {
    return this.timers.size;
  }

  private move(toMs: number): void {
    this.wallMs += toMs - this.elapsedMs;
    this.elapsedMs = toMs;
  }

  private nextDue(until: number): [number, { at: number; call: () => void }] | undefined {
    let best: [number, { at: number; call: () => void }] | undefined;
    for (const entry of this.timers)
      if (entry[1].at <= until && (best === undefined || entry[1].at < best[1].at)) best = entry;
    return best;
  }
}
