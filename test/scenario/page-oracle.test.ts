import { expect, test } from "vitest";
import { pageOracle, type TrueFault } from "./page-oracle.ts";

const at = (seconds: number): string => new Date(Date.UTC(2026, 2, 1) + seconds * 1000).toISOString();
const fault = (majorS: number | null, page = "must"): TrueFault => ({
  page,
  firstEventAt: at(100),
  firstMajorAt: majorS === null ? null : at(100 + majorS),
});

test.for<[situation: string, scenarios: TrueFault[][], best: { p50: number; p95: number } | null]>([
  ["major from the first event on", [[fault(0)]], { p50: 10, p95: 10 }],
  ["never major", [[fault(null)]], { p50: 10, p95: 10 }],
  ["one of two is mild for five minutes", [[fault(0), fault(300)]], { p50: 10, p95: 310 }],
  ["what need not page does not count", [[fault(0), fault(300, "may")]], { p50: 10, p95: 10 }],
  ["each scenario counts alike", [[fault(0), fault(0), fault(0)], [fault(100)]], { p50: 60, p95: 60 }],
  ["nothing must page", [[fault(0, "no")]], null],
])("%s", ([, scenarios, best]) => {
  expect(pageOracle(scenarios)).toEqual(best);
});
