import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { AgentPushes } from "./agent-push.ts";

/**
 * A fleet on a thread of its own, as the collector sees it: each host sends its series once an interval, gzipped, and the
 * hosts are spread over the interval.
 */
export interface Fleet {
  url: string;
  hosts: number;
  seriesAHost: number;
  /** 0: each host sends once, as fast as is answered, and the worker ends. */
  intervalMs: number;
  connections: number;
}

const fleet = workerData as Fleet;
const agent = new Agent({ keepAlive: true, maxSockets: fleet.connections });
const pushes = new AgentPushes(fleet.seriesAHost);
const running = { stopped: false, sent: 0, failed: 0 };
parentPort?.on("message", () => {
  running.stopped = true;
});

function send(host: number): Promise<void> {
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
  return new Promise((resolve) => {
    const call = request(`${fleet.url}/v1/metrics`, { method: "POST", headers, agent }, (response) => {
      response.resume();
      response.once("end", () => {
        running.sent += 1;
        if (response.statusCode !== 200) running.failed += 1;
        resolve();
      });
    });
    call.once("error", () => {
      running.failed += 1;
      resolve();
    });
    call.end(pushes.body(host, Date.now()));
  });
}

async function once(): Promise<void> {
  let next = 0;
  const connection = async (): Promise<void> => {
    while (next < fleet.hosts) await send(next++);
  };
  await Promise.all(Array.from({ length: fleet.connections }, connection));
}

async function steadily(): Promise<void> {
  const startedAt = performance.now();
  const waiting = new Set<Promise<void>>();
  for (let count = 0; !running.stopped; count++) {
    const due = startedAt + (count * fleet.intervalMs) / fleet.hosts;
    const waitMs = due - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    const sent: Promise<void> = send(count % fleet.hosts).finally(() => waiting.delete(sent));
    waiting.add(sent);
    if (waiting.size >= fleet.connections) await Promise.race(waiting);
  }
  await Promise.all(waiting);
}

await (fleet.intervalMs === 0 ? once() : steadily());
agent.destroy();
parentPort?.postMessage({ sent: running.sent, failed: running.failed });
parentPort?.close();
