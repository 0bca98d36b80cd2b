import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TocsinProcess, waitFor } from "../support/tocsin-process.ts";
import { ascending, percentile, print } from "./figures.ts";

/**
 * `npm run bench:told [FAULTS] [PER_SECOND]`: from the sending of a fault's event to the arrival of its webhook, less the
 * settle time that the configuration asks for. Separate faults, each on a host of its own, at a steady pace, through a
 * real collector and a sink on loopback: alone, and while other sources repeat themselves a thousand times a second.
 * Budget: settle time + 1 s at p99. Beside it, what the machine needs for one POST to the same sink.
 */
const FAULTS = Number(process.argv[2] ?? 300);
const PER_SECOND = Number(process.argv[3] ?? 30);
const SETTLE_MS = 5_000;
const PATIENCE_MS = 60_000;
const REPEATS_A_SECOND = 1_000;
const BATCH = 100;

interface Sink {
  url: string;
  /** When each CI's first `opened` came, by the CI of its first alert. */
  told: Map<string, number>;
  server: Server;
}

async function sink(): Promise<Sink> {
  const told = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const at = performance.now();
      response.writeHead(204).end();
      if (body === "") return;
      const { kind, incident } = JSON.parse(body) as { kind: string; incident: { alerts: { ci: string }[] } };
      for (const { ci } of kind === "opened" ? incident.alerts : []) if (!told.has(ci)) told.set(ci, at);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told, server };
}

async function post(url: string, body: object | readonly object[] | undefined): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) ?? "" });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
}

const fault = (ci: string): object => ({
  source: "performance",
  ci,
  check: "disk_full",
  status: "firing",
  severity: "critical",
  summary: `${ci}: the disk is full`,
});

async function raw(url: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    const sentAt = performance.now();
    await post(url, undefined);
    times.push(performance.now() - sentAt);
  }
  const sorted = ascending(times);
  print("raw: one POST to the sink", { "p50 ms": percentile(sorted, 0.5), "p99 ms": percentile(sorted, 0.99) });
}

/** Other sources say again and again what they said before. */
function chatter(url: string): { stop: () => Promise<void> } {
  const over = new AbortController();
  const talk = async (): Promise<void> => {
    for (let round = 0; !over.signal.aborted; round += 1) {
      const dueAt = performance.now() + (BATCH / REPEATS_A_SECOND) * 1000;
      const from = (round * BATCH) % 1_000;
      await post(
        url,
        Array.from({ length: BATCH }, (_, index) => ({ ...fault(`noisy-${from + index}`), severity: "info" })),
      );
      await sleep(Math.max(0, dueAt - performance.now()));
    }
  };
  const done = talk();
  return {
    stop: async () => {
      over.abort();
      await done;
    },
  };
}

async function measure(name: string, events: string, { told }: Sink, prefix: string): Promise<void> {
  const sent = new Map<string, number>();
  const beganAt = performance.now();
  for (let number = 0; number < FAULTS; number += 1) {
    const dueAt = beganAt + (number * 1000) / PER_SECOND;
    if (dueAt > performance.now()) await sleep(dueAt - performance.now());
    const ci = `${prefix}${number.toString(36)}${"abcdefgh"[number % 8] ?? ""}`;
    sent.set(ci, performance.now());
    await post(events, fault(ci));
  }
  const cis = [...sent.keys()];
  await waitFor(() => (cis.every((ci) => told.has(ci)) ? true : undefined), PATIENCE_MS);
  const waits = cis
    .flatMap((ci) => (told.get(ci) ?? Number.NaN) - (sent.get(ci) ?? 0))
    .filter((ms) => !Number.isNaN(ms));
  const sorted = ascending(waits.map((ms) => ms - SETTLE_MS));
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(sorted, share));
  print(name, {
    "p50 ms": p50 ?? "",
    "p99 ms": p99 ?? "",
    "max ms": max ?? "",
    "budget ms": 1000,
    told: `${waits.length} of ${FAULTS}`,
  });
}

const folder = mkdtempSync(join(tmpdir(), "tocsin-performance-"));
const hook = await sink();
writeFileSync(
  join(folder, "tocsin.yaml"),
  `
correlation: { settle: { min: ${SETTLE_MS / 1000}s, max: ${SETTLE_MS / 1000}s } }
receivers: { hook: { webhook: { url: "${hook.url}" } } }
routes: [{ receivers: [hook] }]
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
);
const config = join(folder, "tocsin.yaml");
const collector = new TocsinProcess(
  `collector --config ${config} --listen 127.0.0.1:0 --data ${join(folder, "data")}`.split(" "),
);
try {
  const [, url = ""] = await collector.says(/^listening (\S+)$/m);
  const events = `${url}/api/v1/events`;
  await raw(hook.url);
  await post(events, fault("warm-up"));
  await measure(`${FAULTS} faults, ${PER_SECOND} a second, less settle time`, events, hook, "quiet-");
  const others = chatter(events);
  await measure(`the same beside ${REPEATS_A_SECOND} repeats a second`, events, hook, "busy-");
  await others.stop();
} finally {
  await collector.stop();
  hook.server.close();
  rmSync(folder, { recursive: true, force: true });
}
