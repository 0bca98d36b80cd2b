import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { apiBench } from "../support/api-bench.ts";
import { TurnMeter } from "../support/turn-meter.ts";
import { print } from "./figures.ts";
import type { Fleet } from "./fleet-load.ts";
import type { Scrape, ScrapeResult } from "./scrape-load.ts";

/**
 * `npm run bench:scrape`: 10,000 agents × 150 series, scraped through real sockets, whole and through service discovery, in
 * each coding and format, quiet and while all agents send. Each turn of the event loop is measured in the thread's own
 * processor time, so that other programs on the machine do not count.
 *
 * Budget: no turn over 50 ms of own time, in any of them.
 */

const HOSTS = 10_000;
const SERIES_A_HOST = 150;
const INTERVAL_MS = 10_000;

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const TEXT = "text/plain;version=0.0.4";
const SITUATIONS: readonly { name: string; paths: readonly string[] | "discover"; accept: string; coding: string }[] = [
  { name: "whole, text, plain", paths: ["/metrics/agents"], accept: TEXT, coding: "identity" },
  { name: "whole, text, gzip", paths: ["/metrics/agents"], accept: TEXT, coding: "gzip" },
  { name: "whole, OpenMetrics, gzip", paths: ["/metrics/agents"], accept: OPEN_METRICS, coding: "gzip" },
  { name: "whole, OpenMetrics, zstd", paths: ["/metrics/agents"], accept: OPEN_METRICS, coding: "zstd" },
  { name: "discovered targets, OpenMetrics, gzip", paths: "discover", accept: OPEN_METRICS, coding: "gzip" },
];

function worker(file: string, workerData: unknown): Worker {
  return new Worker(new URL(file, import.meta.url), { workerData });
}

function ended<T>(thread: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

const bench = await apiBench();
// What a recording intake remembers is not what is measured.
bench.intake.answer = (submissions) => {
  bench.intake.batches.length = 0;
  return {
    status: "committed",
    outcomes: submissions.map(() => ({ status: "accepted", alert: null, incident: null })),
  };
};
bench.clock.advance(Date.now() - bench.clock.now());
bench.series.start();
const clock = setInterval(() => bench.clock.advance(Date.now() - bench.clock.now()), 100);
const { url } = await bench.server.listen("127.0.0.1", 0);
const fleet: Fleet = { url, hosts: HOSTS, seriesAHost: SERIES_A_HOST, intervalMs: 0, connections: 16 };

async function measured(name: string, situation: Scrape): Promise<number> {
  const meter = new TurnMeter();
  const result = await ended<ScrapeResult>(worker("scrape-load.ts", situation));
  const turns = meter.stop();
  print(name, {
    requests: result.requests,
    failed: result.failures,
    MB: (result.sizeBytes / 1e6).toFixed(1),
    s: (result.elapsedMs / 1000).toFixed(1),
    "own s": (turns.ownMs / 1000).toFixed(1),
    "longest turn, own ms": turns.longestOwnMs.toFixed(1),
    "p99.9": turns.p999OwnMs.toFixed(1),
    "wall ms": turns.longestWallMs.toFixed(1),
    "GC ms": turns.longestGcMs.toFixed(1),
  });
  return turns.longestOwnMs;
}

console.log(`${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, Node ${process.version}`);
await ended(worker("fleet-load.ts", fleet));
const { series, senders } = bench.series.store.counts();
console.log(`${senders} senders, ${series} series`);
let longest = 0;
for (const sending of [false, true]) {
  const load = sending ? worker("fleet-load.ts", { ...fleet, intervalMs: INTERVAL_MS } satisfies Fleet) : null;
  if (load !== null) {
    await sleep(500);
    const meter = new TurnMeter();
    await sleep(3000);
    const { ownMs, wallMs, longestOwnMs } = meter.stop();
    print("agents send, nobody scrapes", {
      "own and turning": `${((ownMs / wallMs) * 100).toFixed(0)} %`,
      "longest turn, own ms": longestOwnMs.toFixed(1),
    });
  }
  for (const { name, paths, accept, coding } of SITUATIONS)
    longest = Math.max(
      longest,
      await measured(`${name}${sending ? ", agents send" : ""}`, {
        origin: url,
        paths,
        headers: { accept, "accept-encoding": coding },
        connections: paths === "discover" ? 16 : 1,
      }),
    );
  load?.postMessage("stop");
  if (load !== null) print("fleet", (await ended<Record<string, number>>(load)) ?? {});
}
clearInterval(clock);
bench.series.stop();
await bench.server.close();
console.log(`longest turn of all: ${longest.toFixed(1)} ms of own time (budget: 50)`);
process.exitCode = longest > 50 ? 1 : 0;
