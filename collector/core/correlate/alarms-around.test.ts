import { expect, test } from "vitest";
import { AlarmsAround } from "./alarms-around.ts";
import { RecentAlarms } from "./recent-alarms.ts";

test("asks of each CI once until it begins anew or the time is another, however large its number", () => {
  const onsets = new Map([[70_000, 5]]);
  const asked: number[] = [];
  const recent = new RecentAlarms();
  recent.add(70_000, 5);
  const alarms = new AlarmsAround((ci, from, to) => {
    asked.push(ci);
    const onset = onsets.get(ci);
    return onset !== undefined && onset >= from && onset <= to;
  }, recent);
  const answers = (): boolean[] => [70_000, 3, 70_000, 3].map((ci) => alarms.has(ci));
  alarms.begin().between(0, 10);
  expect(answers()).toEqual([true, false, true, false]);
  alarms.between(0, 10);
  expect([answers(), asked, alarms.all()]).toEqual([[true, false, true, false], [70_000, 3], [70_000]]);
  alarms.between(6, 10);
  expect([answers(), alarms.all()]).toEqual([[false, false, false, false], []]);
  onsets.set(3, 7);
  recent.add(3, 7);
  alarms.begin();
  expect([answers(), asked]).toEqual([
    [false, true, false, true],
    [70_000, 3, 70_000, 3, 70_000, 3],
  ]);
  expect(alarms.all()).toEqual([3]);
});

test("asks once and remembers right after more beginnings than 32 bits count", () => {
  const asked: number[] = [];
  const alarms = new AlarmsAround((ci) => asked.push(ci) > 0, new RecentAlarms());
  Object.assign(alarms, { epoch: 2 ** 31 - 6 });
  const answers = Array.from({ length: 5 }, () => [alarms.begin().has(3), alarms.has(3)]);
  expect([answers.flat().every(Boolean), asked.length]).toEqual([true, 5]);
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
