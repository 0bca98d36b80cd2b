import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { ReplayResult } from "../../collector/runtime/replay-result.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";
import { calibration, crossValidated, type Named } from "./calibration.ts";
import { degrade } from "./degrade.ts";
import { type Half, recipesOf } from "./generate/recipes.ts";
import { generate } from "./generate/scenario.ts";
import { mergeOracle, mergesText, type MergeRates, type TrueMerges } from "./merge-oracle.ts";
import { pageOracle, type TrueFault } from "./page-oracle.ts";
import { pieceOracle, piecesText, type TruePieces } from "./piece-oracle.ts";
import { petShopTable, scorePetShop } from "./petshop.ts";
import { macroRow, MEASURES, row, type Score } from "./measures.ts";
import { PERMUTATIONS, permuted, variantsOf } from "./permute/permute.ts";

const HELP = `Usage: npm run score -- [DIR] [options]

Replays every scenario in DIR (or $TOCSIN_SCENARIOS, or ../shared/scenarios/dev), and prints what its scorer finds;
then root causes from metrics alone on the PetShop data, where it is there ($TOCSIN_PETSHOP, or ../shared/data/petshop).

  --only TEXT     only scenarios whose name contains TEXT; "petshop": the PetShop data alone
  --faults        also the table of faults of each scenario
  --generated     scenarios of our own generator instead of DIR: a table of those for development, the average of those held out
  --seeds A,B     those for development with other seeds, each a world of its own, and no others; implies --generated
  --permute KINDS the average with each of these changed that must not matter: ${Object.keys(PERMUTATIONS).join(", ")}, or all
  --calibrate     fits the confidence on all worlds but one, and prints how reliable it is on that one, for each; DIR and generated
  --curve         also the quality with missing and wrong relations (runs everything several times)
  --degrade M,W   with M percent of the relations missing and W percent wrong
  --json FILE     the figures as JSON
  --results DIR   the replay results, one file a scenario
`;

const CMDB_SIZE_MAX_BYTES = 1024 * 1024 * 1024;

interface Truth extends TruePieces, TrueMerges {
  faults: (TrueMerges["faults"][number] & { identifiable: boolean; noSingleRoot: boolean } & TrueFault)[];
}

interface Scorer {
  score(result: unknown, truth: unknown, cmdb: unknown): Score;
  table(score: Score): string;
}

interface Loaded {
  cmdb: string;
  lines: string[];
  truth: Truth;
}

interface Scenario {
  name: string;
  load: () => Loaded;
}

interface Run {
  name: string;
  score: Score;
  named: Named[];
  truth: Truth;
  /** See `pieceOracle`. */
  pieces: number[] | null;
  /** See `mergeOracle`. */
  merges: MergeRates | null;
  events: number;
  ms: number;
}

interface RunOptions {
  scorer: Scorer;
  missing?: number;
  wrong?: number;
  results?: string | undefined;
}

/** Replays one scenario in this process, and scores it. Only the replay itself is timed. */
async function runScenario(scenario: Scenario, options: RunOptions): Promise<Run> {
  const { cmdb: text, lines, truth } = scenario.load();
  const degraded = degrade(JSON.parse(text), {
    missing: options.missing ?? 0,
    wrong: options.wrong ?? 0,
    seed: scenario.name,
  });
  const cmdbFile = readCmdb(JSON.stringify(degraded), "cmdb.json", {
    sizeMaxBytes: CMDB_SIZE_MAX_BYTES,
    source: "cmdb",
    observedAt: null,
  });
  if (cmdbFile.status === "broken") throw new Error(`${scenario.name}: ${JSON.stringify(cmdbFile.findings[0])}`);
  const cmdb = cmdbFile.document;
  const start = performance.now();
  const result = await replayEvents({ cmdb, settings: DEFAULT_SETTINGS, lines });
  const ms = performance.now() - start;
  if (options.results !== undefined)
    writeFileSync(join(options.results, `${scenario.name}.json`), JSON.stringify(result));
  const score = options.scorer.score(result, truth, JSON.parse(text));
  return {
    name: scenario.name,
    score,
    named: namedRoots(score, truth, result, scenario.name),
    truth,
    pieces: pieceOracle(truth, lines, cmdb),
    merges: mergeOracle(truth, lines, cmdb),
    events: lines.length,
    ms,
  };
}

