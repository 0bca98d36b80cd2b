import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../protocol/agent-event.ts";
import type { OtlpNumberPoint, OtlpResourceMetrics } from "../protocol/otlp.ts";
import { readMetricsRequest } from "../protocol/otlp-read-metrics.ts";
import { StringCache } from "../protocol/wire-reader.ts";
import type { Rule } from "../rules/detect/rule.ts";
import { RecordingCollector, until } from "../test/support/recording-collector.ts";
import { RecordedHostFiles } from "../test/support/recorded-host-files.ts";
import { VirtualClock } from "../test/support/virtual-clock.ts";
import { Agent } from "./agent.ts";
import { type AgentConfig, defaultAgentConfig } from "./config/agent-config.ts";
import { bundledRules } from "./evaluate/bundled-rules.ts";
import { openIdentity, takeDataDirectory } from "./identity.ts";
import { createLog } from "./log.ts";
import { createLoadCollector } from "./sample/load.ts";
import { createMemoryCollector } from "./sample/memory.ts";
import { HttpTransport } from "./send/transport.ts";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-agent-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const MEMORY = (available: number): string => `MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: ${available} kB\n`;

interface Life {
  agent: Agent;
  clock: VirtualClock;
  files: RecordedHostFiles;
  lines: { level: string; message: string }[];
  /** Rounds of ten seconds each; lets I/O happen between them. */
  rounds: (count: number) => Promise<void>;
}

async function live(
  folder: string,
  url: string,
  options: {
    clock?: VirtualClock;
    config?: (config: AgentConfig) => void;
    rules?: readonly Rule[];
    machine?: string;
    once?: boolean;
    restart?: () => void;
  } = {},
): Promise<Life> {
  const clock = options.clock ?? new VirtualClock();
  const data = takeDataDirectory(folder);
  if ("error" in data) throw new Error(data.error);
  clean.push(() => data.release());
  const lines: Life["lines"] = [];
  const files = new RecordedHostFiles({ "/proc/loadavg": "0.5 0.5 0.5 1/100 7\n", "/proc/meminfo": MEMORY(500) });
  // Real I/O against turned time: what takes a moment here must not look like a minute there.
  const config = { ...defaultAgentConfig(), collectors: [url], ci: "web-1", timeoutMs: 3_600_000 };
  config.spool.keepFree = { bytes: 0 };
  options.config?.(config);
  const rules = options.rules ?? (await bundledRules());
  const agent = await Agent.open(config, {
    clock,
    random: () => 0.5,
    log: createLog(
      "debug",
      (line) => lines.push(JSON.parse(line)),
      () => clock.now(),
    ),
    transport: new HttpTransport(clock),
    data,
    identity: openIdentity(folder, options.machine ?? "machine-1"),
    hostName: "web-1.example.net",
    version: "1.2.3",
    files,
    bundledRules: () => Promise.resolve(rules),
    createCollectors: (context) => [createLoadCollector(context), createMemoryCollector(context)],
    createWatches: () => Promise.resolve([]),
    once: options.once === true,
    ...(options.restart === undefined ? {} : { restart: options.restart }),
  });
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round++) {
      clock.advance(10_000);
      for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    }
  };
  return { agent, clock, files, lines, rounds };
}

async function collector(port = 0): Promise<RecordingCollector> {
  const server = await RecordingCollector.start(port);
  server.reply = (request) => ({ status: request.method === "GET" ? 404 : 200 });
  clean.push(() => server.stop());
  return server;
}

/** Decoded by the collector's own reader. */
const requests = (server: RecordingCollector): OtlpResourceMetrics[] =>
  server.received
    .filter((each) => each.path === "/v1/metrics")
    .flatMap((each) => {
      const read = readMetricsRequest(each.body, new StringCache());
      if (read.status === "malformed") throw new Error(read.message);
      return read.value;
    });

const points = (server: RecordingCollector, name?: string): OtlpNumberPoint[] =>
  requests(server)
    .flatMap((resource) => resource.metrics)
    .filter((metric) => name === undefined || metric.name === name)
    .flatMap((metric) => (metric.kind === "gauge" || metric.kind === "sum" ? metric.points : []));

const loadTimes = (server: RecordingCollector): number[] =>
  points(server, "system.cpu.load_average.1m").map((point) => point.at);

const events = (server: RecordingCollector): WireEvent[] =>
  server.received
    .filter((each) => each.path === "/api/v1/events")
    .flatMap((each) => JSON.parse(each.body.toString()) as WireEvent[]);

