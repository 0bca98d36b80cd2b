import * as fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Sample } from "../../protocol/sample.ts";
import type { SampleBatch } from "../port/samples.ts";
import type { Detection, Detector } from "../../rules/detect/detector.ts";
import { expose, type ExpositionFormat, negotiateFormat } from "./exposition.ts";
import { type SeriesLimits, SeriesStore } from "./series-store.ts";

let clock: VirtualClock;
let detected: Detection[];
let limits: string[];
let seen: { ci: string; name: string; value: number }[];

beforeEach(() => {
  clock = new VirtualClock();
  detected = [];
  limits = [];
  seen = [];
});

const detector: Detector = {
  observe: (ci, sample) => {
    seen.push({ ci, name: sample.name, value: sample.value });
    return [];
  },
  tick: () => [],
  firing: () => [],
};

const newStore = (some: Partial<SeriesLimits> = {}): SeriesStore =>
  new SeriesStore({
    clock,
    telemetry: new RecordingTelemetry(),
    resolveCi: (name) => name.toLowerCase(),
    detector,
    onDetections: (detections) => detected.push(...detections),
    onLimit: (ci, status) => limits.push(`${ci} ${status}`),
    limits: some,
  });

const sample = (name: string, value: number, more: Partial<Sample> = {}): Sample => ({
  name,
  labels: {},
  value,
  at: clock.now(),
  type: "gauge",
  unit: "",
  ...more,
});

const batch = (samples: Sample[], more: Partial<SampleBatch> = {}): SampleBatch => ({
  ci: "web-01",
  source: "agent",
  labels: {},
  samples,
  ...more,
});

async function shown(store: SeriesStore, ci = "web-01", format: ExpositionFormat = "text"): Promise<string> {
  let text = "";
  const options = { format, now: clock.now(), staleAfterMs: 300_000 };
  for await (const part of expose(store.viewsOf(ci, clock.now()), store.families(), options)) text += part;
  return text;
}

