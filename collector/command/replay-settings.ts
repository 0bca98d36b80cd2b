import { readFileSync } from "node:fs";
import type { Finding } from "../../protocol/finding.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "../composition/connectors.ts";
import { coreSettings } from "../config/core-settings.ts";
import { parseConfig } from "../config/parse.ts";
import type { MaintenanceWindow } from "../core/model/ci.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../core/model/settings.ts";

/** What of a configuration decides; its secrets are not needed and not read. */
export function settingsFrom(
  file: string,
  startsAt: number,
): { settings: CoreSettings; maintenance: MaintenanceWindow[]; findings: Finding[] } {
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
