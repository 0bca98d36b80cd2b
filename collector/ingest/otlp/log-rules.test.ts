import { expect, test } from "vitest";
import type { OtlpLogRecord } from "../../../protocol/otlp.ts";
import type { LogRule } from "../log-pattern.ts";
import { readLogRecord } from "./log-event.ts";
import { logRulesOf } from "./log-rules.ts";

const RULES: LogRule[] = [
  {
    check: "link",
    pattern: "link (?<instance>\\S+) is (?<state>up|down) on (?<rack>\\S+)",
    contains: ["link "],
    clearStates: ["up"],
    severity: "major",
    status: "firing",
    expiresAfterMs: 60_000,
  },
  {
    check: "deployed",
    pattern: "deployed (?<version>\\S+)",
    contains: ["deployed"],
    app: "ci",
    status: "firing",
    kind: "change",
  },
];

const recordOf = (body: string): OtlpLogRecord => ({
  at: 1000,
  observedAt: 0,
  severityNumber: 17,
  severityText: "",
  body,
  attributes: { thread: "7" },
  eventName: "",
});

function eventOf(body: string, service = "net"): unknown {
  const record = recordOf(body);
  const resource = { "service.name": service };
  const reading = readLogRecord(record, { resource, ci: "sw-1", now: 2000, rules: logRulesOf(RULES) });
  return reading.kind === "event" ? reading.event : reading.kind;
}

test.for<[body: string, service: string, expected: unknown]>([
  [
    "link eth3 is down on r7",
    "net",
    {
      check: "link",
      instance: "eth3",
      status: "firing",
      severity: "major",
      labels: { rack: "r7", thread: "7" },
      expiresAfterMs: 60_000,
      ci: "sw-1",
      source: "net",
    },
  ],
  ["link eth3 is up on r7", "net", { check: "link", instance: "eth3", status: "resolved", expiresAfterMs: null }],
  [
    "deployed 7.2",
    "ci",
    { check: "deployed", kind: "change", severity: "info", labels: { version: "7.2", thread: "7" } },
  ],
])("%s of %s is an event", ([body, service, expected]) => {
  expect(eventOf(body, service)).toMatchObject(expected as object);
});

test.for<[situation: string, body: string, service: string]>([
  ["no rule knows it", "all is well", "net"],
  ["another program says it", "deployed 7.2", "web"],
])("counted only: %s", ([, body, service]) => {
  expect(eventOf(body, service)).toBe("counted");
});

test("no rules, no work", () => {
  expect(logRulesOf([])).toBeUndefined();
});

test.for<[severityNumber: number, severityText: string, severity: string]>([
  [21, "", "critical"],
  [17, "INFO", "major"],
  [0, "FATAL", "critical"],
  [0, "Error", "major"],
  [0, "WARN", "warning"],
  [0, "verbose", "info"],
])("a record of severity number %d and text %j that says that it is an event", ([number, text, severity]) => {
  const record = {
    ...recordOf("x"),
    severityNumber: number,
    severityText: text,
    attributes: { "tocsin.check": "disk" },
  };
  expect(readLogRecord(record, { resource: {}, ci: "sw-1", now: 2000, rules: undefined })).toMatchObject({
    kind: "event",
    event: { severity },
  });
});
