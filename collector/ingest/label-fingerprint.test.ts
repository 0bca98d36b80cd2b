import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint } from "./label-fingerprint.ts";

/** The values are those that Alertmanager 0.25.0 gave. */
test.for<[situation: string, labels: Record<string, string>, expected: string]>([
  ["one label", { a: "b" }, "d2b371819297f98a"],
  ["three labels", { severity: "page", alertname: "HighLatency", instance: "web-01:9100" }, "e8ec14f58ea6bf3b"],
  ["beyond ASCII and beyond the basic plane", { b: "ÿ", alertname: "Tést ☃ 𝄞" }, "7f3fc59b8e6ed263"],
  ["a leading zero would not be lost", { alertname: "x" }, "d240efc3896bf266"],
])("%s", ([, labels, expected]) => {
  expect(fingerprint(labels)).toBe(expected);
});

test("the order in which labels came does not matter", () => {
  expect(fingerprint({ a: "1", b: "2" })).toBe(fingerprint({ b: "2", a: "1" }));
  expect(fingerprint({ a: "1", b: "2" })).not.toBe(fingerprint({ a: "1b2" }));
});

test("labels in order and ASCII, which are not sorted or encoded, have the same fingerprint as in any other order", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "z", "_", "\u007f", "\0", "ÿ", "𝄞"), maxLength: 4 });
  fc.assert(
    fc.property(fc.dictionary(text, text, { minKeys: 2, maxKeys: 5 }), (labels) => {
      const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      const print = fingerprint(Object.fromEntries(entries.toReversed()));
      expect(fingerprint(Object.fromEntries(entries))).toBe(print);
      expect(print).toMatch(/^[0-9a-f]{16}$/);
    }),
  );
});
