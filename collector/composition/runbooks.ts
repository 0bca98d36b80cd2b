import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunbookLink, RunbookShelf } from "../port/runbooks.ts";
import type { LoadedPack } from "./load-packs.ts";

/** A runbook is a page; a larger file is something else. */
const SIZE_BYTES_MAX = 256 * 1024;

export const NO_RUNBOOKS: RunbookShelf = { list: () => [], of: () => undefined, text: () => undefined };

/** Reads the runbooks of the packs; a rule without one has no link. */
export async function loadRunbooks(packs: readonly LoadedPack[]): Promise<RunbookShelf> {
  const texts = new Map<string, string>();
  const links = new Map<string, RunbookLink>();
  for (const { pack, folder } of packs) {
    for (const { name, runbook } of pack.rules) {
      if (/^https?:/.test(runbook)) {
        links.set(name, { check: name, href: runbook });
        continue;
      }
      const text = await readSmall(join(folder, "runbook", `${name}.md`));
      if (text === undefined) continue;
      texts.set(`${pack.name}/${name}`, text);
      links.set(name, { check: name, href: `/runbooks/${encodeURIComponent(pack.name)}/${encodeURIComponent(name)}` });
    }
  }
  return {
    list: () => [...links.values()],
    of: (check) => links.get(check),
    text: (pack, rule) => texts.get(`${pack}/${rule}`),
  };
}

async function readSmall(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size > SIZE_BYTES_MAX) return undefined;
  return readFile(file, "utf8").catch(() => undefined);
}
