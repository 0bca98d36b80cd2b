import type { CompiledRule } from "./compile.ts";
import type { Group } from "./group.ts";
import type { Slot } from "./slot.ts";

/** A series' place in one input of one rule. */
export interface Binding {
  /** The group it feeds; null where it is shared by several groups of the CI. */
  group: Group | null;
  slot: Slot;
  compiled: CompiledRule;
  /** Of the rule's inputs. */
  input: number;
}

/** What is known of a CI beyond its series. */
export interface CiState {
  seenTick: number;
  /** How many series it has. */
  series: number;
}

/** Late samples in a row, each newer than the one before, after which the sender's clock is believed to have stepped back. */
const STEPPED_BACK_AFTER = 5;

/** A gap is more than this many intervals without a sample. */
export const GAP_INTERVALS = 3;

/** One series that some rule reads. */
export class Series {
  readonly ci: CiState;
  bindings: readonly Binding[] = [];
  lastAt = Number.NEGATIVE_INFINITY;
  intervalMs = 0;
  seenTick = Number.NaN;
  #lateAt = Number.NEGATIVE_INFINITY;
  #lateRun = 0;

  constructor(ci: CiState) {
    this.ci = ci;
  }

  /** Takes the time of a sample in: `ignore` it (late or a repeat), or use it, after a `gap` or not. */
  arrive(at: number): "ignore" | "gap" | "next" {
    const elapsedMs = at - this.lastAt;
    if (elapsedMs > 0) {
      this.lastAt = at;
      this.#lateRun = 0;
      this.#lateAt = Number.NEGATIVE_INFINITY;
      if (elapsedMs === Number.POSITIVE_INFINITY) return "next";
      const known = this.intervalMs;
      if (known === 0) {
        this.intervalMs = elapsedMs;
        return "next";
      }
      if (elapsedMs <= known * GAP_INTERVALS) {
        this.intervalMs = known + (elapsedMs - known) * (elapsedMs < known ? 0.5 : 0.1);
        return "next";
      }
      // A slower pace is learned in a few steps; until then each sample counts as one after a gap.
      this.intervalMs = Math.min(elapsedMs, known * 2);
      return "gap";
    }
    if (elapsedMs === 0) return "ignore";
    this.#lateRun = at > this.#lateAt ? this.#lateRun + 1 : 1;
    this.#lateAt = at;
    if (this.#lateRun < STEPPED_BACK_AFTER) return "ignore";
    this.lastAt = at;
    this.#lateRun = 0;
    this.#lateAt = Number.NEGATIVE_INFINITY;
    return "gap";
  }

  save(): number[] {
    return [this.lastAt, this.intervalMs, this.seenTick, this.#lateAt, this.#lateRun];
  }

  load(numbers: readonly number[]): void {
    const [lastAt = -Infinity, intervalMs = 0, seenTick = Number.NaN, lateAt = -Infinity, lateRun = 0] = numbers;
    this.lastAt = lastAt;
    this.intervalMs = intervalMs;
    this.seenTick = seenTick;
    this.#lateAt = lateAt;
    this.#lateRun = lateRun;
  }
}
