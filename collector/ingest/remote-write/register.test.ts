import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bareServer, RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { mutatedBytes } from "../../../test/support/mutation.ts";
import { encodeWriteRequest1, encodeWriteRequest2, symbolise } from "../../../test/support/remote-write.ts";
import { snappyEncode } from "../../../test/support/snappy.ts";
import { registerRemoteWrite } from "./register.ts";

const V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
const AT = Date.parse("2026-03-01T10:00:00.000Z");

function bench(options: { rememberedMax?: number } = {}) {
  const ports = new RecordingPorts();
  const app = bareServer((server) => registerRemoteWrite(server, ports, options));
  return {
    ports,
    app,
    write: (payload: Buffer, headers: Record<string, string> = {}) =>
      app.inject({
        method: "POST",
        url: "/api/v1/write",
        headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy", ...headers },
        payload,
      }),
  };
}

const labels = (entries: Record<string, string>): object[] =>
  Object.entries(entries).map(([name, value]) => ({ name, value }));

const CPU = { __name__: "node_cpu_seconds_total", cpu: "0", instance: "web-01:9100", mode: "idle" };
const MEMORY = { __name__: "node_memory_MemFree_bytes", instance: "web-02:9100" };

const ONE = encodeWriteRequest1({
  timeseries: [
    {
      labels: labels(CPU),
      samples: [
        { value: 12.5, timestamp: AT },
        { value: 13, timestamp: AT + 15_000 },
      ],
    },
    { labels: labels(MEMORY), samples: [{ value: 1e9, timestamp: AT }], exemplars: [{ value: 1, timestamp: AT }] },
  ],
  metadata: [{ type: 1, metric_family_name: "node_cpu_seconds_total", help: "Seconds.", unit: "" }],
});

test("version 1: samples by CI, with types from metadata and names", async () => {
  const { ports, write } = bench();
  const answer = await write(snappyEncode(ONE));
  expect([answer.statusCode, answer.body]).toEqual([204, ""]);
  const { __name__: _cpu, ...cpu } = CPU;
  expect(ports.batches).toEqual([
    {
      ci: "web-01",
      source: "remote-write",
      labels: {},
      help: new Map([["node_cpu_seconds_total", "Seconds."]]),
      samples: [
        { name: "node_cpu_seconds_total", labels: cpu, value: 12.5, at: AT, type: "counter", unit: "s" },
        { name: "node_cpu_seconds_total", labels: cpu, value: 13, at: AT + 15_000, type: "counter", unit: "s" },
      ],
    },
    {
      ci: "web-02",
      source: "remote-write",
      labels: {},
      help: new Map([["node_cpu_seconds_total", "Seconds."]]),
      samples: [
        {
          name: "node_memory_MemFree_bytes",
          labels: { instance: "web-02:9100" },
          value: 1e9,
          at: AT,
          type: "gauge",
          unit: "By",
        },
      ],
    },
  ]);
  expect(ports.counts.get("tocsin_ingest_dropped_total remoteWrite exemplarPlace")).toBe(1);
});

const TRACE = { trace_id: "0af7651916cd43dd8448eb211c80319c" };

test("version 1: exemplars come apart from the samples, as Prometheus sends them", async () => {
  const { ports, write } = bench();
  const bucket = { __name__: "rpc_seconds_bucket", instance: "web-01:9100", le: "0.5" };
  const long = [...labels(TRACE), ...labels({ path: "x".repeat(100), user: "u1" })];
  const message = encodeWriteRequest1({
    timeseries: [
      { labels: labels(bucket), samples: [{ value: 7, timestamp: AT }] },
      { labels: labels(CPU), exemplars: [{ labels: labels(TRACE), value: 0.25, timestamp: AT }] },
      { labels: labels(bucket), exemplars: [{ labels: long, value: 0.4, timestamp: AT + 1 }] },
      { labels: labels({ ...bucket, __name__: "rpc_seconds_count" }), exemplars: [{ value: 1, timestamp: AT }] },
    ],
  });
  expect((await write(snappyEncode(message))).statusCode).toBe(204);
  expect(
    ports.batches.flatMap(({ exemplars = [] }) => exemplars.map(({ series, exemplar }) => [series.name, exemplar])),
  ).toEqual([
    ["node_cpu_seconds_total", { labels: TRACE, value: 0.25, at: AT }],
    ["rpc_seconds_bucket", { labels: { ...TRACE, user: "u1" }, value: 0.4, at: AT + 1 }],
  ]);
  expect(ports.counts.get("tocsin_ingest_dropped_total remoteWrite exemplarPlace")).toBe(1);
});

