import type { WatchSeverity } from "../config/agent-config.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { Check, type WatchContext } from "./check.ts";

/** When what is found in a log counts, and when it is over. */
export interface HitRule {
  /** Instance of the alert. */
  name: string;
  severity: WatchSeverity;
  forMs: number;
  /** Matches within `withinMs` that it takes. */
  count: number;
  withinMs: number;
  /** Clears when nothing matched for this long. */
  clearAfterMs: number;
}

const SUMMARY_CHARACTERS = 300;

/** Counts what matched in a log or journal, and raises its alert. */
export class Hits {
  readonly #rule: HitRule;
  readonly #context: WatchContext;
  readonly #check: Check;
  readonly #matches: Series;
  readonly #skipped: Series;
  /** Times of the last matches, newest last, no more than are counted. Monotonic. */
  #hits: number[] = [];
  #last = "";
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(context: WatchContext, check: string, rule: HitRule) {
    const { name, severity, forMs } = rule;
    this.#rule = rule;
    this.#context = context;
    this.#check = new Check(context, { check, instance: name, severity, forMs, labels: { symptom: "errors" } });
    this.#matches = context.table.counter("tocsin.log.matches", "{entry}", { name });
    this.#skipped = context.table.counter("tocsin.log.skipped", "By", { name });
    this.#matches.value = 0;
  }

  add(entry: string): void {
    this.#matches.value++;
    this.#last = entry;
    this.#lastMs = this.#context.clock.monotonic();
    this.#hits.push(this.#lastMs);
    if (this.#hits.length > this.#rule.count) this.#hits.shift();
  }

  /** Passed over because there was too much. */
  skip(bytes: number): void {
    const before = Number.isNaN(this.#skipped.value) ? 0 : this.#skipped.value;
    setSeries(this.#skipped, before + bytes, this.#context.clock.now());
  }

  /** Holds the series, and tells what is so now. */
  judge(at: number): void {
    setSeries(this.#matches, this.#matches.value, at);
    const nowMs = this.#context.clock.monotonic();
    const { count, withinMs, clearAfterMs, name } = this.#rule;
    if (this.#hits.length >= count && nowMs - this.#hits[0]! <= withinMs) {
      const shown = this.#last.split("\n")[0]!.slice(0, SUMMARY_CHARACTERS);
      this.#check.take({ status: "bad", summary: `${name}: ${shown}` }, at);
    } else if (nowMs - this.#lastMs > clearAfterMs) this.#check.take({ status: "good" }, at);
  }

  /** Nothing can be said: it cannot be read. */
  unknown(reason: string, at: number): void {
    this.#check.take({ status: "unknown", reason }, at);
  }
}
