import * as fc from "fast-check";
import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import { BadLine } from "../../port/ingest.ts";
import { readEvent } from "./read-event.ts";
import { WIRE_EVENT_SCHEMA } from "./schema.ts";

const RECEIVED_AT = Date.UTC(2026, 2, 1, 10);

const good = {
  source: "nagios",
  ci: "web-01",
  check: "http_5xx_rate",
  status: "firing",
  severity: "major",
  summary: "12 % of answers are errors",
};

test("the smallest event", () => {
  expect(readEvent(good, RECEIVED_AT)).toEqual({
    event: {
      ...good,
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      idGiven: false,
      instance: "",
      kind: "alert",
      occurredAt: RECEIVED_AT,
      labels: {},
      annotations: {},
      links: [],
      expiresAfterMs: null,
    },
  });
});

test("the largest event; unknown keys pass and are left out", () => {
  const wire = {
    ...good,
    note: JSON.parse(`${"[".repeat(31)}${"]".repeat(31)}`),
    id: "e-1",
    instance: "eth0",
    time: "2026-03-01T09:59:59.5Z",
    labels: { site: "ams1" },
    annotations: { since: "2026-03-01T09:00:00Z" },
    links: [{ href: "https://wiki/x", text: "runbook" }, { href: "javascript:alert(1)" }, { href: "HTTP://x" }],
    kind: "change",
    expiresAfter: "5m",
    constructor: { deep: true },
  };
  expect(readEvent(wire, RECEIVED_AT)).toEqual({
    event: {
      ...good,
      id: "e-1",
      idGiven: true,
      instance: "eth0",
      kind: "change",
      occurredAt: RECEIVED_AT - 500,
      labels: { site: "ams1" },
      annotations: { since: "2026-03-01T09:00:00Z" },
      links: [
        { href: "https://wiki/x", text: "runbook" },
        { href: "HTTP://x", text: "" },
      ],
      expiresAfterMs: 300_000,
    },
  });
});

test.for<[situation: string, element: unknown, code: string, message: string]>([
  ["not an object", "x", "notAnObject", "an event is an object"],
  ["an array in the array", [good], "notAnObject", "an event is an object"],
  [
    "lists in lists at a key that nobody knows",
    { ...good, note: JSON.parse(`${"[".repeat(32)}${"]".repeat(32)}`) },
    "tooDeep",
    "the event nests deeper than 32 levels",
  ],
  ["a line that is no JSON", new BadLine("no"), "badLine", "no"],
  ["no ci", { ...good, ci: undefined }, "missingField", "ci: is missing"],
  ["an empty check", { ...good, check: "" }, "missingField", "check: is missing"],
  ["a source that is a number", { ...good, source: 5 }, "badField", "source: must be text, not number"],
  ["a ci too long", { ...good, ci: "x".repeat(513) }, "tooLong", "ci: is longer than 512 characters"],
  ["no status", { ...good, status: undefined }, "missingField", "status: is missing"],
  ["a status of its own", { ...good, status: "ok" }, "badStatus", 'status: must be one of firing, resolved, not "ok"'],
  [
    "a severity of its own",
    { ...good, severity: "high" },
    "badSeverity",
    'severity: must be one of critical, major, minor, warning, info, not "high"',
  ],
  [
    "a severity that is a number",
    { ...good, severity: 1 },
    "badSeverity",
    "severity: must be one of critical, major, minor, warning, info, not 1",
  ],
  ["a kind of its own", { ...good, kind: "metric" }, "badKind", 'kind: must be one of alert, change, not "metric"'],
  [
    "a time without a zone",
    { ...good, time: "2026-03-01T10:00:00" },
    "badTime",
    'time: must be RFC 3339 with a zone, not "2026-03-01T10:00:00"',
  ],
  ["a time that is a number", { ...good, time: 17 }, "badTime", "time: must be RFC 3339 with a zone, not 17"],
  [
    "a duration that is a number",
    { ...good, expiresAfter: 60 },
    "badDuration",
    "expiresAfter: must be a duration such as 30s or 5m, not 60",
  ],
  ["labels that are a list", { ...good, labels: [] }, "badField", "labels: must be an object"],
  ["a label that is a number", { ...good, labels: { a: 1 } }, "badLabels", "labels.a: must be text, not number"],
  [
    "a label too long",
    { ...good, labels: { a: "x".repeat(1025) } },
    "badLabels",
    "labels.a: is longer than 1024 characters",
  ],
  [
    "too many labels",
    { ...good, labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, "x"])) },
    "badLabels",
    "labels: more than 64",
  ],
  [
    "a label that would be the prototype",
    { ...good, labels: JSON.parse('{"__proto__": "x"}') },
    "badLabels",
    "labels: a name must have 1 to 128 characters and not be __proto__",
  ],
  ["links that are no list", { ...good, links: {} }, "badField", "links: must be an array"],
  ["a link without an address", { ...good, links: [{ text: "x" }] }, "badField", "links: each is {href, text}"],
])("refused: %s", ([, element, code, message]) => {
  expect(readEvent(element, RECEIVED_AT)).toEqual({ fault: { code, message } });
});