const values = async (store: SeriesStore, ci?: string): Promise<string[]> =>
  (await shown(store, ci)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("the newest value of each series, with type and help, once for each family", async () => {
  const store = newStore();
  const cpu = (state: string, value: number): Sample =>
    sample("system.cpu.time", value, { type: "counter", unit: "s", labels: { cpu: "cpu0", state } });
  const result = store.write(
    batch([cpu("user", 1), sample("system.cpu.load_average.1m", 0.5), cpu("idle", 2)]),
    clock.now(),
  );
  expect(result).toEqual({ accepted: 3, rejected: 0, reasons: {} });
  clock.advance(10_000);
  store.write(batch([cpu("user", 3), sample("system.cpu.load_average.1m", 0.25), cpu("idle", 4)]), clock.now());
  expect(await shown(store)).toBe(`# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="user",ci="web-01"} 3
node_cpu_seconds_total{cpu="0",mode="idle",ci="web-01"} 4
# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1{ci="web-01"} 0.25
`);
});

test("OpenMetrics: families of counters without _total, unknown for untyped, an end", async () => {
  const store = newStore();
  store.write(
    batch(
      [
        sample("my.requests", 5, { type: "counter" }),
        sample("system.linux.oom_kills", 1, { type: "counter" }),
        sample("queue.length", Number.POSITIVE_INFINITY),
      ],
      { help: new Map([["my.requests", 'All "requests".\nReally.']]) },
    ),
    clock.now(),
  );
  expect(await shown(store, "web-01", "openMetrics")).toBe(`# HELP my_requests All \\"requests\\".\\nReally.
# TYPE my_requests counter
my_requests_total{ci="web-01"} 5
# HELP node_vmstat_oom_kill /proc/vmstat information field oom_kill.
# TYPE node_vmstat_oom_kill unknown
node_vmstat_oom_kill{ci="web-01"} 1
# HELP queue_length OpenTelemetry metric queue.length.
# TYPE queue_length gauge
queue_length{ci="web-01"} +Inf
# EOF
`);
});

test("a histogram's lines stand together, buckets in order, also when a bucket comes later", async () => {
  const store = newStore();
  const part = (suffix: string, labels: Record<string, string>, value: number): Sample =>
    sample(`rpc${suffix}`, value, { type: "counter", family: "histogram", labels });
  store.write(
    batch([part("_bucket", { le: "10", m: "b" }, 1), part("_bucket", { le: "+Inf", m: "b" }, 2)]),
    clock.now(),
  );
  store.write(
    batch([part("_sum", { m: "a" }, 9), part("_bucket", { le: "2.5", m: "b" }, 1), part("_count", { m: "b" }, 2)]),
    clock.now(),
  );
  expect(await values(store)).toEqual([
    'rpc_sum{m="a",ci="web-01"} 9',
    'rpc_bucket{le="2.5",m="b",ci="web-01"} 1',
    'rpc_bucket{le="10",m="b",ci="web-01"} 1',
    'rpc_bucket{le="+Inf",m="b",ci="web-01"} 2',
    'rpc_count{m="b",ci="web-01"} 2',
  ]);
  expect(await shown(store, "web-01")).toContain("# HELP rpc OpenTelemetry metric rpc.\n");
});

test("increments of a delta sender add up; a repeated one does not count twice", async () => {
  const store = newStore();
  const write = (value: number): unknown =>
    store.write(
      batch([sample("jobs", value, { type: "counter" })], { source: "otlp", temporality: "delta" }),
      clock.now(),
    );
  write(5);
  clock.advance(1000);
  write(7);
  expect(write(7)).toEqual({ accepted: 0, rejected: 1, reasons: { stale: 1 } });
  expect(await values(store)).toEqual(['jobs_total{ci="web-01"} 12']);
  expect(seen.map((each) => each.value)).toEqual([5, 12]);
});

test("a cumulative counter that was reset passes through: Prometheus sees the reset", async () => {
  const store = newStore();
  const write = (value: number): unknown =>
    store.write(batch([sample("jobs", value, { type: "counter" })]), clock.now());
  write(100);
  clock.advance(10_000);
  write(3);
  expect(await values(store)).toEqual(['jobs_total{ci="web-01"} 3']);
});

test("detection sees samples of foreign senders only, under the CI's own name", () => {
  const store = newStore();
  store.write(batch([sample("a", 1)]), clock.now());
  store.write(batch([sample("b", 2)], { ci: "WEB-02", source: "otlp" }), clock.now());
  expect(seen).toEqual([{ ci: "web-02", name: "b", value: 2 }]);
});

test("what Prometheus wrote to us is not shown to it again", async () => {
  const store = newStore();
  store.write(batch([sample("up", 1)], { source: "remote-write" }), clock.now());
  expect(await values(store)).toEqual([]);
  expect(store.countOf("web-01")).toBe(1);
});

test("two senders of one CI: the agent's series wins over the same one; services are told apart", async () => {
  const store = newStore();
  const load = (value: number): Sample[] => [sample("system.cpu.load_average.1m", value)];
  store.write(batch(load(1), { source: "otlp" }), clock.now());
  store.write(batch(load(2)), clock.now());
  store.write(batch([sample("heap", 3)], { source: "otlp", labels: { "service.name": "shop" } }), clock.now());
  store.write(
    batch([sample("heap", 4)], { source: "otlp", labels: { "service.name": "cart", secret: "x" } }),
    clock.now(),
  );
  expect((await values(store)).toSorted()).toEqual([
    'heap{ci="web-01",service_name="cart"} 4',
    'heap{ci="web-01",service_name="shop"} 3',
    'node_load1{ci="web-01"} 2',
  ]);
});

test("a family that is already there with another type is not shown, and still detected", async () => {
  const store = newStore();
  store.write(
    batch([sample("x", 1), sample("x_count", 2, { type: "counter", family: "histogram" })], { source: "otlp" }),
    clock.now(),
  );
  expect(await values(store)).toEqual(['x{ci="web-01"} 1']);
  expect(seen).toHaveLength(2);
});

test("a series that is not sent any more disappears after five minutes", async () => {
  const store = newStore();
  store.write(batch([sample("a", 1), sample("b", 1)]), clock.now());
  for (let minute = 0; minute < 6; minute++) {
    clock.advance(60_000);
    store.write(batch([sample("a", minute)]), clock.now());
  }
  expect(await values(store)).toEqual(['a{ci="web-01"} 5']);
  expect(store.counts().series).toBe(2);
  for (let call = 0; call < 3; call++) store.sweep(clock.now());
  expect(store.counts()).toEqual({ series: 1, senders: 1, shapes: 1 });
});

test("an agent that is gone takes its series along after five intervals", async () => {
  const store = newStore();
  store.write(batch([sample("a", 1)], { intervalMs: 10_000 }), clock.now());
  clock.advance(50_000);
  expect(await values(store)).toHaveLength(1);
  clock.advance(1);
  expect(await values(store)).toEqual([]);
  store.sweep(clock.now());
  expect(store.counts()).toEqual({ series: 0, senders: 0, shapes: 0 });
  expect([...store.cis()]).toEqual([]);
});

test("NaN ends a series at once; it may come back", async () => {
  const store = newStore();
  store.write(batch([sample("a", 1)]), clock.now());
  clock.advance(1000);
  store.write(batch([sample("a", Number.NaN), sample("never", Number.NaN)]), clock.now());
  expect(await values(store)).toEqual([]);
  clock.advance(1000);
  store.write(batch([sample("a", 2)]), clock.now());
  expect(await values(store)).toEqual(['a{ci="web-01"} 2']);
});

test("an older sample never replaces a newer one; it fills the history", async () => {
  const store = newStore();
  const now = clock.now();
  store.write(batch([sample("a", 9)]), now);
  expect(store.write(batch([sample("a", 5, { at: now - 60_000 })]), now)).toMatchObject({ accepted: 1 });
  expect(store.write(batch([sample("a", 5, { at: now - 7_200_000 })]), now)).toMatchObject({ reasons: { stale: 1 } });
  expect(await values(store)).toEqual(['a{ci="web-01"} 9']);
  expect(store.history("web-01", "a", 0, now)[0]?.points).toEqual([
    [now - 60_000, 5],
    [now, 9],
  ]);
});

test("a sender whose clock is an hour ahead is not stuck when it is set right", async () => {
  const store = newStore();
  store.write(batch([sample("a", 1, { at: clock.now() + 3_600_000 })]), clock.now());
  clock.advance(10_000);
  store.write(batch([sample("a", 2)]), clock.now());
  expect(await values(store)).toEqual(['a{ci="web-01"} 2']);
});

test("limits refuse new series and keep old ones", () => {
  const store = newStore({ seriesMax: 5, seriesPerSenderMax: 4, seriesPerMetricMax: 3 });
  const many = (count: number): Sample[] =>
    Array.from({ length: count }, (_, index) => sample("m", index, { labels: { id: String(index) } }));
  expect(store.write(batch(many(10)), clock.now())).toEqual({ accepted: 3, rejected: 7, reasons: { seriesLimit: 7 } });
  expect(store.write(batch([sample("a", 1), sample("b", 1)]), clock.now()).accepted).toBe(1);
  expect(store.write(batch([sample("a", 1), sample("b", 1)], { ci: "web-02" }), clock.now()).accepted).toBe(1);
  clock.advance(1000);
  expect(store.write(batch(many(3)), clock.now())).toEqual({ accepted: 3, rejected: 0, reasons: {} });
  expect(limits).toEqual(["web-01 firing", "web-02 firing"]);
  for (let minute = 0; minute < 11; minute++) {
    clock.advance(60_000);
    store.write(batch(many(3)), clock.now());
    store.sweep(clock.now());
    store.sweep(clock.now());
  }
  expect(limits.toSorted()).toEqual(["web-01 firing", "web-01 resolved", "web-02 firing", "web-02 resolved"]);
});

test.for<[string, Partial<Sample>]>([
  ["too many labels", { labels: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, "x"])) }],
  ["a label's name too long", { labels: { ["n".repeat(129)]: "x" } }],
  ["a label's value too long", { labels: { n: "x".repeat(1025) } }],
  ["no name", { name: "" }],
  ["a name too long", { name: "n".repeat(256) }],
])("refused: %s", ([, more]) => {
  const store = newStore();
  expect(store.write(batch([sample("a", 1, more)]), clock.now()).reasons).toEqual({ labelLimit: 1 });
});

