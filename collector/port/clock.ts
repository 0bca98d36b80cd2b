import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** Time is an input: everything outside the core that needs the time asks this, so that tests and replay can turn it. */
export interface Clock {
  /** Wall clock. May step; callers that need order keep their own maximum. */
  now(): UnixMillis;
  /** Never steps; only differences mean anything. */
  monotonic(): Milliseconds;
  /** Calls once after `delayMs`; the returned function cancels. Timers do not keep the process alive. */
  after(delayMs: Milliseconds, call: () => void): () => void;
}

/** 0 ≤ value < 1, for jitter. */
export type Random = () => number;