test("version 2: an exemplar of a native histogram stands at the bucket that it is in", async () => {
  const { ports, write } = bench();
  const { symbols, refs } = symbolise([{ __name__: "rpc_seconds", instance: "web-01:9100" }, TRACE]);
  const exemplar = (value: number, timestamp: number) => ({ labels_refs: refs[1], value, timestamp });
  const message = encodeWriteRequest2({
    symbols,
    timeseries: [
      {
        labels_refs: refs[0],
        histograms: [
          {
            count_int: 7,
            sum: 3.5,
            timestamp: AT,
            positive_spans: [{ offset: 1, length: 2 }],
            positive_deltas: [3, 1],
          },
        ],
        exemplars: [exemplar(1.5, AT), exemplar(900, AT)],
      },
    ],
  });
  await write(snappyEncode(message), { "content-type": V2, "x-prometheus-remote-write-version": "2.0.0" });
  const [batch] = ports.batches;
  const found = batch?.exemplars?.map(({ series, exemplar: one }) => [series.name, series.labels["le"], one.value]);
  expect(found).toEqual([
    ["rpc_seconds_bucket", "2", 1.5],
    ["rpc_seconds_bucket", "+Inf", 900],
  ]);
  const buckets = batch?.samples.map(({ name, labels: each }) => `${name} ${each["le"] ?? ""}`);
  expect(buckets).toEqual(expect.arrayContaining(["rpc_seconds_bucket 2", "rpc_seconds_bucket +Inf"]));
});

test("version 2: symbols, metadata, histograms, and what was written is told", async () => {
  const { ports, write } = bench();
  const { symbols, refs } = symbolise([CPU, { __name__: "rpc_seconds", job: "api", instance: "web-01:9100" }]);
  const help = symbols.push("Seconds.") - 1;
  const message = encodeWriteRequest2({
    symbols,
    timeseries: [
      {
        labels_refs: refs[0],
        samples: [{ value: 12.5, timestamp: AT, start_timestamp: AT - 1000 }],
        metadata: { type: 1, help_ref: help },
      },
      {
        labels_refs: refs[1],
        histograms: [{ count_int: 7, sum: 3.5, timestamp: AT, positive_spans: [{ offset: 1, length: 2 }] }],
        exemplars: [{ value: 1, timestamp: AT }],
      },
    ],
  });
  const answer = await write(snappyEncode(message), {
    "content-type": V2,
    "x-prometheus-remote-write-version": "2.0.0",
  });
  expect(answer.statusCode).toBe(204);
  expect(answer.headers).toMatchObject({
    "x-prometheus-remote-write-samples-written": "1",
    "x-prometheus-remote-write-histograms-written": "1",
    "x-prometheus-remote-write-exemplars-written": "0",
  });
  expect(ports.batches.map(({ ci, help: texts }) => [ci, texts?.get("node_cpu_seconds_total")])).toEqual([
    ["web-01", "Seconds."],
  ]);
  expect(
    ports.batches[0]?.samples.map(({ name, value, type, unit, family }) => [name, value, type, unit, family]),
  ).toEqual([
    ["node_cpu_seconds_total", 12.5, "counter", "s", undefined],
    ["rpc_seconds_count", 7, "counter", "", "histogram"],
    ["rpc_seconds_sum", 3.5, "counter", "s", "histogram"],
  ]);
});

