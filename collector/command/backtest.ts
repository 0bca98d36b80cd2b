import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { parseArgs } from "node:util";
import type { MetricRule } from "../../rules/detect/rule.ts";
import { parseRuleFile } from "../../rules/language/parse.ts";
import { BacktestChart } from "./backtest-chart.ts";
import { csvCell, findColumns, readRow } from "./backtest-csv.ts";
import { baselineJudge, type Judge, type Judgement, ruleJudge } from "./backtest-series.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { findingsText } from "./findings-text.ts";
import { readText } from "../composition/load-packs.ts";
import { counted, printable } from "./table.ts";

const HELP = `Usage: tocsin backtest --series F.csv… [--rule F] --out F.csv

Says of each row of a series what the learned baseline, or a rule, would have said at that time. The output has the
same rows in the same order: timestamp,value,anomalyScore,state. One pass, no look ahead.

  --series F   a CSV file (plain or .gz) with the columns timestamp and value, or a folder of them; may be repeated
  --rule F     a rule instead of the baseline: a file with one rule, or a pack and FILE:RULE
  --out F      where to write; a folder if there are several series
  --json       a summary for programs
  --chart      draw the chart also where there is no terminal

A rule that reads one metric gets the series as that metric; to a rule that combines several, the series is the value
of its expression. anomalyScore is 0 … 1: for the baseline 0 = seen before, 0.9 = twice as far out as ever before.

Examples:
  tocsin backtest --series cpu.csv --out cpu.judged.csv
  tocsin backtest --series history/ --rule rules/packs/linux-host/pack.yaml:filesystem_full --out judged/

Exit codes: 0 done, 1 a file is wrong, 2 wrong usage.
`;

interface Options {
  series: string[];
  rule: string | undefined;
  out: string;
  json: boolean;
  chart: boolean;
}

interface Summary {
  series: string;
  out: string;
  rows: number;
  /** Rows without a number or a time, and for a rule those that are late; they are in the output with score 0. */
  skipped: number;
  /** Spans in which the state was not ok. */
  findings: { from: string; to: string; state: string; score: number }[];
}

/** `tocsin backtest`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = parse(args);
  if (options === "help") {
    io.stdout(HELP);
    return EXIT.ok;
  }
  if (typeof options === "string") {
    return misuse(io, `backtest: ${options}. See tocsin backtest --help`);
  }
  const createJudge = await judgeOf(options.rule);
  if (typeof createJudge === "string") {
    if (io.wantsJson !== true) io.stderr(createJudge);
    else complain(io, EXIT.failed, { code: "badRule", message: createJudge.trim() });
    return EXIT.failed;
  }
  const jobs = await jobsOf(options);
  if (typeof jobs === "string") {
    return complain(io, EXIT.failed, { code: "badSeries", message: `backtest: ${jobs}` });
  }
  const summaries: Summary[] = [];
  for (const { source, target } of jobs) {
    const chart = new BacktestChart();
    const result = await judgeFile(source, target, createJudge(), chart);
    if (typeof result === "string") {
      return complain(io, EXIT.failed, { code: "badSeries", message: `${source}: ${result}` });
    }
    summaries.push(result);
    if (!options.json) io.stdout(tell(result, options.chart || io.isTerminal ? chart.draw(io.isTerminal) : ""));
  }
  if (options.json) io.stdout(`${JSON.stringify({ series: summaries }, null, 2)}\n`);
  return EXIT.ok;
}

function parse(args: string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        series: { type: "string", multiple: true },
        rule: { type: "string" },
        out: { type: "string" },
        json: { type: "boolean" },
        chart: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return "help";
    // `--series a.csv b.csv`: the shell has expanded a pattern.
    const series = [...(values.series ?? []), ...positionals];
    if (values.series === undefined) return "--series is missing: name a file or folder of history";
    if (values.out === undefined) return "--out is missing: where shall the result go?";
    return { series, rule: values.rule, out: values.out, json: values.json === true, chart: values.chart === true };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How to judge a series, or what is wrong with the rule. */
async function judgeOf(path: string | undefined): Promise<(() => Judge) | string> {
  if (path === undefined) return baselineJudge;
  const [, file = path, name] = /^(.*):([a-z][a-z0-9_]*)$/.exec(path) ?? [];
  const text = await readText(file);
  if (typeof text !== "string") return findingsText([text], false);
  const result = parseRuleFile(text, file);
  if (!("pack" in result)) return findingsText(result.findings, false);
  const rules = result.pack.rules.filter((rule): rule is MetricRule => rule.kind === "metric");
  const chosen = name === undefined ? rules : rules.filter((rule) => rule.name === name);
  const [rule] = chosen;
  if (rule !== undefined && chosen.length === 1) return () => ruleJudge(rule);
  const names = rules.map((known) => known.name).join(", ");
  return `tocsin backtest: ${name === undefined ? `${file} holds ${rules.length} rules` : `${file} has no rule "${name}"`}; name one as FILE:RULE: ${names}\n`;
}

