import * as fc from "fast-check";
import { expect, test } from "vitest";
import { webhookBench } from "../../../../test/support/webhook-bench.ts";
import { DEFAULT_CI_LABELS } from "../../ci-label.ts";
import { type GenericMapping, mapDocument, valueAt } from "./mapping.ts";

const CONTEXT = {
  now: Date.parse("2026-03-01T10:00:00Z"),
  isKnownCi: () => false,
  ciLabels: DEFAULT_CI_LABELS,
  openAlert: () => undefined,
};

const MAPPING: GenericMapping = {
  each: "/alerts",
  ci: ["/host/fqdn", "/host/ip"],
  check: ["/rule"],
  instance: ["/disk"],
  summary: ["{/rule} on {/host/fqdn}: {/text}", "{/rule}"],
  id: ["/uid"],
  time: ["/ts"],
  status: { of: ["/state"], resolved: ["ok"], ignored: ["test"] },
  severity: { of: ["/level"], words: { "9": "critical" }, otherwise: "minor" },
  labels: { team: ["/tags/team"], constant: ["blue"] },
  links: { runbook: ["/doc"] },
  expiresAfterMs: 600_000,
};

const ALERT = {
  uid: "u1",
  host: { fqdn: "web-01.example.net", ip: "10.0.3.7" },
  rule: "disk",
  disk: "sda",
  text: "full",
  ts: "2026-03-01T09:59:00Z",
  state: "ALARM",
  level: 9,
  tags: { team: "t" },
  doc: "https://wiki/disk",
};

const map = (document: unknown, mapping = MAPPING) => mapDocument("mytool", mapping, document, CONTEXT);

test("every part of an event", () => {
  expect(map({ alerts: [ALERT] })).toEqual([
    {
      status: "mapped",
      event: {
        id: "u1",
        idGiven: true,
        source: "mytool",
        ci: "web-01.example.net",
        check: "disk",
        instance: "sda",
        kind: "alert",
        status: "firing",
        severity: "critical",
        summary: "disk on web-01.example.net: full",
        occurredAt: Date.parse("2026-03-01T09:59:00Z"),
        since: Date.parse("2026-03-01T09:59:00Z"),
        labels: { constant: "blue", team: "t" },
        annotations: {},
        links: [{ href: "https://wiki/disk", text: "runbook" }],
        expiresAfterMs: 600_000,
      },
    },
  ]);
});

test.for<[situation: string, change: object, expected: object]>([
  ["resolved", { state: "OK" }, { status: "mapped", event: { status: "resolved", expiresAfterMs: null } }],
  ["ignored", { state: "Test" }, { status: "ignored", word: "Test" }],
  ["a severity that everyone knows", { level: "warning" }, { event: { severity: "warning" } }],
  ["a severity that nobody knows", { level: "purple" }, { event: { severity: "minor" } }],
  ["the second source", { host: { ip: "10.0.3.7" } }, { event: { ci: "10.0.3.7", summary: "disk" } }],
  ["nothing to name it by", { host: {}, rule: null }, { status: "incomplete", missing: ["ci", "check"] }],
])("%s", ([, change, expected]) => {
  expect(map({ alerts: [{ ...ALERT, ...change }] })).toMatchObject([expected]);
});

test("no list where one is expected", () => {
  expect(map({ alerts: {} })).toBeUndefined();
  expect(map(ALERT, { ...MAPPING, each: undefined })).toMatchObject([{ status: "mapped" }]);
});

test.for<[pointer: string, expected: unknown]>([
  ["/a/0/b", 1],
  ["/a/1", undefined],
  ["/a/x", undefined],
  ["/a~1b", 2],
  ["/c~0d", 3],
  ["/constructor/name", undefined],
  ["/__proto__", undefined],
  ["/text/length", undefined],
])("pointer %s", ([pointer, expected]) => {
  expect(valueAt({ a: [{ b: 1 }], "a/b": 2, "c~d": 3, text: "x" }, pointer)).toEqual(expected);
});

test("any document is mapped or told to be incomplete", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (document) => {
      for (const result of map({ alerts: [document] }) ?? [])
        expect(["incomplete", "ignored"]).toContain(result.status);
    }),
  );
});

test("over HTTP: counted, refused where the only element says nothing", async () => {
  const { post, ports } = webhookBench({ mappings: { mytool: MAPPING } });
  const answer = await post("mytool", { alerts: [ALERT, { ...ALERT, state: "test" }, {}] });
  expect(answer).toMatchObject({ status: 202, body: { accepted: 1, dropped: { ignored: 1, incomplete: 1 } } });
  expect(ports.counts.get("tocsin_ingest_dropped_total webhook.generic incomplete")).toBe(1);
  expect((await post("mytool", { alerts: [{}] })).status).toBe(400);
  expect((await post("mytool", { alerts: 1 })).status).toBe(400);
});

test("a message whose words cannot be filled in is told by its check, and still clears", () => {
  const mapping: GenericMapping = {
    ci: ["/host"],
    check: ["/rule"],
    summary: ["{/rule}: {/text}"],
    status: { of: ["/state"], resolved: ["ok"] },
  };
  const result = mapDocument("doors", mapping, { host: "web-01", rule: "disk", state: "ok" }, CONTEXT);
  expect(result).toMatchObject([{ status: "mapped", event: { status: "resolved", check: "disk", summary: "disk" } }]);
});
