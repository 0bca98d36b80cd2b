import { expect, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Sampler } from "./sampler.ts";
import { SeriesTable, setSeries } from "./series-table.ts";

function sampler(collectors: { name: string; everyMs: number; sample: (at: number) => void }[]) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const table = new SeriesTable();
  const log = createLog(
    "warn",
    (line) => lines.push(line),
    () => clock.now(),
  );
  const up = (check: string): number | undefined =>
    table.metrics()[0]?.points.find((series) => series.labels["check"] === check)?.value;
  return { clock, lines, up, sampler: new Sampler(collectors, { table, clock, log }) };
}

test("a collector that throws rests alone, says so once, and gets another chance", () => {
  let good = 0;
  let bad = 0;
  const host = sampler([
    {
      name: "bad",
      everyMs: 0,
      sample: () => {
        bad++;
        throw new Error("no such device");
      },
    },
    { name: "good", everyMs: 0, sample: () => good++ },
  ]);
  for (let round = 0; round < 30; round++) host.sampler.sample(host.clock.now() + round * 10_000);
  expect({ good, bad }).toEqual({ good: 30, bad: 3 });
  expect(host.up("bad")).toBe(0);
  expect(host.up("good")).toBe(1);
  expect(host.lines).toHaveLength(1);
  host.sampler.sample(host.clock.now() + 30 * 60_000);
  expect(bad).toBe(4);
});

test("a collector that is too slow again and again rests", () => {
  let rounds = 0;
  const host = sampler([]);
  const slow = new Sampler([{ name: "slow", everyMs: 0, sample: () => (rounds++, host.clock.advance(150)) }], {
    table: new SeriesTable(),
    clock: host.clock,
    log: createLog(
      "error",
      () => undefined,
      () => 0,
    ),
  });
  for (let round = 0; round < 20; round++) slow.sample(host.clock.now());
  expect(rounds).toBe(6);
});

test("each at its own pace, and a clock that was set back silences none", () => {
  let rounds = 0;
  const host = sampler([{ name: "minutely", everyMs: 60_000, sample: () => rounds++ }]);
  const start = host.clock.now();
  for (let round = 0; round < 12; round++) host.sampler.sample(start + round * 10_000);
  expect(rounds).toBe(2);
  host.sampler.sample(start - 24 * 3_600_000);
  expect(rounds).toBe(3);
});

test("the table has a limit, counts what it refuses, and its callers need not care", () => {
  const table = new SeriesTable(2);
  const series = ["a", "b", "c"].map((name) => table.gauge("x", "1", { name }));
  for (const each of series) setSeries(each, 1, 1);
  expect(table.size).toBe(2);
  expect(table.refused).toBe(1);
  table.end(series[0]!, 2);
  expect(table.metrics()[0]?.points[0]).toMatchObject({ value: Number.NaN, at: 2 });
  table.removeEnded();
  expect(table.metrics()[0]?.points.map((point) => point.labels["name"])).toEqual(["b"]);
});
