import { globSync, readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { RecordingLog } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "./log.ts";
import { LoopLag } from "./loop-lag.ts";
import { METRICS } from "./metrics.ts";
import { openMetricsOf } from "./open-metrics.ts";
import { PrometheusTelemetry } from "./prometheus-telemetry.ts";
import { redact } from "./redact.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  write(createLog({ level: "info", destination }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a line has level, time, message and fields, and no process noise", () => {
  const [line, ...rest] = logged((log) => {
    log.debug("not written");
    log.info("collector started", { port: 8430 });
  });
  expect(rest).toEqual([]);
  expect(line).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    message: "collector started",
    port: 8430,
  });
});

test.for<[string, unknown, unknown]>([
  ["a key that sounds like a secret", { token: "abc" }, { token: "***" }],
  [
    "at depth",
    { config: { receivers: [{ passwordFile: "x", url: "u" }] } },
    { config: { receivers: [{ passwordFile: "***", url: "u" }] } },
  ],
  ["an empty secret says that there is none", { apiKey: "" }, { apiKey: "" }],
  ["a credential within text", { header: "Authorization: Bearer abcdef123" }, { header: "Authorization: Bearer ***" }],
  ["credentials of a URL", { url: "redis://me:pw@db:6379/0" }, { url: "redis://***@db:6379/0" }],
  ["bytes", { body: Buffer.from("secret") }, { body: "6 bytes" }],
  ["what is plain", { ci: "web-01", count: 3, on: true, none: null }, { ci: "web-01", count: 3, on: true, none: null }],
])("redacts %s", ([, fields, expected]) => {
  expect(redact(fields)).toEqual(expected);
});

test("an error keeps its code and cause and loses its credentials", () => {
  const error = Object.assign(new Error("connect to https://a:b@host failed", { cause: new Error("down") }), {
    code: "ECONN",
  });
  expect(redact(error)).toMatchObject({
    message: "connect to https://***@host failed",
    code: "ECONN",
    cause: { message: "down" },
  });
});

test("a value that holds itself does not end the process", () => {
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  expect(JSON.stringify(redact(ring))).toContain("…");
});

