import { existsSync, renameSync, writeFileSync } from "node:fs";
import { parseDuration } from "../../protocol/duration.ts";
import type { ForeignCmdb } from "../cmdb/import/draft.ts";
import { ForeignFault, type ReadProgress } from "../cmdb/import/foreign-api.ts";
import { RowCache, readRowState } from "../cmdb/import/row-cache.ts";
import { manyGone } from "../cmdb/many-gone.ts";
import { CLIENT_HELP } from "./client.ts";
import { type ClientCall, clientCommand, refusal, writeJson } from "./client-command.ts";
import { CMDB_SOURCES } from "./cmdb-sources.ts";
import { type PlanView, planText } from "./cmdb-text.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { fileText, flagText, type ImportCall, IMPORT_OPTIONS, needed, UsageFault } from "./import-call.ts";
import { counted, printable } from "./table.ts";

/** Deletions are found by reading everything: as often as this. */
const FULL_EVERY = "24h";

/** Rows of another address or question are of no use. */
const QUESTION = ["url", "table", "query", "dataset"] as const;

function openCache(name: string, call: ImportCall): RowCache | undefined {
  const file = flagText(call, "state");
  const every = flagText(call, "full-every");
  if (file === undefined) {
    if (every !== undefined) throw new UsageFault("--full-every needs --state");
    return undefined;
  }
  const fullEveryMs = parseDuration(every ?? FULL_EVERY);
  if (fullEveryMs === null) throw new UsageFault(`--full-every takes a duration such as 24h, not "${every ?? ""}"`);
  return new RowCache(existsSync(file) ? readRowState(stateJson(file)) : undefined, {
    of: JSON.stringify([name, ...QUESTION.map((flag) => flagText(call, flag) ?? "")]),
    now: Date.now(),
    fullEveryMs,
  });
}

/** A damaged state only costs a full import. */
function stateJson(file: string): unknown {
  try {
    return JSON.parse(fileText(file)) as unknown;
  } catch (error) {
    if (error instanceof ForeignFault) throw error;
    return undefined;
  }
}

