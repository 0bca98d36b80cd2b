import type { Clock } from "../port/clock.ts";

/** The machine's own clocks and timers. A timer longer than Node can hold is cut; callers look again when they wake. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, Math.min(Math.max(0, delayMs), 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
