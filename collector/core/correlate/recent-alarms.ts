import { Keys } from "../model/keys.ts";
import type { UnixMillis } from "../model/time.ts";

/** So many onsets are remembered: of more, it is quicker to ask each CI that matters than to look through them. */
const KEPT = 1024;

/**
 * Which CIs have begun to alarm of late, newest first: who asks what went wrong around a time gets the few that did, and need
 * not ask each of the many that did not. It only ever saves time: what it does not remember is asked for one by one.
 */
export class RecentAlarms {
  /** A ring; the newest is at `count − 1`. */
  private readonly cis = new Int32Array(KEPT);
  /** The latest onset that was known when each came: nothing that came before it began later. */
  private readonly latest = new Float64Array(KEPT);
  private count = 0;
  private newest: UnixMillis = Number.NEGATIVE_INFINITY;

  add(ci: number, onset: UnixMillis): void {
    this.newest = Math.max(this.newest, onset);
    this.cis[this.count % KEPT] = ci;
    this.latest[this.count % KEPT] = this.newest;
    this.count += 1;
  }

  /** All CIs that have begun to alarm at `from` or later, and some others, each once; null = not remembered. */
  since(from: UnixMillis): number[] | null {
    const found: number[] = [];
    FOUND.begin();
    const oldest = Math.max(0, this.count - KEPT);
    for (let at = this.count - 1; at >= oldest; at -= 1) {
      if ((this.latest[at % KEPT] ?? 0) < from) return found;
      const ci = this.cis[at % KEPT] ?? -1;
      if (FOUND.add(ci)) found.push(ci);
    }
    return oldest === 0 ? found : null;
  }
}

/** Work space; empty between calls. */
const FOUND = new Keys();
