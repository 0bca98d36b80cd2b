import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createGunzip } from "node:zlib";
import { parseRfc3339 } from "../../protocol/rfc3339.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import { formatTime } from "../core/model/time.ts";
import { diffReplays, isSame } from "../runtime/replay-diff.ts";
import { type ReplayProblem, type ReplayRules, replayEvents } from "../runtime/replay.ts";
import type { ReplayResult } from "../runtime/replay-result.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { findingsText } from "./findings-text.ts";
import { diffTable } from "./replay-diff-table.ts";
import { readReplayCmdb, readReplayRules, readReplaySettings } from "./replay-files.ts";

const HELP = `Usage: tocsin replay --cmdb FILE --events FILE [options]

Runs recorded events through the core in virtual time and writes what would have happened:
incidents, root causes, pages. With --diff it says what other rules, another CMDB or other
settings would have changed.

  --cmdb FILE      the CMDB, JSON or YAML (may be repeated)
  --events FILE    one event a line (JSON), in order of arrival; .gz is unpacked
  --config FILE    a tocsin.yaml: its correlation, routes, inhibitions and maintenance
  --rules DIR      rule packs to run over events and samples (may be repeated)
  --until TIME     end of virtual time, RFC 3339; default five minutes after the last line
  --out FILE       the result as JSON; - for standard output
  --ledger FILE    every decision, one JSON object a line
  --diff FILE      compare with this earlier result: a table, or JSON with --json
  --exit-code      with --diff: exit 1 when anything differs
  --strict         exit 1 when any line cannot be read; without it only when none can
  --json           the comparison as JSON; without --diff, the counts

Examples:
  tocsin replay --cmdb cmdb.json --events yesterday.jsonl.gz --out before.json
  tocsin replay --cmdb cmdb.json --events yesterday.jsonl.gz --config new.yaml --diff before.json
`;

interface Flags {
  cmdb: string[];
  events: string;
  config: string | undefined;
  rules: string[];
  until: number | null;
  out: string | undefined;
  ledger: string | undefined;
  diff: string | undefined;
  exitCode: boolean;
  strict: boolean;
  json: boolean;
}

const OPTIONS = {
  cmdb: { type: "string", multiple: true },
  events: { type: "string" },
  config: { type: "string" },
  rules: { type: "string", multiple: true },
  until: { type: "string" },
  out: { type: "string" },
  ledger: { type: "string" },
  diff: { type: "string" },
  "exit-code": { type: "boolean", default: false },
  strict: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** A longer line is no event; it is cut, so that a damaged file does not fill the memory, and then refused. */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = readFlags(args, io);
  if (typeof flags === "number") return flags;
  const before = flags.diff === undefined ? null : readResult(flags.diff, io);
  const inputs = before === undefined ? undefined : await readInputs(flags, io);
  if (before === undefined || inputs === undefined) return EXIT.failed;
  const outcome = await replay(flags, inputs, io);
  if (outcome === undefined) return EXIT.failed;
  if (!write(flags, outcome, io)) return EXIT.failed;
  const isUnclean = flags.strict && outcome.result.stats.badLines > 0;
  if (before === null) {
    const { stats } = outcome.result;
    if (flags.json && flags.out !== "-") io.stdout(`${JSON.stringify({ out: flags.out, stats }, null, 2)}\n`);
    return isUnclean ? EXIT.failed : EXIT.ok;
  }
  const diff = diffReplays(before, outcome.result);
  io.stdout(flags.json ? `${JSON.stringify(diff, null, 2)}\n` : diffTable(diff, io.isTerminal));
  return isUnclean || (flags.exitCode && !isSame(diff)) ? EXIT.failed : EXIT.ok;
}

function readFlags(args: string[], io: CommandIo): Flags | number {
  const wrong = (message: string): number => misuse(io, message, HELP);
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    return wrong((error as Error).message);
  }
  if (values.help) {
    io.stdout(HELP);
    return EXIT.ok;
  }
  if (values.cmdb === undefined || values.events === undefined) return wrong("replay needs --cmdb and --events");
  if (values.out === undefined && values.diff === undefined) return wrong("replay needs --out or --diff");
  const until = values.until === undefined ? null : parseRfc3339(values.until);
  if (Number.isNaN(until)) return wrong(`--until ${values.until} is no time; write it as 2026-03-01T10:00:00Z`);
  return {
    cmdb: values.cmdb,
    events: values.events,
    config: values.config,
    rules: values.rules ?? [],
    until,
    out: values.out,
    ledger: values.ledger,
    diff: values.diff,
    exitCode: values["exit-code"],
    strict: values.strict,
    json: values.json,
  };
}

/** An earlier result; undefined when it cannot be read, which has been told. */
function readResult(file: string, io: CommandIo): Pick<ReplayResult, "incidents"> | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<ReplayResult> | null;
    if (Array.isArray(value?.incidents)) return { incidents: value.incidents };
    complain(io, EXIT.failed, {
      code: "badResult",
      message: `${file} is no result of a replay: it has no list of incidents`,
    });
  } catch (error) {
    const message = `${file} cannot be read as a result of a replay: ${(error as Error).message}`;
    complain(io, EXIT.failed, { code: "unreadable", message });
  }
  return undefined;
}

interface Inputs {
  cmdb: CmdbDocument;
  settings: CoreSettings;
  rules: ReplayRules | undefined;
}

