import { expect, test } from "vitest";
import { manyGone } from "./many-gone.ts";

const NONE = { cisAdded: 0, cisChanged: 0, cisRemoved: 0, cisRetired: 0 };
const RELATIONS = { relationsAdded: 0, relationsChanged: 0, relationsRemoved: 0 };

test.for<[situation: string, found: number, counts: Partial<typeof NONE>, gone: string]>([
  ["the first import", 40, { cisAdded: 40 }, "few"],
  ["nothing is gone", 40, {}, "few"],
  ["half of it is gone", 20, { cisRemoved: 20 }, "few"],
  ["more than half is gone", 20, { cisRemoved: 21 }, "21 of 41"],
  ["it was emptied", 0, { cisRemoved: 40 }, "40 of 40"],
  ["all of it has other names", 40, { cisAdded: 40, cisRemoved: 40 }, "40 of 40"],
  ["what is gone is kept for open incidents", 5, { cisRemoved: 4, cisRetired: 6 }, "10 of 15"],
  ["all of a few", 0, { cisRemoved: 9 }, "few"],
])("%s", ([, found, counts, expected]) => {
  const many = manyGone({ ...NONE, ...RELATIONS, ...counts }, found);
  expect(many === null ? "few" : `${many.gone} of ${many.before}`).toBe(expected);
});
