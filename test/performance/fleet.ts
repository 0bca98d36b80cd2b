import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCollector } from "../support/tocsin-process.ts";
import { AgentPushes } from "./agent-push.ts";
import { ascending, percentile, print } from "./figures.ts";
import { usageOf } from "./process-usage.ts";

/**
 * `npm run bench:fleet [AGENTS] [SERIES]`: agents on connections of their own, each with its token, push their series every
 * ten seconds to a real collector, spread evenly. What they send is made beforehand, so that this program is idle enough to
 * measure. Printed is the processor time of the collector, all threads, as a share of one core.
 *
 * Budget: 10,000 agents × 150 series on one collector of 2 cores.
 */

const AGENTS = Number(process.argv[2] ?? 10_000);
const SERIES = Number(process.argv[3] ?? 150);
const INTERVAL_MS = 10_000;
/** Intervals that are measured. Two come before: series are made in the first, and the second warms up. */
const MEASURED = 3;
const WARMUP = 2;
/** For the last answers, where others keep the machine busy. */
const PATIENCE_MS = 30_000;
const SECRET = "fleet-agent-secret-0123456789";

/** Every agent's requests, one after the other: head and body in one buffer. */
function requests(host: string): Buffer[][] {
  const pushes = new AgentPushes(SERIES);
  const now = Date.now();
  return Array.from({ length: WARMUP + MEASURED }, (_, round) => {
    const at = now - (WARMUP + MEASURED - round) * INTERVAL_MS;
    return Array.from({ length: AGENTS }, (__, agent) => {
      const body = pushes.body(agent, at);
      const head = [
        "POST /v1/metrics HTTP/1.1",
        `Host: ${host}`,
        `Authorization: Bearer ${SECRET}`,
        "Content-Type: application/x-protobuf",
        "Content-Encoding: gzip",
        `Content-Length: ${body.length}`,
      ];
      return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
    });
  });
}

/** An agent's connection, and how long its answers took. */
class Agent {
  private readonly socket: Socket;
  /** Of what has no answer yet. */
  private readonly sentAt: number[] = [];
  private readonly answered: (tookMs: number, status: string) => void;
  readonly connected: Promise<void>;

  constructor(url: URL, answered: (tookMs: number, status: string) => void) {
    this.answered = answered;
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.connected = new Promise((resolve, reject) => this.socket.once("connect", resolve).once("error", reject));
    // An answer is far smaller than a packet.
    this.socket.on("data", (answer) => {
      this.answered(performance.now() - (this.sentAt.shift() ?? 0), answer.toString("latin1", 9, 12));
    });
  }

  send(request: Buffer): void {
    this.sentAt.push(performance.now());
    this.socket.write(request);
  }

  end(): void {
    this.socket.destroy();
  }
}

async function push(agents: readonly Agent[], round: readonly Buffer[]): Promise<number> {
  const startedAt = performance.now();
  for (const [index, request] of round.entries()) {
    const waitMs = startedAt + (index * INTERVAL_MS) / AGENTS - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    agents[index]?.send(request);
  }
  return performance.now() - startedAt;
}

async function measure(url: URL, pid: number): Promise<void> {
  const rounds = requests(url.host);
  const empty = usageOf(pid).rssMib;
  const tookMs: number[] = [];
  const statuses = new Map<string, number>();
  const agents = Array.from(
    { length: AGENTS },
    () =>
      new Agent(url, (ms, status) => {
        tookMs.push(ms);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
  );
  await Promise.all(agents.map((agent) => agent.connected));
  for (const round of rounds.slice(0, WARMUP)) await push(agents, round);
  for (let waited = 0; tookMs.length < WARMUP * AGENTS && waited < PATIENCE_MS; waited += 100) await sleep(100);
  tookMs.length = 0;
  statuses.clear();
  const before = usageOf(pid);
  let wallMs = 0;
  for (const round of rounds.slice(WARMUP)) wallMs += await push(agents, round);
  for (let waited = 0; tookMs.length < MEASURED * AGENTS && waited < PATIENCE_MS; waited += 100) await sleep(100);
  const after = usageOf(pid);
  const cpuS = after.cpuS - before.cpuS;
  const sorted = ascending(tookMs);
  const perPushUs = (cpuS * 1e6) / tookMs.length;
  print(`${AGENTS} agents × ${SERIES} series each ${INTERVAL_MS / 1000} s`, {
    "pushes/s": Math.round((tookMs.length * 1000) / wallMs),
    answers: [...statuses].map(([status, count]) => `${count} × ${status}`).join(", "),
    "CPU µs a push": Math.round(perPushUs),
    "CPU of one core": `${((perPushUs * AGENTS) / (INTERVAL_MS * 10)).toFixed(0)} %`,
    "p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "RSS MiB": `${Math.round(empty)} → ${Math.round(after.rssMib)}`,
  });
  for (const agent of agents) agent.end();
}

process.stdout.write(`${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}\n`);
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
try {
  const { process: collector, url } = await startCollector(folder, {
    "tocsin.yaml": `auth: { tokens: [{ name: agents, role: agent, token: ${SECRET} }] }\n`,
  });
  try {
    await measure(new URL(url), collector.child.pid ?? 0);
  } finally {
    await collector.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