test.for([{ once: false }, { once: true }])(
  "the resource says who sends, how often, and for which CI: %o",
  async ({ once }) => {
    const server = await collector();
    const { agent } = await live(newFolder(), server.url, { once });
    agent.start();
    await until(() => requests(server).length === 1);
    expect(requests(server)[0]!.resource).toMatchObject({
      "service.name": "tocsin-agent",
      "service.instance.id": expect.stringMatching(/^[0-9a-f]{32}$/),
      "host.name": "web-1.example.net",
      "tocsin.ci": "web-1",
    });
    expect(String(requests(server)[0]!.resource["tocsin.agent.interval_ms"])).toBe("10000");
    expect(requests(server)[0]!.resource["tocsin.agent.once"]).toBe(once ? "true" : undefined);
    await agent.stop(0);
  },
);

test("an hour offline: every sample arrives in order with its own time, and new ones right after", async () => {
  const server = await collector();
  const { port } = server;
  await server.stop();
  const { agent, rounds, clock } = await live(newFolder(), `http://127.0.0.1:${port}`);
  const start = clock.now();
  agent.start();
  await rounds(360);
  const again = await collector(port);
  await rounds(3);
  await until(() => loadTimes(again).length >= 363);
  const times = loadTimes(again);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
  expect(times[0]).toBe(start);
  expect(times.at(-1)! - start).toBeGreaterThanOrEqual(3_600_000);
  expect(again.received.filter((each) => each.path === "/v1/metrics").length).toBeLessThanOrEqual(8);
  await agent.stop(0);
});

test("offline beyond the spool's cap: what was produced is what arrives and what is told as lost, to the point", async () => {
  const server = await collector();
  const { port } = server;
  await server.stop();
  const { agent, rounds } = await live(newFolder(), `http://127.0.0.1:${port}`, {
    config: (config) => (config.spool.maxBytes = 256 * 1024),
  });
  agent.start();
  await rounds(400);
  const again = await collector(port);
  await rounds(5);
  await until(() => events(again).some((event) => event.check === "agent_data_lost"));
  const lost = events(again).filter((event) => event.check === "agent_data_lost");
  const lostPoints = lost.reduce((sum, event) => sum + Number(event.annotations?.["items"]), 0);
  expect(lostPoints).toBeGreaterThan(0);
  const rest = loadTimes(again);
  const perRound = points(again).length / rest.length;
  expect(Number.isInteger(lostPoints / perRound) || lostPoints % Math.round(perRound) < perRound).toBe(true);
  expect(lost.every((event) => event.kind === undefined && event.severity === "info")).toBe(true);
  const dropped = points(again, "tocsin.agent.dropped").filter(
    ({ attributes }) => attributes["lane"] === "metric" && attributes["reason"] === "cap",
  );
  expect(Math.max(...dropped.map((point) => point.value))).toBe(lostPoints);
  await agent.stop(0);
});

test("a rule at the edge: an event of its own, repeated while it lasts, cleared when it is over", async () => {
  const server = await collector();
  const { agent, rounds, files } = await live(newFolder(), server.url);
  agent.start();
  await rounds(3);
  files.contents.set("/proc/meminfo", MEMORY(10));
  await rounds(40);
  const told = () => events(server).filter((event) => event.check === "memory_low");
  const hasAttachment = () => told().some((event) => event.annotations?.["recorder"] !== undefined);
  // What is attached is read from this very host: that takes as long as it takes, whatever the virtual clock says.
  for (const end = performance.now() + 5_000; !hasAttachment() && performance.now() < end; ) await rounds(1);
  const fired = told();
  expect(fired[0]).toMatchObject({
    source: "agent",
    ci: "web-1",
    status: "firing",
    severity: "major",
    expiresAfter: "10m",
  });
  expect(fired.length).toBeGreaterThanOrEqual(3);
  expect(new Set(fired.map((event) => event.id)).size).toBe(fired.length);
  const attached = fired.find((event) => event.annotations?.["recorder"] !== undefined);
  expect(attached?.annotations?.["recorder"]).toMatch(/^the last \d+ s, .*\nmemory used: 99 % now/);
  expect(fired.at(-1)?.annotations?.["recorder"]).toBe(attached?.annotations?.["recorder"]);
  files.contents.set("/proc/meminfo", MEMORY(900));
  await rounds(3);
  expect(events(server).at(-1)).toMatchObject({ check: "memory_low", status: "resolved" });
  await agent.stop(0);
});

