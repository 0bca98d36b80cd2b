import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { stringify } from "yaml";
import type { Finding } from "../../protocol/finding.ts";
import { DECLARED, OBSERVED } from "../cmdb/source.ts";
import { CLIENT_HELP, type Answer } from "./client.ts";
import { type ClientCall, clientCommand, refusal, writeJson } from "./client-command.ts";
import { type CiView, ciText, driftText, type DriftView, type PlanView, planText } from "./cmdb-text.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { findingsText } from "./findings-text.ts";
import { table } from "./table.ts";

const HELP = `Usage: tocsin cmdb import FILE [options]
       tocsin cmdb export [--out FILE] [--yaml] [--observed]
       tocsin cmdb show [CI] [--type T] [--search TEXT] [--unknown]
       tocsin cmdb drift
       tocsin cmdb sources

What the collector knows of your systems: configuration items, and what needs what.

import replaces what one source has said before; what is missing in FILE is gone at that source (a CI that an open
incident speaks of is retired when that is over). What files and other sources declare stays theirs.
  --source NAME   whose part this is; default: the file's name without ending, "import" for cmdb.*
  --observed      import: seen by a machine, not declared by people; export: also what agents saw
  --dry-run       only the plan: what would be added, changed, removed

export writes what people declare as a file that can be imported or configured.
drift compares what agents and other machines saw with what people declare: what is missing in the CMDB, and what is
declared and was not seen.

${CLIENT_HELP}

Examples:
  tocsin cmdb import --dry-run netbox.json
  tocsin cmdb import --source netbox netbox.json
  tocsin cmdb show web-01
  tocsin cmdb show --unknown
  tocsin cmdb export --yaml --out cmdb.yaml
`;

const OPTIONS = {
  source: { type: "string" },
  observed: { type: "boolean" },
  "dry-run": { type: "boolean" },
  out: { type: "string" },
  yaml: { type: "boolean" },
  type: { type: "string" },
  search: { type: "string" },
  unknown: { type: "boolean" },
} as const;

/** A CMDB of a hundred thousand items is read, merged and committed before the answer. */
const IMPORT_TIMEOUT_MS = 120_000;
const LIST_MAX = 10_000;

/** A file's name may say nothing, or be one that the collector keeps for itself: most of all `cmdb.yaml`. */
const UNNAMED = "import";

/** The name of a source from a file's: `NetBox Export.json` → `netbox-export`. */
export function sourceNameOf(file: string): string {
  const name = basename(file)
    .replace(/\.(json|ya?ml)$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  return name === "" || name === DECLARED || name === OBSERVED ? UNNAMED : name.slice(0, 64);
}

async function importFile(call: ClientCall, io: CommandIo): Promise<number> {
  const { client, flags, positionals, json } = call;
  const file = positionals[1];
  if (file === undefined || positionals.length > 2) {
    return misuse(io, "name one file to import: tocsin cmdb import FILE");
  }
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return complain(io, EXIT.failed, {
      code: "unreadable",
      message: `${file} cannot be read: ${(error as Error).message}`,
    });
  }
  const dryRun = flags["dry-run"] === true;
  const source = typeof flags["source"] === "string" ? flags["source"] : sourceNameOf(file);
  const query = new URLSearchParams({
    source,
    file,
    dryRun: String(dryRun),
    observed: String(flags["observed"] === true),
  });
  const answer = await client.postText(`/api/v1/cmdb/import?${query.toString()}`, text, IMPORT_TIMEOUT_MS);
  if (!json) io.stderr(findingsText(findingsOf(answer), io.isErrorTerminal));
  const refused = refusal(answer, io, EXIT.failed);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) writeJson(answer.body, io);
  else io.stdout(planText((answer.body as { plan: PlanView }).plan, dryRun, io.isTerminal));
  return EXIT.ok;
}

/** Warnings of what was taken, or the errors of what was not. */
function findingsOf(answer: Answer): Finding[] {
  const found: unknown =
    answer.status === "ok"
      ? (answer.body as { findings?: unknown }).findings
      : "details" in answer
        ? answer.details
        : [];
  return Array.isArray(found) ? (found as Finding[]) : [];
}

