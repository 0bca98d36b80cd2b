import { type Clock, TIMER_SLACK_MS } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collector } from "./collector.ts";
import { type Series, type SeriesTable, setSeries } from "./series-table.ts";

/** After this many failures in a row a collector rests … */
const FAILURES_MAX = 3;
/** … or after this many rounds in a row that took longer than … */
const SLOW_ROUNDS_MAX = 6;
const SLOW_ROUND_MS = 100;
/** … for this long; then it gets another chance. */
const REST_MS = 10 * 60_000;

interface Seat {
  collector: Collector;
  /** On the sample's clock; when it is next due. */
  dueAt: number;
  failures: number;
  slowRounds: number;
  /** 1 while it works, 0 while it rests. */
  up: Series;
}

/**
 * Runs the collectors, each at its own pace, and holds them apart: one that throws or is too slow rests alone, and a series
 * (`tocsin.agent.check.up`) and the log say so.
 */
export class Sampler {
  readonly #seats: Seat[];
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(collectors: readonly Collector[], deps: { table: SeriesTable; clock: Clock; log: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#seats = collectors.map((collector) => ({
      collector,
      dueAt: 0,
      failures: 0,
      slowRounds: 0,
      up: deps.table.gauge("tocsin.agent.check.up", "1", { check: collector.name }),
    }));
  }

  /** One round at `at` (milliseconds since 1970). */
  sample(at: number): void {
    for (const seat of this.#seats) {
      // A clock that was set back must not silence a collector for as long as it was set back.
      const tooFar = seat.dueAt - at > Math.max(seat.collector.everyMs, REST_MS);
      if (at < seat.dueAt - TIMER_SLACK_MS && !tooFar) continue;
      seat.dueAt = at + seat.collector.everyMs;
      this.#run(seat, at);
    }
  }

  #run(seat: Seat, at: number): void {
    const started = this.#clock.monotonic();
    try {
      seat.collector.sample(at);
      seat.failures = 0;
      setSeries(seat.up, 1, at);
    } catch (error) {
      seat.failures++;
      setSeries(seat.up, 0, at);
      this.#log.debug("a collector failed", { check: seat.collector.name, error: String(error) });
      if (seat.failures >= FAILURES_MAX) this.#rest(seat, at, String(error));
      return;
    }
    const tookMs = this.#clock.monotonic() - started;
    seat.slowRounds = tookMs > SLOW_ROUND_MS ? seat.slowRounds + 1 : 0;
    if (seat.slowRounds >= SLOW_ROUNDS_MAX) this.#rest(seat, at, `a round took ${Math.round(tookMs)} ms`);
  }

  #rest(seat: Seat, at: number, reason: string): void {
    seat.dueAt = at + REST_MS;
    seat.failures = 0;
    seat.slowRounds = 0;
    setSeries(seat.up, 0, at);
    this.#log.warn("a check is disabled for a while", { check: seat.collector.name, reason, restMs: REST_MS });
  }
}
