import { cpus } from "node:os";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { flatten, nothingYet } from "../../collector/ingest/otlp/flatten.ts";
import { readEvent } from "../../collector/ingest/native/read-event.ts";
import { DEFAULT_CI_LABELS } from "../../collector/ingest/ci-label.ts";
import { SampleCollector } from "../../collector/ingest/remote-write/sample-collector.ts";
import { SeriesBook } from "../../collector/ingest/remote-write/series-book.ts";
import { snappyDecode } from "../../collector/ingest/remote-write/snappy.ts";
import { readWriteRequest1 } from "../../collector/ingest/remote-write/write-request-1.ts";
import { readWriteRequest2 } from "../../collector/ingest/remote-write/write-request-2.ts";
import { SeriesStore } from "../../collector/series/series-store.ts";
import { metricsFromJson } from "../../protocol/otlp-json.ts";
import { readMetricsRequest } from "../../protocol/otlp-read-metrics.ts";
import type { Sample } from "../../protocol/sample.ts";
import { StringCache } from "../../protocol/wire-reader.ts";
import { apiBench } from "../support/api-bench.ts";
import { METRICS_REQUEST, officialBytes } from "../support/otlp-messages.ts";
import { encodeWriteRequest1, encodeWriteRequest2, symbolise } from "../support/remote-write.ts";
import { snappyEncode } from "../support/snappy.ts";
import type { Load, LoadResult } from "./http-load.ts";

/**
 * `npm run bench:http`: what the collector's HTTP side does on one core. Parsing alone, then through real sockets with an
 * intake that takes everything at once (the sender runs on the other core), then the memory of a fleet's series.
 * Scrapes of a fleet: `scrape.ts`.
 *
 * Budget: ≥ 100,000 native events/s parsed and checked; ≥ 200,000 samples/s by remote write.
 */

const REPEATS = 5;
const AT = 1_772_359_200_000;

/** Operations a second; the best of some runs, because others on the machine only make it slower. */
function rate(operations: number, run: () => void): number {
  let best = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    run();
    best = Math.max(best, (operations / (performance.now() - start)) * 1000);
  }
  return best;
}

const thousands = (value: number): string => `${Math.round(value / 1000).toLocaleString("en")} k/s`;

const events = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `e-${index}`,
    source: "nagios",
    ci: `web-${index}`,
    check: "http_5xx_rate",
    instance: "eth0",
    status: "firing",
    severity: "major",
    summary: "rate of 5xx is 12 % over 5 minutes",
    time: "2026-03-01T10:00:00Z",
    labels: { site: "ams1", team: "web" },
  }));

/** What an agent sends: 150 series, as the sampler names them. */
function agentSamples(at: number, seed: number): Sample[] {
  const samples: Sample[] = [];
  for (let cpu = 0; cpu < 4; cpu++)
    for (const state of ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"])
      samples.push({
        name: "system.cpu.time",
        labels: { cpu: `cpu${cpu}`, state },
        value: seed + cpu,
        at,
        type: "counter",
        unit: "s",
      });
  for (let index = 0; samples.length < 150; index++)
    samples.push({
      name: `system.metric.${index >> 1}`,
      labels: { device: `sd${index & 1}`, direction: "read" },
      value: seed + index,
      at,
      type: "gauge",
      unit: "By",
    });
  return samples;
}

function otlpRequest(samples: readonly Sample[], ci: string): Record<string, unknown> {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const byName = Map.groupBy(samples, (sample) => sample.name);
  const metrics = [...byName].map(([name, list]) => {
    const dataPoints = list.map((sample) => ({
      attributes: Object.entries(sample.labels).map(([key, value]) => attribute(key, value)),
      timeUnixNano: `${sample.at}000000`,
      asDouble: sample.value,
    }));
    const isCounter = list[0]!.type === "counter";
    const data = isCounter
      ? { sum: { dataPoints, aggregationTemporality: 2, isMonotonic: true } }
      : { gauge: { dataPoints } };
    return { name, unit: list[0]!.unit, ...data };
  });
  const attributes = [
    attribute("service.name", "tocsin-agent"),
    attribute("service.instance.id", `agent-${ci}`),
    attribute("tocsin.ci", ci),
  ];
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] };
}

function newStore(): SeriesStore {
  return new SeriesStore({
    clock: { now: () => AT, monotonic: () => performance.now(), after: () => () => undefined },
    telemetry: { count: () => undefined, observe: () => undefined, gauge: () => undefined },
    resolveCi: (name) => name,
    detector: null,
    onDetections: () => undefined,
    onLimit: () => undefined,
  });
}

function parsing(): void {
  const batch = Buffer.from(JSON.stringify(events(100)));
  const parsed: unknown[] = JSON.parse(batch.toString());
  const only = rate(200_000, () => {
    for (let round = 0; round < 2000; round++) for (const event of parsed) readEvent(event, AT);
  });
  const both = rate(100_000, () => {
    for (let round = 0; round < 1000; round++)
      for (const event of JSON.parse(batch.toString()) as unknown[]) readEvent(event, AT);
  });
  console.log(`native events, checked                    ${thousands(only)}`);
  console.log(`native events, parsed and checked         ${thousands(both)}`);

  const request = otlpRequest(agentSamples(AT, 1), "web-01");
  const bytes = officialBytes(METRICS_REQUEST, request);
  const json = JSON.stringify(request);
  const strings = new StringCache();
  const points = 150 * 500;
  const repeat = (run: () => void) => () => {
    for (let round = 0; round < 500; round++) run();
  };
  console.log(
    `OTLP points from Protocol Buffers         ${thousands(
      rate(
        points,
        repeat(() => readMetricsRequest(bytes, strings)),
      ),
    )}`,
  );
  console.log(
    `OTLP points from JSON, JSON.parse included ${thousands(
      rate(
        points,
        repeat(() => metricsFromJson(JSON.parse(json))),
      ),
    )}`,
  );
  const store = newStore();
  let at = AT;
  const whole = rate(
    points,
    repeat(() => {
      const read = readMetricsRequest(bytes, strings);
      if (read.status !== "read") throw new Error(read.message);
      const flat = nothingYet();
      for (const metric of read.value[0]!.metrics) flatten(metric, flat);
      at += 10_000;
      for (const sample of flat.cumulative) sample.at = at;
      store.write({ ci: "web-01", source: "agent", labels: {}, samples: flat.cumulative }, at);
    }),
  );
  console.log(`OTLP points to series, Protocol Buffers   ${thousands(whole)}`);
}

