import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { EMPTY_CMDB } from "../../collector/core/model/ci.ts";
import type { Event } from "../../collector/core/model/event.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { Submission } from "../../collector/port/intake.ts";
import { createLiveCores } from "../../collector/runtime/live-core.ts";
import { type Partition, createPartition } from "../../collector/runtime/partition.ts";
import { systemClock } from "../../collector/runtime/system-clock.ts";
import { createSqliteStore } from "../../collector/store/sqlite/store.ts";
import { RecordingTelemetry } from "../support/recording-ports.ts";
import { ascending, percentile, print } from "./figures.ts";

/**
 * Runtime, core and SQLite in one process, without HTTP: `node test/performance/partition.ts [alerts] [only]`.
 * Senders keep `IN_FLIGHT` requests of 100 events on their way, as that many connections would.
 */
const ALERTS = Number(process.argv[2] ?? 100_000);
const ONLY = process.argv[3];
const HOSTS = 5_000;
const BATCH = 100;
const IN_FLIGHT = 16;

function eventOf(number: number, parts: Partial<Event> = {}): Submission {
  return {
    kind: "event",
    event: {
      id: `e${number}`,
      idGiven: true,
      source: "performance",
      ci: `host-${number % HOSTS}`,
      check: "disk",
      instance: `/dev/sd${Math.floor(number / HOSTS)}`,
      kind: "alert",
      status: "firing",
      severity: "warning",
      summary: `Disk is filling on host-${number % HOSTS}`,
      occurredAt: Date.now(),
      labels: { env: "prod", team: "web" },
      annotations: {},
      links: [],
      expiresAfterMs: null,
      ...parts,
    },
  };
}

/** Durations of commits in seconds since the last figures were printed. */
let commits: number[] = [];

class CommitTimes extends RecordingTelemetry {
  override observe(metric?: string, value?: number): void {
    if (metric === "tocsin_commit_duration_seconds") commits.push(value ?? 0);
  }
}

/** Where a late answer came from: the event loop, or the store. */
function delays(): { print: () => Record<string, string> } {
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  commits = [];
  return {
    print: () => {
      loop.disable();
      const sorted = ascending(commits.map((s) => s * 1000));
      return {
        "loop max ms": (loop.max / 1e6).toFixed(0),
        "commit p99": percentile(sorted, 0.99),
        max: percentile(sorted, 1),
      };
    },
  };
}

function open(dataDir: string): Partition {
  return createPartition({
    store: createSqliteStore({ dataDir }),
    createCore: createLiveCores({ settings: DEFAULT_SETTINGS, cmdb: EMPTY_CMDB }),
    clock: systemClock,
    random: Math.random,
    telemetry: new CommitTimes(),
    log: { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error },
    onOutbox: () => undefined,
    onFatal: (reason) => {
      throw new Error(reason);
    },
  });
}

/** Batches as fast as they are acknowledged. */
async function flood(
  name: string,
  partition: Partition,
  count: number,
  make: (number: number) => Submission,
): Promise<void> {
  const times: number[] = [];
  const outcomes = new Map<string, number>();
  const cpu = process.cpuUsage();
  const own = process.threadCpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next += BATCH;
      const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => make(from + index));
      const sentAt = performance.now();
      const result = await partition.submit(batch, "event");
      times.push(performance.now() - sentAt);
      if (result.status !== "committed") throw new Error(JSON.stringify(result));
      for (const { status } of result.outcomes) outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  const tookMs = performance.now() - startedAt;
  const used = process.cpuUsage(cpu);
  const ownUsed = process.threadCpuUsage(own);
  const sorted = ascending(times);
  print(name, {
    "events/s": Math.round((count / tookMs) * 1000),
    "p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "CPU µs/event": ((used.user + used.system) / count).toFixed(1),
    "main thread": ((ownUsed.user + ownUsed.system) / count).toFixed(1),
    ...Object.fromEntries(outcomes),
  });
}

/** So many a second, in batches that come at their time whether or not the last was answered. */
async function steady(name: string, partition: Partition, perS: number, forS: number, first: number): Promise<void> {
  const times: number[] = [];
  const late = delays();
  const answers: Promise<void>[] = [];
  const everyMs = (BATCH / perS) * 1000;
  const startedAt = performance.now();
  for (let batch = 0; batch * everyMs < forS * 1000; batch += 1) {
    const dueAt = startedAt + batch * everyMs;
    if (dueAt > performance.now()) await sleep(dueAt - performance.now());
    const events = Array.from({ length: BATCH }, (_, index) => eventOf(first + batch * BATCH + index));
    answers.push(
      partition.submit(events, "event").then((result) => {
        if (result.status !== "committed") throw new Error(JSON.stringify(result));
        times.push(performance.now() - dueAt);
      }),
    );
  }
  await Promise.all(answers);
  const sorted = ascending(times);
  print(name, {
    "p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "max ms": percentile(sorted, 1),
    ...late.print(),
  });
}

function memoryMiB(): { heap: number; rss: number } {
  global.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 };
}

const folder = mkdtempSync(join(tmpdir(), "tocsin-performance-"));
try {
  const partition = open(folder);
  await partition.start();
  const before = memoryMiB();
  if (ONLY === undefined || ONLY === "new") {
    await flood("new alerts", partition, ALERTS, eventOf);
    const after = memoryMiB();
    print("memory for an active alert", {
      "heap KiB": (((after.heap - before.heap) * 1024) / ALERTS).toFixed(2),
      "RSS KiB": (((after.rss - before.rss) * 1024) / ALERTS).toFixed(2),
    });
    await flood("repeats by id (duplicates)", partition, ALERTS, eventOf);
    await flood("re-notifications (new ids)", partition, ALERTS, (n) => eventOf(n, { id: `again-${n}` }));
    await flood("resolves", partition, ALERTS / 2, (n) => eventOf(n, { id: `clear-${n}`, status: "resolved" }));
    await flood("fire again", partition, ALERTS / 2, (n) => eventOf(n, { id: `refire-${n}` }));
  }
  if (ONLY === undefined || ONLY === "steady")
    await steady("5,000 events/s in batches of 100, half of them new alerts", partition, 5_000, 10, ALERTS - 25_000);
  const stopping = performance.now();
  await partition.stop();
  const starting = performance.now();
  const again = open(folder);
  await again.start();
  const { activeAlerts } = again.core.counts();
  print("stop and start", {
    "stop ms": Math.round(starting - stopping),
    "start ms": Math.round(performance.now() - starting),
    "active alerts": activeAlerts,
  });
  await again.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
