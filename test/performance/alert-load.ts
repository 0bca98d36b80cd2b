import { Agent, request } from "node:http";
import { usageOf } from "./process-usage.ts";

/** How Prometheus speaks to an Alertmanager: batches of alerts, over connections that are kept; and what a list takes. */

export const BATCH = 100;
const CONNECTIONS = 8;

/** Prime, and larger than any divisor that a round number of alerts has. */
const STEPS = [7_919, 104_729, 15_485_863, 7_927, 104_743];

export interface Server {
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

/** What Prometheus repeats comes in an order of chance: in another one in each round but in round 0. */
export function batches(round: number, from: number, count: number): Buffer[] {
  const endsAt = new Date(Date.now() + 3_600_000 + round * 60_000).toISOString();
  const step = round === 0 ? 1 : (STEPS[round % STEPS.length] ?? 1);
  return Array.from({ length: Math.floor(count / BATCH) }, (_, batch) =>
    Buffer.from(
      JSON.stringify(
        Array.from({ length: BATCH }, (__, index) => alert(from + (((batch * BATCH + index) * step) % count), endsAt)),
      ),
    ),
  );
}

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

export interface Posted {
  perCpuS: number;
  perS: number;
}

export async function post(server: Server, bodies: Buffer[]): Promise<Posted> {
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

export interface Got {
  cpuMs: number;
  /** The best one. */
  ms: number;
  bytes: number;
}

export async function get(server: Server, path: string, times: number): Promise<Got> {
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

/** Idle connections end at some time, and to ask in the moment in which they do would be an error. */
export function hangUp(): void {
  agent.destroy();
  agent = connections();
}
