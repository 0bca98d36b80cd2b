import { readFileSync } from "node:fs";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import type { TocsinConfig } from "../config/config.ts";
import type { AgentConfigurationEntry } from "../enrolment/documents.ts";

export interface LoadedAgentConfiguration {
  /** Empty where a finding is an error. */
  entries: readonly AgentConfigurationEntry[];
  findings: Finding[];
}

/** Reads and checks the files that the configuration sets for agents, as agents will. */
export async function loadAgentConfiguration({ agents }: TocsinConfig): Promise<LoadedAgentConfiguration> {
  if (agents.configuration.length === 0) return { entries: [], findings: [] };
  // The agent's own reader, with all that it knows of: loaded only where there is something to read.
  const { checkRemoteConfig } = await import("../../agent/config/parse-remote-config.ts");
  const { loadPatternCheck } = await import("../../agent/watch/pattern.ts");
  const checkPattern = await loadPatternCheck();
  const findings = new Map<string, Finding[]>();
  const entries = agents.configuration.map(({ ci, file }) => {
    const text = readText(file);
    findings.set(file, typeof text === "string" ? checkRemoteConfig(text, file, checkPattern) : [text]);
    return { ci, text: typeof text === "string" ? text : "" };
  });
  const all = sortFindings([...findings.values()].flat());
  return { entries: hasErrors(all) ? [] : entries, findings: all };
}

function readText(file: string): string | Finding {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const message = `the file cannot be read: ${(error as Error).message}`;
    const hint = "check the path and its permissions";
    return { severity: "error", code: "CONFIG_FILE_UNREADABLE", file, line: 1, column: 1, message, hint };
  }
}
