import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { debianTool } from "../support/debian-tool.ts";
import { freePort } from "../support/real-prometheus.ts";
import { startCollector, waitFor } from "../support/tocsin-process.ts";
import { print } from "./figures.ts";
import { usageOf } from "./process-usage.ts";

/**
 * `npm run bench:alertmanager [ALERTS] [tocsin|alertmanager]`: the same requests to Debian's Alertmanager and to us, one
 * after the other: new alerts, the same again in another order, lists of all and of one, memory. Ours are fsynced before
 * the answer, Alertmanager's are not stored. Both have taken other alerts before, as a server that runs for days has.
 *
 * Rates are given in alerts per second of the server's processor time, which others on the machine disturb little, and by
 * the clock. These alerts have nothing in common: after the answers correlation goes on for up to two minutes, until each has an
 * incident of its own. Both servers are left alone for two and a half minutes after each burst; what they do in that time is printed.
 *
 * Memory for an alert is what the process has grown by for these alerts, resends included: from when it had rested after the
 * warm-up until right after the last resend. What it has grown by since it was empty, with what it loads and compiles once, is printed
 * beside it.
 * Budgets: new ≥ 2 ×, again ≥ 4 ×, list ≥ 4 × faster, one by filter ≤ 5 ms, memory no more than theirs.
 */

const ALERTS = Number(process.argv[2] ?? 50_000);
const ONLY = process.argv[3];
const WARMUP = 10_000;
const BATCH = 100;
/** Prometheus repeats once a minute for as long as an alert lasts: the middle one of these counts, and the first is printed too. */
const ROUNDS = 9;
const LISTS = 5;
const CONNECTIONS = 8;
/** Longer than the last look that correlation takes at a young incident (90 s), and than memory is given back for after it. */
const SETTLE_MS = 150_000;

interface Server {
  name: string;
  url: string;
  pid: number;
  stop: () => unknown;
}

const alert = (index: number, endsAt: string): object => ({
  annotations: {
    description: `Latency of requests on web-${index} has been above 500 ms for more than 10 minutes`,
    runbook_url: "https://runbooks.example.net/latency",
    summary: `Latency on web-${index} is high`,
  },
  endsAt,
  startsAt: "2026-01-01T00:00:00.123Z",
  generatorURL: "http://prometheus.example.net:9090/graph?g0.expr=histogram_quantile%280.99%29&g0.tab=1",
  labels: {
    alertname: `HighLatency${index % 50}`,
    cluster: "eu-1",
    device: `eth${index % 4}`,
    instance: `web-${index}:9100`,
    job: "node",
    severity: "warning",
    team: "web",
  },
});

/** @param step no divisor of `count` in common: Prometheus sends what it repeats in an order of chance. */
function batches(round: number, from: number, count: number, step = 1): Buffer[] {
  const endsAt = new Date(Date.now() + 3_600_000 + round * 60_000).toISOString();
  return Array.from({ length: Math.floor(count / BATCH) }, (_, batch) =>
    Buffer.from(
      JSON.stringify(
        Array.from({ length: BATCH }, (__, index) => alert(from + (((batch * BATCH + index) * step) % count), endsAt)),
      ),
    ),
  );
}

/** Prime, and larger than any divisor that a round number of alerts has. */
const STEPS = [7_919, 104_729, 15_485_863, 7_927, 104_743];

const connections = (): Agent => new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let agent = connections();

