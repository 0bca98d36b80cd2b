/** Time is an input: everything in the agent that needs it asks this, so that tests can turn it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May step. */
  now(): number;
  /** Milliseconds; never steps back; only differences mean anything. */
  monotonic(): number;
  /** Calls once after `delayMs`; the returned function cancels. Timers do not keep the process alive. */
  after(delayMs: number, call: () => void): () => void;
}

/**
 * Rounds come some milliseconds early or late of each other. What is due every minute counts as due this much before, so that it
 * does not now and then wait for one more round, and what is due every minute stays in one round with the rest of it.
 */
export const TIMER_SLACK_MS = 500;

/** 0 ≤ value < 1, for jitter. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  // Not `performance`: what Node loads for it is a megabyte.
  monotonic: () => process.uptime() * 1000,
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
