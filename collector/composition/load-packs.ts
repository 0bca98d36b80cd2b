import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import type { Pack, Rule } from "../../rules/detect/rule.ts";
import { parsePack } from "../../rules/language/parse.ts";

/** A pack where it was found. */
export interface LoadedPack {
  pack: Pack;
  /** Of `pack.yaml`, as it stands in findings. */
  file: string;
  folder: string;
}

export interface LoadedPacks {
  packs: LoadedPack[];
  /** Of all packs, in the order of the paths; empty where a finding is an error. */
  rules: Rule[];
  findings: Finding[];
}

const FILE_BYTES_MAX = 1024 * 1024;
const BROUGHT = fileURLToPath(new URL("../../rules/packs", import.meta.url));

/**
 * Reads rule packs from disk: each path is a pack's folder, a folder of packs, or a `pack.yaml` itself.
 * Everything that is wrong is in `findings`, with its place; nothing is thrown for what the files hold.
 */
export async function loadPacks(paths: readonly string[]): Promise<LoadedPacks> {
  const packs: LoadedPack[] = [];
  const findings: Finding[] = [];
  for (const path of paths) {
    const files = await packFiles(path);
    if (files.length === 0) {
      findings.push(
        finding(
          path,
          "RULE_NO_PACK",
          "there is no pack.yaml here",
          (await broughtAlong(path)) ?? "name a pack's folder, a folder of packs, or a pack.yaml",
        ),
      );
    }
    for (const file of files) {
      const text = await readText(file);
      if (typeof text !== "string") {
        findings.push(text);
        continue;
      }
      const result = parsePack(text, file);
      findings.push(...result.findings);
      if ("pack" in result) packs.push({ pack: result.pack, file, folder: dirname(file) });
    }
  }
  findings.push(...duplicates(packs));
  const rules = hasErrors(findings) ? [] : packs.flatMap(({ pack }) => pack.rules);
  return { packs, rules, findings: sortFindings(findings) };
}

/** Relative names start at the configuration's own folder, where the packs that Tocsin brings mostly are not. */
async function broughtAlong(path: string): Promise<string | undefined> {
  const folder = join(BROUGHT, basename(path));
  const found = await stat(join(folder, "pack.yaml")).catch(() => undefined);
  return found === undefined ? undefined : `the pack of that name which Tocsin brings is ${folder}`;
}

async function packFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  if (found.isFile()) return [path];
  const own = join(path, "pack.yaml");
  if ((await stat(own).catch(() => undefined))?.isFile() === true) return [own];
  const entries = await readdir(path, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = join(path, entry.name, "pack.yaml");
    if (entry.isDirectory() && (await stat(file).catch(() => undefined))?.isFile() === true) files.push(file);
  }
  return files;
}

/** The file's text, or what keeps it from being read. */
export async function readText(file: string): Promise<string | Finding> {
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) {
      return finding(
        file,
        "RULE_FILE_TOO_LARGE",
        `a file of ${size} bytes`,
        `at most ${FILE_BYTES_MAX}; split the pack`,
      );
    }
    return await readFile(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return finding(
      file,
      "RULE_FILE_UNREADABLE",
      `the file cannot be read: ${reason}`,
      "check that it exists and its permissions",
    );
  }
}

/** A rule's name is its events' check: two rules of one name would be one alert. */
function duplicates(packs: readonly LoadedPack[]): Finding[] {
  const owners = new Map<string, LoadedPack>();
  return packs.flatMap((loaded) =>
    loaded.pack.rules.flatMap((rule) => {
      const owner = owners.get(rule.name);
      owners.set(rule.name, owner ?? loaded);
      if (owner === undefined || owner === loaded) return [];
      const message = `rule ${JSON.stringify(rule.name)} stands in ${basename(owner.folder)} and ${basename(loaded.folder)}`;
      return [finding(loaded.file, "RULE_DUPLICATE", message, "rename one of them")];
    }),
  );
}

export function finding(file: string, code: string, message: string, hint: string): Finding {
  return { severity: "error", code, file, line: 1, column: 1, message, hint };
}
