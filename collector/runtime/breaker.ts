import type { Milliseconds } from "../core/model/time.ts";
import type { Random } from "../port/clock.ts";

export interface BackOff {
  minMs: Milliseconds;
  maxMs: Milliseconds;
}

/**
 * Exponential, capped, and then jittered over the whole width: half to one and a half of it. Jitter that is added before the
 * cap is nothing at the cap, and everyone who waits long comes back at the same moment.
 *
 * @param failures 1 after the first.
 */
export function backOffMs({ minMs, maxMs }: BackOff, failures: number, random: Random): Milliseconds {
  const capped = Math.min(maxMs, minMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(capped * (0.5 + random()));
}

/** Failures in a row after which a receiver counts as away. */
const FAILURES_MAX = 3;

/**
 * Whether a receiver answers at all. Closed: messages go as they come. Open: none goes until the pause is over, then one
 * alone tries. All times monotonic.
 */
export class Breaker {
  private readonly pause: BackOff;
  private readonly random: Random;
  private failures = 0;
  private opened = 0;
  private openUntil: Milliseconds | undefined;
  private isProbing = false;

  /** @param pause how long nothing is tried while the receiver is away; its maximum bounds how late its return is seen. */
  constructor(pause: BackOff, random: Random) {
    this.pause = pause;
    this.random = random;
  }

  get isOpen(): boolean {
    return this.openUntil !== undefined;
  }

  /** When the next attempt may be made; undefined = at once. */
  get retryAt(): Milliseconds | undefined {
    return this.isProbing ? Number.POSITIVE_INFINITY : this.openUntil;
  }

  mayTry(now: Milliseconds): boolean {
    return this.openUntil === undefined || (!this.isProbing && now >= this.openUntil);
  }

  begin(): void {
    if (this.openUntil !== undefined) this.isProbing = true;
  }

  /** The receiver answered. Returns true when it was away before. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.failures = 0;
    this.opened = 0;
    this.openUntil = undefined;
    this.isProbing = false;
    return wasOpen;
  }

  /** @param retryInMs what the receiver itself asked for: it is left alone for that long at once. */
  failed(now: Milliseconds, retryInMs?: Milliseconds): void {
    this.failures += 1;
    if (this.failures < FAILURES_MAX && retryInMs === undefined) return;
    // Attempts that were on their way when it opened change nothing, save that they ask for more time.
    if (!this.isOpen || this.isProbing) this.opened += 1;
    const pauseMs = Math.max(backOffMs(this.pause, this.opened, this.random), retryInMs ?? 0);
    this.openUntil = Math.max(this.isProbing ? 0 : (this.openUntil ?? 0), now + pauseMs);
    this.isProbing = false;
  }
}