test("what is only shown is cut, never half a character", () => {
  const read = readEvent(
    { ...good, summary: `${"x".repeat(4095)}😀`, annotations: { a: "y".repeat(9000) } },
    RECEIVED_AT,
  );
  expect("event" in read && read.event.summary).toBe("x".repeat(4095));
  expect("event" in read && read.event.annotations["a"]?.length).toBe(4096);
});

test("ids of events without one differ by content and by time of receipt", () => {
  const id = (wire: object, at = RECEIVED_AT): string => {
    const read = readEvent(wire, at);
    return "event" in read ? read.event.id : "";
  };
  const ids = [id(good), id({ ...good, ci: "web-02" }), id({ ...good, status: "resolved" }), id(good, RECEIVED_AT + 1)];
  expect(new Set(ids).size).toBe(4);
  expect(id(good)).toBe(ids[0]);
});

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("x".repeat(513), "", "firing", "critical"));
const element = fc.record(
  {
    id: fc.oneof(text, fc.integer()),
    source: text,
    ci: text,
    check: text,
    instance: text,
    status: fc.constantFrom("firing", "resolved", "ok", 5),
    severity: fc.constantFrom("critical", "info", "bad", null),
    summary: text,
    labels: fc.oneof(
      fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.string(), fc.integer()), { maxKeys: 3 }),
      fc.constant([]),
    ),
    annotations: fc.dictionary(fc.string({ minLength: 1, maxLength: 5, unit: "grapheme-ascii" }), fc.string(), {
      maxKeys: 3,
    }),
    kind: fc.constantFrom("alert", "change", "metric"),
    unknown: fc.anything(),
  },
  { requiredKeys: ["source", "ci", "check", "status", "severity", "summary"] },
);

test("the schema of the OpenAPI document and the reader agree", () => {
  const schema = Compile(WIRE_EVENT_SCHEMA);
  fc.assert(
    fc.property(element, (wire) => {
      // An empty id or instance is an absent one to the reader; the schema need not say so.
      fc.pre(
        wire.id !== "" &&
          !Object.keys(wire.labels ?? {}).some((key) => key === "" || key === "__proto__" || /\n/.test(key)),
      );
      expect("event" in readEvent(wire, RECEIVED_AT)).toBe(schema.Check(wire));
    }),
    { numRuns: 2000 },
  );
});

test("anything is an event or a fault", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.record(Object.fromEntries(Object.keys(good).map((key) => [key, fc.anything()])))),
      (wire) => {
        const read = readEvent(wire, RECEIVED_AT);
        expect("event" in read || read.fault.message.length > 0).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});
