import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NabResult, nabScore, PROFILES, probation, type ScoredSeries } from "./nab-score.ts";

/**
 * `npm run score:nab [-- DIR]`: the learned baseline on the Numenta Anomaly Benchmark, through `tocsin backtest` as a user
 * runs it. DIR holds `data/<group>/*.csv[.gz]` and `windows.json`; TOCSIN_NAB may name it too.
 */
const folder = process.argv[2] ?? process.env["TOCSIN_NAB"] ?? join(import.meta.dirname, "../../../shared/data/nab");
const QUIET_GROUP = "artificialNoAnomaly";

function parseTime(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);
}

function readSeries(file: string, windows: readonly (readonly [string, string])[]): ScoredSeries {
  const rows = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const times = rows.map(([timestamp = ""]) => parseTime(timestamp));
  return {
    scores: rows.map(([, , score]) => Number(score)),
    windows: windows.map(([from, to]) => [
      times.findIndex((time) => time >= parseTime(from)),
      times.findLastIndex((time) => time <= parseTime(to)),
    ]),
  };
}

function tell(name: string, result: NabResult): void {
  const { score, threshold, hits, windows, falseAlarms } = result;
  process.stdout.write(
    `${name.padEnd(24)} ${score.toFixed(1).padStart(5)}   threshold ${threshold.toFixed(3)}, ${hits} of ${windows} windows, ${falseAlarms} false alarms\n`,
  );
}

if (!existsSync(join(folder, "windows.json"))) {
  process.stderr.write(`score:nab: no windows.json in ${folder}; name the folder of the benchmark\n`);
  process.exit(1);
}
const out = mkdtempSync(join(tmpdir(), "tocsin-nab-"));
try {
  const command = join(import.meta.dirname, "../../bin/tocsin");
  const run = spawnSync(command, ["backtest", "--series", join(folder, "data"), "--out", out], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`tocsin backtest failed: ${run.stderr}`);
  const labels = JSON.parse(readFileSync(join(folder, "windows.json"), "utf8")) as Record<string, [string, string][]>;
  const groups = new Map<string, ScoredSeries[]>();
  for (const group of readdirSync(out).sort()) {
    const files = readdirSync(join(out, group)).sort();
    groups.set(
      group,
      files.map((file) => readSeries(join(out, group, file), labels[`${group}/${file}`] ?? [])),
    );
  }
  const quiet = groups.get(QUIET_GROUP) ?? [];
  for (const [group, series] of groups) {
    if (group === QUIET_GROUP) continue;
    process.stdout.write(`${group}: ${series.length} series\n`);
    for (const profile of PROFILES) tell(`  ${profile.name}`, nabScore(series, profile));
    const { threshold } = nabScore(series, PROFILES[0]!);
    const scored = quiet.flatMap(({ scores }) => scores.slice(probation(scores.length)));
    const all = quiet.flatMap(({ scores }) => [...scores]);
    const count = (scores: readonly number[]): number => scores.filter((score) => score >= threshold).length;
    process.stdout.write(
      `  at that threshold on ${QUIET_GROUP}: ${count(scored)} detections (${count(all)} with the unscored beginning)\n`,
    );
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
