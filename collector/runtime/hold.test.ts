import { expect, test } from "vitest";
import { Hold } from "./hold.ts";

/** [ms, inputs that wait, a deposit came in this moment] */
type Moment = readonly [atMs: number, inputs: number, moved: boolean];

test.for<{ name: string; moments: readonly Moment[]; held: readonly boolean[] }>([
  { name: "nothing waits", moments: [[0, 0, false]], held: [false] },
  { name: "few wait", moments: [[0, 99, true]], held: [false] },
  {
    name: "many wait and more come",
    moments: [
      [0, 100, true],
      [40, 200, true],
      [80, 300, true],
    ],
    held: [true, true, true],
  },
  {
    name: "nothing has come for a while",
    moments: [
      [0, 100, true],
      [49, 100, false],
      [50, 100, false],
    ],
    held: [true, true, false],
  },
  {
    name: "the core is behind, and nothing comes",
    moments: [
      [0, 0, true],
      [100, 500, false],
    ],
    held: [false, false],
  },
  {
    name: "it does not end: after two seconds the core begins, and is not stopped until it is through",
    moments: [
      [0, 100, true],
      [1_999, 900, true],
      [2_000, 900, true],
      [2_040, 500, true],
      [2_080, 99, true],
      [2_120, 120, true],
    ],
    held: [true, true, false, false, false, true],
  },
  {
    name: "a pause, and more while the core works it off: held again, until two seconds after it began",
    moments: [
      [0, 100, true],
      [60, 100, false],
      [70, 300, true],
      [1_999, 900, true],
      [2_000, 900, true],
    ],
    held: [true, false, true, true, false],
  },
])("$name", ({ moments, held }) => {
  const hold = new Hold(100);
  const found = moments.map(([atMs, inputs, moved]) => {
    if (moved) hold.moved(atMs);
    return hold.isOn(inputs, atMs);
  });
  expect(found).toEqual(held);
});
