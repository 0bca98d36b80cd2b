import { nextEpoch } from "../model/epoch.ts";
import type { UnixMillis } from "../model/time.ts";

/**
 * Whether CIs alarmed between two times, for whoever asks for the same ones again and again: each fault that is weighed asks
 * for all that should fail with it, and most of these are the same. Memory: 4 bytes a CI.
 */
export class AlarmsAround {
  private readonly recent: { since(from: UnixMillis): number[] | null };
  /** By the time from which, to which the other end belongs: one solve asks for the same few again and again. */
  private readonly lists = new Map<UnixMillis, readonly number[] | null>();
  private readonly alarmed: (ci: number, from: UnixMillis, to: UnixMillis) => boolean;
  /** By CI: `epoch` is no, one more is yes, and less has not been asked. */
  private answers = new Int32Array(1024);
  private epoch = 0;
  private from: UnixMillis = 0;
  private to: UnixMillis = 0;

  /** @param recent all that began to alarm since, and perhaps others; null = too many to tell */
  constructor(
    alarmed: (ci: number, from: UnixMillis, to: UnixMillis) => boolean,
    recent: { since(from: UnixMillis): number[] | null },
  ) {
    this.alarmed = alarmed;
    this.recent = recent;
  }

  /** Forgets all answers: something may have been noted since. */
  begin(): this {
    this.epoch = nextEpoch(this.epoch, this.answers, 2);
    this.lists.clear();
    return this;
  }

  /** Asks about this time from now on. */
  between(from: UnixMillis, to: UnixMillis): this {
    if (from === this.from && to === this.to) return this;
    this.from = from;
    this.to = to;
    this.epoch = nextEpoch(this.epoch, this.answers, 2);
    return this;
  }

  /** All that did, each once; null = too many to tell. */
  all(): readonly number[] | null {
    const known = this.lists.get(this.from);
    if (known !== undefined) return known;
    const found = this.recent.since(this.from)?.filter((ci) => this.has(ci)) ?? null;
    this.lists.set(this.from, found);
    return found;
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