/** Written beside and renamed: a crash leaves the old one. It holds names and addresses, so only its owner may read it. */
function keepCache(call: ImportCall, cache: RowCache): void {
  const file = needed(call, "state");
  try {
    writeFileSync(`${file}.new`, JSON.stringify(cache.snapshot()), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new ForeignFault(`${file} cannot be written: ${(error as Error).message}`);
  }
}

const withState = (): string[] =>
  Object.entries(CMDB_SOURCES).flatMap(([name, { hasState }]) => (hasState === true ? [name] : []));

const help = (name: string): string => `Usage: tocsin import ${name} ${CMDB_SOURCES[name]?.usage ?? ""}${
  CMDB_SOURCES[name]?.hasState === true ? " [--state FILE]" : ""
}

Reads the CMDB and hands it to the collector as the part of one source.

  --source NAME        whose part it is; default ${name}
  --observed           seen by a machine, not declared by people: one side of the drift
  --dry-run            only the plan: what would be added, changed, removed
  --remove-many        also when more than half of what this source had is gone, ten CIs at least
  --out FILE           write the document there and ask no collector; - is standard output
  --secret-file FILE   the password, key or token of the source
${
  CMDB_SOURCES[name]?.hasState === true
    ? `  --state FILE         keep there what was read, and ask only for what has changed since
  --full-every SPAN    with --state: read everything this often, to find what was deleted; default ${FULL_EVERY}
`
    : ""
}${CLIENT_HELP}

Exit codes: 0 done, 1 the source or the document cannot be read, 2 wrong usage, 3 collector not reached.
`;

/** A CMDB of a hundred thousand items is read, merged and committed before the answer. */
const IMPORT_TIMEOUT_MS = 120_000;

/** `tocsin import SOURCE …`. @param args after the source's name. */
export function importCmdb(name: string, args: string[], io: CommandIo): Promise<number> {
  return clientCommand(args, io, { help: help(name), options: IMPORT_OPTIONS, takes: Infinity }, async (call) => {
    const entry = CMDB_SOURCES[name];
    if (entry === undefined) return EXIT.usage;
    if (typeof call.flags["state"] === "string" && entry.hasState !== true) {
      return misuse(io, `${name} cannot be asked for changes alone: --state is for ${withState().join(", ")}`);
    }
    let found: ForeignCmdb;
    const onProgress = (progress: Readonly<ReadProgress>): void => showProgress(name, progress, io);
    try {
      const source: ImportCall = { flags: call.flags, files: call.positionals, signal: io.signal, onProgress };
      const cache = openCache(name, source);
      found = await entry.read(source, cache);
      if (cache !== undefined) keepCache(source, cache);
    } catch (error) {
      if (error instanceof UsageFault) {
        return misuse(io, error.message, help(name));
      }
      if (!(error instanceof ForeignFault)) throw error;
      endProgress(io);
      return complain(io, EXIT.failed, { code: "sourceFailed", message: error.message });
    }
    endProgress(io);
    const { out } = call.flags;
    if (!call.json || typeof out === "string") sayRead(name, found, io);
    return typeof out === "string" ? write(out, found, io) : hand(name, found, call, io);
  });
}

/** A large CMDB comes in hundreds of answers, and some sources make those who ask wait for minutes. */
function showProgress(name: string, { answers, sizeBytes, waitMs }: Readonly<ReadProgress>, io: CommandIo): void {
  if (!io.isErrorTerminal) return;
  const wait = waitMs === 0 ? "" : `; it asks to wait ${Math.ceil(waitMs / 1000)} s`;
  io.stderr(`${LINE_AGAIN}${name}: ${counted(answers, "answer")}, ${(sizeBytes / 1e6).toFixed(1)} MB${wait}`);
}

/** To its beginning, and empty. */
const LINE_AGAIN = "\r\u001b[K";

function endProgress(io: CommandIo): void {
  if (io.isErrorTerminal) io.stderr(LINE_AGAIN);
}

/** Reasons that a word does not explain. */
const REASONS: Readonly<Record<string, string>> = {
  relationToNothing: "one end of the relation is no CI here",
  relationToItself: "a CI does not need itself",
  ciTwice: "it stands there twice; the first counts",
};

function sayRead(name: string, { document, left, examples }: ForeignCmdb, io: CommandIo): void {
  io.stderr(`${name}: ${document.cis.length} CIs, ${document.relations.length} relations\n`);
  for (const [reason, count] of Object.entries(left)) {
    const words = REASONS[reason] === undefined ? "" : ` (${REASONS[reason]})`;
    const such = examples[reason] === undefined ? "" : `, such as ${examples[reason].map(printable).join("; ")}`;
    io.stderr(`${name}: ${count} left out: ${reason}${words}${such}\n`);
  }
}

function write(path: string, { document }: ForeignCmdb, io: CommandIo): number {
  const json = `${JSON.stringify(document, null, 2)}\n`;
  if (path === "-") {
    io.stdout(json);
    return EXIT.ok;
  }
  try {
    writeFileSync(path, json);
    return EXIT.ok;
  } catch (error) {
    return complain(io, EXIT.failed, {
      code: "unwritable",
      message: `${path} cannot be written: ${(error as Error).message}`,
    });
  }
}

async function hand(
  name: string,
  { document, left }: ForeignCmdb,
  { client, flags, json }: ClientCall,
  io: CommandIo,
): Promise<number> {
  const source = typeof flags["source"] === "string" ? flags["source"] : name;
  const text = JSON.stringify(document);
  const isPlan = flags["dry-run"] === true;
  const dryRun = isPlan || flags["remove-many"] === true ? String(isPlan) : "ifManyGone";
  const asked = { source, file: name, dryRun, observed: String(flags["observed"] === true) };
  const path = `/api/v1/cmdb/import?${new URLSearchParams(asked).toString()}`;
  const answer = await client.postText(path, text, IMPORT_TIMEOUT_MS);
  const refused = refusal(answer, io, EXIT.failed);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  const body = answer.body as { status: "planned" | "applied"; plan: PlanView };
  if (body.status === "planned" && !isPlan) {
    const message = `${source}: ${goneText(body.plan, document.cis.length)}`;
    return complain(io, EXIT.failed, { code: "manyGone", message });
  }
  const read = { cis: document.cis.length, relations: document.relations.length, left };
  if (json) writeJson({ ...body, read }, io);
  else io.stdout(planText(body.plan, isPlan, io.isTerminal));
  return EXIT.ok;
}

/** Why nothing was changed, and what to do. @param found CIs that the source has now */
function goneText({ counts }: PlanView, found: number): string {
  const many = manyGone(counts, found);
  const which = many === null ? "too many" : `${many.gone} of the ${many.before}`;
  return `${which} CIs that it had are gone, and nothing was changed; look at it with --dry-run, and repeat it with --remove-many if that is right`;
}
