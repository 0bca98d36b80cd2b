import { createDetector } from "../../rules/detect/create-detector.ts";
import type { Detection, Detector } from "../../rules/detect/detector.ts";
import { type Expression, type MetricRule, type Rule, seriesOf } from "../../rules/detect/rule.ts";
import type { Sample } from "../../protocol/sample.ts";
import type { ConditionBook } from "./condition-book.ts";

/** Time beyond a rule's own that its condition may take to be found again after a restart: a few rounds of samples. */
const GRACE_EXTRA_MS = 90_000;

/** Runs the shared detector over the agent's own samples and brings what it finds into the book of conditions. */
export class EdgeDetection {
  readonly #ci: string;
  readonly #book: ConditionBook;
  #detector: Detector = createDetector([]);
  #ruleCount = 0;

  constructor(ci: string, book: ConditionBook) {
    this.#ci = ci;
    this.#book = book;
  }

  get ruleCount(): number {
    return this.#ruleCount;
  }

  /** Begins anew with other rules; throws where the detector does not take them, and the ones before stay then. */
  use(rules: readonly Rule[]): void {
    const metricRules = rules.filter((rule) => rule.kind === "metric");
    this.#detector = createDetector(metricRules);
    this.#ruleCount = metricRules.length;
    const grace = new Map(metricRules.map((rule) => [rule.name, graceMs(rule)]));
    this.#book.unconfirm("rule", (check) => grace.get(check) ?? 0);
  }

  observe(sample: Sample): void {
    for (const detection of this.#detector.observe(this.#ci, sample)) this.#take(detection);
  }

  tick(at: number): void {
    for (const detection of this.#detector.tick(at)) this.#take(detection);
  }

  #take(detection: Detection): void {
    const { rule: check, instance, severity, summary, labels, at, since, value, runbook } = detection;
    if (detection.status === "resolved") this.#book.clear("rule", { check, instance, summary }, at);
    else this.#book.fire("rule", { check, instance, severity, summary, labels, since, runbook, value }, at);
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
