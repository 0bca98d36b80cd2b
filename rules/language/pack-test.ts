import type { RuleSeverity } from "../detect/rule.ts";

/** What a `pack.test.yaml` says, as data. */
export interface PackTest {
  name: string;
  rule: string;
  /** Line of the test in its file, for the report. */
  line: number;
  input:
    | { kind: "series"; intervalMs: number; series: TestSeries[]; expect: ExpectedDetection[] }
    | { kind: "events"; events: TestEvent[] };
}

export interface TestSeries {
  metric: string;
  ci: string;
  labels: Record<string, string>;
  type: "gauge" | "counter";
  unit: string;
  /** One value an interval; null = no sample. */
  values: (number | null)[];
}

export interface ExpectedDetection {
  /** After the first sample. */
  atMs: number;
  status: "firing" | "resolved";
  severity: RuleSeverity;
  /** undefined = not compared. */
  instance: string | undefined;
  summary: string | undefined;
}

export interface TestEvent {
  source: string;
  check: string;
  ci: string;
  instance: string;
  severity: RuleSeverity;
  summary: string;
  labels: Record<string, string>;
  expect: "drop" | "keep" | { severity: RuleSeverity | null; labels: Record<string, string> };
}

/** More samples than this in one test are a mistake in `xN`. */
export const TEST_SAMPLES_MAX = 200_000;
