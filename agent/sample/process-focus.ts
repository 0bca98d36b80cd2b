import type { ProcessStat } from "./process-stat.ts";

/** Of the watched ones; the rest are counted and not looked at one by one. */
const WATCHED_MAX = 100;
/** Processes whose time is remembered from one walk to the next; more are not ranked. */
const RANKED_MAX = 5000;

interface Ranked {
  pid: string;
  /** Ticks since the walk before; 0 in the first. */
  busyTicks: number;
  residentPages: number;
}

/**
 * Which processes are looked at one by one: those that a watch names, and those that take the most CPU and memory. The one who walks all of
 * /proc anyway, once a minute, ranks them.
 */
export class ProcessFocus {
  readonly #top: number;
  #watched: readonly string[] = [];
  #busiest: readonly string[] = [];
  #ticks = new Map<string, number>();
  #walk: Ranked[] = [];
  #walkTicks = new Map<string, number>();

  /** @param top so many by CPU, and as many by memory. */
  constructor(top: number) {
    this.#top = top;
  }

  /** Each once. */
  pids(): ReadonlySet<string> {
    return new Set([...this.#watched, ...this.#busiest]);
  }

  watch(pids: readonly string[]): void {
    this.#watched = pids.slice(0, WATCHED_MAX);
  }

  /** In a walk: one process. */
  see(pid: string, { userTicks, systemTicks, residentPages }: ProcessStat): void {
    if (this.#top === 0 || this.#walk.length >= RANKED_MAX) return;
    const ticks = userTicks + systemTicks;
    const before = this.#ticks.get(pid);
    // One that has only inherited the number has less.
    const busyTicks = this.#ticks.size === 0 ? 0 : ticks - (before === undefined || before > ticks ? 0 : before);
    this.#walk.push({ pid, busyTicks, residentPages });
    this.#walkTicks.set(pid, ticks);
  }

  /** After a walk. Who was among the first stays until it falls behind the first two times as many, so that series do not come and go. */
  rank(): void {
    if (this.#top === 0) return;
    const before = new Set(this.#busiest);
    const first = (by: (each: Ranked) => number): string[] =>
      this.#walk
        .filter((each) => by(each) > 0)
        .sort((a, b) => by(b) - by(a))
        .slice(0, 2 * this.#top)
        .filter(({ pid }, place) => place < this.#top || before.has(pid))
        .map(({ pid }) => pid);
    this.#busiest = [...new Set([...first((each) => each.busyTicks), ...first((each) => each.residentPages)])];
    this.#ticks = this.#walkTicks;
    this.#walkTicks = new Map();
    this.#walk = [];
  }
}
