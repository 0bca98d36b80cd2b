import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TocsinProcess } from "../support/tocsin-process.ts";
import { ascending, percentile, print } from "./figures.ts";
import { usageOf } from "./process-usage.ts";

/**
 * The whole way in: HTTP, core, SQLite, acknowledgement after the sync, against a real collector on this machine, which shares
 * its cores with the senders: `npm run bench:ingest [alerts]`. Beside the figures, their budgets, and what the machine can:
 * a sync of 4 KiB, and JSON.parse of the same bodies.
 */
const ALERTS = Number(process.argv[2] ?? 100_000);
const HOSTS = 5_000;
const BATCH = 100;
const CONNECTIONS = 16;
const CALM_MS = 8_000;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

interface Answer {
  status: number;
  body: string;
}

async function post(url: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(`${url}/api/v1/events`, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

type Make = (number: number) => object;

const alert: Make = (number) => ({
  id: `e${number}`,
  source: "performance",
  ci: `host-${number % HOSTS}`,
  check: "disk",
  instance: `/dev/sd${Math.floor(number / HOSTS)}`,
  status: "firing",
  severity: "warning",
  summary: `Disk is filling on host-${number % HOSTS}`,
  labels: { env: "prod", team: "web" },
});

/** Texts are made before the clock starts: the sender's own work is not what is measured. */
function bodies(first: number, count: number, make: Make): string[] {
  return Array.from({ length: count / BATCH }, (_, batch) =>
    JSON.stringify(Array.from({ length: BATCH }, (_, index) => make(first + batch * BATCH + index))),
  );
}

function check({ status, body }: Answer): void {
  if (status !== 202) throw new Error(`${status} ${body.slice(0, 200)}`);
}

/** What bounds us all: how fast this disk syncs, and how fast this Node reads the bodies. */
function machine(folder: string, texts: readonly string[]): void {
  const file = openSync(join(folder, "sync"), "w");
  const times: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    writeSync(file, Buffer.alloc(4096, round));
    const startedAt = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - startedAt);
  }
  closeSync(file);
  const sorted = ascending(times);
  const cpu = process.cpuUsage();
  for (const text of texts) JSON.parse(text);
  const { user, system } = process.cpuUsage(cpu);
  print("the machine", {
    "fdatasync p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "JSON.parse alone, CPU µs/event": ((user + system) / (texts.length * BATCH)).toFixed(2),
  });
}

interface Sent {
  name: string;
  /** Events a second. */
  budget: number | null;
  texts: readonly string[];
}

async function flood({ name, budget, texts }: Sent, { url, pid }: { url: string; pid: number }): Promise<void> {
  const times: number[] = [];
  const cpuBefore = cpuMs(pid);
  const startedAt = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let text = texts[next++]; text !== undefined; text = texts[next++]) {
      const sentAt = performance.now();
      check(await post(url, text));
      times.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const tookMs = performance.now() - startedAt;
  const count = texts.length * BATCH;
  const sorted = ascending(times);
  print(name, {
    "events/s": Math.round((count / tookMs) * 1000),
    ...(budget === null ? {} : { budget }),
    "p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "CPU µs/event": (((cpuMs(pid) - cpuBefore) * 1000) / count).toFixed(1),
    "RSS MiB": rssMiB(pid),
  });
}

/** Batches that come at their time, whether or not the last was answered: a stall delays everything behind it. */
async function steady(name: string, url: string, perS: number, texts: readonly string[]): Promise<void> {
  const times: number[] = [];
  const answers: Promise<void>[] = [];
  const everyMs = (BATCH / perS) * 1000;
  const startedAt = performance.now();
  for (const [batch, text] of texts.entries()) {
    const dueAt = startedAt + batch * everyMs;
    if (dueAt > performance.now()) await sleep(dueAt - performance.now());
    answers.push(
      post(url, text).then((answer) => {
        check(answer);
        times.push(performance.now() - dueAt);
      }),
    );
  }
  await Promise.all(answers);
  const sorted = ascending(times);
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(sorted, share));
  print(name, { "p50 ms": p50 ?? "", "p99 ms": p99 ?? "", "max ms": max ?? "", "p99 budget": 50 });
}

