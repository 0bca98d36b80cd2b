import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** One value for each slot of the last hour; what came between two slots replaces. */
export const HISTORY_SLOT_MS: Milliseconds = 10_000;
export const HISTORY_SLOTS = 360;

/** The last hour of one series, 2.9 KB. Slots without a sample are NaN. */
export class HistoryRing {
  private readonly values = new Float64Array(HISTORY_SLOTS).fill(Number.NaN);
  /** Number of the newest slot (time / 10 s); -1 = nothing yet. */
  private newest = -1;

  /** False when the time is older than the ring reaches. */
  put(at: UnixMillis, value: number): boolean {
    const slot = Math.floor(at / HISTORY_SLOT_MS);
    if (this.newest >= 0 && slot <= this.newest - HISTORY_SLOTS) return false;
    const missed = Math.min(slot - this.newest, HISTORY_SLOTS);
    if (this.newest >= 0)
      for (let back = 0; back < missed; back++) this.values[(slot - back) % HISTORY_SLOTS] = Number.NaN;
    this.values[slot % HISTORY_SLOTS] = value;
    this.newest = Math.max(this.newest, slot);
    return true;
  }

  /** Time (the beginning of the slot) and value, oldest first. */
  points(from: UnixMillis, to: UnixMillis): [at: UnixMillis, value: number][] {
    const points: [UnixMillis, number][] = [];
    const first = Math.max(this.newest - HISTORY_SLOTS + 1, Math.ceil(from / HISTORY_SLOT_MS), 0);
    const last = Math.min(this.newest, Math.floor(to / HISTORY_SLOT_MS));
    for (let slot = first; slot <= last; slot++) {
      const value = this.values[slot % HISTORY_SLOTS]!;
      if (!Number.isNaN(value)) points.push([slot * HISTORY_SLOT_MS, value]);
    }
    return points;
  }
}
