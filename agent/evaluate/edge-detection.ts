import { createDetector, type RunningDetector } from "../../rules/detect/create-detector.ts";
import type { Detection } from "../../rules/detect/detector.ts";
import { type Expression, type MetricRule, type Rule, seriesOf } from "../../rules/detect/rule.ts";
import type { DetectorSnapshot } from "../../rules/detect/snapshot.ts";
import type { Sample } from "../../protocol/sample.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ConditionBook } from "./condition-book.ts";
import type { LearnedState } from "./learned-state.ts";

/** Time beyond a rule's own that its condition may take to be found again after a restart: a few rounds of samples. */
const GRACE_EXTRA_MS = 90_000;
/** A crash forgets no more than this. */
const SAVE_EVERY_MS = 5 * 60_000;

export interface EdgeDetectionOptions {
  ci: string;
  book: ConditionBook;
  clock: Clock;
  log: Log;
  learned: LearnedState;
}

/**
 * Runs the shared detector over the agent's own samples and brings what it finds into the book of conditions. What it has
 * learned outlives restarts and other rules.
 */
export class EdgeDetection {
  readonly #options: EdgeDetectionOptions;
  #rules: readonly MetricRule[] = [];
  #detector: RunningDetector | null = null;
  #saveDueAtMs: number;

  constructor(options: EdgeDetectionOptions) {
    this.#options = options;
    this.#saveDueAtMs = options.clock.monotonic() + SAVE_EVERY_MS;
  }

  get ruleCount(): number {
    return this.#rules.length;
  }

  /**
   * Goes on with these rules: those that are as before keep what they know. Throws where the detector does not take them, and the
   * ones before stay then.
   */
  use(rules: readonly Rule[]): void {
    const { ci, learned, book } = this.#options;
    const metricRules = rules.filter((rule) => rule.kind === "metric");
    const empty = createDetector(metricRules);
    const known = this.#detector === null ? learned.read(ci) : this.#detector.snapshot();
    this.#detector = this.#resume(metricRules, known) ?? empty;
    this.#rules = metricRules;
    const grace = new Map(metricRules.map((rule) => [rule.name, graceMs(rule)]));
    book.unconfirm("rule", (check) => grace.get(check) ?? 0);
    // What goes on from before is not found a second time, so it is confirmed here.
    for (const detection of this.#detector.firing()) this.#take(detection);
  }

  observe(sample: Sample): void {
    this.#guarded((detector) => detector.observe(this.#options.ci, sample));
  }

  tick(at: number): void {
    this.#guarded((detector) => detector.tick(at));
    const nowMs = this.#options.clock.monotonic();
    if (nowMs < this.#saveDueAtMs || this.#detector === null) return;
    this.#saveDueAtMs = nowMs + SAVE_EVERY_MS;
    this.#options.learned.save(this.#options.ci, this.#detector.snapshot());
  }

  /** Writes down what was learned. */
  close(): void {
    if (this.#detector !== null) this.#options.learned.saveNow(this.#options.ci, this.#detector.snapshot());
  }

  /** null where the state is none that these rules can go on from. */
  #resume(rules: readonly MetricRule[], snapshot: DetectorSnapshot | null): RunningDetector | null {
    if (snapshot === null) return null;
    try {
      const detector = createDetector(rules, { snapshot });
      // Walks over all of it: what cannot be read shows here, and not in the middle of a round.
      detector.snapshot();
      detector.firing();
      return detector;
    } catch (error) {
      this.#options.log.warn("what was learned cannot be used; it is learned anew", { reason: String(error) });
      return null;
    }
  }

  /** State that went wrong must not cost the round: detection begins anew, the samples go on. */
  #guarded(look: (detector: RunningDetector) => readonly Detection[]): void {
    if (this.#detector === null) return;
    try {
      for (const detection of look(this.#detector)) this.#take(detection);
    } catch (error) {
      this.#options.log.error("detection failed and begins anew", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      this.#detector = createDetector(this.#rules);
    }
  }

  #take(detection: Detection): void {
    const { rule: check, instance, severity, summary, labels, at, since, value, runbook } = detection;
    const { book } = this.#options;
    if (detection.status === "resolved") book.clear("rule", { check, instance, summary }, at);
    else book.fire("rule", { check, instance, severity, summary, labels, since, runbook, value }, at);
  }
}

/** How long a rule needs to find its condition again from nothing. */
function graceMs(rule: MetricRule): number {
  const waits = rule.levels.map(
    ({ forMs, condition }) => forMs + (condition.kind === "absence" ? condition.afterMs : 0),
  );
  const windows = [rule.expression, rule.while].flatMap((expression) =>
    expression === null ? [] : windowsOf(expression),
  );
  return Math.max(0, ...waits) + Math.max(0, ...windows) + GRACE_EXTRA_MS;
}

function windowsOf(expression: Expression): number[] {
  return seriesOf(expression).map((series) => series.over?.windowMs ?? 0);
}
