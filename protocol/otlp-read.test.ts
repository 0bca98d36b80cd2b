import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  damaged,
  LOGS_REQUEST,
  logsRequest,
  METRICS_REQUEST,
  metricsRequest,
  officialBytes,
  officialJson,
} from "../test/support/otlp-messages.ts";
import { logsFromJson, metricsFromJson } from "./otlp-json.ts";
import { readLogsRequest } from "./otlp-read-logs.ts";
import { readMetricsRequest } from "./otlp-read-metrics.ts";
import { StringCache } from "./wire-reader.ts";

const strings = new StringCache(64);
const testdata = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8"));

test("the example of the specification, from JSON", () => {
  expect(metricsFromJson(testdata("otlp-example-metrics.json"))).toMatchObject({
    status: "read",
    value: [
      {
        resource: { "service.name": "my.service" },
        metrics: [
          {
            name: "my.counter",
            kind: "sum",
            temporality: "delta",
            monotonic: true,
            points: [
              { attributes: { "my.counter.attr": "some value" }, value: 5, at: 1_544_712_660_300, noValue: false },
            ],
          },
          { name: "my.gauge", kind: "gauge", points: [{ value: 10 }] },
          { name: "my.histogram", kind: "histogram", temporality: "delta" },
          { name: "my.exponential.histogram", kind: "exponentialHistogram" },
        ],
      },
    ],
  });
  expect(logsFromJson(testdata("otlp-example-logs.json"))).toMatchObject({
    status: "read",
    value: [{ resource: { "service.name": "my.service" }, records: [{ severityText: "Information" }] }],
  });
});

test("the same from Protocol Buffers as from JSON, for every metrics request", () => {
  fc.assert(
    fc.property(metricsRequest, (request) => {
      const bytes = officialBytes(METRICS_REQUEST, request);
      const read = readMetricsRequest(bytes, strings);
      expect(read).toEqual(metricsFromJson(officialJson(METRICS_REQUEST, bytes)));
      expect(read.status).toBe("read");
    }),
    { numRuns: 300 },
  );
});

test("the same from Protocol Buffers as from JSON, for every logs request", () => {
  fc.assert(
    fc.property(logsRequest, (request) => {
      const bytes = officialBytes(LOGS_REQUEST, request);
      const read = readLogsRequest(bytes, strings);
      expect(read).toEqual(logsFromJson(officialJson(LOGS_REQUEST, bytes)));
      expect(read.status).toBe("read");
    }),
    { numRuns: 300 },
  );
});

test("half of a surrogate pair is read as what it would be written as", () => {
  const value = { stringValue: "a\ud800" };
  const body = { resourceMetrics: [{ resource: { attributes: [{ key: "k\udc00", value }] } }] };
  expect(metricsFromJson(body)).toMatchObject({ status: "read", value: [{ resource: { "k\ufffd": "a\ufffd" } }] });
});

test("damaged bytes are read or malformed, never anything else", () => {
  const good = fc.oneof(
    metricsRequest.map((request) => officialBytes(METRICS_REQUEST, request)),
    logsRequest.map((request) => officialBytes(LOGS_REQUEST, request)),
    fc.uint8Array({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(damaged(good), (bytes) => {
      expect(readMetricsRequest(bytes, strings).status).toMatch(/read|malformed/);
      expect(readLogsRequest(bytes, strings).status).toMatch(/read|malformed/);
    }),
    { numRuns: 1000 },
  );
});

test("any JSON is read or malformed, never anything else", () => {
  const keys = fc.constantFrom("resourceMetrics", "resource", "attributes", "scopeMetrics", "metrics", "sum", "value");
  const nested = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "medium" },
      fc.jsonValue(),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(keys, tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(nested, (body) => {
      expect(metricsFromJson(body).status).toMatch(/read|malformed/);
      expect(logsFromJson(body).status).toMatch(/read|malformed/);
    }),
    { numRuns: 1000 },
  );
});

const gaugeWith = (...dataPoints: unknown[]): unknown => ({
  resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "a", gauge: { dataPoints } }] }] }],
});

test.for<[string, unknown, string]>([
  ["the body is no object", [], "the body: not an object"],
  ["a list is no list", { resourceMetrics: {} }, "resourceMetrics: not an array"],
  ["a scope is no object", { resourceMetrics: [{ scopeMetrics: [5] }] }, "scopeMetrics: not an object"],
  [
    "an attribute of a resource is no pair",
    { resourceMetrics: [{ resource: { attributes: ["a"] } }] },
    "attributes: not an object",
  ],
])("JSON is malformed when %s", ([, body, message]) => {
  expect(metricsFromJson(body)).toEqual({ status: "malformed", message });
});

