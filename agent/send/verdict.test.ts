import { expect, test } from "vitest";
import type { HttpAnswer } from "./transport.ts";
import { backoffMs, parseRetryAfter, verdictOf } from "./verdict.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

test.for<[string, string | undefined, number | null]>([
  ["absent", undefined, null],
  ["empty", "", null],
  ["seconds", "7", 7000],
  ["a date", "Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["a date that has passed", "Wed, 31 Dec 2025 00:00:30 GMT", 0],
  ["more than ten minutes", "86400", 600_000],
  ["nonsense", "soon", null],
])("Retry-After: %s", ([, value, expected]) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
});

const answer = (status: number, body = ""): HttpAnswer => ({
  kind: "answer",
  status,
  headers: {},
  body: Buffer.from(body),
});

test.for<[string, HttpAnswer, string, Record<string, unknown>]>([
  ["taken", answer(202), "accepted", {}],
  [
    "not understood, in the collector's words",
    answer(400, '{"code":"badBody","message":"no"}'),
    "refused",
    { reason: "HTTP 400: badBody, no" },
  ],
  ["an error page of a proxy", answer(502, "<html>"), "retry", { reason: "HTTP 502", misdirected: false }],
  ["too large", answer(413), "refused", {}],
  ["who are you", answer(401), "unauthorized", {}],
  ["busy", answer(429), "retry", { misdirected: false }],
  ["no such path", answer(404), "retry", { misdirected: true }],
  ["moved", answer(301), "retry", { misdirected: true }],
  ["no answer", { kind: "failed", reason: "ECONNREFUSED" }, "retry", { reason: "ECONNREFUSED" }],
])("%s", ([, given, kind, more]) => {
  expect(verdictOf(given, NOW)).toMatchObject({ kind, ...more });
});

test("ten thousand agents that fail together come back spread over the whole cap", () => {
  const waits = Array.from({ length: 10_000 }, (_, index) =>
    backoffMs(12, { maxMs: 15_000, retryAfterMs: null, random: index / 10_000 }),
  );
  const bySecond = Map.groupBy(waits, (wait) => Math.floor(wait / 1000));
  expect(bySecond.size).toBe(15);
  expect(Math.max(...[...bySecond.values()].map((list) => list.length))).toBeLessThan(700);
});