test("killed while something is wrong, started when it is over: it is cleared", async () => {
  const server = await collector();
  const folder = newFolder();
  const first = await live(folder, server.url);
  first.agent.start();
  first.files.contents.set("/proc/meminfo", MEMORY(10));
  await first.rounds(30);
  expect(events(server).at(-1)).toMatchObject({ check: "memory_low", status: "firing" });
  // Not `stop`: as after kill -9, only what is on disk is left.
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith("lock") });
  const second = await live(copy, server.url, { clock: new VirtualClock(first.clock.now()) });
  second.agent.start();
  await second.rounds(180);
  const after = events(server).filter((event) => event.check === "memory_low");
  expect(after.at(-1)?.status).toBe("resolved");
  expect(new Set(events(server).map((event) => event.id)).size).toBe(events(server).length);
  await second.agent.stop(0);
});

test.for<[string, (clock: VirtualClock) => void]>([
  ["set forward by an hour", (clock) => clock.step(3_600_000)],
  ["set back by an hour", (clock) => clock.step(-3_600_000)],
  ["set to 1970", (clock) => clock.step(-clock.now() + 1000)],
])("a clock that is %s raises nothing, and samples go on", async ([, jump]) => {
  const server = await collector();
  const { agent, rounds, clock, files } = await live(newFolder(), server.url);
  agent.start();
  files.contents.set("/proc/meminfo", MEMORY(60));
  await rounds(6);
  const before = loadTimes(server).length;
  jump(clock);
  await rounds(6);
  expect(loadTimes(server).length).toBe(before + 6);
  expect(events(server)).toEqual([]);
  await agent.stop(0);
});

test("told to stop: what is stored is sent first", async () => {
  const server = await collector();
  const folder = newFolder();
  const { agent, lines } = await live(folder, server.url);
  agent.start();
  await agent.stop(5000);
  expect(loadTimes(server)).toHaveLength(1);
  expect(lines.at(-1)).toMatchObject({ message: "stopped", allSent: true });
  expect("error" in takeDataDirectory(folder)).toBe(false);
});

test("a round that fails does not end the agent", async () => {
  const server = await collector();
  const { agent, rounds, lines, files } = await live(newFolder(), server.url);
  agent.start();
  const read = files.read.bind(files);
  let broken = true;
  files.read = (path) => {
    if (broken) throw new Error("nobody expects this");
    return read(path);
  };
  await rounds(2);
  broken = false;
  await rounds(2);
  expect(loadTimes(server).length).toBeGreaterThanOrEqual(2);
  expect(lines.filter((line) => line.level === "error")).toEqual([]);
  await agent.stop(0);
});

test("never two agents on one data directory, and the second is told so", () => {
  const folder = newFolder();
  const first = takeDataDirectory(folder);
  expect("error" in first).toBe(false);
  expect(takeDataDirectory(folder)).toEqual({ error: expect.stringContaining("another agent runs on") });
  if (!("error" in first)) first.release();
  const second = takeDataDirectory(folder);
  expect("error" in second).toBe(false);
  if (!("error" in second)) second.release();
});

test("its data directory is removed while it runs: it says so once and begins anew", async () => {
  const server = await collector();
  const folder = newFolder();
  let restarts = 0;
  const { agent, rounds, lines } = await live(folder, server.url, { restart: () => restarts++ });
  agent.start();
  await rounds(2);
  expect(restarts).toBe(0);
  rmSync(folder, { recursive: true });
  await rounds(3);
  expect(restarts).toBe(1);
  expect(lines.filter((line) => line.message.includes("was removed"))).toHaveLength(1);
  await agent.stop(0);
});

test("a data directory that is a file is told as that", () => {
  const path = join(newFolder(), "file");
  writeFileSync(path, "");
  expect(takeDataDirectory(path)).toEqual({ error: expect.stringContaining("file is no folder") });
});

test("a data directory that cannot be made is told with its name", () => {
  expect(takeDataDirectory("/proc/nowhere/agent")).toEqual({ error: expect.stringContaining("/proc/nowhere/agent") });
});

test("the same directory keeps its identity; a copy on another machine gets one of its own", () => {
  const folder = newFolder();
  const first = openIdentity(folder, "machine-1");
  expect(first).toMatchObject({ isNew: true, copied: false });
  expect(openIdentity(folder, "machine-1")).toEqual({ agentId: first.agentId, isNew: false, copied: false });
  const clone = openIdentity(folder, "machine-2");
  expect(clone).toMatchObject({ isNew: true, copied: true });
  expect(clone.agentId).not.toBe(first.agentId);
});