test.for<[situation: string, histogram: object, expected: Record<string, number>]>([
  [
    "integer deltas in two spans, with a zero bucket",
    {
      count_int: 12,
      sum: 30,
      schema: 0,
      zero_threshold: 0.001,
      zero_count_int: 2,
      positive_spans: [
        { offset: 0, length: 2 },
        { offset: 1, length: 1 },
      ],
      // 3, 4, nothing, 3: at (0.5, 1], (1, 2], (4, 8].
      positive_deltas: [3, 1, -1],
    },
    { "0.001": 2, "1": 5, "2": 9, "4": 9, "8": 12, "+Inf": 12 },
  ],
  [
    "counts of a float histogram, also negative ones",
    {
      count_float: 6,
      sum: 0,
      schema: 0,
      zero_count_float: 1,
      negative_spans: [{ offset: 1, length: 1 }],
      negative_counts: [2],
      positive_spans: [{ offset: 2, length: 1 }],
      positive_counts: [3],
    },
    { "-1": 2, "0": 3, "4": 6, "+Inf": 6 },
  ],
  [
    "a fine schema is merged to two buckets a doubling",
    { count_int: 4, sum: 6, schema: 3, positive_spans: [{ offset: 1, length: 4 }], positive_deltas: [1, 0, 0, 0] },
    { "1.4142135623730951": 4, "+Inf": 4 },
  ],
  [
    "bounds that the sender chose",
    {
      count_int: 9,
      sum: 5,
      schema: -53,
      custom_values: [0.1, 0.5, 1],
      positive_spans: [{ offset: 0, length: 4 }],
      positive_deltas: [2, 1, -1, 0],
    },
    { "0.1": 2, "0.5": 5, "1": 7, "+Inf": 9 },
  ],
  [
    "a gauge histogram",
    { count_int: 3, sum: 1, reset_hint: 3, positive_spans: [{ offset: 0, length: 1 }], positive_deltas: [3] },
    {},
  ],
  [
    "a schema that nobody knows",
    { count_int: 3, sum: 1, schema: 99, positive_spans: [{ offset: 0, length: 1 }], positive_deltas: [3] },
    {},
  ],
  ["a span as wide as the integers", { count_int: 3, sum: 1, positive_spans: [{ offset: 0, length: 4e9 }] }, {}],
])("a native histogram becomes classic buckets: %s", async ([, histogram, expected]) => {
  for (const version of [1, 2]) {
    const { ports, write } = bench();
    const name = { __name__: "rpc_seconds", instance: "web-01:9100" };
    const { symbols, refs } = symbolise([name]);
    const written = { ...histogram, timestamp: AT };
    const answer =
      version === 1
        ? await write(
            snappyEncode(encodeWriteRequest1({ timeseries: [{ labels: labels(name), histograms: [written] }] })),
          )
        : await write(
            snappyEncode(
              encodeWriteRequest2({ symbols, timeseries: [{ labels_refs: refs[0], histograms: [written] }] }),
            ),
            { "content-type": V2 },
          );
    expect(answer.statusCode).toBe(204);
    const samples = ports.batches[0]?.samples ?? [];
    const buckets = samples.filter((sample) => sample.name === "rpc_seconds_bucket");
    expect(Object.fromEntries(buckets.map((sample) => [sample.labels["le"], sample.value]))).toEqual(expected);
    expect(samples.map((sample) => sample.name)).toContain("rpc_seconds_count");
    if (version === 2)
      expect(answer.headers).toMatchObject({
        "x-prometheus-remote-write-samples-written": "0",
        "x-prometheus-remote-write-histograms-written": "1",
      });
  }
});

test("both versions say the same of one series", async () => {
  const value = fc.double({ noNaN: true });
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((one) => !one.includes("\0"));
  const name = fc.stringMatching(/^[a-z_]{1,8}$/).filter((one) => one !== "__name__");
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, text, { maxKeys: 6, noNullPrototype: true }), value, async (extra, v) => {
      const all = { __name__: "m", ...extra };
      const one = bench();
      await one.write(
        snappyEncode(
          encodeWriteRequest1({ timeseries: [{ labels: labels(all), samples: [{ value: v, timestamp: AT }] }] }),
        ),
      );
      const two = bench();
      const { symbols, refs } = symbolise([all]);
      const series = { labels_refs: refs[0], samples: [{ value: v, timestamp: AT }] };
      await two.write(snappyEncode(encodeWriteRequest2({ symbols, timeseries: [series] })), { "content-type": V2 });
      expect(one.ports.batches).toEqual(two.ports.batches);
      expect(one.ports.batches[0]?.samples).toMatchObject([{ name: "m", labels: extra, value: v, at: AT }]);
    }),
    { numRuns: 60 },
  );
});

test("the staleness marker ends a series; another NaN is no value", async () => {
  const { ports, write } = bench();
  const message = encodeWriteRequest1({
    timeseries: [{ labels: labels(CPU), samples: [1, 2].map((value) => ({ value, timestamp: AT })) }],
  });
  // protobufjs writes through a JavaScript number, which does not keep a NaN's bits.
  const marker = Buffer.from("020000000000f07f", "hex");
  const plain = Buffer.from("000000000000f87f", "hex");
  const position = (value: number): number => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return message.indexOf(bytes);
  };
  marker.copy(message, position(1));
  plain.copy(message, position(2));
  expect((await write(snappyEncode(message))).statusCode).toBe(204);
  expect(ports.batches[0]?.samples.map(({ value }) => value)).toEqual([Number.NaN]);
  expect(ports.counts.get("tocsin_ingest_dropped_total remoteWrite notANumber")).toBe(1);
});

test("metadata that comes later changes what a series is", async () => {
  const { ports, write } = bench();
  const series = { labels: labels({ __name__: "queue", instance: "h" }), samples: [{ value: 1, timestamp: AT }] };
  await write(snappyEncode(encodeWriteRequest1({ timeseries: [series] })));
  await write(
    snappyEncode(encodeWriteRequest1({ metadata: [{ type: 1, metric_family_name: "queue", unit: "seconds" }] })),
  );
  await write(snappyEncode(encodeWriteRequest1({ timeseries: [series] })));
  expect(ports.batches.map(({ samples }) => [samples[0]?.type, samples[0]?.unit])).toEqual([
    ["gauge", ""],
    ["counter", "s"],
  ]);
});

