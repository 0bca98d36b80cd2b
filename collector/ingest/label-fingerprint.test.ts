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
