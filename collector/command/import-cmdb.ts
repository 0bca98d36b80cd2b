import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseDuration } from "../../protocol/duration.ts";
import { bmcToken, cmdbFromBmc } from "../cmdb/import/bmc/source.ts";
import { cmdbFromCsv } from "../cmdb/import/csv/source.ts";
import type { ForeignCmdb } from "../cmdb/import/draft.ts";
import { ForeignApi, ForeignFault } from "../cmdb/import/foreign-api.ts";
import { cmdbFromFreshservice } from "../cmdb/import/freshservice/source.ts";
import { cmdbFromGlpi } from "../cmdb/import/glpi/source.ts";
import { cmdbFromItop } from "../cmdb/import/itop/source.ts";
import { cmdbFromJiraAssets } from "../cmdb/import/jira-assets/source.ts";
import { kubernetesObjects, objectsOfList } from "../cmdb/import/kubernetes/objects.ts";
import { cmdbFromKubernetes } from "../cmdb/import/kubernetes/source.ts";
import { cmdbFromNetBox } from "../cmdb/import/netbox/source.ts";
import { RowCache, readRowState } from "../cmdb/import/row-cache.ts";
import { cmdbFromServiceNow } from "../cmdb/import/servicenow/source.ts";
import { cmdbFromTerraform } from "../cmdb/import/terraform/source.ts";
import { encodingFault } from "../config/document/encoding.ts";
import { CLIENT_HELP } from "./client.ts";
import { type ClientCall, clientCommand, refusal, writeJson } from "./client-command.ts";
import { type PlanView, planText } from "./cmdb-text.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { printable } from "./table.ts";

/** The command line of one import, and what it gives. */
interface Call {
  flags: ClientCall["flags"];
  files: readonly string[];
  signal: AbortSignal;
}

interface CmdbSourceEntry {
  usage: string;
  /** It can ask for what has changed: `--state`. */
  hasState?: true;
  read: (call: Call, cache: RowCache | undefined) => Promise<ForeignCmdb>;
}

/** The command line lacks something, or says too much. */
class UsageFault extends Error {}

const OPTIONS = {
  source: { type: "string" },
  observed: { type: "boolean" },
  "dry-run": { type: "boolean" },
  "remove-many": { type: "boolean" },
  out: { type: "string" },
  url: { type: "string" },
  username: { type: "string" },
  "secret-file": { type: "string" },
  "app-token-file": { type: "string" },
  table: { type: "string" },
  query: { type: "string" },
  dataset: { type: "string" },
  cluster: { type: "string" },
  state: { type: "string" },
  "full-every": { type: "string" },
} as const;

function text({ flags }: Call, name: keyof typeof OPTIONS): string | undefined {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function needed(call: Call, name: keyof typeof OPTIONS): string {
  const value = text(call, name);
  if (value === undefined) throw new UsageFault(`--${name} is needed`);
  return value;
}

const shown = (path: string): string => (path === "-" ? "standard input" : path);

/** Without its byte order mark. What is no UTF-8 is refused: read all the same it would be an empty CMDB, or one of other names. */
function fileText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new ForeignFault(`${shown(path)} cannot be read: ${(error as Error).message}`);
  }
  const fault = encodingFault(bytes, shown(path), "");
  if (fault !== null) throw new ForeignFault(`${fault.file}:${fault.line}: ${fault.message}; ${fault.hint}`);
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

function fileJson(path: string): unknown {
  try {
    return JSON.parse(fileText(path)) as unknown;
  } catch (error) {
    if (error instanceof ForeignFault) throw error;
    throw new ForeignFault(`${shown(path)} is not JSON: ${(error as Error).message}`);
  }
}

const secret = (call: Call): string => fileText(needed(call, "secret-file")).trim();
const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

function api(call: Call, headers: Readonly<Record<string, string>>): ForeignApi {
  return new ForeignApi({ base: needed(call, "url"), headers, signal: call.signal });
}

function oneFile({ files }: Call): string {
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new UsageFault("name one file, or - for standard input");
  return file;
}

