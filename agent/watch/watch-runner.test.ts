import { expect, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { SeriesTable } from "../sample/series-table.ts";
import { WatchRunner } from "./watch-runner.ts";

test("a watch that throws rests alone, says so once, gets another chance, and the others never notice", () => {
  const clock = new VirtualClock();
  const table = new SeriesTable();
  const lines: string[] = [];
  const log = createLog(
    "warn",
    (line) => lines.push(line),
    () => 0,
  );
  const looked = { bad: 0, good: 0 };
  let broken = true;
  const bad = {
    name: "units",
    tick: () => {
      looked.bad++;
      if (broken) throw new Error("no such bus");
    },
  };
  const runner = new WatchRunner([bad, { tick: () => void looked.good++ }], { clock, log, table });
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      clock.advance(10_000);
      runner.tick(clock.now());
    }
  };
  const up = (): number | undefined => table.metrics()[0]?.points[0]?.value;
  rounds(30);
  expect(looked).toEqual({ bad: 3, good: 30 });
  expect(up()).toBe(0);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("no such bus");
  broken = false;
  rounds(60);
  expect(looked.good).toBe(90);
  expect(looked.bad).toBeGreaterThan(20);
  expect(up()).toBe(1);
});
