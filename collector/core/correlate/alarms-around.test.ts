import { expect, test } from "vitest";
import { Latest } from "../model/latest.ts";
import { AlarmsAround } from "./alarms-around.ts";
import { RecentAlarms } from "./recent-alarms.ts";

/** Onsets by CI, and for which CIs each of them had to be looked at. */
function alarmsOf(onsets: readonly (readonly [ci: number, onset: number])[]): {
  alarms: AlarmsAround;
  asked: number[];
} {
  const [began, recent, asked] = [new Latest(), new RecentAlarms(), [] as number[]];
  for (const [ci, onset] of onsets) {
    began.raise(ci, onset);
    recent.add(ci, onset);
  }
  const alarmed = (ci: number, from: number, to: number): boolean => {
    asked.push(ci);
    return onsets.some(([other, onset]) => other === ci && onset >= from && onset <= to);
  };
  return { alarms: new AlarmsAround({ began, since: (from) => recent.since(from), alarmed }), asked };
}

test.for<[situation: string, from: number, to: number, has: number[], asked: number[]]>([
  ["the last alarm of each lies between", 5, 30, [3, 70_000], []],
  ["the last alarm of one came later, an earlier one lies between", 5, 10, [3, 70_000], [70_000]],
  ["all of one came later", 1, 4, [], [3, 70_000]],
  ["all came before", 21, 30, [], []],
])("who alarmed between two times, however large its number: %s", ([, from, to, has, asked]) => {
  const made = alarmsOf([
    [70_000, 5],
    [3, 7],
    [70_000, 20],
  ]);
  const alarms = made.alarms.begin().between(from, to);
  expect([3, 4, 70_000].filter((ci) => alarms.has(ci))).toEqual(has);
  expect([...new Set(made.asked)]).toEqual(asked);
  expect([...(alarms.all() ?? [])].sort((a, b) => a - b)).toEqual(has);
});

test("a list is made once for a time, until it begins anew", () => {
  const { alarms } = alarmsOf([[3, 7]]);
  const first = alarms.begin().between(0, 10).all();
  alarms.between(8, 18).all();
  expect(alarms.between(0, 10).all()).toBe(first);
  expect(alarms.begin().between(0, 10).all()).not.toBe(first);
});

test("what alarmed since is told each once, late news too, and nothing where more came than is remembered", () => {
  const recent = new RecentAlarms();
  for (const [ci, onset] of [
    [1, 10],
    [2, 20],
    [3, 5],
    [2, 25],
  ] as const)
    recent.add(ci, onset);
  // 3 began long ago, and came after what began at 20: that it is told does no harm.
  expect([30, 21, 20, 0].map((from) => recent.since(from))).toEqual([[], [2], [2, 3], [2, 3, 1]]);
  for (let n = 0; n < 2000; n += 1) recent.add(n, 100 + n);
  expect([recent.since(2099), recent.since(50)]).toEqual([[1999], null]);
});
