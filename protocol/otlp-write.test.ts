import * as fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { encodePointAttributes, type OtlpMetric, OtlpMetricsWriter } from "./otlp-write.ts";
import { readPartialSuccess } from "./otlp-write-response.ts";

/** The parts of the official files that a metrics request of ours can contain; numbers and types copied from there. */
const PROTO = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; string version = 2; }
message Point { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } repeated KeyValue attributes = 7; uint32 flags = 8; }
message Gauge { repeated Point data_points = 1; }
message Sum { repeated Point data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; } }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Request { repeated ResourceMetrics resource_metrics = 1; }
message PartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
message Response { PartialSuccess partial_success = 1; }
`;
const root = protobuf.parse(PROTO).root;
const requestType = root.lookupType("Request");
const responseType = root.lookupType("Response");
const decode = (bytes: Uint8Array): any =>
  requestType.toObject(requestType.decode(Uint8Array.from(bytes)), { longs: String });

const sender = {
  resource: { "service.name": "tocsin-agent", "tocsin.agent.interval_ms": 10_000, ratio: -0.5 },
  scope: { name: "tocsin", version: "1" },
};

test("a gauge and a counter as the official types read them", () => {
  const at = 1_700_000_000_123;
  const metrics: OtlpMetric[] = [
    {
      name: "system.cpu.time",
      type: "counter",
      unit: "s",
      points: [
        { attributes: encodePointAttributes({ cpu: "cpu0", state: "" }), value: 1.5, at, startedAt: 1_600_000_000_000 },
      ],
    },
    { name: "empty", type: "gauge", unit: "1", points: [] },
    {
      name: "system.uptime",
      type: "gauge",
      unit: "",
      points: [
        { attributes: encodePointAttributes({}), value: -0, at, startedAt: 5 },
        { attributes: encodePointAttributes({ old: "1" }), value: 1, at: at - 1, startedAt: 0 },
      ],
    },
  ];
  expect(decode(new OtlpMetricsWriter(sender, 16).write(metrics, at))).toEqual({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            { key: "service.name", value: { stringValue: "tocsin-agent" } },
            { key: "tocsin.agent.interval_ms", value: { intValue: "10000" } },
            { key: "ratio", value: { doubleValue: -0.5 } },
          ],
        },
        scopeMetrics: [
          {
            scope: { name: "tocsin", version: "1" },
            metrics: [
              {
                name: "system.cpu.time",
                unit: "s",
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [
                    {
                      startTimeUnixNano: "1600000000000000000",
                      timeUnixNano: "1700000000123000000",
                      asDouble: 1.5,
                      attributes: [
                        { key: "cpu", value: { stringValue: "cpu0" } },
                        { key: "state", value: { stringValue: "" } },
                      ],
                    },
                  ],
                },
              },
              { name: "system.uptime", gauge: { dataPoints: [{ timeUnixNano: "1700000000123000000", asDouble: -0 }] } },
            ],
          },
        ],
      },
    ],
  });
});

test("without a fresh point there is nothing to send", () => {
  expect(new OtlpMetricsWriter(sender).write([], 0)).toHaveLength(0);
});

const point = fc.record({
  labels: fc.dictionary(fc.string({ minLength: 1, maxLength: 200 }), fc.string({ maxLength: 300 }), { maxKeys: 5 }),
  value: fc.double(),
  at: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  startedAt: fc.integer({ min: 0, max: 4_102_444_800_000 }),
});

test("whatever the names, labels and numbers, the official types read back what went in", () => {
  const writer = new OtlpMetricsWriter(sender, 1);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          name: fc.string({ minLength: 1 }),
          type: fc.constantFrom("gauge" as const, "counter" as const),
          unit: fc.string(),
          points: fc.array(point, { minLength: 1, maxLength: 5 }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      (metrics) => {
        const bytes = writer.write(
          metrics.map((metric) => ({
            ...metric,
            points: metric.points.map((each) => ({ ...each, attributes: encodePointAttributes(each.labels) })),
          })),
        );
        const read = decode(bytes).resourceMetrics[0].scopeMetrics[0].metrics;
        expect(read).toHaveLength(metrics.length);
        for (const [index, metric] of metrics.entries()) {
          const points = (read[index].sum ?? read[index].gauge).dataPoints;
          expect(read[index].name).toBe(wellFormed(metric.name));
          expect(read[index].sum !== undefined).toBe(metric.type === "counter");
          for (const [each, was] of metric.points.entries()) {
            expect(points[each].asDouble).toBe(was.value);
            expect(points[each].flags ?? 0).toBe(Number.isNaN(was.value) ? 1 : 0);
            expect(points[each].timeUnixNano ?? "0").toBe((BigInt(was.at) * 1_000_000n).toString());
            const labels = (points[each].attributes ?? []).map((pair: any) => [pair.key, pair.value.stringValue]);
            expect(labels).toEqual(
              Object.entries(was.labels).map(([key, value]) => [wellFormed(key), wellFormed(value)]),
            );
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

const wellFormed = (value: string): string => value.toWellFormed();

test.for<[string, object, ReturnType<typeof readPartialSuccess>]>([
  ["all was taken", {}, null],
  ["an empty partial success", { partialSuccess: {} }, null],
  [
    "some were refused",
    { partialSuccess: { rejectedDataPoints: 300, errorMessage: "limit" } },
    { rejectedDataPoints: 300, message: "limit" },
  ],
  ["a warning", { partialSuccess: { errorMessage: "slow" } }, { rejectedDataPoints: 0, message: "slow" }],
])("the answer: %s", ([, response, expected]) => {
  expect(readPartialSuccess(responseType.encode(responseType.fromObject(response)).finish())).toEqual(expected);
});

test("an answer of any bytes is read without harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readPartialSuccess(bytes);
    }),
  );
});
