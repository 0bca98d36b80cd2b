/** Time is an input: everything in the agent that needs it asks this, so that tests can turn it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May step. */
  now(): number;
  /** Milliseconds; never steps back; only differences mean anything. */
  monotonic(): number;
  /** Calls once after `delayMs`; the returned function cancels. Timers do not keep the process alive. */
  after(delayMs: number, call: () => void): () => void;
}

/** 0 ≤ value < 1, for jitter. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
