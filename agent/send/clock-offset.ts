import type { Clock } from "../clock.ts";

/** Of so many exchanges lately the one that was fastest tells best: its answer was on its way for the least time. */
const KEPT = 8;
/** A slower exchange tells nothing worth keeping; the error is half of it. */
const ROUND_TRIP_MAX_MS = 2000;
/** The wall clock moved otherwise than the monotonic one meanwhile: it was set, or the host slept. */
const STEP_MS = 100;

interface Exchange {
  offsetMs: number;
  roundTripMs: number;
}

/**
 * How far this host's clock is from the collector's, by Cristian's algorithm over the requests that are sent anyway: the collector's
 * time against the middle of the exchange. Positive = the collector's clock is ahead.
 */
export class ClockOffset {
  readonly #clock: Clock;
  #exchanges: Exchange[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** At the begin of an exchange; call what it returns with the time that the answer says, at its end. */
  begin(): (collectorsTime: string | undefined) => void {
    const sentAt = this.#clock.now();
    const sentAtMs = this.#clock.monotonic();
    return (collectorsTime) => {
      const roundTripMs = this.#clock.monotonic() - sentAtMs;
      const at = Number(collectorsTime);
      if (
        collectorsTime === undefined ||
        collectorsTime === "" ||
        !Number.isSafeInteger(at) ||
        roundTripMs > ROUND_TRIP_MAX_MS
      )
        return;
      if (Math.abs(this.#clock.now() - sentAt - roundTripMs) > STEP_MS) {
        this.#exchanges = [];
        return;
      }
      this.#exchanges.push({ offsetMs: at - (sentAt + roundTripMs / 2), roundTripMs });
      if (this.#exchanges.length > KEPT) this.#exchanges.shift();
    };
  }

  /** Milliseconds; null while no collector has told its time. */
  get offsetMs(): number | null {
    let best: Exchange | null = null;
    for (const each of this.#exchanges) if (best === null || each.roundTripMs < best.roundTripMs) best = each;
    return best === null ? null : best.offsetMs;
  }
}
