import { expect, test } from "vitest";
import type { TimeIntervalRule } from "./time-interval.ts";
import { activeSpans, fromWallClock } from "./time-span.ts";

const at = (text: string): number => Date.parse(text);
const ANY: TimeIntervalRule = { weekdays: [], times: [], daysOfMonth: [], months: [], years: [], timeZone: "UTC" };

test.for<[situation: string, wall: string, zone: string, utc: string]>([
  ["winter", "2027-01-15T09:00:00Z", "Europe/Berlin", "2027-01-15T08:00:00Z"],
  ["summer", "2027-07-15T09:00:00Z", "Europe/Berlin", "2027-07-15T07:00:00Z"],
  ["skipped: the jump itself", "2027-03-28T02:30:00Z", "Europe/Berlin", "2027-03-28T01:00:00Z"],
  ["repeated: the first", "2026-10-25T02:30:00Z", "Europe/Berlin", "2026-10-25T00:30:00Z"],
  ["half an hour's summer time", "2026-10-04T02:15:00Z", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
  ["a day that never was", "2011-12-30T12:00:00Z", "Pacific/Apia", "2011-12-30T10:00:00Z"],
  ["west", "2027-03-14T12:00:00Z", "America/New_York", "2027-03-14T16:00:00Z"],
])("%s", ([, wall, zone, utc]) => {
  expect(new Date(fromWallClock(at(wall), zone)).toISOString()).toBe(new Date(at(utc)).toISOString());
});

test.for<[situation: string, rule: Partial<TimeIntervalRule>, spans: [string, string][]]>([
  ["the whole window", {}, [["2026-11-20T00:00:00.000Z", "2026-12-02T00:00:00.000Z"]]],
  [
    "a weekend is one span",
    { weekdays: [{ from: 6, to: 0 }], timeZone: "Europe/Berlin" },
    [
      ["2026-11-20T23:00:00.000Z", "2026-11-22T23:00:00.000Z"],
      ["2026-11-27T23:00:00.000Z", "2026-11-29T23:00:00.000Z"],
    ],
  ],
  [
    "nights of one weekday reach into the next day",
    { weekdays: [{ from: 1, to: 1 }], times: [{ from: 22 * 60, to: 6 * 60 }] },
    [
      ["2026-11-23T22:00:00.000Z", "2026-11-24T06:00:00.000Z"],
      ["2026-11-30T22:00:00.000Z", "2026-12-01T06:00:00.000Z"],
    ],
  ],
  [
    "the last day of the month",
    { daysOfMonth: [{ from: -1, to: -1 }] },
    [["2026-11-30T00:00:00.000Z", "2026-12-01T00:00:00.000Z"]],
  ],
  ["another month", { months: [{ from: 6, to: 8 }] }, []],
  [
    "winter months go around",
    { months: [{ from: 12, to: 2 }] },
    [["2026-12-01T00:00:00.000Z", "2026-12-02T00:00:00.000Z"]],
  ],
  ["another year", { years: [{ from: 2027, to: 2030 }] }, []],
])("%s", ([, rule, spans]) => {
  const found = activeSpans([{ ...ANY, ...rule }], at("2026-11-20T00:00:00Z"), at("2026-12-02T00:00:00Z"));
  expect(found.map(({ from, to }) => [new Date(from).toISOString(), new Date(to).toISOString()])).toEqual(spans);
});

/** Minute by minute across changes of the clock: the spans say what a clock on the wall says. */
test.for([
  ["Europe/Berlin", "2027-03-27T00:00:00Z"],
  ["Europe/Berlin", "2026-10-24T00:00:00Z"],
  ["America/New_York", "2027-03-13T00:00:00Z"],
  ["America/New_York", "2026-10-31T00:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T00:00:00Z"],
  ["Australia/Lord_Howe", "2027-04-03T00:00:00Z"],
  ["Africa/Casablanca", "2027-02-06T00:00:00Z"],
  ["Antarctica/Troll", "2027-03-27T00:00:00Z"],
  ["Asia/Kathmandu", "2026-11-20T00:00:00Z"],
] as const)("in %s from %s", ([timeZone, start]) => {
  const [from, to] = [at(start), at(start) + 3 * 86_400_000];
  const day = { ...ANY, times: [{ from: 9 * 60, to: 17 * 60 + 30 }], timeZone };
  const night = { ...ANY, times: [{ from: 17 * 60 + 30, to: 9 * 60 }], timeZone };
  const [days, nights] = [activeSpans([day], from, to), activeSpans([night], from, to)];
  const holds = (spans: readonly { from: number; to: number }[], now: number): boolean =>
    spans.some((span) => now >= span.from && now < span.to);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  for (let now = from; now < to; now += 60_000) {
    const shown = clock.format(now);
    const isDay = shown >= "09:00" && shown < "17:30";
    expect([shown, holds(days, now), holds(nights, now)]).toEqual([shown, isDay, !isDay]);
  }
});

test("what meets at a time that is skipped or repeated leaves no gap and no overlap", () => {
  for (const start of ["2027-03-27T00:00:00Z", "2026-10-24T00:00:00Z"]) {
    const [from, to] = [at(start), at(start) + 3 * 86_400_000];
    const zone = { timeZone: "Europe/Berlin" };
    const early = activeSpans([{ ...ANY, ...zone, times: [{ from: 0, to: 150 }] }], from, to);
    const late = activeSpans([{ ...ANY, ...zone, times: [{ from: 150, to: 1440 }] }], from, to);
    const all = [...early, ...late].sort((a, b) => a.from - b.from);
    expect(all[0]?.from).toBe(from);
    expect(all.at(-1)?.to).toBe(to);
    all.slice(1).forEach((span, index) => expect(span.from).toBe(all[index]?.to));
  }
});
