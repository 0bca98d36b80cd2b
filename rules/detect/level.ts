import type { Level } from "./rule.ts";

/** What a condition says of one reading. `between`: neither true nor yet back beyond the clear threshold. */
export type Verdict = "holds" | "between" | "clear";

/** The life of one severity of one condition: idle → pending (`for`) → firing → clearing (`clearFor`) → idle. */
export class LevelState {
  phase: "idle" | "pending" | "firing" | "clearing" = "idle";
  /** When the condition began to hold, or to be gone (`clearing`). */
  since = 0;
  /** When the condition that now fires began to hold. */
  began = 0;
  /** Ring of hits for `times`: times of the last N hits, or 1 and 0 for the last M samples. */
  readonly #ring: Float64Array | null;
  #head = 0;

  constructor(level: Level) {
    const { condition } = level;
    const times = condition.kind === "threshold" ? condition.times : null;
    this.#ring =
      times === null
        ? null
        : new Float64Array(times.samples ?? times.hits).fill(times.samples === null ? -Infinity : 0);
  }

  get isFiring(): boolean {
    return this.phase === "firing" || this.phase === "clearing";
  }

  /** Takes one reading in. `isGap`: more than three intervals passed before it, so nothing is known of the time between. */
  advance(level: Level, verdict: Verdict, at: number, isGap: boolean): void {
    switch (this.phase) {
      case "idle":
        if (verdict === "holds") this.#begin(level, at);
        return;
      case "pending":
        if (verdict !== "holds") this.phase = "idle";
        else if (isGap) this.#begin(level, at);
        else if (at - this.since >= level.forMs) this.phase = "firing";
        return;
      case "firing":
        if (verdict !== "clear") return;
        this.since = at;
        this.phase = level.clearForMs > 0 ? "clearing" : "idle";
        return;
      case "clearing":
        if (verdict !== "clear") this.phase = "firing";
        else if (isGap) this.since = at;
        else if (at - this.since >= level.clearForMs) this.phase = "idle";
        return;
    }
  }

  #begin(level: Level, at: number): void {
    this.since = at;
    this.began = at;
    this.phase = level.forMs > 0 ? "pending" : "firing";
  }

  /** A worse level of the same rule fires: this one, whose condition also holds, fires with it. */
  carry(): void {
    if (this.phase === "pending") this.phase = "firing";
  }

  /** Counts a hit or a miss for `times`; true where there are enough. */
  count(level: Level, isHit: boolean, at: number): boolean {
    const ring = this.#ring;
    if (ring === null || level.condition.kind !== "threshold" || level.condition.times === null) return isHit;
    const { hits, samples, withinMs } = level.condition.times;
    if (samples === null) {
      if (isHit) {
        ring[this.#head] = at;
        this.#head = (this.#head + 1) % ring.length;
      }
      return at - (ring[this.#head] as number) <= (withinMs ?? 0);
    }
    ring[this.#head] = isHit ? 1 : 0;
    this.#head = (this.#head + 1) % ring.length;
    let sum = 0;
    for (const hit of ring) sum += hit;
    return sum >= hits;
  }

  /** After a gap the last M samples are no longer neighbours. */
  forgetSamples(level: Level): void {
    const times = level.condition.kind === "threshold" ? level.condition.times : null;
    if (times !== null && times.samples !== null) this.#ring?.fill(0);
  }

  clear(): void {
    this.phase = "idle";
  }

  save(): { phase: LevelState["phase"]; numbers: number[]; ring: Float64Array | null } {
    return { phase: this.phase, numbers: [this.since, this.began, this.#head], ring: this.#ring?.slice() ?? null };
  }

  load(saved: ReturnType<LevelState["save"]>): void {
    this.phase = saved.phase;
    [this.since = 0, this.began = 0, this.#head = 0] = saved.numbers;
    if (saved.ring !== null && saved.ring.length === this.#ring?.length) this.#ring.set(saved.ring);
  }
}