test("senders have a limit, too", () => {
  const store = newStore({ sendersMax: 1 });
  store.write(batch([sample("a", 1)]), clock.now());
  expect(store.write(batch([sample("a", 1)], { ci: "other" }), clock.now())).toEqual({
    accepted: 0,
    rejected: 1,
    reasons: { overload: 1 },
  });
});

test("the same series is found whatever the order of samples and labels, for any set of labels", async () => {
  const labels = fc.dictionary(
    fc.string({ maxLength: 4 }).filter((key) => key !== "__proto__"),
    fc.string({ maxLength: 4 }),
    { maxKeys: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(labels, {
        selector: (each) => JSON.stringify(Object.entries(each).toSorted((a, b) => (a[0] < b[0] ? -1 : 1))),
        maxLength: 6,
      }),
      fc.gen(),
      async (sets, gen) => {
        const store = newStore();
        const write = (order: Record<string, string>[]): void => {
          clock.advance(1000);
          store.write(batch(order.map((each) => sample("m", 1, { labels: each }))), clock.now());
        };
        write(sets);
        const shuffled = sets.map((each) => Object.fromEntries(Object.entries(each).toReversed()));
        write(gen(() => fc.shuffledSubarray(shuffled, { minLength: shuffled.length })));
        expect(store.counts().series).toBe(sets.length);
      },
    ),
    { numRuns: 200 },
  );
});

test.for<[string | undefined, ExpositionFormat]>([
  [undefined, "text"],
  ["*/*", "text"],
  ["text/plain;version=0.0.4", "text"],
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4", "openMetrics"],
  ["application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1", "openMetrics"],
  ["application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.4", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["application/openmetrics-text;version=2.0.0", "text"],
])("Accept %s → %s", ([accept, format]) => {
  expect(negotiateFormat(accept)).toBe(format);
});