test.for<[situation: string, series: Record<string, string>[], fault: string]>([
  ["no name", [{ instance: "h" }], "noName"],
  ["an empty label name", [{ __name__: "m", "": "x" }], "badLabel"],
  ["a name that would touch prototypes", [JSON.parse('{"__name__":"m","__proto__":"x"}')], "badLabel"],
  [
    "too many labels",
    [{ __name__: "m", ...Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`l${i}`, "x"])) }],
    "tooManyLabels",
  ],
])("a bad series is refused, the others are written: %s", async ([, bad, fault]) => {
  const { ports, write } = bench();
  const timeseries = [CPU, ...bad].map((one) => ({ labels: labels(one), samples: [{ value: 1, timestamp: AT }] }));
  const answer = await write(snappyEncode(encodeWriteRequest1({ timeseries })));
  expect([answer.statusCode, answer.body]).toEqual([400, `1 samples: ${fault}\n`]);
  expect(ports.batches.length).toBe(1);
});

test.for<[situation: string, payload: Buffer, headers: Record<string, string>, status: number]>([
  ["another content type", snappyEncode(ONE), { "content-type": "application/json" }, 415],
  ["another message", snappyEncode(ONE), { "content-type": "application/x-protobuf;proto=x.Y" }, 415],
  ["another encoding", snappyEncode(ONE), { "content-encoding": "zstd" }, 415],
  ["not compressed", ONE, {}, 400],
  ["nothing", Buffer.alloc(0), {}, 400],
  ["cut off", snappyEncode(ONE.subarray(0, ONE.length - 3)), {}, 400],
  ["a bomb", Buffer.from("ffffff7f00", "hex"), {}, 413],
  ["version 1 said to be version 2", snappyEncode(ONE), { "content-type": V2 }, 204],
  [
    "version 2 with its name in quotes",
    snappyEncode(Buffer.alloc(0)),
    { "content-type": 'application/x-protobuf; proto="io.prometheus.write.v2.Request"' },
    204,
  ],
  [
    "version 1 with its name, other spelling",
    snappyEncode(ONE),
    { "content-type": "application/x-protobuf; Proto=prometheus.WriteRequest" },
    204,
  ],
])("%s", async ([, payload, headers, status]) => {
  const { write } = bench();
  expect((await write(payload, headers)).statusCode).toBe(status);
});

test("a sink that is overloaded answers 503, one that refuses 400 with what was written", async () => {
  const { ports, write } = bench();
  let reasons: Record<string, number> = { overload: 3 };
  ports.samples.write = (batch) => ({ accepted: 0, rejected: batch.samples.length, reasons });
  expect((await write(snappyEncode(ONE))).statusCode).toBe(503);
  reasons = { seriesLimit: 3 };
  const { symbols, refs } = symbolise([CPU]);
  const series = { labels_refs: refs[0], samples: [{ value: 1, timestamp: AT }] };
  const answer = await write(snappyEncode(encodeWriteRequest2({ symbols, timeseries: [series] })), {
    "content-type": V2,
  });
  expect([answer.statusCode, answer.headers["x-prometheus-remote-write-samples-written"]]).toEqual([400, "0"]);
});

test("series are recognised again after many others, and the book does not grow", async () => {
  const { ports, write } = bench({ rememberedMax: 10 });
  for (let i = 0; i < 50; i += 1) {
    const timeseries = [CPU, { ...CPU, cpu: String(i) }].map((one) => ({
      labels: labels(one),
      samples: [{ value: i, timestamp: AT }],
    }));
    await write(snappyEncode(encodeWriteRequest1({ timeseries })));
  }
  expect(ports.batches.every(({ samples }) => samples[0]?.labels["cpu"] === "0")).toBe(true);
});

test.for([
  ["version 1", "application/x-protobuf"],
  ["version 2", V2],
] as const)("mutations of good traffic of %s are taken or refused", async ([, type]) => {
  const { write } = bench();
  const { symbols, refs } = symbolise([CPU, MEMORY]);
  const two = encodeWriteRequest2({
    symbols,
    timeseries: refs.map((labels_refs) => ({
      labels_refs,
      samples: [{ value: 1, timestamp: AT }],
      metadata: { type: 1 },
    })),
  });
  await fc.assert(
    fc.asyncProperty(mutatedBytes(type === V2 ? two : ONE), fc.boolean(), async (bytes, compressed) => {
      const answer = await write(compressed ? snappyEncode(bytes) : bytes, { "content-type": type });
      expect([204, 400, 413]).toContain(answer.statusCode);
    }),
    { numRuns: 500 },
  );
});
