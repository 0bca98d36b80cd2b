import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TocsinProcess } from "../support/tocsin-process.ts";
import { print } from "./figures.ts";
import { usageOf } from "./process-usage.ts";

/**
 * `npm run bench:known [alerts] [minutes]`: what alerts take while they are active, and what they leave behind when they have
 * been resolved for a while and are only known. Half an hour after its end nothing asks for an alert as evidence any more, so that
 * the default is 36 minutes. Growth is counted from the empty process, with everything that it loads and compiles once. A
 * first one has compiled what is kept compiled: with the compiler the empty process is 20 MiB larger, and the growth smaller.
 */
const ALERTS = Number(process.argv[2] ?? 100_000);
const MINUTES = Number(process.argv[3] ?? 36);
const HOSTS = 5_000;
const BATCH = 500;
/** Between two looks. */
const LOOK_MS = 60_000;
/** Longer than the last look that correlation takes at a young incident (90 s), and than memory is given back for after it. */
const SETTLE_MS = 180_000;
/** Every thread has begun by then. */
const WARM_UP_MS = 3_000;

const said = (number: number, status: "firing" | "resolved"): object => ({
  id: `${status}-${number}`,
  source: "performance",
  ci: `host-${number % HOSTS}`,
  check: "disk",
  instance: `/dev/sd${Math.floor(number / HOSTS)}`,
  status,
  severity: "warning",
  summary: `Disk is filling on host-${number % HOSTS}`,
  labels: { env: "prod", team: "web" },
});

async function sayAll(url: string, status: "firing" | "resolved", alerts = ALERTS): Promise<void> {
  for (let first = 0; first < alerts; first += BATCH) {
    const body = JSON.stringify(
      Array.from({ length: Math.min(BATCH, alerts - first) }, (_, index) => said(first + index, status)),
    );
    const answer = await fetch(`${url}/api/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

/** A collector on a port and in a folder of its own, for as long as `use` takes; then it is ended by the signal. */
async function withCollector(signal: NodeJS.Signals, use: (url: string, pid: number) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-performance-"));
  const collector = new TocsinProcess(["collector", "--listen", "127.0.0.1:0", "--data", folder]);
  try {
    const [, url = ""] = await collector.says(/^listening (\S+)$/m, 120_000);
    await use(url, collector.child.pid ?? 0);
  } finally {
    await collector.stop(signal);
    rmSync(folder, { recursive: true, force: true });
  }
}

await withCollector("SIGTERM", async (url) => {
  await sayAll(url, "firing", 1);
  await sleep(WARM_UP_MS);
});
await withCollector("SIGKILL", async (url, pid) => {
  const empty = usageOf(pid).rssMib;
  const tell = (name: string, budget: number): void => {
    const { rssMib } = usageOf(pid);
    const kib = ((rssMib - empty) * 1024) / ALERTS;
    print(name, { "KiB an alert since empty": kib.toFixed(2), budget, "RSS MiB": Math.round(rssMib) });
  };
  print("empty", { alerts: ALERTS, "RSS MiB": Math.round(empty) });
  await sayAll(url, "firing");
  await sleep(SETTLE_MS);
  tell("active, three minutes after the last", 4);
  await sayAll(url, "resolved");
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    await sleep(LOOK_MS);
    if (minute % 3 === 0 || minute === MINUTES) tell(`resolved for ${minute} min`, 2);
  }
});
