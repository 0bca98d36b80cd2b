import type { Sample } from "../../protocol/sample.ts";

/** What a rule found: a condition that fires or clears on one instance of one CI. The caller turns it into an event. */
export interface Detection {
  /** The rule's name: the event's `check`. */
  rule: string;
  /** The CI whose series it was. */
  ci: string;
  /** From the rule's `instance` labels, joined by ","; "" where there are none. */
  instance: string;
  status: "firing" | "resolved";
  severity: "critical" | "major" | "minor" | "warning" | "info";
  /** Rendered from the rule's summary: plain text, value with unit. */
  summary: string;
  /** The sample's time at which the state changed. */
  at: number;
  /** When the condition began to hold, before its `for`; the same clock. */
  since: number;
  value: number;
  labels: Readonly<Record<string, string>>;
  runbook: string | null;
}

/**
 * Evaluates rules over samples in one pass. Pure: time comes with the samples and with `tick`.
 * Runs at the edge in the agent and in the collector for foreign samples.
 */
export interface Detector {
  /** Cost: a map look-up for a series that no rule reads. Samples of one series come in time order; an older one is ignored. */
  observe(ci: string, sample: Sample): readonly Detection[];
  /** For absence and for `for:` that ends without a new sample. Call at least every 10 s. */
  tick(at: number): readonly Detection[];
  /** Conditions that hold now, so that a sender can repeat them. */
  firing(): readonly Detection[];
}
