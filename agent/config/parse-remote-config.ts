import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import { type AgentConfig, defaultAgentConfig, type WatchConfig } from "./agent-config.ts";
import { ConfigReader } from "./config-reader.ts";
import { type AgentConfigResult, discoverOf, type FileKeys, readKeys } from "./parse-agent-config.ts";
import type { CheckPattern } from "./parse-watch.ts";

/**
 * What only the host's own file may say: who the agent is, whom it trusts, where it reads and writes, what it opens to others, and
 * which programs it runs.
 */
const HOST_ONLY = [
  "token",
  "tokenFile",
  "caFile",
  "signingKeyFile",
  "enrolmentTokenFile",
  "remote",
  "ci",
  "dataDir",
  "expose",
  "sample.procPath",
  "sample.sysPath",
  "sample.rootPath",
  "sample.textfiles",
  "watch.plugins",
] as const;

/**
 * Reads configuration that comes from the collector and lays it over the host's own: single values take the place of the host's,
 * watches and listed files come to the host's (of two with one name the host's stays).
 *
 * @param file as it stands in the findings; relative paths in it begin at `/`.
 */
export function parseRemoteConfig(
  text: string,
  base: AgentConfig,
  { file, checkPattern = () => null }: { file: string; checkPattern?: CheckPattern | undefined },
): AgentConfigResult {
  const reader = new ConfigReader(file);
  const root = reader.root(text);
  if (root === undefined) return { findings: sortFindings(reader.findings) };
  if (root === null) return { config: base, findings: [] };
  for (const path of HOST_ONLY) {
    const found = reader.find(root, path.split("."));
    if (found !== null)
      reader.error(
        found,
        "AGENT_HOST_ONLY",
        `${path} cannot be set from the collector`,
        "set it in the host's own file",
      );
  }
  const read = readKeys(reader, root, { folder: "/", checkPattern });
  const findings: Finding[] = sortFindings(reader.findings);
  return hasErrors(findings) || read === undefined ? { findings } : { config: overlay(base, read), findings };
}

/** Whether the collector may hand this text to agents: it is checked against an agent whose own file says nothing. */
export function checkRemoteConfig(text: string, file: string, checkPattern?: CheckPattern): Finding[] {
  return parseRemoteConfig(text, defaultAgentConfig(), { file, checkPattern }).findings;
}

function overlay(base: AgentConfig, read: Partial<FileKeys>): AgentConfig {
  return {
    ...base,
    collectors: read.collector ?? base.collectors,
    intervalMs: read.interval ?? base.intervalMs,
    timeoutMs: read.timeout ?? base.timeoutMs,
    logLevel: read.logLevel ?? base.logLevel,
    retry: { maxMs: read.retry?.max ?? base.retry.maxMs },
    spool: { ...base.spool, ...read.spool },
    sample: { ...base.sample, ...read.sample },
    rules: { fetch: read.rules?.fetch ?? base.rules.fetch, everyMs: read.rules?.every ?? base.rules.everyMs },
    recorder: read.recorder ?? base.recorder,
    watch: read.watch === undefined ? base.watch : joinWatches(base.watch, read.watch),
    changes:
      read.changes === undefined
        ? base.changes
        : { ...read.changes, files: [...new Set([...base.changes.files, ...read.changes.files])] },
    discover: read.discover === undefined ? base.discover : discoverOf(read.discover),
  };
}

function joinWatches(own: WatchConfig, remote: WatchConfig): WatchConfig {
  const byName = ({ name }: { name: string }): string => name;
  return {
    processes: join(own.processes, remote.processes, byName),
    units: join(own.units, remote.units, byName),
    ports: join(own.ports, remote.ports, ({ host, port }) => `${host}:${port}`),
    logs: join(own.logs, remote.logs, byName),
    journal: join(own.journal, remote.journal, byName),
    ping: join(own.ping, remote.ping, ({ host }) => host),
    http: join(own.http, remote.http, byName),
    certificates: join(own.certificates, remote.certificates, byName),
    dns: join(own.dns, remote.dns, byName),
    plugins: own.plugins,
  };
}

function join<T>(own: readonly T[], remote: readonly T[], keyOf: (watch: T) => string): T[] {
  const known = new Set(own.map(keyOf));
  return [...own, ...remote.filter((watch) => !known.has(keyOf(watch)))];
}
