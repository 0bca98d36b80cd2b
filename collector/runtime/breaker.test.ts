import { expect, test } from "vitest";
import { Breaker, backOffMs } from "./breaker.ts";

test.each([
  { failures: 1, random: 0, delayMs: 500 },
  { failures: 1, random: 0.999, delayMs: 1_499 },
  { failures: 3, random: 0.5, delayMs: 4_000 },
  { failures: 50, random: 0, delayMs: 30_000 },
  { failures: 50, random: 0.5, delayMs: 60_000 },
  { failures: 50, random: 0.999, delayMs: 89_940 },
])(
  "after $failures failures with random $random: $delayMs ms, jitter after the cap",
  ({ failures, random, delayMs }) => {
    expect(backOffMs({ minMs: 1_000, maxMs: 60_000 }, failures, () => random)).toBe(delayMs);
  },
);

test("it opens after three failures in a row, lets one try after the pause, and closes on success", () => {
  const breaker = new Breaker({ minMs: 2_000, maxMs: 30_000 }, () => 0.5);
  breaker.failed(0);
  breaker.failed(0);
  breaker.succeeded();
  for (let failure = 0; failure < 2; failure += 1) breaker.failed(0);
  expect(breaker.isOpen).toBe(false);
  breaker.failed(100);
  expect(breaker.isOpen).toBe(true);
  expect(breaker.mayTry(2_099)).toBe(false);
  expect(breaker.mayTry(2_100)).toBe(true);
  breaker.begin();
  expect(breaker.mayTry(9_999)).toBe(false);
  breaker.failed(2_200);
  expect(breaker.retryAt).toBe(2_200 + 4_000);
  expect(breaker.mayTry(6_200)).toBe(true);
  breaker.begin();
  expect(breaker.succeeded()).toBe(true);
  expect(breaker.mayTry(6_200)).toBe(true);
});

test("the pause never grows beyond its cap and half more", () => {
  const breaker = new Breaker({ minMs: 2_000, maxMs: 30_000 }, () => 0.999);
  for (let now = 0, round = 0; round < 50; round += 1) {
    breaker.begin();
    breaker.failed(now);
    const retryAt = breaker.retryAt ?? now;
    expect(retryAt - now).toBeLessThanOrEqual(45_000);
    now = retryAt;
  }
});

test("a receiver that asks for time gets it at once", () => {
  const breaker = new Breaker({ minMs: 2_000, maxMs: 30_000 }, () => 0.5);
  breaker.failed(0, 120_000);
  expect(breaker.mayTry(119_999)).toBe(false);
  expect(breaker.mayTry(120_000)).toBe(true);
});
