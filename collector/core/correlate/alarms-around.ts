import type { UnixMillis } from "../model/time.ts";

/**
 * Whether CIs alarmed between two times, for whoever asks for the same ones again and again: each fault that is weighed asks
 * for all that should fail with it, and most of these are the same. Memory: 4 bytes a CI.
 */
export class AlarmsAround {
  private readonly alarmed: (ci: number, from: UnixMillis, to: UnixMillis) => boolean;
  /** By CI: `epoch` is no, one more is yes, and less has not been asked. */
  private answers = new Int32Array(1024);
  private epoch = 0;
  private from: UnixMillis = 0;
  private to: UnixMillis = 0;

  constructor(alarmed: (ci: number, from: UnixMillis, to: UnixMillis) => boolean) {
    this.alarmed = alarmed;
  }

  /** Forgets all answers: something may have been noted since. */
  begin(): this {
    this.epoch += 2;
    return this;
  }

  /** Asks about this time from now on. */
  between(from: UnixMillis, to: UnixMillis): this {
    if (from === this.from && to === this.to) return this;
    this.from = from;
    this.to = to;
    return this.begin();
  }

  has(ci: number): boolean {
    const answer = this.answers[ci] ?? 0;
    if (answer >= this.epoch) return answer > this.epoch;
    return this.ask(ci);
  }

  private ask(ci: number): boolean {
    if (ci >= this.answers.length) {
      const grown = new Int32Array(2 ** Math.ceil(Math.log2(ci + 1)));
      grown.set(this.answers);
      this.answers = grown;
    }
    const found = this.alarmed(ci, this.from, this.to);
    this.answers[ci] = this.epoch + (found ? 1 : 0);
    return found;
  }
}
