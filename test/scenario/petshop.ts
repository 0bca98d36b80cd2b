import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import type { Candidate } from "../../collector/core/model/incident.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";

/** The two recordings of the PetShop data that are scored (`data/README.md` beside the scenarios has the rule). */
const TRAFFIC = ["low_traffic", "high_traffic"] as const;
type Traffic = (typeof TRAFFIC)[number];

const SYMPTOM = "PetSite";
const START = Date.parse("2026-03-01T00:00:00.000Z");
const STEP_MS = 300_000;
/** What each row holds was measured by its end, and arrives then. */
const SPLITS = [0.5, 0.6, 0.7, 0.8, 0.9, 1] as const;
const KINDS = ["latency", "availability"] as const;
export type SymptomKind = (typeof KINDS)[number];

/** One file of metrics: the columns, and the values row by row; NaN = missing. */
export interface MetricTable {
  columns: readonly { ci: string; metric: string; statistic: string }[];
  rows: readonly (readonly number[])[];
}

export interface Issue {
  name: string;
  kind: SymptomKind;
  root: string;
  /** Row during which the symptom was reported. */
  reportedIn: number;
  table: MetricTable;
}

export interface Recording {
  traffic: Traffic;
  cmdb: CmdbDocument;
  normal: MetricTable;
  issues: Issue[];
}

/** Everything of one recording; null when it is not there. */
export function readRecording(directory: string, traffic: Traffic): Recording | null {
  const at = (...path: string[]): string => join(directory, traffic, ...path);
  if (!existsSync(at("graph.csv"))) return null;
  const names = readdirSync(at("train")).filter((name) => name.startsWith("issue_"));
  return {
    traffic,
    cmdb: cmdbOf(readFileSync(at("graph.csv"), "utf8")),
    normal: tableOf(gunzipSync(readFileSync(at("noissue", "metrics.csv.gz"))).toString("utf8")).table,
    issues: names.sort().map((name) => {
      const { table, times } = tableOf(readFileSync(at("train", name, "metrics.csv"), "utf8"));
      const { target, root_cause: root } = JSON.parse(readFileSync(at("train", name, "target.json"), "utf8")) as {
        target: { metric: SymptomKind; timestamp: number };
        root_cause: { node: string };
      };
      const reportedIn = times.findLastIndex((time) => time <= target.timestamp);
      return { name: `${traffic} ${name}`, kind: target.metric, root: root.node, reportedIn, table };
    }),
  };
}

/** The call graph as a CMDB: the caller depends on the callee. Names that differ in case only are one CI. */
export function cmdbOf(text: string): CmdbDocument {
  const [head = "", ...lines] = text.trim().split("\n");
  const names = cells(head).slice(1);
  const ids = new Map<string, string>();
  for (const name of names) if (!ids.has(name.toLowerCase())) ids.set(name.toLowerCase(), name);
  const id = (name: string): string => ids.get(name.toLowerCase()) ?? name;
  const relations = lines.flatMap((line) => {
    const [from = "", ...calls] = cells(line);
    return calls.flatMap((cell, index) => (Number(cell) === 1 ? [`${id(from)}\n${id(names[index] ?? "")}`] : []));
  });
  return {
    vantage: [],
    cis: [...ids.values()].map((name) => ({
      id: name,
      type: "service",
      name,
      aliases: [],
      labels: {},
      owner: null,
      criticality: null,
      minHealthy: null,
      known: true,
    })),
    relations: [...new Set(relations)].map((pair) => {
      const [from = "", to = ""] = pair.split("\n");
      return { from, type: "dependsOn", to, source: "cmdb", confidence: 1, lastSeenAt: null };
    }),
    maintenance: [],
  };
}

function tableOf(text: string): { table: MetricTable; times: number[] } {
  const [cis = "", metrics = "", statistics = "", , ...lines] = text.trim().split("\n");
  const head = [cis, metrics, statistics].map((line) => cells(line).slice(1));
  const columns = (head[0] ?? []).map((ci, index) => ({
    ci,
    metric: head[1]?.[index] ?? "",
    statistic: head[2]?.[index] ?? "",
  }));
  const rows = lines.map(cells);
  return {
    table: { columns, rows: rows.map((row) => row.slice(1).map((cell) => (cell === "" ? Number.NaN : Number(cell)))) },
    times: rows.map((row) => Number(row[0])),
  };
}

/** No cell of these files is quoted with a comma in it. */
function cells(line: string): string[] {
  return line
    .trim()
    .split(",")
    .map((cell) => cell.replace(/^"(.*)"$/, "$1"));
}

/** Sample lines of some rows; row `from` of the recording has the number `number`. */
export function sampleLines(table: MetricTable, [from, to]: readonly [number, number], number = from): string[] {
  return table.rows.slice(from, to).flatMap((row, index) => {
    const time = timeOf(number + index);
    return table.columns.flatMap(({ ci, metric, statistic }, column) => {
      const value = row[column] ?? Number.NaN;
      if (Number.isNaN(value)) return [];
      return [JSON.stringify({ kind: "sample", receivedAt: time, time, ci, metric, value, labels: { statistic } })];
    });
  });
}