async function exportAll({ client, flags, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.get(`/api/v1/cmdb/export?observed=${flags["observed"] === true}`);
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  const text = flags["yaml"] === true && !json ? stringify(answer.body) : `${JSON.stringify(answer.body, null, 2)}\n`;
  if (typeof flags["out"] !== "string") {
    io.stdout(text);
    return EXIT.ok;
  }
  try {
    writeFileSync(flags["out"], text);
    return EXIT.ok;
  } catch (error) {
    return complain(io, EXIT.failed, {
      code: "unwritable",
      message: `${flags["out"]} cannot be written: ${(error as Error).message}`,
    });
  }
}

async function show({ client, flags, positionals, json }: ClientCall, io: CommandIo): Promise<number> {
  const name = positionals[1];
  if (name !== undefined) {
    const answer = await client.get(`/api/v1/cmdb/cis/${encodeURIComponent(name)}`);
    const refused = refusal(answer, io);
    if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
    if (json) writeJson(answer.body, io);
    else io.stdout(ciText(answer.body as CiView, io.isTerminal));
    return EXIT.ok;
  }
  const query = new URLSearchParams();
  if (typeof flags["type"] === "string") query.set("type", flags["type"]);
  if (typeof flags["search"] === "string") query.set("q", flags["search"]);
  if (flags["unknown"] === true) query.set("known", "false");
  const answer = await client.list<CiView>(`/api/v1/cmdb/cis?${query.toString()}`, LIST_MAX);
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) writeJson(answer.body, io);
  else io.stdout(ciTable(answer.items ?? []));
  return EXIT.ok;
}

function ciTable(cis: readonly CiView[]): string {
  if (cis.length === 0) return "No configuration items.\n";
  const rows = cis.map((ci) => [
    ci.id,
    ci.type,
    ci.known ? (ci.criticality === null ? "" : String(ci.criticality)) : "unknown",
    ci.owner ?? "",
    ci.name === ci.id ? "" : ci.name,
  ]);
  return table(["ID", "TYPE", "CRITICALITY", "OWNER", "NAME"], rows);
}

async function drift({ client, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.get("/api/v1/cmdb/drift");
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) writeJson(answer.body, io);
  else io.stdout(driftText(answer.body as DriftView, io.isTerminal));
  return EXIT.ok;
}

interface SourceView {
  name: string;
  kind: string;
  observed: boolean;
  cis: number;
  relations: number;
  loadedAt: string;
  findings: Finding[];
}

async function sources({ client, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.list<SourceView>("/api/v1/cmdb/sources", LIST_MAX);
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  const found = answer.items ?? [];
  if (json) {
    writeJson(answer.body, io);
    return EXIT.ok;
  }
  io.stderr(
    findingsText(
      found.flatMap(({ findings }) => findings),
      io.isErrorTerminal,
    ),
  );
  const rows = found.map(({ name, kind, observed, cis, relations, loadedAt }) => [
    name,
    observed ? "observed" : kind,
    String(cis),
    String(relations),
    loadedAt,
  ]);
  io.stdout(
    rows.length === 0
      ? "No sources: configure cmdb.files, or import one.\n"
      : table(["SOURCE", "KIND", "CIS", "RELATIONS", "LOADED"], rows),
  );
  return EXIT.ok;
}

const ACTIONS: Readonly<Record<string, (call: ClientCall, io: CommandIo) => Promise<number>>> = {
  import: importFile,
  export: exportAll,
  show,
  drift,
  sources,
};

/** `tocsin cmdb import | export | show | drift | sources`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return clientCommand(args, io, { help: HELP, options: OPTIONS, takes: 2 }, async (call) => {
    const name = call.positionals[0] ?? "show";
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action !== undefined) return action(call, io);
    return misuse(io, `cmdb ${Object.keys(ACTIONS).join(", ")}; not "${name}"`, HELP);
  });
}