test.for<[string, unknown, string]>([
  ["a value is text", { asDouble: "five" }, "asDouble: not a number"],
  ["a time is negative", { timeUnixNano: "-5", asInt: 1 }, "timeUnixNano: below zero"],
  ["an integer has a fraction", { asInt: 1.5 }, "asInt: not an integer"],
  ["an attribute is no pair", { attributes: ["a"], asInt: 1 }, "attributes: not an object"],
  ["it is no object", 5, "dataPoints: not an object"],
])("a data point in JSON is left out, alone, when %s", ([, point, message]) => {
  const read = metricsFromJson(gaugeWith({ asInt: 1 }, point, { asInt: 2 }, point));
  expect(read).toMatchObject({
    status: "read",
    value: [{ metrics: [{ points: [{ value: 1 }, { value: 2 }] }], malformed: { count: 2, message } }],
  });
});

test.for<[string, unknown, string]>([
  ["its name is no text", { name: 5 }, "name: not a string"],
  ["it is no object", null, "metrics: not an object"],
  ["its points are no list", { name: "a", sum: { dataPoints: 1 } }, "dataPoints: not an array"],
])("a metric in JSON is left out, alone, when %s", ([, metric, message]) => {
  const good = { name: "b", gauge: { dataPoints: [{ asInt: 1 }] } };
  expect(metricsFromJson({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric, good] }] }] })).toMatchObject({
    status: "read",
    value: [{ metrics: [{ name: "b" }], malformed: { count: 1, message } }],
  });
});

test("a log record in JSON that cannot be read is left out alone", () => {
  const records = [{ timeUnixNano: "soon" }, { body: { stringValue: "x" } }];
  expect(logsFromJson({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] })).toMatchObject({
    status: "read",
    value: [{ records: [{ body: "x" }], malformed: { count: 1, message: expect.stringContaining("timeUnixNano") } }],
  });
});

test.for<[string, number[], RegExp]>([
  ["a length goes beyond the input", [0x0a, 0x05, 0x00], /goes beyond its message/],
  ["a length of 2^63", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], /goes beyond its message/],
  ["a varint never ends", Array.from({ length: 20 }, () => 0xff), /longer than ten bytes/],
  ["the input ends in a number", [0x09, 0x01], /ends within a number/],
  ["a group, which proto3 does not have", [0x0b], /wire type 3/],
  ["field number 0", [0x02, 0x00], /field number 0/],
])("bytes are malformed when %s", ([, bytes, message]) => {
  const read = readMetricsRequest(Uint8Array.from(bytes), strings);
  expect(read.status === "malformed" && read.message).toMatch(message);
});

test("an object for each two bytes stops at the limit on messages", () => {
  const bytes = new Uint8Array(6_000_000);
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x0a;
  expect(readMetricsRequest(bytes, strings)).toEqual({
    status: "malformed",
    message: "too many messages in one request",
  });
});

test("values may nest, but not without end", () => {
  let value: Record<string, unknown> = { stringValue: "bottom" };
  for (let depth = 0; depth < 40; depth++) value = { arrayValue: { values: [value] } };
  const request = { resourceMetrics: [{ resource: { attributes: [{ key: "deep", value }] } }] };
  expect(metricsFromJson(request)).toMatchObject({
    status: "malformed",
    message: expect.stringMatching(/nested deeper/),
  });
  expect(readMetricsRequest(officialBytes(METRICS_REQUEST, request), strings)).toMatchObject({
    status: "malformed",
    message: expect.stringMatching(/nest deeper/),
  });
});

test("equal short strings are the same object from request to request", () => {
  const own = new StringCache(64);
  const bytes = Buffer.from("system.cpu.time");
  const first = own.read(bytes, 0, bytes.length);
  expect(first).toBe("system.cpu.time");
  expect(own.read(Buffer.from("system.cpu.time!"), 0, 15)).toBe(first);
  expect(own.read(Buffer.from("größe"), 0, 7)).toBe("größe");
  expect(own.read(Buffer.from([0xff, 0x61]), 0, 2)).toBe("\ufffda");
});
