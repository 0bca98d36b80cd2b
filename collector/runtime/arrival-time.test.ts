import { expect, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ArrivalTime } from "./arrival-time.ts";

const START = Date.UTC(2026, 2, 1, 10);

test("it follows the wall clock", () => {
  const clock = new VirtualClock(START);
  const time = new ArrivalTime(clock, 0);
  clock.advance(1_500);
  expect(time.read()).toEqual({ at: START + 1_500, gapFrom: null });
});

test("it does not go behind what was committed before the restart", () => {
  const clock = new VirtualClock(START);
  const time = new ArrivalTime(clock, START + 60_000);
  expect(time.read().at).toBe(START + 60_000);
  clock.advance(1_000);
  expect(time.read().at).toBe(START + 60_900);
});

test("after the wall clock was set back it goes on, slower, until the wall clock has caught up", () => {
  const clock = new VirtualClock(START);
  const time = new ArrivalTime(clock, 0);
  clock.step(-10_000);
  let last = time.read().at;
  for (let second = 0; second < 120; second += 1) {
    clock.advance(1_000);
    const { at, gapFrom } = time.read();
    expect(at).toBeGreaterThan(last);
    expect(gapFrom).toBeNull();
    last = at;
  }
  expect(last).toBe(clock.now());
});

test.each([
  { situation: "read each second", idleMs: 1_000, stepMs: 0, isGap: false },
  { situation: "stopped for a minute", idleMs: 60_000, stepMs: 0, isGap: true },
  { situation: "suspended: the monotonic clock stood still", idleMs: 1_000, stepMs: 60_000, isGap: true },
  { situation: "the wall clock was set back by an hour", idleMs: 1_000, stepMs: -3_600_000, isGap: false },
  { situation: "NTP steps by two seconds", idleMs: 1_000, stepMs: 2_000, isGap: false },
])("$situation: gap $isGap", ({ idleMs, stepMs, isGap }) => {
  const clock = new VirtualClock(START);
  const time = new ArrivalTime(clock, 0);
  clock.advance(500);
  time.read();
  clock.advance(idleMs);
  clock.step(stepMs);
  expect(time.read().gapFrom).toBe(isGap ? START + 500 : null);
});

test("many readings within a millisecond do not bring it to a stand while it is slow", () => {
  const clock = new VirtualClock(START);
  const time = new ArrivalTime(clock, START + 60_000);
  for (let reading = 0; reading < 10_000; reading += 1) {
    clock.advance(0.5);
    time.read();
  }
  expect(time.last).toBeGreaterThanOrEqual(START + 64_499);
});