test("counters, histograms and gauges come out under their names", async () => {
  const telemetry = new PrometheusTelemetry({ version: "1.2.3", log: new RecordingLog() });
  telemetry.count("tocsin_samples_total", { source: "agent" }, 5);
  telemetry.count("tocsin_samples_total", { source: "agent" });
  telemetry.observe("tocsin_http_request_duration_seconds", 0.02, { route: "/metrics" });
  telemetry.gauge("tocsin_series", () => 7);
  telemetry.gauge("tocsin_agents", () => [{ labels: { status: "silent" }, value: 2 }]);
  const { body, contentType } = await telemetry.expose();
  expect(contentType).toContain("text/plain; version=0.0.4");
  expect(body).toContain('tocsin_samples_total{source="agent"} 6');
  expect(body).toContain('tocsin_http_request_duration_seconds_count{route="/metrics"} 1');
  expect(body).toContain("tocsin_series 7");
  expect(body).toContain('tocsin_agents{status="silent"} 2');
  expect(body).toMatch(/tocsin_build_info\{version="1.2.3",node_version="v\d+/);
  expect(body).toMatch(/alertmanager_build_info\{version="0\.\d+\.\d+",/);
});

test("the same in OpenMetrics", async () => {
  const telemetry = new PrometheusTelemetry({ version: "1.2.3", log: new RecordingLog() });
  telemetry.count("tocsin_samples_total", { source: "agent" }, 5);
  telemetry.observe("tocsin_http_request_duration_seconds", 0.02, { route: "/metrics" });
  const { body, contentType } = await telemetry.expose("openMetrics");
  expect(contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(body).toContain('\n# TYPE tocsin_samples counter\ntocsin_samples_total{source="agent"} 5\n');
  expect(body).toContain("\n# TYPE tocsin_http_request_duration_seconds histogram\n");
  expect(body.endsWith("\n# EOF\n")).toBe(true);
  expect(body).not.toMatch(/\n\n|^# TYPE \S+_total/m);
});

test("what OpenMetrics says in another way", () => {
  const text =
    '# HELP odd A "quoted" \\\\ word\n# TYPE odd counter\nodd 1\n\n# HELP a_total Of a.\n# TYPE a_total counter\na_total 2\n';
  expect(openMetricsOf(text)).toBe(
    '# HELP odd A \\"quoted\\" \\\\ word\n# TYPE odd unknown\nodd 1\n# HELP a Of a.\n# TYPE a counter\na_total 2\n# EOF\n',
  );
});

test("a metric that is not in the table is a complaint, once, and no crash", async () => {
  const log = new RecordingLog();
  const telemetry = new PrometheusTelemetry({ version: "1", log });
  telemetry.count("tocsin_nonsense_total");
  telemetry.count("tocsin_nonsense_total");
  telemetry.gauge("tocsin_nonsense", () => 1);
  telemetry.count("tocsin_samples_total", { ci: "web-01" });
  expect(log.lines.map((line) => line.fields?.["metric"])).toEqual([
    "tocsin_nonsense_total",
    "tocsin_nonsense",
    "tocsin_samples_total{ci}",
  ]);
  expect((await telemetry.expose()).body).toContain("tocsin_telemetry_undeclared_total 4");
});

test("a metric has at most a thousand label sets", async () => {
  const telemetry = new PrometheusTelemetry({ version: "1", log: new RecordingLog() });
  for (let index = 0; index < 1500; index++) telemetry.count("tocsin_http_refused_total", { code: `c${index}` });
  const lines = (await telemetry.expose()).body
    .split("\n")
    .filter((line) => line.startsWith("tocsin_http_refused_total{"));
  expect(lines).toHaveLength(1001);
  expect(lines).toContain('tocsin_http_refused_total{code="other"} 500');
});

test("each metric stands once in the table, with a help that is a sentence", () => {
  expect(new Set(METRICS.map((metric) => metric.name)).size).toBe(METRICS.length);
  for (const metric of METRICS) {
    expect(metric.help, metric.name).toMatch(/^[A-Z].*\.$/);
    expect(metric.name.endsWith("_total"), metric.name).toBe(metric.type === "counter");
  }
});

test("the table has every metric that the collector's code names, and no other", () => {
  const files = globSync("collector/**/*.ts", { cwd: new URL("../..", import.meta.url) }).filter(
    (path) => !path.endsWith(".test.ts") && path !== "collector/telemetry/metrics.ts",
  );
  const used = new Set<string>();
  for (const path of files)
    for (const [, name] of readFileSync(new URL(`../../${path}`, import.meta.url), "utf8").matchAll(
      /"((?:tocsin|alertmanager)_[a-z_]+)"/g,
    ))
      used.add(name!);
  const table = new Set(METRICS.map((metric) => metric.name));
  expect({
    missing: [...used].filter((name) => !table.has(name)),
    unused: [...table].filter((name) => !used.has(name)),
  }).toEqual({
    missing: [],
    unused: [],
  });
});

test("loop lag is the longest delay of the last 30 s", () => {
  const clock = new VirtualClock();
  let late = 0;
  const lag = new LoopLag({
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + late,
    after: (delayMs, call) => clock.after(delayMs, call),
  });
  lag.start();
  clock.advance(1000);
  expect(lag.waitingMs()).toBe(0);
  late = 7000;
  clock.advance(500);
  expect(lag.waitingMs()).toBe(7000);
  clock.advance(31_000);
  expect(lag.waitingMs()).toBe(0);
  lag.stop();
  expect(clock.pending).toBe(0);
});

test("the metrics of the process keep Prometheus's rules for names", async () => {
  const telemetry = new PrometheusTelemetry({ version: "1", log: new RecordingLog(), processMetrics: true });
  const { body } = await telemetry.expose();
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!] as const);
  expect(types.some(([name]) => name === "process_resident_memory_bytes")).toBe(true);
  const ill = types.filter(
    ([name, type]) => name.endsWith("_total") !== (type === "counter") || /histogram|summary|gauge|counter/.test(name),
  );
  expect(ill).toEqual([]);
});
