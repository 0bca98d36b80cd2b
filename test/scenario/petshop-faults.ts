import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { MetricExplainer } from "../../collector/core/abnormal/explain.ts";
import { Measures } from "../../collector/core/abnormal/measures.ts";
import { Topology } from "../../collector/core/model/topology.ts";
import { hit, type MetricTable, readRecording, type Recording, type SymptomKind } from "./petshop.ts";

/**
 * The training half of the PetShop data knows one root only. To see whether the method has learned a principle or that
 * name, faults are put into the real recordings: rows from before an issue (of its own month, with all its noise), and in
 * them a fault of some other CI, whose loss runs up the call graph as losses do, with each step off by up to 40 %.
 */
const HELP = "Usage: node test/scenario/petshop-faults.ts [DIR] [--trials N]   (DIR: ../shared/data/petshop)";

const STEP_MS = 300_000;
const ROWS = 5;
/** Rows in which the fault is there. */
const SPANS = [
  [2, 3],
  [1, 2, 3],
  [1, 2],
  [2, 3, 4],
] as const;
const CALLS_MIN = 8;
const PAST_ROWS = 200;
const SYMPTOM = "PetSite";

/** Mulberry32: the same faults each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

class Bench {
  readonly topology: Topology;
  private readonly recording: Recording;
  private readonly columns = new Map<string, number>();
  private readonly random: () => number;

  constructor(recording: Recording, seed: number) {
    this.recording = recording;
    this.topology = new Topology(recording.cmdb);
    this.random = seeded(seed);
    recording.normal.columns.forEach(({ ci, metric, statistic }, index) => {
      if (statistic === "Average" || statistic === "Sum") this.columns.set(`${metric} ${ci}`, index);
    });
  }

  /** CIs below the symptom that are called often enough for a fault to show. */
  roots(): string[] {
    const seen = new Set([this.topology.find(SYMPTOM) ?? 0]);
    for (const one of seen) for (const edge of this.topology.needs(one)) seen.add(edge.ci);
    return [...seen]
      .map((ci) => this.topology.id(ci))
      .filter((ci) => ci !== SYMPTOM && this.mean(this.before(), "requests", ci) >= CALLS_MIN);
  }

  /** The rank of the true root (1 = named first) and whether nothing was named. */
  trial(root: string, kind: SymptomKind): { top1: number; top3: number; empty: number } {
    const rows = this.rowsWithFault(root, kind);
    const measures = new Measures();
    const normal = this.recording.normal;
    const past = normal.rows.slice(-PAST_ROWS);
    [...past, ...rows].forEach((row, index) => this.feed(measures, { columns: normal.columns, rows: [row] }, index));
    const explainer = new MetricExplainer(measures, () => this.topology);
    const ci = this.topology.find(SYMPTOM) ?? 0;
    const onset = (PAST_ROWS + 2) * STEP_MS - 30_000;
    const end = (PAST_ROWS + ROWS) * STEP_MS;
    const answer = explainer.explain({ ci, kind: kind === "latency" ? "slow" : "errors", onset }, end);
    const named = answer.state !== "explained" ? [] : answer.suspects;
    const candidates = named.map((one) => ({ ci: this.topology.id(one.ci), score: one.share, reasons: [] }));
    return { top1: hit(candidates, root, 1), top3: hit(candidates, root, 3), empty: named.length === 0 ? 1 : 0 };
  }

  private feed(measures: Measures, { columns, rows: [row] }: MetricTable, index: number): void {
    const time = index * STEP_MS;
    columns.forEach(({ ci, metric, statistic }, column) => {
      const value = row?.[column] ?? Number.NaN;
      if (Number.isNaN(value)) return;
      const id = this.topology.id(this.topology.find(ci) ?? 0);
      measures.take(id, { ci, metric, value, time, labels: { statistic }, unit: null }, time);
    });
  }

  /** First rows of the issues: their month, before their fault. */
  private before(): readonly (readonly number[])[] {
    return this.recording.issues.map(({ table }) => {
      const places = new Map(
        table.columns.map(({ ci, metric, statistic }, at) => [`${ci} ${metric} ${statistic}`, at]),
      );
      const row = table.rows[0] ?? [];
      return this.recording.normal.columns.map(
        ({ ci, metric, statistic }) => row[places.get(`${ci} ${metric} ${statistic}`) ?? -1] ?? Number.NaN,
      );
    });
  }

  private rowsWithFault(root: string, kind: SymptomKind): number[][] {
    const before = this.before();
    const rows = Array.from({ length: ROWS }, () => [...(before[Math.floor(this.random() * before.length)] ?? [])]);
    const calls = this.mean(rows, "requests", SYMPTOM);
    const loss =
      kind === "latency"
        ? this.between(0.2, 0.8) * this.mean(rows, "latency", SYMPTOM) * calls
        : Math.min(this.between(0.015, 0.12) * calls, 0.9 * this.mean(rows, "requests", root));
    for (const index of SPANS[Math.floor(this.random() * SPANS.length)] ?? []) {
      const row = rows[index];
      if (row !== undefined) this.inject(row, this.losses(row, root, loss * this.between(0.6, 1.2)), kind);
    }
    return rows;
  }

  /** Who loses how much: a callee's loss is shared out to its callers by how much they are called. */
  private losses(row: readonly number[], root: string, loss: number): Map<string, number> {
    const losses = new Map([[root, loss]]);
    for (const [ci, lost] of losses) {
      const callers = this.topology
        .neededBy(this.topology.find(ci) ?? 0)
        .map((edge) => this.topology.id(edge.ci))
        .filter((caller) => (this.value(row, "requests", caller) || 0) > 0);
      const all = callers.reduce((sum, caller) => sum + this.value(row, "requests", caller), 0);
      for (const caller of callers) {
        const share = this.value(row, "requests", caller) / all;
        losses.set(caller, (losses.get(caller) ?? 0) + lost * share * this.between(0.6, 1.05));
      }
    }
    return losses;
  }

  private inject(row: number[], losses: ReadonlyMap<string, number>, kind: SymptomKind): void {
    for (const [ci, lost] of losses) {
      const column = this.columns.get(`${kind} ${ci}`);
      const calls = this.value(row, "requests", ci);
      if (column === undefined || !(calls > 0)) continue;
      const old = row[column] ?? Number.NaN;
      row[column] =
        kind === "latency"
          ? (Number.isNaN(old) ? 0 : old) + lost / calls
          : Math.max(0, (Number.isNaN(old) ? 100 : old) - (100 * lost) / calls);
    }
  }

  private value(row: readonly number[], metric: string, ci: string): number {
    return row[this.columns.get(`${metric} ${ci}`) ?? -1] ?? Number.NaN;
  }

  private mean(rows: readonly (readonly number[])[], metric: string, ci: string): number {
    const values = rows.map((row) => this.value(row, metric, ci)).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  }

  private between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }
}

