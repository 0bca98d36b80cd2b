import { expect, test } from "vitest";
import { failureOfAnswer, retryAfterMs } from "./http-result.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");

test.for<[value: string | undefined, waitMs: number | undefined]>([
  [undefined, undefined],
  ["7", 7000],
  [" 7 ", 7000],
  ["0.5", 500],
  ["0", 0],
  ["Sat, 21 Nov 2026 12:00:30 GMT", 30_000],
  ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
  ["999999999", 3_600_000],
  ["-5", 0],
  ["soon", undefined],
  ["", undefined],
])("Retry-After %j is %s ms", ([value, waitMs]) => {
  const found = retryAfterMs(value, NOW);
  // "-5" is a year to the date parser: whatever it says, it may not put us off.
  if (value === "-5") expect(found ?? 0).toBe(0);
  else expect(found).toBe(waitMs);
});

test.for<[httpStatus: number, status: string, reason: string]>([
  [100, "retryable", "badResponse"],
  [301, "retryable", "redirect"],
  [308, "retryable", "redirect"],
  [400, "permanent", "rejected"],
  [401, "permanent", "unauthorised"],
  [403, "permanent", "unauthorised"],
  [404, "permanent", "notFound"],
  [408, "retryable", "timeout"],
  [410, "permanent", "notFound"],
  [413, "permanent", "rejected"],
  [425, "retryable", "timeout"],
  [429, "retryable", "rateLimited"],
  [500, "retryable", "serverError"],
  [503, "retryable", "serverError"],
])("HTTP %s is %s, %s", ([httpStatus, status, reason]) => {
  const answer = { status: "answered", httpStatus, headers: {}, body: "", truncated: false } as const;
  expect(failureOfAnswer(answer, NOW)).toMatchObject({ status, reason, detail: `HTTP ${httpStatus}` });
});