const cpuMs = (pid: number): number => usageOf(pid).cpuS * 1000;

const rssMiB = (pid: number): number => Math.round(usageOf(pid).rssMib);

async function start(dataDir: string): Promise<{ collector: TocsinProcess; url: string; tookMs: number }> {
  const startedAt = performance.now();
  const collector = new TocsinProcess(["collector", "--listen", "127.0.0.1:0", "--data", dataDir]);
  let saidAt = 0;
  // `says` looks every 50 ms; it is the first line.
  collector.child.stdout?.once("data", () => (saidAt = performance.now()));
  const [, url = ""] = await collector.says(/^listening (\S+)$/m, 120_000);
  return { collector, url, tookMs: Math.round(saidAt - startedAt) };
}

async function activeAlerts(url: string): Promise<number> {
  const { activeAlerts: count } = (await (await fetch(`${url}/api/v1/status`)).json()) as { activeAlerts: number };
  return count;
}

/** A collector that has known 5,000 alerts for a while, before it has seen any flood. */
async function steadyState(): Promise<void> {
  const own = mkdtempSync(join(tmpdir(), "tocsin-performance-"));
  const { collector, url } = await start(own);
  try {
    await steady("5,000 events/s, all new, to warm up", url, 5_000, bodies(0, HOSTS, alert));
    await sleep(CALM_MS);
    const mixed: Make = (number) => ({
      ...alert(number % 5 === 0 ? HOSTS + number : number % HOSTS),
      id: `s${number}`,
    });
    await steady("5,000 events/s, one new alert in five", url, 5_000, bodies(0, 75_000, mixed));
  } finally {
    await collector.stop();
    rmSync(own, { recursive: true, force: true });
  }
}

const folder = mkdtempSync(join(tmpdir(), "tocsin-performance-"));
try {
  machine(folder, bodies(0, ALERTS, alert));
  await steadyState();
  const first = await start(folder);
  const pid = first.collector.child.pid ?? 0;
  const to = { url: first.url, pid };
  const rssBefore = rssMiB(pid);
  print("start, empty", { ms: first.tookMs, "RSS MiB": rssBefore });
  await flood({ name: "new alerts", budget: 30_000, texts: bodies(0, ALERTS, alert) }, to);
  const rssKiB = ((rssMiB(pid) - rssBefore) * 1024) / ALERTS;
  print("memory for an active alert", { "RSS KiB": rssKiB.toFixed(2), budget: 4 });
  await flood({ name: "repeats by id (duplicates)", budget: 100_000, texts: bodies(0, ALERTS, alert) }, to);
  const again: Make = (number) => ({ ...alert(number), id: `again-${number}` });
  await flood({ name: "re-notifications (new ids)", budget: null, texts: bodies(0, ALERTS, again) }, to);
  const mixed: Make = (number) => ({ ...alert(number % 5 === 0 ? ALERTS + number : number), id: `mixed-${number}` });
  const name = "one new alert in five, else re-notifications";
  await flood({ name, budget: null, texts: bodies(0, ALERTS, mixed) }, to);
  await first.collector.stop("SIGKILL");
  const second = await start(folder);
  const rss = rssMiB(second.collector.child.pid ?? 0);
  const alerts = await activeAlerts(second.url);
  const forAlertMs = (second.tookMs - first.tookMs) / alerts;
  print("start after kill -9", {
    ms: second.tookMs,
    alerts,
    "ms at 100,000 alerts": Math.round(first.tookMs + 100_000 * forAlertMs),
    budget: 3_000,
    "RSS MiB": rss,
  });
  await second.collector.stop();
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
