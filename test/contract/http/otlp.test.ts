import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type ApiBench, apiBench, type Called, TOKENS } from "../../support/api-bench.ts";
import {
  damaged,
  LOGS_REQUEST,
  LOGS_RESPONSE,
  logsRequest,
  METRICS_REQUEST,
  METRICS_RESPONSE,
  metricsRequest,
  officialBytes,
  officialJson,
} from "../../support/otlp-messages.ts";

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const nanos = (ms: number): string => `${ms}000000`;

const agentResource = (ci: string, agentId = "agent-1") => ({
  attributes: [
    attribute("service.name", "tocsin-agent"),
    attribute("service.instance.id", agentId),
    attribute("service.version", "1.2"),
    attribute("host.name", "ignored"),
    attribute("tocsin.ci", ci),
    { key: "tocsin.agent.interval_ms", value: { intValue: "10000" } },
  ],
});

const load = (value: number, at: number) => ({
  name: "system.cpu.load_average.1m",
  unit: "{thread}",
  gauge: { dataPoints: [{ asDouble: value, timeUnixNano: nanos(at) }] },
});

const request = (resource: object, ...metrics: object[]) => ({
  resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }],
});

const sendProtobuf = (bench: ApiBench, body: Record<string, unknown>, headers = {}): Promise<Called> =>
  bench.call("POST", "/v1/metrics", {
    raw: Buffer.from(officialBytes(METRICS_REQUEST, body)),
    headers: { "content-type": "application/x-protobuf", ...headers },
  });

const sendJson = (bench: ApiBench, body: unknown, path = "/v1/metrics"): Promise<Called> =>
  bench.call("POST", path, { body });

test("an agent's samples are shown by node_exporter's names, and the agent is heard", async () => {
  const bench = await apiBench();
  const now = bench.clock.now();
  const answer = await sendProtobuf(bench, request(agentResource("web-01"), load(0.5, now)));
  expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/x-protobuf" } });
  expect(officialJson(METRICS_RESPONSE, answer.bytes)).toEqual({});
  expect((await bench.call("GET", "/metrics/agents")).text).toContain('node_load1{ci="web-01"} 0.5\n');
  expect((await bench.call("GET", "/metrics/agents/web-01")).headers["content-type"]).toBe(
    "text/plain; version=0.0.4; charset=utf-8",
  );
  expect((await bench.call("GET", "/metrics/agents/agent-1")).text).toContain("node_load1");
  expect((await bench.call("GET", "/api/v1/agents")).json.items).toEqual([
    {
      agentId: "agent-1",
      ci: "web-01",
      version: "1.2",
      intervalMs: 10_000,
      firstSeenAt: "2026-03-01T10:00:00.000Z",
      lastSeenAt: "2026-03-01T10:00:00.000Z",
      status: "reporting",
      duplicate: false,
      series: 1,
    },
  ]);
  expect((await bench.call("GET", "/sd/prometheus")).json).toEqual([
    {
      targets: ["127.0.0.1:8430"],
      labels: { __metrics_path__: "/metrics/agents/web-01", __scheme__: "http", ci: "web-01", instance: "web-01" },
    },
  ]);
  expect(bench.intake.batches).toEqual([]);
  bench.clock.advance(200);
  expect(bench.intake.batches).toEqual([
    { lane: "heartbeat", submissions: [{ kind: "heartbeat", ci: "web-01", agent: "agent-1", missingAfterMs: 30_000 }] },
  ]);
});

test("an agent that sends once is listed, and its silence afterwards alarms nobody", async () => {
  const bench = await apiBench();
  const once = { attributes: [...agentResource("web-01").attributes, attribute("tocsin.agent.once", "true")] };
  expect(await sendJson(bench, request(once, load(0.5, bench.clock.now())))).toMatchObject({ status: 200 });
  expect((await bench.call("GET", "/metrics/agents/web-01")).text).toContain("node_load1");
  expect((await bench.call("GET", "/api/v1/agents")).json.items).toMatchObject([{ agentId: "agent-1", ci: "web-01" }]);
  bench.clock.advance(200);
  expect(bench.intake.batches).toEqual([]);
});

test("the series carry the CMDB's id, whatever the agent calls itself", async () => {
  const bench = await apiBench();
  const ci = { type: "host", labels: {}, owner: null, criticality: null, minHealthy: null, known: true };
  bench.query.document = {
    ...bench.query.document,
    cis: [{ ...ci, id: "web-01", name: "web-01", aliases: ["web-01.example.net"] }],
  };
  await sendJson(bench, request(agentResource("WEB-01.example.net"), load(1, bench.clock.now())));
  expect((await bench.call("GET", "/metrics/agents/web-01.example.net")).text).toContain('node_load1{ci="web-01"} 1');
});

