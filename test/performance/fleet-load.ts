import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { encodePointAttributes, type OtlpMetric, OtlpMetricsWriter } from "../../protocol/otlp-write.ts";

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
const metrics = series(fleet.seriesAHost);
const running = { stopped: false, sent: 0, failed: 0 };
parentPort?.on("message", () => {
  running.stopped = true;
});

/** Cores with their states, and disks, as an agent names them. */
function series(count: number): OtlpMetric[] {
  const states = ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"];
  const point = (attributes: Record<string, string>) => ({
    attributes: encodePointAttributes(attributes),
    value: 0,
    at: 0,
    startedAt: 0,
  });
  const cpu = ["0", "1", "2", "3"].flatMap((core) =>
    states.map((state) => point({ "cpu.logical_number": core, "cpu.mode": state })),
  );
  const made: OtlpMetric[] = [{ name: "system.cpu.time", type: "counter", unit: "s", points: cpu }];
  for (let index = 0; 32 + index * 2 < count; index++)
    made.push({
      name: `system.metric.${index}`,
      type: "gauge",
      unit: "By",
      points: ["sda", "sdb"].map((device) => point({ device, direction: "read" })),
    });
  return made;
}

function body(host: number): Buffer {
  const at = Date.now();
  for (const metric of metrics)
    for (const each of metric.points) {
      each.at = at;
      each.value = Math.random() * 1e9;
    }
  const resource = {
    "service.name": "tocsin-agent",
    "service.instance.id": `agent-${host}`,
    "host.name": `host-${host}`,
    "tocsin.ci": `host-${host}`,
  };
  const writer = new OtlpMetricsWriter({ resource, scope: { name: "tocsin-agent", version: "0.1.0" } });
  return gzipSync(writer.write(metrics), { level: 1 });
}

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
    call.end(body(host));
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
