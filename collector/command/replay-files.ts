import type { Finding } from "../../protocol/finding.ts";
import { readNow } from "../cmdb/read-file.ts";
import { type CmdbDocument, EMPTY_CMDB, type MaintenanceWindow } from "../core/model/ci.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../core/model/settings.ts";
import type { ReplayRules } from "../runtime/replay.ts";

const CMDB_SIZE_MAX_BYTES = 1024 * 1024 * 1024;

/** The CMDB of a replay, from one file or several; `text` where it is at hand already. */
export function readReplayCmdb(files: readonly (string | { file: string; text: string })[]): {
  document: CmdbDocument;
  findings: Finding[];
} {
  let document = EMPTY_CMDB;
  const findings: Finding[] = [];
  for (const named of files) {
    const { file, text } = typeof named === "string" ? { file: named, text: null } : named;
    const elsewhere = document.cis.map(({ id }) => id.toLowerCase());
    const options = { sizeMaxBytes: CMDB_SIZE_MAX_BYTES, source: "cmdb", observedAt: null };
    const result = readNow({ file, text, options, elsewhere });
    // Gaps are what a CMDB has; only what cannot be read keeps a replay from running.
    findings.push(...result.findings.filter(({ severity }) => severity === "error"));
    if (result.status === "broken") continue;
    const { vantage, cis, relations, maintenance } = result.document;
    document = {
      vantage: [...document.vantage, ...vantage],
      cis: [...document.cis, ...cis],
      relations: [...document.relations, ...relations],
      maintenance: [...document.maintenance, ...maintenance],
    };
  }
  return { document, findings };
}

/** What of a configuration decides. Where none is named, what reads one is not loaded: that takes longer than a small replay. */
export async function readReplaySettings(
  file: string | undefined,
  startsAt: number,
): Promise<{ settings: CoreSettings; maintenance: MaintenanceWindow[]; findings: Finding[] }> {
  if (file === undefined) return { settings: DEFAULT_SETTINGS, maintenance: [], findings: [] };
  const { settingsFrom } = await import("./replay-settings.ts");
  return settingsFrom(file, startsAt);
}

/** Packs to run over a recording; none = events go through as they are, and nothing is loaded that reads packs. */
export async function readReplayRules(
  folders: readonly string[],
): Promise<{ rules: ReplayRules | undefined; findings: Finding[] }> {
  if (folders.length === 0) return { rules: undefined, findings: [] };
  const { rulesFrom } = await import("./replay-rules.ts");
  return rulesFrom(folders);
}
