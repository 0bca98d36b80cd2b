import * as fc from "fast-check";
import protobuf from "protobufjs";

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => new URL(`../../protocol/testdata/${target}`, import.meta.url).pathname;
root.loadSync([
  "opentelemetry/proto/collector/metrics/v1/metrics_service.proto",
  "opentelemetry/proto/collector/logs/v1/logs_service.proto",
]);

const type = (name: string): protobuf.Type => root.lookupType(`opentelemetry.proto.${name}`);

export const METRICS_REQUEST = type("collector.metrics.v1.ExportMetricsServiceRequest");
export const METRICS_RESPONSE = type("collector.metrics.v1.ExportMetricsServiceResponse");
export const LOGS_REQUEST = type("collector.logs.v1.ExportLogsServiceRequest");
export const LOGS_RESPONSE = type("collector.logs.v1.ExportLogsServiceResponse");

/** A request as OTLP's JSON has it: the official types' own reading of the bytes. */
export function officialJson(message: protobuf.Type, bytes: Uint8Array): unknown {
  return message.toObject(message.decode(bytes), {
    longs: String,
    enums: Number,
    bytes: String,
    json: true,
    oneofs: false,
  });
}

/** From the JSON form (camelCase, 64-bit integers as text) to bytes, by the official types. */
export function officialBytes(message: protobuf.Type, json: Record<string, unknown>): Uint8Array {
  return message.encode(message.fromObject(json)).finish();
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const count = fc.oneof(fc.nat().map(String), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String));
const nanos = fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n }).map(String);
const double = fc.double();
const name = fc.oneof(
  fc.constantFrom("cpu", "state", "host.name", "le", ""),
  fc.string({ maxLength: 80, unit: "binary" }),
);

/** AnyValue, nested. */
export const { value: anyValue } = fc.letrec<{ value: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ stringValue: fc.string({ unit: "grapheme" }) }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: int64 }),
    fc.record({ doubleValue: double }),
    fc.record({ bytesValue: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie("value"), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: name, value: tie("value") }), { maxLength: 3 }),
      }),
    }),
  ),
}));

const attributes = fc.array(fc.record({ key: name, value: anyValue }), { maxLength: 4 });
const common = { attributes, startTimeUnixNano: nanos, timeUnixNano: nanos, flags: fc.nat({ max: 3 }) };
const numberPoint = fc.oneof(fc.record({ ...common, asDouble: double }), fc.record({ ...common, asInt: int64 }));
const histogramPoint = fc.record(
  { ...common, count, sum: double, bucketCounts: fc.array(count), explicitBounds: fc.array(double) },
  { requiredKeys: ["attributes", "count"] },
);
const buckets = fc.record({ offset: fc.integer(), bucketCounts: fc.array(count) });
const exponentialPoint = fc.record(
  {
    ...common,
    count,
    sum: double,
    scale: fc.integer(),
    zeroCount: count,
    zeroThreshold: double,
    positive: buckets,
    negative: buckets,
  },
  { requiredKeys: ["attributes", "count"] },
);
const summaryPoint = fc.record({
  ...common,
  count,
  sum: double,
  quantileValues: fc.array(fc.record({ quantile: double, value: double })),
});
const aggregationTemporality = fc.constantFrom(0, 1, 2);
const points = <T>(point: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(point, { maxLength: 4 });

const metric = fc
  .tuple(
    fc.record({ name, description: fc.string(), unit: fc.constantFrom("", "By", "s", "1") }),
    fc.oneof(
      fc.record({ gauge: fc.record({ dataPoints: points(numberPoint) }) }),
      fc.record({
        sum: fc.record({ dataPoints: points(numberPoint), aggregationTemporality, isMonotonic: fc.boolean() }),
      }),
      fc.record({ histogram: fc.record({ dataPoints: points(histogramPoint), aggregationTemporality }) }),
      fc.record({ exponentialHistogram: fc.record({ dataPoints: points(exponentialPoint), aggregationTemporality }) }),
      fc.record({ summary: fc.record({ dataPoints: points(summaryPoint) }) }),
      fc.constant({}),
    ),
  )
  .map(([head, data]) => ({ ...head, ...data }));

const resource = fc.record({ attributes });
const scope = fc.record({ name: fc.string(), version: fc.string(), attributes });

/** An ExportMetricsServiceRequest in its JSON form. */
export const metricsRequest = fc.record({
  resourceMetrics: fc.array(
    fc.record({
      resource,
      scopeMetrics: fc.array(fc.record({ scope, metrics: fc.array(metric, { maxLength: 4 }) }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

const logRecord = fc.record({
  timeUnixNano: nanos,
  observedTimeUnixNano: nanos,
  severityNumber: fc.nat({ max: 24 }),
  severityText: fc.string(),
  body: anyValue,
  attributes,
  eventName: fc.string(),
  traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("base64")),
});

/** An ExportLogsServiceRequest in its JSON form (bytes in base64 for protobufjs; we read no bytes fields of records). */
export const logsRequest = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource,
      scopeLogs: fc.array(fc.record({ scope, logRecords: fc.array(logRecord, { maxLength: 4 }) }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

/** Good bytes with some bytes changed, cut, repeated: what a broken sender or a hostile one makes. */
export function damaged(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(good, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }), fc.nat(), fc.boolean())
    .map(([bytes, edits, cut, whole]) => {
      const copy = Uint8Array.from(bytes);
      if (copy.length > 0) for (const [at, byte] of edits) copy[at % copy.length] = byte;
      return whole ? copy : copy.subarray(0, cut % (copy.length + 1));
    });
}