/** The confidence that each fault's main incident was named with, and whether it was right. */
function namedRoots(score: Score, truth: Truth, result: ReplayResult, scenario: string): Named[] {
  const roots = new Map(result.incidents.map((incident) => [incident.id, incident.rootCause]));
  const named: Named[] = [];
  for (const fault of truth.faults) {
    const found = score.faults[fault.id];
    const root = roots.get(found?.main ?? "");
    if (found === undefined || found.top1 === null || root === undefined || root.ci === null) continue;
    const { confidence, inferred, candidates } = root;
    const world = scenario.split("-")[0] ?? scenario;
    named.push({ confidence, inferred, share: candidates[0]?.score ?? 0, right: found.top1, world });
  }
  return named;
}

async function runAll(scenarios: readonly Scenario[], options: RunOptions): Promise<Run[]> {
  const runs: Run[] = [];
  for (const scenario of scenarios) runs.push(await runScenario(scenario, options));
  return runs;
}

function printTable(runs: readonly Run[]): void {
  const head = MEASURES.map((measure) => measure.short.padStart(7)).join("");
  console.log("".padEnd(24) + head);
  for (const run of runs) console.log(run.name.padEnd(24) + row(run.score));
  console.log("MACRO".padEnd(24) + macroRow(runs.map((run) => run.score)));
  const best = pageOracle(runs.map(({ truth }) => truth.faults));
  if (best !== null)
    console.log(
      `time to page of one who knows each alert's fault, and pages 10 s after the first major alert: p50 ${best.p50.toFixed(1)}, p95 ${best.p95.toFixed(1)}`,
    );
  console.log(
    `incidents a fault of one who knows each alert's fault, but joins along relations only: ${piecesText(runs.map(({ pieces }) => pieces))}`,
  );
  console.log(
    `false merges of one who knows all faults and gives each alert to the likeliest: ${mergesText(runs.map(({ merges }) => merges))}`,
  );
  const events = runs.reduce((sum, run) => sum + run.events, 0);
  const ms = runs.reduce((sum, run) => sum + run.ms, 0);
  const largest = [...runs].sort((a, b) => b.events - a.events)[0];
  const speed = (count: number, time: number): string => Math.round((count / time) * 1000).toLocaleString("en");
  console.log(`\nreplay: ${speed(events, ms)} events/s over all`);
  if (largest !== undefined)
    console.log(`        ${speed(largest.events, largest.ms)} events/s on ${largest.name} (${largest.events} events)`);
  console.log(`\nreliability of the confidence\n${calibration(runs.flatMap((run) => run.named))}`);
}

/** The average alone: nobody shall look into these to make the figures better. */
async function printHeldOut(scorer: Scorer, degraded: { missing: number; wrong: number }): Promise<void> {
  const runs = await runAll(generatedScenarios("held-out"), { scorer, ...degraded });
  console.log(`\n${`HELD OUT (${runs.length})`.padEnd(24)}${macroRow(runs.map((run) => run.score))}`);
  console.log(`reliability, held out\n${calibration(runs.flatMap((run) => run.named))}`);
}

async function printCurve(scenarios: readonly Scenario[], scorer: Scorer): Promise<void> {
  console.log("\nquality with an imperfect CMDB (macro over all scenarios)");
  console.log("missing/wrong %".padEnd(24) + MEASURES.map((measure) => measure.short.padStart(7)).join(""));
  for (const [missing, wrong] of [
    [0, 0],
    [5, 2],
    [15, 5],
    [30, 10],
    [50, 15],
  ] as const) {
    const runs = await runAll(scenarios, { scorer, missing: missing / 100, wrong: wrong / 100 });
    console.log(`${missing} / ${wrong}`.padEnd(24) + macroRow(runs.map((run) => run.score)));
  }
}

