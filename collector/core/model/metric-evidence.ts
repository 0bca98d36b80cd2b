import type { CiId } from "./ci.ts";
import type { Labels } from "./event.ts";
import type { UnixMillis } from "./time.ts";

/** One value of one metric series at one time. */
export interface MetricSample {
  /** Id, name or alias. */
  ci: CiId;
  metric: string;
  value: number;
  /** When it was measured, by the source's clock. */
  time: UnixMillis;
  labels: Labels;
  unit: string | null;
}

/** What a CI's calls suffer from: they take longer, or they fail. */
export const SUFFERINGS = ["slow", "errors"] as const;
export type Suffering = (typeof SUFFERINGS)[number];

/** What is to be explained: a CI that was reported, since when, and with what kind of trouble; null = not known. */
export interface MetricSymptom {
  ci: number;
  kind: Suffering | null;
  onset: UnixMillis;
}

/** A CI whose metrics explain the symptom. */
export interface MetricSuspect {
  ci: number;
  /** 0…1: the share of the symptom's trouble that arises here, as far as the metrics show. Suspects need not add up to 1. */
  share: number;
  /** In plain words, strongest first. */
  reasons: string[];
}

export type MetricAnswer =
  /** There are no samples that could say anything about it, or not enough of a past yet. */
  | { state: "unknown" }
  /** There are samples, and neither the CI nor what it needs is unusual. */
  | { state: "usual"; reasons: string[] }
  /** Best first; at least one. */
  | { state: "explained"; suspects: MetricSuspect[] };

/** What the samples say about a symptom. The answer is about the time around its onset and stays when that has passed. */
export interface MetricEvidence {
  /** Whether no sample was ever taken, so that it knows nothing of anything. */
  readonly isEmpty: boolean;
  /** Cost: what the CI needs, over all levels, times the slots of the window. Free when no sample was ever taken. */
  explain(symptom: MetricSymptom, at: UnixMillis): MetricAnswer;
}

const ERRORS = /availab|success|error|fail|fault|exception|5xx/;
const SLOW = /latency|response.?time|duration|elapsed|delay|slow/;

/** The kind of trouble that the words of a check or a summary tell of; null where they tell of none of the two. */
export function sufferingOf(words: string): Suffering | null {
  const text = words.toLowerCase();
  if (SLOW.test(text)) return "slow";
  return ERRORS.test(text) ? "errors" : null;
}
