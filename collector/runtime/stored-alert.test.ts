import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ALERT_STATUSES, type Alert } from "../core/model/alert.ts";
import { SEVERITIES } from "../core/model/severity.ts";
import { alertText, readAlert } from "./stored-alert.ts";

const T = Date.UTC(2026, 10, 1);
const at = fc.oneof(fc.integer({ min: T - 1e6, max: T + 1e6 }), fc.constantFrom(0, 8.64e15, T + 0.5));
const orNull = <V>(value: fc.Arbitrary<V>): fc.Arbitrary<V | null> => fc.option(value, { nil: null });
const texts = fc.dictionary(
  fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
  fc.string(),
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
);

const alerts: fc.Arbitrary<Alert> = fc.record({
  id: fc.constant("a-0123456789abcdef"),
  ci: fc.string(),
  source: fc.string(),
  check: fc.string(),
  instance: fc.string(),
  status: fc.constantFrom(...ALERT_STATUSES),
  severity: fc.constantFrom(...SEVERITIES),
  summary: fc.string({ unit: "grapheme" }),
  labels: texts,
  annotations: texts,
  links: fc.array(fc.record({ href: fc.string(), text: fc.string() }), { maxLength: 2 }),
  episode: fc.nat(),
  firstSeenAt: at,
  lastSeenAt: at,
  resolvedAt: orNull(at),
  occurredAt: at,
  lastOccurredAt: at,
  count: fc.nat(),
  expiresAfterMs: orNull(fc.nat()),
  expiresAt: orNull(at),
  changes: fc.array(at, { maxLength: 3 }),
  flapping: fc.boolean(),
  incident: orNull(fc.string()),
  withheld: orNull(fc.string()),
  suppressedBy: fc.array(fc.string(), { maxLength: 2 }),
  unobservedSince: orNull(at),
  sourceStatus: fc.constantFrom("firing", "resolved"),
  late: fc.boolean(),
  joinedAt: orNull(at),
  joinReason: fc.string(),
});

const noted = fc.constantFrom(null, [17, 3, "gone", 5], [17, 3, "slow", 2, 8, 0, 0, 0, "db-1", "flapping", null, 5, 9]);

test("an alert comes back as it was stored", () => {
  fc.assert(
    fc.property(alerts, noted, (alert, known) => {
      expect(readAlert(alert.id, alertText(alert, known))).toEqual({ alert, noted: known });
    }),
  );
});

const ORDINARY = {
  firstSeenAt: T,
  lastSeenAt: T + 1,
  occurredAt: T - 5,
  lastOccurredAt: T,
  joinedAt: T,
  changes: [T],
  resolvedAt: null,
  unobservedSince: null,
  expiresAfterMs: null,
  expiresAt: T + 9,
  sourceStatus: "firing" as const,
  annotations: {},
  links: [],
  flapping: false,
  late: false,
  withheld: null,
  suppressedBy: [],
};

test("an ordinary firing alert leaves out what nearly none has", () => {
  fc.assert(
    fc.property(alerts, (any) => {
      const alert: Alert = { ...any, ...ORDINARY };
      const text = alertText(alert, null);
      const list = JSON.parse(text) as unknown[];
      expect(list).toHaveLength(21);
      expect(readAlert(alert.id, text)).toEqual({ alert, noted: null });
      // As the release before wrote it: without what correlation knows.
      list[0] = 1;
      list.length = 20;
      expect(readAlert(alert.id, JSON.stringify(list))).toEqual({ alert, noted: null });
    }),
  );
});

test("an alert of a release before there was this form is read", () => {
  fc.assert(
    fc.property(alerts, (alert) => {
      const read = readAlert(alert.id, JSON.stringify(alert));
      expect(read).toEqual({ alert: JSON.parse(JSON.stringify(alert)), noted: null });
    }),
  );
});

test.each([
  ["another form", "[3]", "the form 3"],
  ["no alert at all", "[]", "the form undefined"],
  [
    "a status that there is not",
    JSON.stringify([1, ...Array.from({ length: 15 }, () => 99), [], null, null, ""]),
    "status",
  ],
])("%s is damage, or of a newer program", (_, text, says) => {
  expect(() => readAlert("a-1", text)).toThrow(says);
});
