import type { Finding } from "../../protocol/finding.ts";
import type { AgentConfig } from "./agent-config.ts";
import { parseRemoteConfig } from "./parse-remote-config.ts";
import type { CheckPattern } from "./parse-watch.ts";
import { type RemoteState, type RemoteUse, TRIAL_STARTS_MAX } from "./remote-state.ts";

/** As it stands in findings. */
const NAME = "the collector's configuration";

/**
 * With what the agent begins: its own file, with what the collector has set over it. A text on trial that has mistakes, or under which
 * the agent has ended several times without a word, is left out; the one before is used then. Writes nothing.
 */
export function chooseRemote(
  own: AgentConfig,
  { current, trial }: RemoteState,
  checkPattern: CheckPattern | undefined,
): { config: AgentConfig; use: RemoteUse; findings: Finding[] } {
  const options = { file: NAME, checkPattern };
  let fault: string | null = null;
  const findings: Finding[] = [];
  if (trial !== null && trial.starts >= TRIAL_STARTS_MAX) fault = `the agent ended ${trial.starts} times with it`;
  else if (trial !== null) {
    const result = parseRemoteConfig(trial.text, own, options);
    if ("config" in result) return { config: result.config, use: { kind: "trial", fault: null }, findings: [] };
    findings.push(...result.findings);
    const [first] = result.findings;
    fault = first === undefined ? "it cannot be read" : `${first.code}: ${first.message}`;
  }
  if (current === "") return { config: own, use: { kind: "none", fault }, findings };
  const result = parseRemoteConfig(current, own, options);
  if ("config" in result) return { config: result.config, use: { kind: "current", fault }, findings };
  // Taken by another version of the agent: the host's own file is always good.
  return { config: own, use: { kind: "none", fault }, findings: [...findings, ...result.findings] };
}
