import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RealAlertmanager } from "../support/real-alertmanager.ts";
import { startCollector } from "../support/tocsin-process.ts";
import { BATCH, batches, get, type Got, hangUp, post, type Posted, type Server } from "./alert-load.ts";
import { ascending, print } from "./figures.ts";
import { usageOf } from "./process-usage.ts";

/**
 * `npm run bench:alertmanager [ALERTS] [tocsin|alertmanager]`: the same requests to Debian's Alertmanager and to us: new alerts, the
 * same again in another order, lists of all and of one, memory. Ours are fsynced before the answer, Alertmanager's are not
 * stored. Both have taken other alerts before, and their repeats of half an hour, as a server that runs for days has.
 *
 * Both run all the time and are asked in turns, a few seconds apart, and each round begins with the other one: machines that are
 * shared swing by a factor of two within minutes, and so that both meet the same phase, a ratio is taken within a round. The
 * middle ratio of all rounds counts.
 *
 * Rates are given in alerts per second of the server's processor time, which others on the machine disturb little, and by
 * the clock. These alerts have nothing in common: after the answers correlation goes on for up to two minutes, until each has an
 * incident of its own. Both are left alone for two and a half minutes after each burst; what they do in that time is printed.
 *
 * Memory for an alert is what the process has grown by for these alerts, resends included: from when it had rested after the
 * warm-up until right after the last resend. What it has grown by since it was empty, with what it loads and compiles once, is printed
 * beside it.
 * Budgets: new ≥ 3 ×, again ≥ 6 ×, list ≥ 4 × faster, one by filter ≤ 5 ms, memory no more than theirs.
 */

const ALERTS = Number(process.argv[2] ?? 90_000);
const ONLY = process.argv[3];
const WARMUP = 10_000;
/** So often these are repeated, as in half an hour: an engine that compiles what it has seen often has seen requests by then. */
const WARMUP_ROUNDS = 30;
/** Of new alerts: a part of them each. */
const BURSTS = 3;
const BURST = Math.floor(ALERTS / BURSTS);
/** Prometheus repeats once a minute for as long as an alert lasts. */
const ROUNDS = 9;
const LISTS = 5;
/** Longer than the last look that correlation takes at a young incident (90 s), and than memory is given back for after it. */
const SETTLE_MS = 150_000;
/** What one still does for a burst that it has answered is not to disturb the other one. */
const TURN_MS = 4_000;

/** What one server has done, a figure for each round. */
class Side {
  readonly server: Server;
  readonly emptyMib: number;
  warmMib = 0;
  fullMib = 0;
  listedMib = 0;
  readonly fresh: Posted[] = [];
  readonly again: Posted[] = [];
  readonly lists: Got[] = [];
  readonly ones: Got[] = [];

  constructor(server: Server) {
    this.server = server;
    this.emptyMib = this.residentMib();
  }

  residentMib(): number {
    return usageOf(this.server.pid).rssMib;
  }

  memoryKib(): number {
    return ((this.fullMib - this.warmMib) * 1024) / ALERTS;
  }
}

const middle = (numbers: readonly number[]): number => ascending(numbers)[numbers.length >> 1] ?? 0;
const perCpu = ({ perCpuS }: Posted): number => perCpuS;
const rounded = (numbers: readonly number[]): string => numbers.map((number) => Math.round(number)).join(" ");

/** Each in turn, and the next round begins with the other one. */
async function inTurns(sides: Side[], act: (side: Side) => Promise<void>): Promise<void> {
  for (const side of sides) {
    await act(side);
    hangUp();
    await sleep(TURN_MS);
  }
  sides.reverse();
}

async function leaveAlone(sides: readonly Side[]): Promise<void> {
  const before = sides.map(({ server }) => usageOf(server.pid).cpuS);
  hangUp();
  await sleep(SETTLE_MS);
  for (const [index, { server }] of sides.entries())
    print(`${server.name}: left alone`, { "CPU s": (usageOf(server.pid).cpuS - (before[index] ?? 0)).toFixed(1) });
}

async function measure(sides: Side[]): Promise<void> {
  for (const { server } of sides) {
    await post(server, batches(0, 0, WARMUP));
    for (let round = 1; round <= WARMUP_ROUNDS; round += 1) await post(server, batches(round, 0, WARMUP));
  }
  await leaveAlone(sides);
  for (const side of sides) side.warmMib = side.residentMib();

  for (let burst = 0; burst < BURSTS; burst += 1) {
    await inTurns(sides, async ({ server, fresh }) => {
      fresh.push(await post(server, batches(0, WARMUP + burst * BURST, BURST)));
    });
    await leaveAlone(sides);
  }
  for (let round = 1; round <= ROUNDS; round += 1)
    await inTurns(sides, async ({ server, again }) => {
      again.push(await post(server, batches(round, WARMUP, ALERTS)));
    });
  for (const side of sides) side.fullMib = side.residentMib();

  for (let round = 0; round < LISTS; round += 1)
    await inTurns(sides, async ({ server, lists }) => {
      lists.push(await get(server, "/api/v2/alerts", 1));
    });
  for (const side of sides) side.listedMib = side.residentMib();
  const last = encodeURIComponent(`instance="web-${WARMUP + ALERTS - 1}:9100"`);
  await inTurns(sides, async ({ server, ones }) => {
    ones.push(await get(server, `/api/v2/alerts?filter=${last}`, 20));
  });
}

