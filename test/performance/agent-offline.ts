import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "../../agent/agent.ts";
import { defaultAgentConfig } from "../../agent/config/agent-config.ts";
import { createSockets } from "../../agent/discover/socket-table.ts";
import { bundledRules } from "../../agent/evaluate/bundled-rules.ts";
import { openIdentity, takeDataDirectory } from "../../agent/identity.ts";
import { createLog } from "../../agent/log.ts";
import { createCollectors } from "../../agent/sample/create-collectors.ts";
import { ProcessFocus } from "../../agent/sample/process-focus.ts";
import { LinuxFiles } from "../../agent/sample/host-files.ts";
import { type HttpAnswer, type HttpRequest, HttpTransport } from "../../agent/send/transport.ts";
import { json, startCollector } from "../support/tocsin-process.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/**
 * `npm run bench:agent-offline`: a whole agent on this host's real /proc, on turned time, without a collector for 24 hours; then
 * with a real one of its own, over HTTP. Ends with 1 beyond
 * the budgets: memory flat, replay ≥ 60 × real time, nothing lost.
 */

const ROUNDS_PER_HOUR = 360;
const HOURS = 24;
const GROWTH_MAX_MIB = 4;
const REPLAY_TIMES_MIN = 60;
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const clock = new VirtualClock(Date.now() - HOURS * 3_600_000);
const { process: collector, url } = await startCollector(folder, {});
const real = new HttpTransport(clock);
const config = defaultAgentConfig();
config.collectors = [url];
config.ci = "bench";
config.spool.keepFree = { bytes: 0 };
config.recorder = false;
config.rules.fetch = false;
const log = createLog(
  "error",
  (line) => process.stderr.write(online ? line : ""),
  () => 0,
);
let online = false;
let requests = 0;
let bytes = 0;

const transport = {
  send: (request: HttpRequest): Promise<HttpAnswer> => {
    if (!online) return Promise.resolve({ kind: "failed", reason: "ECONNREFUSED" });
    requests++;
    for (const part of request.body ?? []) bytes += part.length;
    return real.send(request);
  },
  close: () => real.close(),
};
const files = new LinuxFiles();
const sockets = createSockets(files, clock);
const data = takeDataDirectory(join(folder, "agent"));
if ("error" in data) throw new Error(data.error);
const agent = await Agent.open(config, {
  clock,
  random: () => 0.5,
  log,
  transport,
  data,
  identity: openIdentity(data.path, "bench"),
  hostName: "bench",
  version: "0",
  files,
  bundledRules,
  createCollectors: (context) => createCollectors(context, { config, clock, log, sockets, focus: new ProcessFocus(5) }),
  createWatches: () => Promise.resolve([]),
});

/** After a collection: what is held, and what the process takes of the machine. */
const memoryMib = (): { heap: number; resident: number } => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 1024 / 1024, resident: rss / 1024 / 1024 };
};
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++)
    await new Promise<void>((done) => {
      setImmediate(done);
    });
};

process.stdout.write(`${cpus()[0]?.model ?? "?"}, Node ${process.version}\n`);
agent.start();
const started = process.cpuUsage();
const curve: { heap: number; resident: number }[] = [];
for (let hour = 1; hour <= HOURS; hour++) {
  for (let round = 0; round < ROUNDS_PER_HOUR; round++) {
    clock.advance(10_000);
    await turns(1);
  }
  if (hour > 1 && hour % 3 > 0) continue;
  const { pending, sizeBytes } = agent.backlog();
  const memory = memoryMib();
  curve.push(memory);
  const line = [
    `${String(hour).padStart(3)} h offline`,
    `heap ${memory.heap.toFixed(1)} MiB`,
    `resident ${memory.resident.toFixed(1)} MiB`,
    `spool ${(sizeBytes / 1e6).toFixed(1)} MB`,
    `${pending} points`,
  ];
  process.stdout.write(`${line.join(", ")}\n`);
}
const growthMib = (curve.at(-1)?.heap ?? 0) - (curve[0]?.heap ?? 0);
const used = process.cpuUsage(started);
const perRound = (used.user + used.system) / (HOURS * ROUNDS_PER_HOUR) / 1000;
process.stdout.write(
  `a round costs ${perRound.toFixed(2)} ms of CPU: ${(perRound / 100).toFixed(3)} % of one core at 10 s (compiled code)\n`,
);
online = true;
const before = performance.now();
// Real requests from here on, so time is real too.
for (let now = before; agent.backlog().pending > 0; ) {
  await turns(20);
  const then = now;
  now = performance.now();
  clock.advance(now - then);
}
const tookS = (performance.now() - before) / 1000;
const times = Math.round((HOURS * 3600) / tookS).toLocaleString("en");
process.stdout.write(
  `replay of ${HOURS} h in ${tookS.toFixed(2)} s (${times} × real time), ${requests} requests, ${(bytes / 1e6).toFixed(1)} MB\n`,
);
const { body } = await json<{ items: { points: unknown[] }[] }>(
  `${url}/api/v1/series?ci=bench&name=system.cpu.load_average.1m`,
);
process.stdout.write(
  `the collector shows ${body.items[0]?.points.length ?? 0} points of the last hour of one series\n`,
);
await agent.stop(0);
await collector.stop("SIGKILL");
rmSync(folder, { recursive: true, force: true });
const good = growthMib <= GROWTH_MAX_MIB && (HOURS * 3600) / tookS >= REPLAY_TIMES_MIN;
process.stdout.write(
  `heap ${growthMib >= 0 ? "+" : ""}${growthMib.toFixed(1)} MiB from the 1st to the ${HOURS}th hour\n`,
);
process.exit(good ? 0 : 1);
