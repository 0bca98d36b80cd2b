import { expect, test } from "vitest";
import { AlarmsAround } from "./alarms-around.ts";

test("asks of each CI once until it begins anew or the time is another, however large its number", () => {
  const onsets = new Map([[70_000, 5]]);
  const asked: number[] = [];
  const alarms = new AlarmsAround((ci, from, to) => {
    asked.push(ci);
    const onset = onsets.get(ci);
    return onset !== undefined && onset >= from && onset <= to;
  });
  const answers = (): boolean[] => [70_000, 3, 70_000, 3].map((ci) => alarms.has(ci));
  alarms.begin().between(0, 10);
  expect(answers()).toEqual([true, false, true, false]);
  alarms.between(0, 10);
  expect([answers(), asked]).toEqual([
    [true, false, true, false],
    [70_000, 3],
  ]);
  alarms.between(6, 10);
  expect(answers()).toEqual([false, false, false, false]);
  onsets.set(3, 7);
  alarms.begin();
  expect([answers(), asked]).toEqual([
    [false, true, false, true],
    [70_000, 3, 70_000, 3, 70_000, 3],
  ]);
});