function tell(side: Side): void {
  const { server, fresh, again, lists, ones, emptyMib, warmMib, fullMib, listedMib } = side;
  const rates = (posted: readonly Posted[]): { [figure: string]: string | number } => ({
    "per CPU second": Math.round(middle(posted.map(perCpu))),
    "per second": Math.round(Math.max(...posted.map(({ perS }) => perS))),
    "each, per CPU second": rounded(posted.map(perCpu)),
  });
  print(`${server.name}: new alerts`, rates(fresh));
  print(`${server.name}: sent again`, rates(again));
  print(`${server.name}: all ${WARMUP + ALERTS} by GET`, {
    "CPU ms": Math.round(middle(lists.map(({ cpuMs }) => cpuMs))),
    "best ms": Math.round(Math.min(...lists.map(({ ms }) => ms))),
    MiB: ((lists[0]?.bytes ?? 0) / 1048576).toFixed(1),
  });
  print(`${server.name}: one by filter`, {
    "CPU ms": ones[0]?.cpuMs.toFixed(1) ?? "?",
    "best ms": ones[0]?.ms.toFixed(1) ?? "?",
    bytes: ones[0]?.bytes ?? 0,
  });
  print(`${server.name}: memory`, {
    "KiB an alert": side.memoryKib().toFixed(2),
    "KiB since empty": (((fullMib - emptyMib) * 1024) / (WARMUP + ALERTS)).toFixed(2),
    "MiB empty": Math.round(emptyMib),
    "MiB warm": Math.round(warmMib),
    "MiB full": Math.round(fullMib),
    "MiB after lists": Math.round(listedMib),
  });
}

function compare(theirs: Side, ours: Side): void {
  const ratios = (mine: readonly number[], other: readonly number[]): { middle: string; each: string } => {
    const each = mine.map((number, round) => number / (other[round] ?? number));
    return { middle: `${middle(each).toFixed(2)} ×`, each: each.map((ratio) => ratio.toFixed(2)).join(" ") };
  };
  const costs = ({ lists }: Side): number[] => lists.map(({ cpuMs }) => cpuMs);
  print("Tocsin / Alertmanager: new", ratios(ours.fresh.map(perCpu), theirs.fresh.map(perCpu)));
  print("Tocsin / Alertmanager: again", ratios(ours.again.map(perCpu), theirs.again.map(perCpu)));
  print("Alertmanager / Tocsin: list", ratios(costs(theirs), costs(ours)));
  print("Alertmanager / Tocsin: one by filter", {
    middle: `${((theirs.ones[0]?.ms ?? 0) / (ours.ones[0]?.ms ?? 1)).toFixed(1)} ×`,
  });
  print("Tocsin / Alertmanager: memory", { KiB: `${(ours.memoryKib() / theirs.memoryKib()).toFixed(2)} ×` });
}

async function startAlertmanager(folder: string): Promise<Server> {
  const config = "route: { receiver: none, group_by: [alertname] }\nreceivers: [{ name: none }]\n";
  const theirs = await RealAlertmanager.start(folder, config, { GOMAXPROCS: "1" });
  return { name: "Alertmanager", url: theirs.url, pid: theirs.pid, stop: () => theirs.stop() };
}

async function startOurs(folder: string): Promise<Server> {
  const { process: ours, url } = await startCollector(folder, {
    "tocsin.yaml": `
receivers: { none: { webhook: { url: "http://127.0.0.1:9/" } } }
routes: [{ match: { priority: P1 }, receivers: [none] }]
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
  });
  return { name: "Tocsin", url, pid: ours.child.pid ?? 0, stop: () => ours.stop("SIGKILL") };
}

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}, ${ALERTS} alerts in batches of ${BATCH}\n`,
);
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const sides: Side[] = [];
try {
  if (ONLY !== "tocsin") sides.push(new Side(await startAlertmanager(folder)));
  if (ONLY !== "alertmanager") sides.push(new Side(await startOurs(folder)));
  const [theirs, ours] = sides;
  await measure(sides.slice());
  for (const side of sides) tell(side);
  if (theirs !== undefined && ours !== undefined) compare(theirs, ours);
} finally {
  for (const { server } of sides) await server.stop();
  hangUp();
  rmSync(folder, { recursive: true, force: true });
}