/** All files that say how to decide; everything that is wrong with them is told at once. */
async function readInputs(flags: Flags, io: CommandIo): Promise<Inputs | undefined> {
  const cmdb = readReplayCmdb(flags.cmdb);
  const startsAt = await firstTime(flags.events);
  const settings = await readReplaySettings(flags.config, startsAt);
  const rules = await readReplayRules(flags.rules);
  const findings = [...cmdb.findings, ...settings.findings, ...rules.findings];
  const isBad = findings.some(({ severity }) => severity === "error");
  if (io.wantsJson !== true) io.stderr(findingsText(findings, io.isErrorTerminal));
  else if (isBad)
    complain(io, EXIT.failed, {
      code: "badFiles",
      message: "the CMDB, settings or rules have errors",
      details: findings,
    });
  if (isBad) return undefined;
  const maintenance = [...cmdb.document.maintenance, ...settings.maintenance];
  return { cmdb: { ...cmdb.document, maintenance }, settings: settings.settings, rules: rules.rules };
}

/** The lines of a file; a name that ends in .gz is unpacked. Throws when the file cannot be read to its end. */
async function* linesOf(file: string): AsyncGenerator<readonly string[]> {
  const raw = createReadStream(file, { highWaterMark: 1 << 18 });
  const unpacked = file.endsWith(".gz") ? createGunzip({ chunkSize: 1 << 18 }) : null;
  // An error of the file must reach the reader of the unpacked stream too.
  if (unpacked !== null) raw.on("error", (error) => unpacked.destroy(error)).pipe(unpacked);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of unpacked ?? raw) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) rest = rest.slice(0, LINE_LENGTH_MAX);
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield [rest];
}

/** When the recording begins: routes by time need to know. 0 where nothing says so. */
async function firstTime(file: string): Promise<number> {
  try {
    for await (const lines of linesOf(file)) {
      for (const line of lines) {
        const found = /"receivedAt"\s*:\s*"([^"]+)"/.exec(line);
        if (found !== null) return parseRfc3339(found[1] ?? "") || 0;
      }
    }
  } catch {
    // The replay itself tells what is wrong with the file.
    return 0;
  }
  return 0;
}

interface Outcome {
  result: ReplayResult;
  ledger: string[];
}

async function replay(flags: Flags, inputs: Inputs, io: CommandIo): Promise<Outcome | undefined> {
  const ledger: string[] = [];
  const started = performance.now();
  try {
    const { problems, ...result } = await replayEvents({
      ...(inputs.rules === undefined ? {} : { rules: inputs.rules }),
      cmdb: inputs.cmdb,
      settings: inputs.settings,
      lines: linesOf(flags.events),
      until: flags.until,
      ...(flags.ledger === undefined ? {} : { onLedger: (record) => ledger.push(ledgerLine(record)) }),
      onProgress: (lines) => {
        if (io.isErrorTerminal) io.stderr(`\r${lines} lines`);
      },
    });
    const seconds = (performance.now() - started) / 1000;
    if (io.isErrorTerminal) io.stderr(`\r${summary(result, seconds)}\n`);
    tellProblems(flags.events, problems, result, io);
    const isUseless = result.stats.badLines > 0 && result.stats.badLines === result.stats.lines;
    return isUseless ? undefined : { result, ledger };
  } catch (error) {
    if (!isFileError(error)) throw error;
    complain(io, EXIT.failed, { code: "unreadable", message: `${flags.events} cannot be read: ${error.message}` });
    return undefined;
  }
}

/** As the API shows a decision: its time as text. */
function ledgerLine(record: LedgerRecord): string {
  return JSON.stringify({ ...record, at: formatTime(record.at) });
}

/** Trouble with the file rather than with us: the system's errors and those of a damaged gzip. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^(E[A-Z]|Z_)/.test(error.code);
}

function summary({ stats }: ReplayResult, seconds: number): string {
  const rate = Math.round(stats.lines / Math.max(seconds, 0.001));
  return `${stats.lines} lines in ${seconds.toFixed(1)} s (${rate}/s): ${stats.incidents} incidents, ${stats.pages} pages`;
}

/** The first few show what is wrong; that many more are the same matters, each of them does not. */
const PROBLEMS_SHOWN = 10;

function tellProblems(file: string, problems: readonly ReplayProblem[], { stats }: ReplayResult, io: CommandIo): void {
  if (stats.badLines === 0) return;
  const shown = problems.slice(0, PROBLEMS_SHOWN);
  if (io.wantsJson !== true) for (const { line, message } of shown) io.stderr(`${file}:${line}: ${message}\n`);
  const more = stats.badLines > shown.length ? `; the first ${shown.length} are shown` : "";
  const what = stats.badLines === stats.lines ? "no line can be read" : "these lines were left out";
  const message = `${file}: ${stats.badLines} of ${stats.lines} lines are bad${more}: ${what}`;
  complain(io, EXIT.failed, { code: "badLines", message, details: shown });
}

function write(flags: Flags, { result, ledger }: Outcome, io: CommandIo): boolean {
  try {
    if (flags.out === "-") io.stdout(`${JSON.stringify(result, null, 1)}\n`);
    else if (flags.out !== undefined) writeFileSync(flags.out, `${JSON.stringify(result, null, 1)}\n`);
    if (flags.ledger !== undefined) writeFileSync(flags.ledger, ledger.map((line) => `${line}\n`).join(""));
    return true;
  } catch (error) {
    complain(io, EXIT.failed, {
      code: "unwritable",
      message: `the result cannot be written: ${(error as Error).message}`,
    });
    return false;
  }
}
