import { expect, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ClockOffset } from "./clock-offset.ts";

function exchange(
  offset: ClockOffset,
  clock: VirtualClock,
  aheadMs: number,
  ways: [there: number, back: number],
): void {
  const end = offset.begin();
  clock.advance(ways[0]);
  const said = clock.now() + aheadMs;
  clock.advance(ways[1]);
  end(String(said));
}

test.for([0, 1500, -90_000])("a collector that is %d ms ahead", (aheadMs) => {
  const clock = new VirtualClock();
  const offset = new ClockOffset(clock);
  expect(offset.offsetMs).toBe(null);
  for (const ways of [
    [300, 20],
    [10, 10],
    [40, 900],
  ] as const)
    exchange(offset, clock, aheadMs, [...ways]);
  expect(offset.offsetMs).toBe(aheadMs);
});

test("the error is half of the fastest exchange at most; the slowest tell nothing", () => {
  const clock = new VirtualClock();
  const offset = new ClockOffset(clock);
  exchange(offset, clock, 500, [5000, 0]);
  expect(offset.offsetMs).toBe(null);
  exchange(offset, clock, 500, [100, 0]);
  expect(Math.abs((offset.offsetMs ?? 0) - 500)).toBeLessThanOrEqual(50);
});

test("it follows a clock that drifts", () => {
  const clock = new VirtualClock();
  const offset = new ClockOffset(clock);
  exchange(offset, clock, 0, [1, 1]);
  for (let round = 0; round < 8; round++) exchange(offset, clock, 700, [20, 20]);
  expect(offset.offsetMs).toBe(700);
});

test("a clock that is set during an exchange makes what was known worthless", () => {
  const clock = new VirtualClock();
  const offset = new ClockOffset(clock);
  exchange(offset, clock, 0, [1, 1]);
  const end = offset.begin();
  clock.step(3_600_000);
  end(String(clock.now()));
  expect(offset.offsetMs).toBe(null);
  exchange(offset, clock, -3_600_000, [1, 1]);
  expect(offset.offsetMs).toBe(-3_600_000);
});

test.for([undefined, "", "soon", "1e999"])("an answer that says %j is passed over", (said) => {
  const offset = new ClockOffset(new VirtualClock());
  offset.begin()(said);
  expect(offset.offsetMs).toBe(null);
});