/** Deletions are found by reading everything: as often as this. */
const FULL_EVERY = "24h";

/** Rows of another address or question are of no use. */
const QUESTION = ["url", "table", "query", "dataset"] as const;

function openCache(name: string, call: Call): RowCache | undefined {
  const file = text(call, "state");
  const every = text(call, "full-every");
  if (file === undefined) {
    if (every !== undefined) throw new UsageFault("--full-every needs --state");
    return undefined;
  }
  const fullEveryMs = parseDuration(every ?? FULL_EVERY);
  if (fullEveryMs === null) throw new UsageFault(`--full-every takes a duration such as 24h, not "${every ?? ""}"`);
  return new RowCache(existsSync(file) ? readRowState(stateJson(file)) : undefined, {
    of: JSON.stringify([name, ...QUESTION.map((flag) => text(call, flag) ?? "")]),
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
function keepCache(call: Call, cache: RowCache): void {
  const file = needed(call, "state");
  try {
    writeFileSync(`${file}.new`, JSON.stringify(cache.snapshot()), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new ForeignFault(`${file} cannot be written: ${(error as Error).message}`);
  }
}

/** NetBox's newer tokens say what they are; older ones are sent as `Token`. */
const netBoxToken = (token: string): string => (token.startsWith("nbt_") ? `Bearer ${token}` : `Token ${token}`);

async function fromKubernetes(call: Call): Promise<ForeignCmdb> {
  const cluster = text(call, "cluster") ?? "kubernetes";
  const objects =
    call.files.length > 0
      ? objectsOfList(fileJson(oneFile(call)))
      : await kubernetesObjects(api(call, { authorization: `Bearer ${secret(call)}` }));
  return cmdbFromKubernetes(objects, cluster);
}

export const CMDB_SOURCES: Readonly<Record<string, CmdbSourceEntry>> = {
  csv: {
    usage: "CIS.csv [RELATIONS.csv]",
    read: async ({ files }) => {
      const [cis, relations, ...more] = files;
      if (cis === undefined || more.length > 0)
        throw new UsageFault("name the file of CIs, and perhaps that of relations");
      const file = (name: string) => ({ name, text: fileText(name) });
      return cmdbFromCsv(file(cis), relations === undefined ? undefined : file(relations));
    },
  },
  servicenow: {
    usage: "--url https://X.service-now.com --username U --secret-file F [--table cmdb_ci] [--query Q]",
    hasState: true,
    read: (call, cache) => {
      const [table, query] = [text(call, "table"), text(call, "query")];
      return cmdbFromServiceNow(api(call, basic(needed(call, "username"), secret(call))), {
        ...(table === undefined ? {} : { table }),
        ...(query === undefined ? {} : { query }),
        ...(cache === undefined ? {} : { cache }),
      });
    },
  },
  netbox: {
    usage: "--url https://netbox.example.net --secret-file F",
    hasState: true,
    read: (call, cache) => cmdbFromNetBox(api(call, { authorization: netBoxToken(secret(call)) }), cache),
  },
  kubernetes: {
    usage: "[FILE | - | --url https://API:6443 --secret-file F] [--cluster NAME]",
    read: fromKubernetes,
  },
  terraform: {
    usage: "FILE | -     what `terraform show -json` prints",
    read: async (call) => cmdbFromTerraform(fileJson(oneFile(call))),
  },
  "jira-assets": {
    usage: "--url https://api.atlassian.com/jsm/assets/workspace/ID/v1 --username U --secret-file F [--query AQL]",
    hasState: true,
    read: (call, cache) =>
      cmdbFromJiraAssets(
        api(call, basic(needed(call, "username"), secret(call))),
        text(call, "query") ?? "objectId > 0",
        cache,
      ),
  },
  freshservice: {
    usage: "--url https://X.freshservice.com --secret-file F",
    hasState: true,
    read: (call, cache) => cmdbFromFreshservice(api(call, basic(secret(call), "X")), cache),
  },
  bmc: {
    usage: "--url https://bmc.example.net --username U --secret-file F [--dataset BMC.ASSET]",
    hasState: true,
    read: async (call, cache) => {
      const token = await bmcToken(needed(call, "url"), needed(call, "username"), secret(call));
      return cmdbFromBmc(api(call, { authorization: `AR-JWT ${token}` }), text(call, "dataset") ?? "BMC.ASSET", cache);
    },
  },
  itop: {
    usage: "--url https://itop.example.net [--username U] --secret-file F    without U the secret is a token",
    read: (call) => {
      const username = text(call, "username");
      const login = username === undefined ? { token: secret(call) } : { username, password: secret(call) };
      return cmdbFromItop(api(call, {}), login);
    },
  },
  glpi: {
    usage: "--url https://glpi.example.net/apirest.php --secret-file F [--app-token-file F]",
    hasState: true,
    read: (call, cache) => {
      const file = text(call, "app-token-file");
      const appToken = file === undefined ? undefined : fileText(file).trim();
      return cmdbFromGlpi(api(call, {}), { userToken: secret(call), appToken }, cache);
    },
  },
};

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
  return clientCommand(args, io, { help: help(name), options: OPTIONS, takes: Infinity }, async (call) => {
    const entry = CMDB_SOURCES[name];
    if (entry === undefined) return EXIT.usage;
    if (typeof call.flags["state"] === "string" && entry.hasState !== true) {
      return misuse(io, `${name} cannot be asked for changes alone: --state is for ${withState().join(", ")}`);
    }
    let found: ForeignCmdb;
    try {
      const source: Call = { flags: call.flags, files: call.positionals, signal: io.signal };
      const cache = openCache(name, source);
      found = await entry.read(source, cache);
      if (cache !== undefined) keepCache(source, cache);
    } catch (error) {
      if (error instanceof UsageFault) {
        return misuse(io, error.message, help(name));
      }
      if (!(error instanceof ForeignFault)) throw error;
      return complain(io, EXIT.failed, { code: "sourceFailed", message: error.message });
    }
    const { out } = call.flags;
    if (!call.json || typeof out === "string") sayRead(name, found, io);
    return typeof out === "string" ? write(out, found, io) : hand(name, found, call, io);
  });
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
  const post = (dryRun: boolean): ReturnType<typeof client.postText> => {
    const asked = { source, file: name, dryRun: String(dryRun), observed: String(flags["observed"] === true) };
    return client.postText(`/api/v1/cmdb/import?${new URLSearchParams(asked).toString()}`, text, IMPORT_TIMEOUT_MS);
  };
  const dryRun = flags["dry-run"] === true;
  const isAsked = dryRun || flags["remove-many"] === true;
  for (const isPlan of isAsked ? [dryRun] : [true, false]) {
    const answer = await post(isPlan);
    const refused = refusal(answer, io, EXIT.failed);
    if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
    const body = answer.body as { plan: PlanView };
    const gone = isAsked ? null : manyGone(body.plan, document.cis.length);
    if (gone !== null) return complain(io, EXIT.failed, { code: "manyGone", message: `${source}: ${gone}` });
    if (isPlan && !dryRun) continue;
    const read = { cis: document.cis.length, relations: document.relations.length, left };
    if (json) writeJson({ ...body, read }, io);
    else io.stdout(planText(body.plan, dryRun, io.isTerminal));
  }
  return EXIT.ok;
}

/** Fewer are a small CMDB that somebody works on. */
const MANY = 10;

/**
 * A source that is asked with too few rights, or while it is being restored, says that nearly nothing is there; an import by a
 * schedule must not take that for the end of a data centre.
 *
 * @param found CIs that the source has now
 * @returns what to do; null = it may go on
 */
function manyGone({ counts }: PlanView, found: number): string | null {
  const gone = counts.cisRemoved + counts.cisRetired;
  const kept = Math.max(0, found - counts.cisAdded);
  if (gone < MANY || gone <= kept) return null;
  return `${gone} of the ${gone + kept} CIs that it had are gone, and nothing was changed; look at it with --dry-run, and repeat it with --remove-many if that is right`;
}