const HOSTS_WRITTEN = 10;
const SERIES_WRITTEN = 2000;
const ROUNDS_WRITTEN = 6;

/** Prometheus' messages: so many series of one host each, again and again with newer samples. */
function writeRequests(version: 1 | 2): Buffer[] {
  return Array.from({ length: ROUNDS_WRITTEN * HOSTS_WRITTEN }, (_, index) => {
    const host = index % HOSTS_WRITTEN;
    const timestamp = AT + Math.floor(index / HOSTS_WRITTEN) * 15_000;
    const series = Array.from({ length: SERIES_WRITTEN }, (__, number) => ({
      __name__: `node_metric_${number >> 3}_total`,
      cpu: String(number & 7),
      instance: `web-${host}:9100`,
      job: "node",
      mode: "idle",
    }));
    const samples = (number: number) => [{ value: index * 1000.5 + number, timestamp }];
    if (version === 1)
      return encodeWriteRequest1({
        timeseries: series.map((labels, number) => ({
          labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
          samples: samples(number),
        })),
      });
    const { symbols, refs } = symbolise(series);
    const timeseries = refs.map((labels_refs, number) => ({ labels_refs, samples: samples(number) }));
    return encodeWriteRequest2({ symbols, timeseries });
  });
}

/** From the compressed bytes to the series in memory. */
function remoteWrite(): void {
  for (const version of [1, 2] as const) {
    const bodies = writeRequests(version).map((message) => snappyEncode(message));
    const read = version === 1 ? readWriteRequest1 : readWriteRequest2;
    const book = new SeriesBook({
      ciLabels: DEFAULT_CI_LABELS,
      isKnownCi: () => false,
      rememberedMax: 100_000,
      familiesMax: 20_000,
    });
    let store = newStore();
    let accepted = 0;
    const perS = rate(bodies.length * SERIES_WRITTEN, () => {
      store = newStore();
      for (const body of bodies) {
        const plain = snappyDecode(body, 1e8);
        if (!plain.ok) throw new Error(plain.message);
        const collector = new SampleCollector(book);
        read(plain.bytes, collector);
        accepted += collector.write(store, AT + 1e9).samples;
      }
    });
    if (accepted !== REPEATS * bodies.length * SERIES_WRITTEN) throw new Error(`${accepted} samples were taken`);
    console.log(`remote write ${version}.0 to series, snappy included  ${thousands(perS)}`);
  }
}

function load(options: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("http-load.ts", import.meta.url), { workerData: options });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

async function throughSockets(): Promise<void> {
  const bench = await apiBench();
  // What a recording intake remembers is not what is measured.
  bench.intake.answer = (submissions) => {
    bench.intake.batches.length = 0;
    return {
      status: "committed",
      outcomes: submissions.map(() => ({ status: "accepted", alert: null, incident: null })),
    };
  };
  const { url } = await bench.server.listen("127.0.0.1", 0);
  const common = { method: "POST", connections: 16, runMs: 3000 } as const;
  const show = (name: string, result: LoadResult, each: number): void =>
    console.log(
      `${name.padEnd(42)}${thousands((result.requests * each * 1000) / result.elapsedMs)}, ${Math.round((result.requests * 1000) / result.elapsedMs)} requests/s, p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ${result.failures} failed`,
    );
  const json = { "content-type": "application/json" };
  show(
    "HTTP: native events, 100 a request",
    await load({
      ...common,
      url: `${url}/api/v1/events`,
      headers: json,
      body: Buffer.from(JSON.stringify(events(100))),
    }),
    100,
  );
  show(
    "HTTP: native events, 1 a request",
    await load({
      ...common,
      url: `${url}/api/v1/events`,
      headers: json,
      body: Buffer.from(JSON.stringify(events(1)[0])),
    }),
    1,
  );
  const body = gzipSync(officialBytes(METRICS_REQUEST, otlpRequest(agentSamples(bench.clock.now(), 1), "web-01")));
  const protobuf = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
  show(
    "HTTP: OTLP points, 150 a request, gzip",
    await load({ ...common, url: `${url}/v1/metrics`, headers: protobuf, body }),
    150,
  );
  show(
    "HTTP: scrape of one agent, 150 series",
    await load({ ...common, method: "GET", url: `${url}/metrics/agents/web-01`, headers: {}, body: null }),
    150,
  );
  await bench.server.close();
}

function memory(hosts: number): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  const used = (): number => {
    collect?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const store = newStore();
  for (let host = 0; host < hosts; host++)
    store.write(
      { ci: `host-${host}`, source: "agent", labels: {}, samples: agentSamples(AT, host), intervalMs: 10_000 },
      AT,
    );
  const bytesASeries = collect === undefined ? Number.NaN : (used() - before) / (hosts * 150);
  console.log(`${hosts} × 150 series: memory ${bytesASeries.toFixed(0)} B a series`);
}

console.log(`${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, Node ${process.version}`);
parsing();
remoteWrite();
await throughSockets();
memory(10_000);