interface Job {
  source: string;
  target: string;
}

async function jobsOf({ series, out }: Options): Promise<Job[] | string> {
  const jobs: Job[] = [];
  const isFolder = await stat(out).then(
    (found) => found.isDirectory(),
    () => out.endsWith("/"),
  );
  for (const path of series) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return `${path}: there is no such file or folder`;
    if (!found.isDirectory()) {
      const isAlone = series.length === 1 && !isFolder;
      jobs.push({ source: path, target: isAlone ? out : join(out, plainName(basename(path))) });
      continue;
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && /\.csv(\.gz)?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort((a, b) => (a < b ? -1 : 1)))
      jobs.push({ source: file, target: join(out, plainName(relative(path, file))) });
  }
  const targets = new Set(jobs.map((job) => job.target));
  if (jobs.length === 0) return `no .csv file in ${series.join(", ")}`;
  return targets.size === jobs.length ? jobs : "two series would be written to one file; give them different names";
}

function plainName(name: string): string {
  return name.replace(/\.gz$/, "");
}

/** Streams a file through a judge. The output takes its name only when it is complete. */
async function judgeFile(
  source: string,
  target: string,
  judge: Judge,
  chart: BacktestChart,
): Promise<Summary | string> {
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  const output = createWriteStream(partial);
  const summary: Summary = { series: source, out: target, rows: 0, skipped: 0, findings: [] };
  try {
    const problem = await judgeLines(source, output, judge, { summary, chart });
    output.end();
    await finished(output);
    if (problem !== undefined) {
      await rm(partial, { force: true });
      return problem;
    }
    await rename(partial, target);
    return summary;
  } catch (error) {
    output.destroy();
    await rm(partial, { force: true });
    return error instanceof Error ? error.message : String(error);
  }
}

async function judgeLines(
  source: string,
  output: ReturnType<typeof createWriteStream>,
  judge: Judge,
  { summary, chart }: { summary: Summary; chart: BacktestChart },
): Promise<string | undefined> {
  const file = createReadStream(source);
  const input = source.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  file.on("error", (error) => input.destroy(error));
  let columns: ReturnType<typeof findColumns>;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    if (columns === undefined) {
      columns = findColumns(line.replace(/^\uFEFF/, ""));
      if (columns === undefined) return "the first line does not name the columns timestamp and value";
      output.write("timestamp,value,anomalyScore,state\n");
      if (columns.isHeader) continue;
    }
    const row = readRow(line, columns);
    summary.rows += 1;
    let verdict: Judgement = { anomalyScore: 0, state: "skipped" };
    // A row that holds no number or no time stays in its place and is judged by nobody.
    if (Number.isFinite(row.number) && Number.isFinite(row.at)) verdict = judge(row.number, row.at);
    if (verdict.state === "skipped") summary.skipped += 1;
    chart.add(row.number, verdict.anomalyScore);
    note(summary, row.timestamp, verdict);
    const text = `${csvCell(row.timestamp)},${csvCell(row.value)},${Number(verdict.anomalyScore.toFixed(6))},${verdict.state}\n`;
    if (!output.write(text)) await once(output, "drain");
  }
  return columns === undefined ? "the file is empty" : undefined;
}

/** At most this many spans are told. */
const FINDINGS_MAX = 1000;

function note(
  summary: Summary,
  timestamp: string,
  { anomalyScore, state }: { anomalyScore: number; state: string },
): void {
  const isQuiet = state === "ok" || state === "learning" || state === "skipped" || state === "pending";
  const last = summary.findings.at(-1);
  if (isQuiet) {
    if (last !== undefined && last.to === "") last.to = timestamp;
    return;
  }
  if (last !== undefined && last.to === "" && last.state === state) {
    last.score = Math.max(last.score, anomalyScore);
    return;
  }
  if (last !== undefined && last.to === "") last.to = timestamp;
  if (summary.findings.length < FINDINGS_MAX)
    summary.findings.push({ from: timestamp, to: "", state, score: anomalyScore });
}

function tell({ series, out, rows, skipped, findings }: Summary, chart: string): string {
  const lines = [
    `${series}: ${counted(rows, "row")}, ${counted(findings.length, "finding")} → ${out}${skipped === 0 ? "" : ` (${counted(skipped, "row")} without a usable time or value)`}`,
  ];
  if (chart !== "") lines.push(chart.trimEnd());
  for (const found of findings.slice(0, 20)) {
    const until = found.to === "" ? "to the end" : `until ${found.to}`;
    lines.push(printable(`  ${found.state.padEnd(8)} ${found.from} ${until}, score ${found.score.toFixed(2)}`));
  }
  if (findings.length > 20) lines.push(`  … and ${findings.length - 20} more`);
  return `${lines.join("\n")}\n`;
}
