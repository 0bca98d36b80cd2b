import { type Clock, TIMER_SLACK_MS } from "../clock.ts";
import type { WatchCommon, WatchSeverity } from "../config/agent-config.ts";
import type { ConditionBook } from "../evaluate/condition-book.ts";
import type { Log } from "../log.ts";
import { type Series, type SeriesTable, setSeries } from "../sample/series-table.ts";

/** What a watch needs of the agent. */
export interface WatchContext {
  clock: Clock;
  log: Log;
  table: SeriesTable;
  book: ConditionBook;
}

/** Something that is looked at again and again. Called at each round of the agent; cheap where nothing is due. */
export interface Watch {
  /** For the log and for `tocsin.agent.check.up`, where it fails. */
  readonly name?: string;
  tick(at: number): void;
  stop?(): void;
}

/** unknown: it could not be found out; what was known before stays. */
export type CheckResult =
  | { status: "good" }
  | { status: "bad"; summary: string; severity?: WatchSeverity; value?: number }
  | { status: "unknown"; reason: string };

/** Which alert a check raises. */
export interface CheckIdentity extends WatchCommon {
  /** `process_down`, `port_closed` … */
  check: string;
  instance: string;
  labels?: Readonly<Record<string, string>>;
}

/** Turns the results of one check into a condition: it is told when it was bad for `forMs` without a good one between. */
export class Check {
  readonly #context: WatchContext;
  readonly #identity: CheckIdentity;
  readonly #up: Series;
  #badSince: { atMs: number; at: number } | null = null;
  #toldUnknown = "";

  constructor(context: WatchContext, identity: CheckIdentity) {
    this.#context = context;
    this.#identity = identity;
    const { check, instance } = identity;
    this.#up = context.table.gauge("tocsin.check.up", "1", { check, instance });
  }

  take(result: CheckResult, at: number): void {
    if (result.status === "unknown") this.#unknown(result.reason);
    else {
      this.#toldUnknown = "";
      if (result.status === "good") this.#good(at);
      else this.#bad(result, at);
    }
  }

  /** Holds the series of a check that is not due at each round. */
  hold(at: number): void {
    setSeries(this.#up, this.#up.value, at);
  }

  #good(at: number): void {
    setSeries(this.#up, 1, at);
    this.#badSince = null;
    const { check, instance } = this.#identity;
    this.#context.book.clear("watch", { check, instance }, at);
  }

  #bad(result: CheckResult & { status: "bad" }, at: number): void {
    setSeries(this.#up, 0, at);
    const nowMs = this.#context.clock.monotonic();
    this.#badSince ??= { atMs: nowMs, at };
    const { check, instance, forMs, severity, labels = {} } = this.#identity;
    if (nowMs - this.#badSince.atMs < forMs) return;
    this.#context.book.fire(
      "watch",
      {
        check,
        instance,
        severity: result.severity ?? severity,
        summary: result.summary,
        labels,
        since: this.#badSince.at,
        runbook: null,
        value: result.value ?? null,
      },
      at,
    );
  }

  #unknown(reason: string): void {
    if (reason === this.#toldUnknown) return;
    this.#toldUnknown = reason;
    const { check, instance } = this.#identity;
    this.#context.log.warn("a check cannot find out", { check, instance, reason });
  }
}

export interface Polling {
  everyMs: number;
  /** Looks once; ends by itself in good time. A rejection counts as "unknown". */
  probe: () => Promise<CheckResult>;
}

/** A check that looks by itself now and then, never twice at a time; one that is slow or broken disturbs no other. */
export class PolledCheck implements Watch {
  readonly name: string;
  readonly #check: Check;
  readonly #clock: Clock;
  readonly #polling: Polling;
  #dueAtMs = 0;
  #busy = false;
  #stopped = false;

  constructor(context: WatchContext, identity: CheckIdentity, polling: Polling) {
    this.#check = new Check(context, identity);
    this.#clock = context.clock;
    this.#polling = polling;
    this.name = `${identity.check} ${identity.instance}`;
  }

  tick(at: number): void {
    this.#check.hold(at);
    const nowMs = this.#clock.monotonic();
    if (this.#busy || nowMs < this.#dueAtMs - TIMER_SLACK_MS) return;
    this.#busy = true;
    this.#dueAtMs = nowMs + this.#polling.everyMs;
    this.#polling.probe().then(
      (result) => this.#done(result),
      (error: unknown) => this.#done({ status: "unknown", reason: String(error) }),
    );
  }

  stop(): void {
    this.#stopped = true;
  }

  #done(result: CheckResult): void {
    this.#busy = false;
    if (!this.#stopped) this.#check.take(result, this.#clock.now());
  }
}
