import type { Latest } from "../model/latest.ts";
import { grownTo } from "../model/grown.ts";
import { nextEpoch } from "../model/epoch.ts";
import type { UnixMillis } from "../model/time.ts";

/** Where alarms are known. */
export interface KnownAlarms {
  /** By CI, when the last of its alarms began. */
  readonly began: Latest;
  /** All that began to alarm since, and perhaps others; null = too many to tell. */
  since(from: UnixMillis): readonly number[] | null;
  /** Whether it alarmed between these; asked where the last of its alarms began later. */
  alarmed(ci: number, from: UnixMillis, to: UnixMillis): boolean;
}

/**
 * Whether CIs alarmed between two times, for whoever asks for the same ones again and again: each fault that is weighed asks
 * for all that should fail with it, and most of these are the same. Memory: 4 bytes a CI.
 */
export class AlarmsAround {
  private readonly known: KnownAlarms;
  /** By the time from which, to which the other end belongs: one solve asks for the same few again and again. */
  private readonly lists = new Map<UnixMillis, readonly number[] | null>();
  /** By CI, for those that have alarmed later, too: `epoch` is no, one more is yes, and less has not been asked. */
  private answers: Int32Array = new Int32Array(1024);
  private epoch = 0;
  private from: UnixMillis = 0;
  private to: UnixMillis = 0;

  constructor(known: KnownAlarms) {
    this.known = known;
  }

  /** Forgets all answers: something may have been noted since. */
  begin(): this {
    if (this.lists.size > 0) this.lists.clear();
    this.epoch = nextEpoch(this.epoch, this.answers, 2);
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
    const listed = this.lists.get(this.from);
    if (listed !== undefined) return listed;
    const found = this.find();
    this.lists.set(this.from, found);
    return found;
  }

  has(ci: number): boolean {
    const latest = this.known.began.of(ci);
    if (latest < this.from) return false;
    if (latest <= this.to) return true;
    const answer = this.answers[ci] ?? 0;
    return answer >= this.epoch ? answer > this.epoch : this.ask(ci);
  }

  private ask(ci: number): boolean {
    if (ci >= this.answers.length) this.answers = grownTo(this.answers, ci + 1);
    const found = this.known.alarmed(ci, this.from, this.to);
    this.answers[ci] = this.epoch + (found ? 1 : 0);
    return found;
  }

  private find(): readonly number[] | null {
    const recent = this.known.since(this.from);
    if (recent === null) return null;
    const found: number[] = [];
    for (let at = 0; at < recent.length; at += 1) {
      const ci = recent[at] ?? -1;
      if (this.has(ci)) found.push(ci);
    }
    return found;
  }
}
