import { cpus } from "node:os";
import type { Sample } from "../../protocol/sample.ts";
import { BASELINE_BYTES } from "../../rules/detect/baseline.ts";
import { createDetector } from "../../rules/detect/create-detector.ts";
import { parsePack } from "../../rules/language/parse.ts";
import type { Rule } from "../../rules/detect/rule.ts";
import { forecastErrors } from "./forecast-error.ts";

/**
 * `npm run bench:detection`: samples a second through the detector on one core, memory a series, forecasts' error.
 * Budgets: 1,000,000/s by plain thresholds, 300,000/s by baselines, 1 KiB a baselined series.
 */

const HOSTS = 100;
const DEVICES = 10;
const ROUNDS = 40;
const REPEATS = 5;

function rulesOf(levels: string): readonly Rule[] {
  const text = `name: bench
version: 1
description: for measuring
rules:
  - name: measured
    value: system.disk.utilization{mode="rw"}
    instance: [device]
    ${levels}
    summary: "{{labels.device}} {{value}}"
    reason: measured
`;
  const result = parsePack(text, "bench.yaml");
  if (!("pack" in result)) throw new Error(JSON.stringify(result.findings));
  return result.pack.rules;
}

/** Label objects are made anew for each sample, as a decoder makes them. */
function samplesOf(round: number, names: readonly string[]): { ci: string; sample: Sample }[] {
  const at = 1_767_571_200_000 + round * 10_000;
  return names.flatMap((ci, host) =>
    Array.from({ length: DEVICES }, (_, device) => ({
      ci,
      sample: {
        name: "system.disk.utilization",
        labels: { device: `sd${device}`, mode: "rw" },
        value: 0.5 + 0.3 * Math.sin((round + host * 7 + device) / 5),
        at,
        type: "gauge" as const,
        unit: "1",
      },
    })),
  );
}

/** Processor time of this thread: others on the machine do not count. */
function secondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return Math.max(1, user + system) / 1e6;
}

/** The best of some runs, in processor time. */
function rate(rules: readonly Rule[], hostCount: number, rounds: number): number {
  const names = Array.from({ length: hostCount }, (_, host) => `host-${host}.example.net`);
  const batches = Array.from({ length: rounds }, (_, round) => samplesOf(round, names));
  let best = 0;
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const detector = createDetector(rules);
    let count = 0;
    let found = 0;
    const start = process.threadCpuUsage();
    for (const [round, batch] of batches.entries()) {
      for (const { ci, sample } of batch) {
        found += detector.observe(ci, sample).length;
        count += 1;
      }
      detector.tick(1_767_571_200_000 + round * 10_000);
    }
    best = Math.max(best, count / secondsSince(start));
    if (found < 0) throw new Error("unreachable");
  }
  return best;
}

function memoryBytes(rules: readonly Rule[], hosts: number): number {
  const names = Array.from({ length: hosts }, (_, host) => `host-${host}.example.net`);
  const collect = (globalThis as { gc?: () => void }).gc;
  const used = (): number => {
    for (let round = 0; round < 3; round += 1) collect?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const detector = createDetector(rules);
  for (let round = 0; round < 3; round += 1) {
    for (const { ci, sample } of samplesOf(round, names)) detector.observe(ci, sample);
  }
  const bytes = (used() - before) / (hosts * DEVICES);
  if (detector.counts().series === 0) throw new Error("nothing was kept");
  return bytes;
}

function print(name: string, value: string, budget: string): void {
  process.stdout.write(`${name.padEnd(58)} ${value.padStart(14)}   ${budget}\n`);
}

const plain = rulesOf(
  "warning: { above: 85%, clearBelow: 80%, for: 5m }\n    critical: { above: 95%, clearBelow: 90%, for: 1m }",
);
const unusual = rulesOf("warning: { unusual: high }");
const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en-US")}/s`;
process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, node ${process.versions.node}, one core, processor time\n`,
);
print("thresholds, two levels, 1,000 series", perSecond(rate(plain, HOSTS, ROUNDS * 4)), "budget 1,000,000/s");
print("thresholds, two levels, 100,000 series", perSecond(rate(plain, HOSTS * 100, 3)), "");
print("baselines, 1,000 series", perSecond(rate(unusual, HOSTS, ROUNDS * 2)), "budget 300,000/s");
print("baselines, 20,000 series", perSecond(rate(unusual, HOSTS * 20, 6)), "");
print("state of a baseline", `${BASELINE_BYTES} B`, "budget 1,024 B");
if ("gc" in globalThis) {
  print("all that a thresholded series costs", `${Math.round(memoryBytes(plain, 2000))} B`, "");
  print("all that a baselined series costs", `${Math.round(memoryBytes(unusual, 2000))} B`, "");
} else process.stdout.write("(run with --expose-gc to see memory a series)\n");
const { series, mase, smapePercent } = forecastErrors(200);
print(
  `forecast 48 h, ${series} hourly series, MASE`,
  mase.ours.toFixed(3),
  `seasonal naive ${mase.naiveDay.toFixed(3)}, week before ${mase.naiveWeek.toFixed(3)}`,
);
print("… sMAPE", `${smapePercent.ours.toFixed(2)} %`, `seasonal naive ${smapePercent.naiveDay.toFixed(2)} %`);
