import type { Milliseconds } from "../core/model/time.ts";

/** A burst is over when nothing has come for so long … */
const QUIET_MS: Milliseconds = 50;
/** … or has lasted so long: nothing waits longer for its turn because of others. */
const HOLD_MAX_MS: Milliseconds = 2_000;

/**
 * While a burst of deposits comes in, the time goes to taking them: the core begins when there is a pause, or after two
 * seconds, and then works off all that waits. Thinking in between would make all senders wait for thoughts about the first.
 */
export class Hold {
  private state: "even" | "holding" | "workingOff" = "even";
  private since: Milliseconds = 0;
  private lastAt: Milliseconds = Number.NEGATIVE_INFINITY;
  private readonly inputsMin: number;

  /** @param inputsMin fewer deposited inputs are no burst. */
  constructor(inputsMin: number) {
    this.inputsMin = inputsMin;
  }

  /** A deposit came, or is on its way to the disk. @param now monotonic. */
  moved(now: Milliseconds): void {
    this.lastAt = now;
  }

  /** @param inputs deposited and not stepped. */
  isOn(inputs: number, now: Milliseconds): boolean {
    const isQuiet = now - this.lastAt >= QUIET_MS;
    if (this.state === "workingOff" && inputs < this.inputsMin) this.state = "even";
    if (this.state === "even" && inputs >= this.inputsMin && !isQuiet) {
      this.state = "holding";
      this.since = now;
    }
    // A pause that ends within that time was none of the senders': on a busy machine they do not get their turn at once.
    const isYoung = now - this.since < HOLD_MAX_MS;
    if (this.state === "workingOff" && !isQuiet && isYoung) this.state = "holding";
    if (this.state === "holding" && (isQuiet || !isYoung)) this.state = "workingOff";
    return this.state === "holding";
  }
}
