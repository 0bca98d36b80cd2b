import { readFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { type Finding, sortFindings } from "../../protocol/finding.ts";
import { parseAgentConfig } from "../../agent/config/parse-agent-config.ts";
import { loadPatternCheck } from "../../agent/watch/pattern.ts";
import { checkRemoteConfig } from "../../agent/config/parse-remote-config.ts";
import { parsePackTests } from "../../rules/language/parse-pack-test.ts";
import { checkCmdbFiles } from "../cmdb/check-files.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "../composition/connectors.ts";
import { encodingFault } from "../config/document/encoding.ts";
import { namesIn, parseConfig } from "../config/parse.ts";
import { type FileKind, fileKindOf } from "./file-kind.ts";
import { loadPacks } from "../composition/load-packs.ts";

/** One file, or one folder of packs, and what is wrong with it. */
export interface CheckedPath {
  path: string;
  /** other: a file of a folder that shows nothing of ours; it is left out. */
  kind: FileKind | "other";
  findings: Finding[];
  /** Named by the configuration that was checked, not on the command line. */
  named: boolean;
  /** Not wrong, and yet worth a word. */
  hint?: string;
}

interface Todo {
  path: string;
  kind: FileKind;
  named: boolean;
  /** Of kind agent: what a configuration sets for agents, which may say less than a host's own file. */
  remote?: true;
}

/**
 * Checks files and folders, and what a configuration among them names: its CMDB files and rule packs.
 * CMDB files are read together, so that relations between them do not dangle.
 *
 * @param kind for every file, where the caller knows better than the files show.
 */
export async function checkPaths(paths: readonly string[], kind: FileKind | undefined): Promise<CheckedPath[]> {
  const todo: Todo[] = [];
  const checked: CheckedPath[] = [];
  for (const path of paths) {
    const found = await expand(path, kind);
    if ("finding" in found) checked.push({ path, kind: kind ?? "config", findings: [found.finding], named: false });
    else {
      todo.push(...found.todo);
      for (const other of found.others) checked.push({ path: other, kind: "other", findings: [], named: false });
    }
  }
  for (const { path } of todo.filter((one) => one.kind === "config")) {
    const config = await checkConfigFile(path);
    const hint = config.isTold ? {} : { hint: NOBODY_TOLD };
    checked.push({ path, kind: "config", findings: config.findings, named: false, ...hint });
    for (const one of config.names)
      if (!todo.some((known) => resolve(known.path) === resolve(one.path))) todo.push(one);
  }
  checked.push(...(await checkCmdbs(todo)));
  for (const one of todo)
    if (one.kind !== "config" && one.kind !== "cmdb") checked.push({ ...one, findings: await checkOne(one) });
  return checked;
}

/** The files behind a path: itself, a folder of packs, or the files of another folder, with those that are not ours apart. */
async function expand(
  path: string,
  kind: FileKind | undefined,
): Promise<{ todo: Todo[]; others: string[] } | { finding: Finding }> {
  const entry = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (entry instanceof Error) return { finding: unreadable(path, entry) };
  if (!entry.isDirectory())
    return { todo: [{ path, kind: kind ?? (await kindOf(path)) ?? "config", named: false }], others: [] };
  if (kind === "pack" || (kind === undefined && (await holdsPacks(path))))
    return { todo: [{ path, kind: "pack", named: false }], others: [] };
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/i.test(name)).sort();
  if (names.length === 0) return { finding: nothingThere(path) };
  const todo: Todo[] = [];
  const others: string[] = [];
  for (const name of names) {
    const file = join(path, name);
    const found = kind ?? (await kindOf(file));
    if (found === null) others.push(file);
    else todo.push({ path: file, kind: found, named: false });
  }
  return todo.length === 0 ? { finding: nothingThere(path) } : { todo, others };
}

async function holdsPacks(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  if (names.includes("pack.yaml")) return true;
  for (const name of names)
    if ((await stat(join(folder, name, "pack.yaml")).catch(() => undefined))?.isFile() === true) return true;
  return false;
}

async function kindOf(path: string): Promise<FileKind | null> {
  return fileKindOf(path, await readFile(path, "utf8").catch(() => ""));
}

function finding(file: string, message: string, hint: string): Finding {
  return { severity: "error", code: "CONFIG_FILE_UNREADABLE", file, line: 1, column: 1, message, hint };
}

const unreadable = (path: string, error: NodeJS.ErrnoException): Finding =>
  finding(
    path,
    error.code === "ENOENT" ? "there is no such file or folder" : `it cannot be read: ${error.message}`,
    "check the name and its permissions",
  );

const nothingThere = (path: string): Finding =>
  finding(path, "there is nothing to check in this folder", "name a file, or a folder with .yaml or .json files");

const NOBODY_TOLD = "it has no receivers: incidents are shown, and nobody is told. Add receivers and routes";

/** Not `isTold`: it is valid, and has nobody to tell. */
async function checkConfigFile(path: string): Promise<{ findings: Finding[]; names: Todo[]; isTold: boolean }> {
  const text = await textOf(path);
  if (typeof text !== "string") return { findings: [text], names: [], isTold: true };
  const result = parseConfig(text, path, {
    readFile: (file) => readFileSync(file, "utf8"),
    connectors: CONNECTOR_KINDS,
    refusalOfHost,
  });
  const { cmdb, rules, agents } =
    result.status === "valid" ? namesIn(result.config) : (result.names ?? { cmdb: [], rules: [], agents: [] });
  const names: Todo[] = [
    ...cmdb.map((file) => ({ path: fromHere(file), kind: "cmdb" as const, named: true })),
    ...rules.map((file) => ({ path: fromHere(file), kind: "pack" as const, named: true })),
    ...agents.map((file) => ({ path: fromHere(file), kind: "agent" as const, named: true, remote: true as const })),
  ];
  const isTold = result.status === "invalid" || result.config.receivers.length > 0;
  return { findings: result.findings, names, isTold };
}

/** Names below the current folder are shown as a person there would write them. */
function fromHere(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith("..") || isAbsolute(here) || here === "" ? path : here;
}

async function textOf(path: string): Promise<string | Finding> {
  try {
    const bytes = await readFile(path);
    return encodingFault(bytes, path, "CONFIG_SYNTAX") ?? bytes.toString("utf8");
  } catch (error) {
    return unreadable(path, error as NodeJS.ErrnoException);
  }
}

async function checkCmdbs(todo: readonly Todo[]): Promise<CheckedPath[]> {
  const cmdbs = todo.filter(({ kind }) => kind === "cmdb");
  const results = await checkCmdbFiles(cmdbs.map(({ path }) => path));
  return results.map(({ findings }, index) => {
    const { path = "", named = false } = cmdbs[index] ?? {};
    return { path, kind: "cmdb", findings, named };
  });
}

async function checkOne({ path, kind, remote }: Todo): Promise<Finding[]> {
  if (kind === "pack") return checkPack(path);
  const text = await textOf(path);
  if (typeof text !== "string") return [text];
  if (remote === true) return checkRemoteConfig(text, path, await loadPatternCheck());
  if (kind === "agent") return parseAgentConfig(text, path, await loadPatternCheck()).findings;
  return parsePackTests(text, path).findings;
}

/** The packs and, beside each, its tests: whether they pass is for `tocsin rules test`. */
async function checkPack(path: string): Promise<Finding[]> {
  const { packs, findings } = await loadPacks([path]);
  const all = [...findings];
  for (const { folder } of packs) {
    const file = join(folder, "pack.test.yaml");
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) all.push(...parsePackTests(text, file).findings);
  }
  return sortFindings(all);
}
