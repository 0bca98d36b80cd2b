import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

/** A Prometheus on a thread of its own: it fetches each of these once, `connections` at a time. */
export interface Scrape {
  origin: string;
  /** "discover": what `/sd/prometheus` lists. */
  paths: readonly string[] | "discover";
  headers: Record<string, string>;
  connections: number;
}

export interface ScrapeResult {
  requests: number;
  failures: number;
  sizeBytes: number;
  elapsedMs: number;
}

const scrape = workerData as Scrape;
const agent = new Agent({ keepAlive: true, maxSockets: scrape.connections });
const result: ScrapeResult = { requests: 0, failures: 0, sizeBytes: 0, elapsedMs: 0 };

function fetched(path: string, keep: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = request(`${scrape.origin}${path}`, { headers: scrape.headers, agent }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => {
        result.sizeBytes += piece.length;
        if (keep) pieces.push(piece);
      });
      response.once("end", () => {
        result.requests += 1;
        if (response.statusCode !== 200) result.failures += 1;
        resolve(Buffer.concat(pieces));
      });
      response.once("error", reject);
    });
    call.once("error", reject);
    call.end();
  });
}

async function discovered(): Promise<string[]> {
  scrape.headers["accept-encoding"] = "identity";
  const list = JSON.parse((await fetched("/sd/prometheus", true)).toString()) as {
    labels: { __metrics_path__: string };
  }[];
  return list.map((target) => target.labels.__metrics_path__);
}

const startedAt = performance.now();
const coding = scrape.headers["accept-encoding"] ?? "identity";
const paths = scrape.paths === "discover" ? await discovered() : scrape.paths;
scrape.headers["accept-encoding"] = coding;
let next = 0;
await Promise.all(
  Array.from({ length: scrape.connections }, async () => {
    while (next < paths.length) await fetched(paths[next++]!, false);
  }),
);
agent.destroy();
result.elapsedMs = performance.now() - startedAt;
parentPort?.postMessage(result);