test("JSON, gzip, and both in the answer's encoding", async () => {
  const bench = await apiBench();
  const body = request({ attributes: [attribute("host.name", "h-1")] }, load(2, bench.clock.now()));
  expect(await sendJson(bench, body)).toMatchObject({
    status: 200,
    json: {},
    headers: { "content-type": "application/json; charset=utf-8" },
  });
  const raw = gzipSync(JSON.stringify(body));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  for (const path of ["/v1/metrics", "/api/v1/otlp/v1/metrics"])
    expect((await bench.call("POST", path, { raw, headers })).status).toBe(200);
  expect((await sendProtobuf(bench, {})).status).toBe(200);
  expect(
    (await bench.call("POST", "/v1/metrics", { raw: "", headers: { "content-type": "application/json" } })).status,
  ).toBe(200);
  expect((await bench.call("GET", "/metrics/agents/h-1")).text).toContain('node_load1{ci="h-1"} 2');
  expect((await bench.call("GET", "/api/v1/agents")).json.items).toEqual([]);
});

test("a foreign service: its own labels, histogram, delta sums that add up", async () => {
  const bench = await apiBench();
  const at = (ms: number) => nanos(bench.clock.now() + ms);
  const body = (ms: number) =>
    request(
      { attributes: [attribute("host.name", "h-1"), attribute("service.name", "shop")] },
      {
        name: "http.server.request.duration",
        unit: "s",
        description: "Duration of requests.",
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [
            { timeUnixNano: at(ms), count: "3", sum: 1.5, explicitBounds: [0.5, 1], bucketCounts: ["1", "1", "1"] },
          ],
        },
      },
      {
        name: "jobs",
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ timeUnixNano: at(ms), asInt: "5" }] },
      },
    );
  await sendJson(bench, body(-1000));
  await sendProtobuf(bench, body(0));
  expect(
    (await bench.call("GET", "/metrics/agents")).text,
  ).toBe(`# HELP http_server_request_duration_seconds Duration of requests.
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{le="0.5",ci="h-1",service_name="shop"} 1
http_server_request_duration_seconds_bucket{le="1",ci="h-1",service_name="shop"} 2
http_server_request_duration_seconds_bucket{le="+Inf",ci="h-1",service_name="shop"} 3
http_server_request_duration_seconds_sum{ci="h-1",service_name="shop"} 1.5
http_server_request_duration_seconds_count{ci="h-1",service_name="shop"} 3
# HELP jobs_total OpenTelemetry metric jobs.
# TYPE jobs_total counter
jobs_total{ci="h-1",service_name="shop"} 10
`);
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
  const open = await bench.call("GET", "/metrics/agents/h-1", { headers: { accept } });
  expect(open.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const own = await bench.call("GET", "/metrics", { headers: { accept } });
  expect(own.headers["content-type"]).toBe(open.headers["content-type"]);
  expect(open.text).toMatch(/# TYPE jobs counter\njobs_total\{.*\n# EOF\n$/s);
});

test("exemplars of counters and buckets are shown in OpenMetrics, and in no other format", async () => {
  const ids = { traceId: "0AF7651916CD43DD8448EB211C80319C", spanId: "b7ad6b7169203331" };
  const bytes = { traceId: Buffer.from(ids.traceId, "hex"), spanId: Buffer.from(ids.spanId, "hex") };
  for (const [send, told] of [
    [sendJson, ids],
    [sendProtobuf, bytes],
  ] as const) {
    const bench = await apiBench();
    const now = bench.clock.now();
    const at = nanos(now);
    const traced = (value: number) => ({ timeUnixNano: at, asDouble: value, ...told });
    const answer = await send(
      bench,
      request(
        { attributes: [attribute("host.name", "h-1"), attribute("service.name", "shop")] },
        {
          name: "rpc",
          unit: "s",
          histogram: {
            aggregationTemporality: 2,
            dataPoints: [
              {
                timeUnixNano: at,
                count: "3",
                sum: 1.5,
                explicitBounds: [0.5, 1],
                bucketCounts: ["1", "1", "1"],
                exemplars: [
                  traced(0.25),
                  { ...traced(7), filteredAttributes: [{ key: "http.route", value: { stringValue: '/a"b' } }] },
                ],
              },
            ],
          },
        },
        {
          name: "jobs",
          sum: {
            aggregationTemporality: 2,
            isMonotonic: true,
            dataPoints: [{ timeUnixNano: at, asInt: "5", exemplars: [traced(1)] }],
          },
        },
        { name: "depth", gauge: { dataPoints: [{ timeUnixNano: at, asDouble: 2, exemplars: [traced(2)] }] } },
      ),
    );
    expect(answer.status).toBe(200);
    const open = await bench.call("GET", "/metrics/agents/h-1", {
      headers: { accept: "application/openmetrics-text" },
    });
    const trace = `trace_id="${ids.traceId.toLowerCase()}",span_id="${ids.spanId}"`;
    const time = now / 1000;
    expect(open.text).toContain(
      `rpc_seconds_bucket{le="0.5",ci="h-1",service_name="shop"} 1 # {${trace}} 0.25 ${time}\n`,
    );
    expect(open.text).toContain('rpc_seconds_bucket{le="1",ci="h-1",service_name="shop"} 2\n');
    expect(open.text).toContain(
      `rpc_seconds_bucket{le="+Inf",ci="h-1",service_name="shop"} 3 # {${trace},http_route="/a\\"b"} 7 ${time}\n`,
    );
    expect(open.text).toContain(`jobs_total{ci="h-1",service_name="shop"} 5 # {${trace}} 1 ${time}\n`);
    expect(open.text).toMatch(/^depth\{.*\} 2$/m);
    expect((await bench.call("GET", "/metrics/agents/h-1")).text).not.toContain("trace_id");
  }
});