export function symptomLine(kind: SymptomKind, number: number): string {
  const time = timeOf(number, -30_000);
  return JSON.stringify({
    receivedAt: time,
    id: "symptom",
    source: "monitor",
    ci: SYMPTOM,
    check: kind,
    status: "firing",
    severity: "critical",
    summary: `${kind} of ${SYMPTOM} is out of bounds`,
    time,
  });
}

function timeOf(row: number, moreMs = 0): string {
  return new Date(START + (row + 1) * STEP_MS + moreMs).toISOString();
}

async function answerOf(cmdb: CmdbDocument, lines: readonly string[]): Promise<Candidate[]> {
  const { incidents } = await replayEvents({ cmdb, settings: DEFAULT_SETTINGS, lines });
  const found = incidents.find((incident) => incident.alerts.some(({ ci }) => ci === SYMPTOM));
  if (found === undefined) throw new Error("the symptom opened no incident");
  return found.rootCause.candidates;
}

/** How likely the root is among the first `count`, when equal scores come in random order. */
export function hit(candidates: readonly Candidate[], root: string, count: number): number {
  const own = candidates.find(({ ci }) => ci === root);
  if (own === undefined) return 0;
  const better = candidates.filter(({ score }) => score > own.score).length;
  const equal = candidates.filter(({ score }) => score === own.score).length;
  return Math.max(0, Math.min(1, (count - better) / equal));
}

/** The candidates that the product names for one issue. */
export async function answerIssue(recording: Recording, normal: readonly string[], issue: Issue): Promise<Candidate[]> {
  const rows = recording.normal.rows.length;
  const count = issue.table.rows.length;
  const before = sampleLines(issue.table, [0, issue.reportedIn], rows);
  const after = sampleLines(issue.table, [issue.reportedIn, count], rows + issue.reportedIn);
  const symptom = symptomLine(issue.kind, rows + issue.reportedIn);
  return answerOf(recording.cmdb, [...normal, ...before, symptom, ...after]);
}

export interface PetShopFigures {
  group: string;
  issues: number;
  top1: number;
  top3: number;
  empty: number;
}

/** Scores both recordings. Calls `tell` with each answer that is wrong, or not empty where it should be. */
export async function scorePetShop(directory: string, tell: (text: string) => void): Promise<PetShopFigures[]> {
  const figures: PetShopFigures[] = [];
  for (const traffic of TRAFFIC) {
    const recording = readRecording(directory, traffic);
    if (recording === null) return [];
    const rows = recording.normal.rows.length;
    const normal = sampleLines(recording.normal, [0, rows]);
    for (const kind of KINDS) {
      const issues = recording.issues.filter((issue) => issue.kind === kind);
      const one: PetShopFigures = { group: `${traffic} ${kind}`, issues: issues.length, top1: 0, top3: 0, empty: 0 };
      for (const issue of issues) {
        const answer = await answerIssue(recording, normal, issue);
        one.top1 += hit(answer, issue.root, 1) / issues.length;
        one.top3 += hit(answer, issue.root, 3) / issues.length;
        if (hit(answer, issue.root, 1) < 1) tell(`${issue.name}: ${shown(answer)} instead of ${issue.root}`);
      }
      for (const split of SPLITS) {
        const at = Math.floor(rows * split);
        const cut = sampleLines(recording.normal, [0, at]);
        const rest = sampleLines(recording.normal, [at, rows]);
        const answer = await answerOf(recording.cmdb, [...cut, symptomLine(kind, at), ...rest]);
        one.empty += answer.length === 0 ? 1 / SPLITS.length : 0;
        if (answer.length > 0) tell(`${traffic} ${kind}, normal from ${split * 100} % on: ${shown(answer)}`);
      }
      figures.push(one);
    }
  }
  return figures;
}

function shown(answer: readonly Candidate[]): string {
  return answer.length === 0
    ? "nothing"
    : answer
        .slice(0, 3)
        .map(({ ci, score }) => `${ci} ${score}`)
        .join(", ");
}

export function petShopTable(figures: readonly PetShopFigures[]): string {
  const all = figures.reduce((sum, { issues }) => sum + issues, 0);
  const mean = (pick: (one: PetShopFigures) => number): number =>
    figures.reduce((sum, one) => sum + pick(one) * one.issues, 0) / Math.max(1, all);
  const empty = figures.reduce((sum, one) => sum + one.empty, 0) / Math.max(1, figures.length);
  const total = { group: "ALL", issues: all, top1: mean((one) => one.top1), top3: mean((one) => one.top3), empty };
  const rows = [...figures, total].map(({ group, issues, top1, top3, empty: share }) =>
    [
      group.padEnd(28),
      String(issues).padStart(6),
      ...[top1, top3, share].map((value) => value.toFixed(2).padStart(8)),
    ].join(""),
  );
  return [
    `${"".padEnd(28)}${"issues".padStart(6)}${"top1".padStart(8)}${"top3".padStart(8)}${"empty".padStart(8)}`,
    ...rows,
  ].join("\n");
}
