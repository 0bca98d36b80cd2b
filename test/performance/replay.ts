import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";
import { recipesOf } from "../scenario/generate/recipes.ts";
import { generate, type Generated, type Recipe } from "../scenario/generate/scenario.ts";
import { mesh } from "../scenario/generate/worlds/mesh.ts";
import { NoCorrelation } from "../support/no-correlation.ts";
import { print } from "./figures.ts";

/**
 * Prints how many events a second a replay takes, in processor time of one thread: of a long night, in which hundreds of
 * alerts stand and are told of again every few minutes while short ones come and go and eight faults pass; and of storms.
 * The first time is what `tocsin replay` has, the later ones are without what the engine needs to warm up. The hash says
 * whether results are the same as before.
 *
 *   node test/performance/replay.ts [--only night|storm] [--times 2] [--command] [--bare] [--scenario DIR]
 *
 * --command: also `tocsin replay` as it is called. --scenario: of this recording (`cmdb.json`, `events.jsonl`) instead.
 * --bare: without correlation: only reading, deduplication and the life of alerts, the most that any correlation could reach.
 */
const NIGHT: Recipe = {
  name: "night",
  seed: "night",
  size: 1500,
  world: mesh,
  plan: { faults: 8, together: "apart", works: 2 },
  noise: { blips: 4, chronic: 900, flapping: 20 },
  dirt: { missing: 0, wrong: 0, unknown: 0 },
  coverage: 0.8,
  silent: 0.1,
  changes: 8,
};
const CMDB_SIZE_MAX_BYTES = 64 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    times: { type: "string", default: "2" },
    command: { type: "boolean", default: false },
    bare: { type: "boolean", default: false },
    scenario: { type: "string" },
  },
});

type Recording = Pick<Generated, "name" | "cmdb" | "lines">;

function* recordings(): Iterable<Recording> {
  if (values.scenario !== undefined) {
    const read = (file: string): string => readFileSync(join(values.scenario ?? "", file), "utf8");
    const lines = read("events.jsonl")
      .split("\n")
      .filter((line) => line !== "");
    yield { name: basename(values.scenario), cmdb: JSON.parse(read("cmdb.json")) as Generated["cmdb"], lines };
    return;
  }
  for (const recipe of [NIGHT, ...recipesOf("dev").filter(({ name }) => name.endsWith("-storm"))])
    if (recipe.name.includes(values.only)) yield generate(recipe);
}

for (const made of recordings()) {
  for (let time = 1; time <= Number(values.times); time += 1) await measure(made, time);
  if (values.command) callCommand(made);
}

async function measure({ name, cmdb: document, lines }: Recording, time: number): Promise<void> {
  const source = { sizeMaxBytes: CMDB_SIZE_MAX_BYTES, source: "cmdb", observedAt: null };
  const cmdb = readCmdb(JSON.stringify(document), "cmdb.json", source);
  if (cmdb.status === "broken") throw new Error(`the generated CMDB is broken: ${JSON.stringify(cmdb.findings[0])}`);
  const before = process.threadCpuUsage();
  const options = { cmdb: cmdb.document, settings: DEFAULT_SETTINGS, lines };
  const { incidents, stats } = await replayEvents(
    values.bare ? { ...options, correlator: new NoCorrelation() } : options,
  );
  const { user, system } = process.threadCpuUsage(before);
  print(`${name}, time ${time}: ${lines.length} events, ${stats.incidents} incidents`, {
    "events/s": Math.round((lines.length / (user + system)) * 1_000_000),
    hash: createHash("sha256").update(JSON.stringify(incidents)).digest("hex").slice(0, 12),
  });
}

/** Start-up, reading, and writing of the result included; wall time, on a machine that has to be quiet. */
function callCommand({ name, cmdb, lines }: Recording): void {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
  const file = (part: string): string => join(folder, part);
  try {
    writeFileSync(file("cmdb.json"), JSON.stringify(cmdb));
    writeFileSync(file("events.jsonl"), `${lines.join("\n")}\n`);
    const command = join(import.meta.dirname, "../../bin/tocsin");
    const args = ["replay", "--cmdb", file("cmdb.json"), "--events", file("events.jsonl"), "--out", file("out.json")];
    const begin = performance.now();
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`tocsin replay failed: ${stderr}`);
    const seconds = (performance.now() - begin) / 1000;
    print(`${name}, tocsin replay`, { "events/s": Math.round(lines.length / seconds), seconds: seconds.toFixed(1) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