test("what is not taken is told as partial success, in both encodings", async () => {
  const bench = await apiBench();
  const body = {
    resourceMetrics: [
      { resource: {}, scopeMetrics: [{ metrics: [load(1, bench.clock.now())] }] },
      {
        resource: { attributes: [attribute("host.name", "h")] },
        scopeMetrics: [{ metrics: [load(1, bench.clock.now()), { ...load(1, bench.clock.now()), name: "" }] }],
      },
    ],
  };
  expect((await sendJson(bench, body)).json).toEqual({
    partialSuccess: { rejectedDataPoints: "2", errorMessage: "not taken: 1 noCi, 1 noName" },
  });
  const { bytes } = await sendProtobuf(bench, body);
  expect(officialJson(METRICS_RESPONSE, bytes)).toEqual({
    partialSuccess: { rejectedDataPoints: "2", errorMessage: "not taken: 1 noCi, 1 noName" },
  });
});

test.for<[situation: string, raw: string | Buffer, contentType: string, status: number, code: string]>([
  ["broken JSON", "{", "application/json", 400, "badJson"],
  ["JSON of another shape", '{"resourceMetrics": 5, "resourceLogs": 5}', "application/json", 400, "malformed"],
  ["an array", "[]", "application/json", 400, "malformed"],
  ["deep JSON", "[".repeat(5000), "application/json", 400, "tooDeep"],
  ["JSON of a million arrays", `[${"[],".repeat(1_100_000)}[]]`, "application/json", 413, "tooManyValues"],
  ["broken UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "application/json", 400, "badEncoding"],
  ["another type", "a=b", "text/plain", 415, "unsupportedType"],
])("refused: %s", async ([, raw, contentType, status, code]) => {
  const bench = await apiBench();
  for (const path of ["/v1/metrics", "/v1/logs"]) {
    const answer = await bench.call("POST", path, { raw, headers: { "content-type": contentType } });
    expect([answer.status, answer.json?.code], path).toEqual([status, code]);
  }
});

test("what cannot be read in JSON sinks nothing beside it", async () => {
  const bench = await apiBench();
  const headers = { "content-type": "application/json" };
  const resource = { attributes: [{ key: "host.name", value: { stringValue: "web-01" } }] };
  const dataPoints = [{ asDouble: "x" }, { asDouble: 2, timeUnixNano: `${bench.clock.now()}000000` }];
  const scopeMetrics = [{ metrics: [{ name: "a", gauge: { dataPoints } }, 7] }];
  const metrics = await bench.call("POST", "/v1/metrics", {
    raw: JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics }] }),
    headers,
  });
  expect([metrics.status, metrics.json]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedDataPoints: "2",
        errorMessage: "not taken: 2 malformed (asDouble: not a number)",
      },
    },
  ]);
  const scopeLogs = [{ logRecords: [{ severityNumber: "x" }, { body: { stringValue: "fine" } }] }];
  const logs = await bench.call("POST", "/v1/logs", {
    raw: JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] }),
    headers,
  });
  expect(logs).toMatchObject({ status: 200, json: { partialSuccess: { rejectedLogRecords: "1" } } });
});

test("a refusal to a Protocol Buffers sender is a google.rpc.Status", async () => {
  const bench = await apiBench({ auth: TOKENS });
  const headers = { "content-type": "application/x-protobuf" };
  const refused = await bench.call("POST", "/v1/metrics", { raw: Buffer.from([0x0a, 0x05]), headers });
  expect(refused).toMatchObject({ status: 401, headers: { "content-type": "application/x-protobuf" } });
  expect(refused.bytes[1]).toBe(16);
  const malformed = await bench.call("POST", "/v1/metrics", { as: "agent", raw: Buffer.from([0x0a, 0x05]), headers });
  expect(malformed.status).toBe(400);
  expect([...malformed.bytes.subarray(0, 2)]).toEqual([8, 3]);
  expect(malformed.bytes.toString("utf8")).toContain("malformed: a length at byte 2 goes beyond its message");
});