function main(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { trials: { type: "string", default: "10" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(HELP);
  const directory = resolve(positionals[0] ?? "../shared/data/petshop");
  console.log(`${"fault put into".padEnd(72)}    top1    top3   empty`);
  for (const traffic of ["low_traffic", "high_traffic"] as const) {
    const recording = readRecording(directory, traffic);
    if (recording === null) return console.log(`no recordings in ${directory}`);
    for (const kind of ["latency", "availability"] as const) {
      const bench = new Bench(recording, 1);
      const sums = { top1: 0, top3: 0, empty: 0 };
      const roots = bench.roots();
      for (const root of roots) {
        const one = { top1: 0, top3: 0, empty: 0 };
        for (let trial = 0; trial < Number(values.trials); trial += 1) {
          const result = bench.trial(root, kind);
          for (const key of ["top1", "top3", "empty"] as const) one[key] += result[key] / Number(values.trials);
        }
        console.log(line(`  ${root}`, one));
        for (const key of ["top1", "top3", "empty"] as const) sums[key] += one[key] / roots.length;
      }
      console.log(line(`${traffic} ${kind}, ${roots.length} roots`, sums));
    }
  }
}

function line(name: string, { top1, top3, empty }: { top1: number; top3: number; empty: number }): string {
  return name.padEnd(72) + [top1, top3, empty].map((value) => value.toFixed(2).padStart(8)).join("");
}

main(process.argv.slice(2));
