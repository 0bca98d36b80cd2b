import { expect, test } from "vitest";
import { minutes, T0 } from "../../../test/support/core-driver.ts";
import { withChange, changeShare, startsFlapping, steadyAt } from "./flapping.ts";

test.for([
  { situation: "fires and clears once", changes: [0, 5], flaps: false },
  { situation: "five changes at once", changes: [0, 0, 0, 0, 0], flaps: false },
  { situation: "six changes within some minutes", changes: [0, 1, 2, 3, 4, 5], flaps: true },
  { situation: "a change every four minutes", changes: [0, 4, 8, 12, 16, 20, 24, 28], flaps: true },
  { situation: "a change every ten minutes", changes: [0, 10, 20, 30, 40, 50, 60], flaps: false },
  { situation: "six changes, half an hour ago", changes: [-40, -39, -38, -37, -36, -35, 0], flaps: false },
])("$situation", ({ changes, flaps }) => {
  const at = minutes(Math.max(...changes));
  expect(startsFlapping(changes.map(minutes), at)).toBe(flaps);
});

test("it is left at a lower share than it was entered at, and exactly then", () => {
  const changes = [0, 1, 2, 3, 4, 5].map(minutes);
  const steady = steadyAt(changes, minutes(5));
  expect(changeShare(changes, steady - 1)).toBeGreaterThanOrEqual(0.25);
  expect(changeShare(changes, steady)).toBeLessThan(0.25);
  expect(steady).toBeGreaterThan(minutes(10));
  expect(steadyAt(changes, steady)).toBe(steady);
});

test("keeps the last twenty changes", () => {
  let changes: number[] = [];
  for (let index = 0; index < 30; index += 1) changes = withChange(changes, T0 + index);
  expect([changes.length, changes[0], changes.at(-1)]).toEqual([20, T0 + 10, T0 + 29]);
});
