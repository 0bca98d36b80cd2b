import { expect, test } from "vitest";
import { byText } from "../../core/model/order.ts";
import { type IntervalRule, meet } from "./interval-meet.ts";

const BERLIN = { timeZone: "Europe/Berlin" };

test.for<[situation: string, some: IntervalRule, more: IntervalRule, both: IntervalRule | null | undefined]>([
  [
    "office hours of a weekday and the late hours",
    { weekdays: ["monday:friday"], times: ["08:00-18:00"], ...BERLIN },
    { times: ["16:30-00:00", "00:00-08:30"], ...BERLIN },
    { weekdays: ["monday:friday"], times: ["16:30-18:00", "08:00-08:30"], ...BERLIN },
  ],
  ["times that never meet", { times: ["08:00-18:00"] }, { times: ["18:00-00:00"] }, null],
  [
    "weekdays that never meet, though their times do",
    { weekdays: ["saturday", "sunday"], times: ["08:00-12:00"] },
    { weekdays: ["monday:friday"], times: ["10:00-14:00"] },
    null,
  ],
  ["always, in whatever zone", {}, { times: ["08:00-18:00"], ...BERLIN }, { times: ["08:00-18:00"], ...BERLIN }],
  ["two zones", { times: ["08:00-18:00"] }, { times: ["08:00-18:00"], ...BERLIN }, undefined],
  [
    "months by name and by number, years, days",
    { months: ["january:march", "12"], years: ["2026:2028"], daysOfMonth: ["1:10"] },
    { months: ["3:december"], years: ["2028", "2030"], daysOfMonth: ["5", "9:31"] },
    { months: ["march", "december"], years: ["2028"], daysOfMonth: ["5", "9:10"] },
  ],
  ["days from the end", { daysOfMonth: ["-3:-1"] }, { daysOfMonth: ["-2"] }, { daysOfMonth: ["-2"] }],
  ["days from both ends", { daysOfMonth: ["-3:-1"] }, { daysOfMonth: ["28"] }, undefined],
  ["days from the start to the end", { daysOfMonth: ["1:-1"] }, { daysOfMonth: ["28"] }, undefined],
  ["a word that is no weekday", { weekdays: ["mo"] }, { weekdays: ["monday"] }, undefined],
  [
    "beside one that says nothing of it",
    { weekdays: ["mo"] },
    { times: ["08:00-18:00"] },
    { weekdays: ["mo"], times: ["08:00-18:00"] },
  ],
  [
    "weekdays from sunday",
    { weekdays: ["sunday:tuesday"] },
    { weekdays: ["monday:saturday"] },
    { weekdays: ["monday:tuesday"] },
  ],
])("%s", ([, some, more, both]) => {
  expect(meet(some, more)).toEqual(both);
  const turned = meet(more, some);
  const sorted = (rule: IntervalRule | null | undefined): unknown =>
    rule &&
    Object.fromEntries(
      Object.entries(rule).map(([key, value]) => [key, Array.isArray(value) ? value.toSorted(byText) : value]),
    );
  expect(sorted(turned)).toEqual(sorted(both));
});
