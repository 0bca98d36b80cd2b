import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

/** A sender on a thread of its own: `connections` requests at a time, the same body, for `runMs`. */
export interface Load {
  url: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body: Uint8Array | null;
  connections: number;
  runMs: number;
}

export interface LoadResult {
  requests: number;
  failures: number;
  p50Ms: number;
  p99Ms: number;
  elapsedMs: number;
}

async function once(load: Load, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(load.url, { method: load.method, headers: load.headers, agent }, (response) => {
      response.resume();
      response.once("end", () => resolve((response.statusCode ?? 500) < 300));
      response.once("error", () => resolve(false));
    });
    call.once("error", () => resolve(false));
    call.end(load.body ?? undefined);
  });
}

async function run(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const times: number[] = [];
  let failures = 0;
  const start = performance.now();
  const connection = async (): Promise<void> => {
    while (performance.now() - start < load.runMs) {
      const began = performance.now();
      if (!(await once(load, agent))) failures += 1;
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, connection));
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return { requests: times.length, failures, p50Ms: at(0.5), p99Ms: at(0.99), elapsedMs: performance.now() - start };
}

parentPort?.postMessage(await run(workerData as Load));