/** What changes here although nothing changed that matters, hangs on an accident. */
async function printPermuted(scenarios: readonly Scenario[], kinds: string, options: RunOptions): Promise<void> {
  console.log("\nwith changes that must not matter (macro over all scenarios)");
  console.log("".padEnd(24) + MEASURES.map((measure) => measure.short.padStart(7)).join(""));
  for (const variant of [null, ...variantsOf(kinds)]) {
    const changed = scenarios.map(({ name, load }): Scenario => {
      if (variant === null) return { name, load };
      return {
        name,
        load: () => {
          const { cmdb, lines, truth } = load();
          const found = permuted({ cmdb, lines, truth: JSON.stringify(truth) }, variant, name);
          return { ...found, truth: JSON.parse(found.truth) as Truth };
        },
      };
    });
    const runs = await runAll(changed, options);
    console.log((variant ?? "as it is").padEnd(24) + macroRow(runs.map((run) => run.score)));
  }
}

function scenariosIn(directory: string): Scenario[] {
  const names = readdirSync(directory).filter((name) => existsSync(join(directory, name, "events.jsonl")));
  return names.sort().map((name) => {
    const read = (file: string): string => readFileSync(join(directory, name, file), "utf8");
    const load = (): Loaded => ({
      cmdb: read("cmdb.json"),
      lines: read("events.jsonl").trimEnd().split("\n"),
      truth: JSON.parse(read("truth.json")) as Truth,
    });
    return { name, load };
  });
}

function generatedScenarios(half: Half, seed?: string): Scenario[] {
  return recipesOf(half).map((recipe) => ({
    name: seed === undefined ? recipe.name : `${recipe.name} ${seed}`,
    load: () => {
      const { cmdb, lines, truth } = generate({ ...recipe, seed: seed ?? recipe.seed });
      return { cmdb: JSON.stringify(cmdb), lines, truth };
    },
  }));
}

/** Half a minute; nothing where the data is not there. */
async function printPetShop(): Promise<void> {
  const directory = resolve(process.env["TOCSIN_PETSHOP"] ?? "../shared/data/petshop");
  const figures = await scorePetShop(directory, (text) => console.log(`  ${text}`));
  if (figures.length === 0) return;
  console.log("root cause from metrics alone (PetShop, training half; strict ties; empty = answers on normal data)");
  console.log(petShopTable(figures));
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: "string" },
      faults: { type: "boolean", default: false },
      generated: { type: "boolean", default: false },
      calibrate: { type: "boolean", default: false },
      seeds: { type: "string" },
      permute: { type: "string" },
      curve: { type: "boolean", default: false },
      degrade: { type: "string" },
      json: { type: "string" },
      results: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.only === "petshop") {
    await printPetShop();
    return 0;
  }
  const directory = resolve(positionals[0] ?? process.env["TOCSIN_SCENARIOS"] ?? "../shared/scenarios/dev");
  const scorerFile = resolve(directory, "..", "score.mjs");
  if (!existsSync(directory) || !existsSync(scorerFile)) {
    console.log(`no scenarios in ${directory} (with score.mjs beside it): nothing is scored`);
    return 0;
  }
  const scorer = (await import(scorerFile)) as Scorer;
  const isWanted = ({ name }: Scenario): boolean => name.includes(values.only ?? "");
  const seeds = values.seeds?.split(",") ?? [];
  const scenarios = (
    seeds.length > 0
      ? seeds.flatMap((seed) => generatedScenarios("dev", seed))
      : values.generated
        ? generatedScenarios("dev")
        : scenariosIn(directory)
  ).filter(isWanted);
  if (values.calibrate) {
    const both = [...scenariosIn(directory), ...generatedScenarios("dev")].filter(isWanted);
    const all = await runAll(both, { scorer });
    console.log(crossValidated(all.flatMap((run) => run.named)));
    return 0;
  }
  const [missing = 0, wrong = 0] = (values.degrade ?? "0,0").split(",").map((part) => Number(part) / 100);
  if (values.permute !== undefined) {
    await printPermuted(scenarios, values.permute, { scorer, missing, wrong });
    return 0;
  }
  const runs = await runAll(scenarios, { scorer, missing, wrong, results: values.results });
  if (values.faults) for (const run of runs) console.log(`== ${run.name}\n${scorer.table(run.score)}\n`);
  printTable(runs);
  if (values.generated && values.only === undefined && seeds.length === 0)
    await printHeldOut(scorer, { missing, wrong });
  else if (values.only === undefined && seeds.length === 0) await printPetShop();
  if (values.curve) await printCurve(scenarios, scorer);
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify(Object.fromEntries(runs.map((run) => [run.name, run.score])), null, 1));
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
