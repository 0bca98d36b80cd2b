import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { type Series, type SeriesTable, setSeries } from "../sample/series-table.ts";
import type { Watch } from "./check.ts";

/** After this many failures in a row a watch rests … */
const FAILURES_MAX = 3;
/** … for this long; then it gets another chance. */
const REST_MS = 10 * 60_000;

interface Seat {
  watch: Watch;
  /** Monotonic; when it is next looked at. */
  dueAtMs: number;
  failures: number;
  /** Made when it first fails: a watch that never did costs no series. */
  up: Series | null;
}

/**
 * Looks at the watches in each round and holds them apart: one that throws costs the round nothing, and after three times it rests
 * alone for ten minutes. `tocsin.agent.check.up` and the log say so. What it had told stays told meanwhile.
 */
export class WatchRunner {
  readonly #seats: Seat[];
  readonly #deps: { clock: Clock; log: Log; table: SeriesTable };

  constructor(watches: readonly Watch[], deps: { clock: Clock; log: Log; table: SeriesTable }) {
    this.#deps = deps;
    this.#seats = watches.map((watch) => ({ watch, dueAtMs: Number.NEGATIVE_INFINITY, failures: 0, up: null }));
  }

  tick(at: number): void {
    for (const seat of this.#seats) {
      if (this.#deps.clock.monotonic() >= seat.dueAtMs) this.#look(seat, at);
      if (seat.up !== null) setSeries(seat.up, seat.up.value, at);
    }
  }

  stop(): void {
    for (const { watch } of this.#seats) watch.stop?.();
  }

  #look(seat: Seat, at: number): void {
    const { clock, log, table } = this.#deps;
    const check = seat.watch.name ?? "watch";
    try {
      seat.watch.tick(at);
      seat.failures = 0;
      if (seat.up !== null) seat.up.value = 1;
    } catch (error) {
      seat.failures++;
      seat.up ??= table.gauge("tocsin.agent.check.up", "1", { check });
      seat.up.value = 0;
      if (seat.failures < FAILURES_MAX) return;
      seat.failures = 0;
      seat.dueAtMs = clock.monotonic() + REST_MS;
      log.warn("a check is disabled for a while", { check, reason: String(error), restMs: REST_MS });
    }
  }
}