function call(url: string, body?: Buffer): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": body.length };
    const sent = request(url, { method: body === undefined ? "GET" : "POST", agent, headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bytes }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

interface Posted {
  perCpuS: number;
  perS: number;
}

async function post(server: Server, bodies: Buffer[]): Promise<Posted> {
  const before = usageOf(server.pid).cpuS;
  const start = performance.now();
  const waiting = bodies.slice();
  const worker = async (): Promise<void> => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
      const { status } = await call(`${server.url}/api/v2/alerts`, body);
      if (status !== 200) throw new Error(`${server.name} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const seconds = (performance.now() - start) / 1000;
  const cpuS = usageOf(server.pid).cpuS - before;
  const count = bodies.length * BATCH;
  return { perCpuS: count / Math.max(0.01, cpuS), perS: count / seconds };
}

async function get(server: Server, path: string, times: number): Promise<{ cpuMs: number; ms: number; bytes: number }> {
  const before = usageOf(server.pid).cpuS;
  const taken: number[] = [];
  let bytes = 0;
  for (let round = 0; round < times; round += 1) {
    const start = performance.now();
    ({ bytes } = await call(`${server.url}${path}`));
    taken.push(performance.now() - start);
  }
  return { cpuMs: ((usageOf(server.pid).cpuS - before) * 1000) / times, ms: Math.min(...taken), bytes };
}

async function leaveAlone(): Promise<void> {
  // Idle connections end at some time, and to ask in the moment in which they do would be an error.
  agent.destroy();
  agent = connections();
  await sleep(SETTLE_MS);
}

interface Figures {
  fresh: number;
  again: number;
  /** Processor time. */
  listMs: number;
  oneMs: number;
  memoryKib: number;
}

async function measure(server: Server): Promise<Figures> {
  const empty = usageOf(server.pid).rssMib;
  await post(server, batches(0, 0, WARMUP));
  await post(server, batches(1, 0, WARMUP, STEPS[0]));
  await leaveAlone();
  const warm = usageOf(server.pid).rssMib;
  const fresh = await post(server, batches(0, WARMUP, ALERTS));
  print(`${server.name}: new alerts`, {
    "per CPU second": Math.round(fresh.perCpuS),
    "per second": Math.round(fresh.perS),
  });
  const rounds: Posted[] = [];
  const before = usageOf(server.pid).cpuS;
  await leaveAlone();
  print(`${server.name}: left alone`, { "CPU s": (usageOf(server.pid).cpuS - before).toFixed(1) });
  for (let round = 1; round <= ROUNDS; round += 1)
    rounds.push(await post(server, batches(round, WARMUP, ALERTS, STEPS[round % STEPS.length])));
  const again = rounds.map(({ perCpuS }) => perCpuS).sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  print(`${server.name}: sent again`, {
    "per CPU second": Math.round(again),
    first: Math.round(rounds[0]?.perCpuS ?? 0),
    "per second": Math.round(Math.max(...rounds.map(({ perS }) => perS))),
  });
  const full = usageOf(server.pid).rssMib;
  const list = await get(server, "/api/v2/alerts", LISTS);
  const after = usageOf(server.pid).rssMib;
  print(`${server.name}: all by GET`, {
    "CPU ms": Math.round(list.cpuMs),
    "best ms": Math.round(list.ms),
    MiB: (list.bytes / 1048576).toFixed(1),
  });
  const filter = encodeURIComponent(`instance="web-${WARMUP + ALERTS - 1}:9100"`);
  const one = await get(server, `/api/v2/alerts?filter=${filter}`, 20);
  print(`${server.name}: one by filter`, {
    "CPU ms": one.cpuMs.toFixed(1),
    "best ms": one.ms.toFixed(1),
    bytes: one.bytes,
  });
  const memoryKib = ((full - warm) * 1024) / ALERTS;
  print(`${server.name}: memory`, {
    "KiB an alert": memoryKib.toFixed(2),
    "KiB since empty": (((full - empty) * 1024) / (WARMUP + ALERTS)).toFixed(2),
    "MiB empty": Math.round(empty),
    "MiB warm": Math.round(warm),
    "MiB full": Math.round(full),
    "MiB after lists": Math.round(after),
  });
  return { fresh: fresh.perCpuS, again, listMs: list.cpuMs, oneMs: one.ms, memoryKib };
}

async function startAlertmanager(folder: string): Promise<Server> {
  const port = await freePort();
  writeFileSync(
    join(folder, "am.yml"),
    "route: { receiver: none, group_by: [alertname] }\nreceivers: [{ name: none }]\n",
  );
  const child = spawn(
    debianTool("prometheus-alertmanager"),
    [
      `--config.file=${folder}/am.yml`,
      `--storage.path=${folder}/am`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
      "--log.level=error",
    ],
    { stdio: "ignore", env: { ...process.env, GOMAXPROCS: "1" } },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    async () => ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined),
    20_000,
  );
  return { name: "Alertmanager", url, pid: child.pid ?? 0, stop: () => child.kill("SIGKILL") };
}

async function startOurs(folder: string): Promise<Server> {
  const { process: ours, url } = await startCollector(folder, {
    "tocsin.yaml": `
receivers: { none: { webhook: { url: "http://127.0.0.1:9/" } } }
routes: [{ match: { priority: P1 }, receivers: [none] }]
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
  });
  return { name: "Tocsin", url, pid: ours.child.pid ?? 0, stop: () => ours.stop("SIGKILL") };
}

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}, ${ALERTS} alerts in batches of ${BATCH}\n`,
);
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const results: Figures[] = [];
try {
  const both = [startAlertmanager, startOurs];
  for (const start of ONLY === undefined ? both : [ONLY === "tocsin" ? startOurs : startAlertmanager]) {
    const server = await start(folder);
    try {
      results.push(await measure(server));
    } finally {
      await server.stop();
    }
  }
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
const [theirs, ours] = results;
if (theirs !== undefined && ours !== undefined)
  print("Tocsin / Alertmanager", {
    new: `${(ours.fresh / theirs.fresh).toFixed(2)} ×`,
    again: `${(ours.again / theirs.again).toFixed(2)} ×`,
    list: `${(theirs.listMs / ours.listMs).toFixed(2)} × faster`,
    "one by filter": `${(theirs.oneMs / ours.oneMs).toFixed(1)} × faster`,
    memory: `${(ours.memoryKib / theirs.memoryKib).toFixed(2)} ×`,
  });
