import { expect, test } from "vitest";
import { ciOf } from "../../../test/support/core-driver.ts";
import { cohortGaps, cohortOf } from "./cohorts.ts";
import type { Ci } from "./ci.ts";

test.for<[name: string, cohort: string | null]>([
  ["fra2-hv-0302", "fra2-hv-03##"],
  ["ap-03105", "ap-031##"],
  ["esx701", "esx7##"],
  ["acc-03-2", "acc-03-#"],
  ["b017pos3", "b017pos#"],
  ["b017gw", "b0##gw"],
  ["web-2", null],
  ["nas", null],
])("the cohort of %s is %s", ([name, cohort]) => {
  expect(cohortOf(name)).toBe(cohort);
});

const ci = (id: string, type: string): Ci => ciOf(id, { type });
const CIS = [
  ci("tor-a", "switch"),
  ci("tor-b", "switch"),
  ...[1, 2, 3, 4].map((n) => ci(`hv-030${n}`, "hypervisor")),
  ci("hv-0401", "hypervisor"),
];

/** By name, what each is plugged into. */
function gaps(lines: Record<string, number[]>): [from: string, to: number][] {
  const needs = (at: number): { ci: number; type: string }[] =>
    (lines[CIS[at]?.id ?? ""] ?? []).map((to) => ({ ci: to, type: "connectsTo" }));
  return cohortGaps(CIS, needs).map(({ from, to }) => [CIS[from]?.id ?? "", to]);
}

test("one of a rack's machines without its line gets that of the others; the next rack does not", () => {
  expect(gaps({ "hv-0301": [0], "hv-0302": [0], "hv-0303": [0] })).toEqual([["hv-0304", 0]]);
});

test("where nearly all have two lines, who has one lacks the other", () => {
  expect(gaps({ "hv-0301": [0, 1], "hv-0302": [0, 1], "hv-0303": [0, 1], "hv-0304": [1] })).toEqual([["hv-0304", 0]]);
});

test("who has a line elsewhere is left alone", () => {
  expect(gaps({ "hv-0301": [0], "hv-0302": [0], "hv-0303": [0], "hv-0304": [1] })).toEqual([]);
});