test("heartbeats that could not be taken are told again, the newest of each agent", async () => {
  const bench = await apiBench();
  bench.intake.answer = () => ({ status: "overloaded", retryAfterMs: 1000 });
  await sendJson(bench, request(agentResource("a", "1"), load(1, bench.clock.now())));
  await sendJson(bench, request(agentResource("b", "2"), load(1, bench.clock.now())));
  bench.clock.advance(200);
  await Promise.resolve();
  await Promise.resolve();
  await sendJson(bench, request(agentResource("b", "2"), load(1, bench.clock.now())));
  bench.intake.answer = undefined;
  bench.clock.advance(1000);
  expect(bench.intake.batches.map((batch) => batch.submissions.length)).toEqual([2, 2]);
});

const log = (record: object, resource = [attribute("service.name", "shop")]) => ({
  resourceLogs: [{ resource: { attributes: resource }, scopeLogs: [{ logRecords: [record] }] }],
});

test("logs are counted; a record that says so, or a rule does, becomes an event", async () => {
  const bench = await apiBench();
  const at = bench.clock.now();
  expect(await sendJson(bench, log({ severityNumber: 9, body: { stringValue: "hello" } }), "/v1/logs")).toMatchObject({
    status: 200,
    json: {},
  });
  expect(bench.intake.events).toEqual([]);
  const record = {
    timeUnixNano: nanos(at - 1000),
    severityNumber: 17,
    body: { stringValue: "payment failed" },
    attributes: [attribute("tocsin.check", "payment"), attribute("tocsin.id", "l-1"), attribute("order", "17")],
  };
  await sendJson(bench, log(record), "/v1/logs");
  await sendJson(
    bench,
    log({ body: { stringValue: "OOM killer" }, attributes: [attribute("tocsin.ci", "h-9")] }),
    "/v1/logs",
  );
  expect(bench.intake.events).toMatchObject([
    {
      id: "l-1",
      idGiven: true,
      source: "shop",
      ci: "shop",
      check: "payment",
      status: "firing",
      severity: "major",
      summary: "payment failed",
      occurredAt: at - 1000,
      labels: { order: "17" },
    },
    { ci: "h-9", check: "oom", severity: "critical", summary: "OOM killer", idGiven: false },
  ]);
  expect(bench.telemetry.counts.get("tocsin_log_records_total{outcome=counted}")).toBe(1);
  const bad = log({ attributes: [attribute("tocsin.check", "x"), attribute("tocsin.status", "odd")] });
  expect((await sendJson(bench, bad, "/v1/logs")).json).toEqual({
    partialSuccess: { rejectedLogRecords: "1", errorMessage: "not taken: 1 tocsin.status must be firing or resolved" },
  });
  const bytes = Buffer.from(officialBytes(LOGS_REQUEST, bad));
  const answer = await bench.call("POST", "/v1/logs", {
    raw: bytes,
    headers: { "content-type": "application/x-protobuf" },
  });
  expect(officialJson(LOGS_RESPONSE, answer.bytes)).toMatchObject({ partialSuccess: { rejectedLogRecords: "1" } });
});

test("any request, good or damaged, is answered 200 or 4xx, in both encodings", async () => {
  const bench = await apiBench();
  const statuses = new Set<number>();
  const path = fc.constantFrom("/v1/metrics", "/v1/logs");
  const good = fc.oneof(
    metricsRequest.map((body) => officialBytes(METRICS_REQUEST, body)),
    logsRequest.map((body) => officialBytes(LOGS_REQUEST, body)),
  );
  await fc.assert(
    fc.asyncProperty(path, damaged(good), async (url, bytes) => {
      const headers = { "content-type": "application/x-protobuf" };
      statuses.add((await bench.call("POST", url, { raw: Buffer.from(bytes), headers })).status);
    }),
    { numRuns: 300 },
  );
  const json = fc.oneof(
    metricsRequest.map((body) => JSON.stringify(body)),
    logsRequest.map((body) => JSON.stringify(body)),
  );
  await fc.assert(
    fc.asyncProperty(path, damaged(json.map((text) => Buffer.from(text))), async (url, bytes) => {
      const headers = { "content-type": "application/json" };
      statuses.add((await bench.call("POST", url, { raw: Buffer.from(bytes), headers })).status);
    }),
    { numRuns: 300 },
  );
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect((await bench.call("GET", "/metrics/agents")).status).toBe(200);
  expect(bench.log.lines).toEqual([]);
});
