import { readFileSync } from "node:fs";
import type { Finding } from "../../protocol/finding.ts";
import { createDetector } from "../../rules/detect/create-detector.ts";
import { createEventFilter } from "../../rules/detect/event-filter.ts";
import type { Rule } from "../../rules/detect/rule.ts";
import { readNow } from "../cmdb/read-file.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "../composition/connectors.ts";
import { coreSettings } from "../config/core-settings.ts";
import { parseConfig } from "../config/parse.ts";
import { type CmdbDocument, EMPTY_CMDB, type MaintenanceWindow } from "../core/model/ci.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../core/model/settings.ts";
import type { ReplayRules } from "../runtime/replay.ts";
import { detectionEvent } from "../series/collector-event.ts";
import { loadPacks } from "../composition/load-packs.ts";

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

/** What of a configuration decides; its secrets are not needed and not read. */
export function readReplaySettings(
  file: string | undefined,
  startsAt: number,
): { settings: CoreSettings; maintenance: MaintenanceWindow[]; findings: Finding[] } {
  if (file === undefined) return { settings: DEFAULT_SETTINGS, maintenance: [], findings: [] };
  const unread = { settings: DEFAULT_SETTINGS, maintenance: [] };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const message = `the file cannot be read: ${(error as Error).message}`;
    const finding: Finding = {
      severity: "error",
      code: "CONFIG_FILE_UNREADABLE",
      file,
      line: 1,
      column: 1,
      message,
      hint: "",
    };
    return { ...unread, findings: [finding] };
  }
  const result = parseConfig(text, file, {
    // Each its own: two tokens that are equal are a mistake.
    readFile: (path) => `a replay sends nothing and needs no secret: ${path}`,
    connectors: CONNECTOR_KINDS,
    refusalOfHost: (host, allowed) => (allowed.length > 0 ? null : refusalOfHost(host, allowed)),
  });
  if (result.status === "invalid") return { ...unread, findings: result.findings };
  const { config } = result;
  return { settings: coreSettings(config, startsAt), maintenance: config.maintenance, findings: [] };
}

/** Packs to run over a recording; none = events go through as they are. */
export async function readReplayRules(
  folders: readonly string[],
): Promise<{ rules: ReplayRules | undefined; findings: Finding[] }> {
  if (folders.length === 0) return { rules: undefined, findings: [] };
  const { rules, findings } = await loadPacks(folders);
  return { rules: replayRules(rules), findings };
}

function replayRules(rules: readonly Rule[]): ReplayRules {
  const filter = createEventFilter(rules);
  const detector = createDetector(rules);
  return {
    event(event) {
      const verdict = filter(event);
      if (verdict === null) return event;
      if (verdict.action === "drop") return { dropped: verdict };
      return { ...event, severity: verdict.severity ?? event.severity, labels: { ...event.labels, ...verdict.labels } };
    },
    sample: ({ ci, metric, value, at, labels, unit }) =>
      detector
        .observe(ci, { name: metric, value, at, labels, unit: unit ?? "", type: "gauge" })
        .map((detection) => detectionEvent(detection)),
    tick: (at) => detector.tick(at).map((detection) => detectionEvent(detection)),
  };
}
