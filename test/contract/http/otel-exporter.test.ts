import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { SeverityNumber } from "@opentelemetry/api";
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonExporter,
} from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { apiBench } from "../../support/api-bench.ts";

/** OpenTelemetry's own JavaScript SDK as a foreign sender: what it sends arrives, and it hears success. */

const resource = resourceFromAttributes({ "host.name": "h-1", "service.name": "shop", "service.instance.id": "i-1" });
const LABELS = 'ci="h-1",service_instance_id="i-1",service_name="shop"';

const exporters: [
  name: string,
  make: (url: string, temporality: AggregationTemporalityPreference) => PushMetricExporter,
][] = [
  ["Protocol Buffers", (url, temporalityPreference) => new ProtobufExporter({ url, temporalityPreference })],
  ["JSON", (url, temporalityPreference) => new JsonExporter({ url, temporalityPreference })],
];

const rows = exporters.flatMap(([name, make]) =>
  [AggregationTemporalityPreference.CUMULATIVE, AggregationTemporalityPreference.DELTA].map(
    (temporality) => [`${name}, ${AggregationTemporalityPreference[temporality]}`, make, temporality] as const,
  ),
);

test.for(rows)("metrics of the SDK in %s", async ([, make, temporality]) => {
  const bench = await apiBench();
  const { url } = await bench.server.listen("127.0.0.1", 0);
  const reader = new PeriodicExportingMetricReader({
    exporter: make(`${url}/v1/metrics`, temporality),
    exportIntervalMillis: 3_600_000,
  });
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [{ instrumentName: "rpc.size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const meter = provider.getMeter("test");
  const requests = meter.createCounter("http.requests", { unit: "{request}", description: "Requests served." });
  const inFlight = meter.createUpDownCounter("http.in_flight");
  const duration = meter.createHistogram("http.duration", {
    unit: "s",
    advice: { explicitBucketBoundaries: [0.1, 1] },
  });
  const size = meter.createHistogram("rpc.size", { unit: "By" });
  meter.createObservableGauge("queue.length").addCallback((result) => result.observe(7, { queue: 'a"b' }));
  for (let round = 1; round <= 2; round++) {
    requests.add(5, { method: "GET" });
    inFlight.add(round === 1 ? 3 : -1);
    for (const value of [0.05, 0.5, 5]) duration.record(value);
    for (const value of [1, 100, 1000]) size.record(value);
    // The SDK reports and swallows export errors; flush throws them.
    await provider.forceFlush();
    bench.clock.advance(1000);
  }
  const { text } = await bench.call("GET", "/metrics/agents/h-1");
  await provider.shutdown();
  await bench.server.close();
  expect(bench.log.lines).toEqual([]);
  const lines = text.split("\n");
  expect(lines).toContain(`http_requests_total{method="GET",${LABELS}} 10`);
  expect(lines).toContain("# HELP http_requests_total Requests served.");
  // The SDK keeps counters that can fall cumulative whatever is asked for.
  expect(lines).toContain(`http_in_flight{${LABELS}} 2`);
  expect(lines).toContain(`queue_length{queue="a\\"b",${LABELS}} 7`);
  expect(lines).toContain(`http_duration_seconds_bucket{le="0.1",${LABELS}} 2`);
  expect(lines).toContain(`http_duration_seconds_bucket{le="+Inf",${LABELS}} 6`);
  expect(lines).toContain(`http_duration_seconds_sum{${LABELS}} 11.1`);
  expect(lines).toContain(`rpc_size_bytes_count{${LABELS}} 6`);
  expect(lines.some((line) => line.startsWith("rpc_size_bytes_bucket{le="))).toBe(true);
});

test("logs of the SDK: counted, and an event where the record says so", async () => {
  const bench = await apiBench();
  const { url } = await bench.server.listen("127.0.0.1", 0);
  const provider = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })],
  });
  const logger = provider.getLogger("test");
  logger.emit({ severityNumber: SeverityNumber.INFO, body: "hello" });
  logger.emit({
    severityNumber: SeverityNumber.ERROR,
    body: "payment failed",
    attributes: { "tocsin.check": "payment", order: 17 },
  });
  await provider.forceFlush();
  await provider.shutdown();
  await bench.server.close();
  expect(bench.intake.events).toMatchObject([
    {
      ci: "h-1",
      source: "shop",
      check: "payment",
      severity: "major",
      summary: "payment failed",
      labels: { order: "17" },
    },
  ]);
  expect(bench.telemetry.counts.get("tocsin_log_records_total{outcome=counted}")).toBe(1);
});
