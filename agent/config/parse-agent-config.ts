import { dirname, resolve } from "node:path";
import { isScalar } from "yaml";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import { LOG_LEVELS } from "../log.ts";
import { COLLECTOR_NAMES } from "../sample/linux.ts";
import {
  type AgentConfig,
  type ChangesConfig,
  DEFAULT_CHANGES,
  DEFAULT_DISCOVER,
  defaultAgentConfig,
} from "./agent-config.ts";
import { collectorUrlTrouble } from "./collector-url.ts";
import { ConfigReader, type Read, type Value } from "./config-reader.ts";
import { type CheckPattern, readWatch } from "./parse-watch.ts";

/** `findings` alone: the file has errors and is not used. */
export type AgentConfigResult = { config: AgentConfig; findings: Finding[] } | { findings: Finding[] };

/**
 * Reads an agent's file. Never throws for what it holds; all mistakes are reported together, in the file's order.
 * Relative paths in it begin at its own folder.
 *
 * @param file as the operator named it; stands in the findings.
 * @param checkPattern for log patterns; without it they are taken as they are and fail when the watch begins.
 */
export function parseAgentConfig(
  text: string,
  file: string,
  checkPattern: CheckPattern = () => null,
): AgentConfigResult {
  const reader = new ConfigReader(file);
  const root = reader.root(text);
  if (root === undefined) return { findings: sortFindings(reader.findings) };
  const config = defaultAgentConfig();
  const read = root === null ? {} : readKeys(reader, root, { folder: dirname(file), checkPattern });
  if (read !== undefined) take(config, read);
  const findings = sortFindings(reader.findings);
  return hasErrors(findings) ? { findings } : { config, findings };
}

/** The file's keys, as far as they are there. */
export interface FileKeys {
  collector: string[];
  token: string;
  tokenFile: string;
  caFile: string;
  signingKeyFile: string;
  enrolmentTokenFile: string;
  remote: boolean;
  ci: string;
  dataDir: string;
  interval: number;
  timeout: number;
  logLevel: AgentConfig["logLevel"];
  retry: Partial<{ max: number }>;
  spool: Partial<{ maxBytes: number; keepFree: { bytes: number } | { ratio: number } }>;
  sample: Partial<AgentConfig["sample"]>;
  rules: Partial<{ fetch: boolean; every: number }>;
  expose: AgentConfig["expose"];
  recorder: boolean;
  watch: AgentConfig["watch"];
  changes: ChangesConfig;
  discover: { every: number } | false;
}

/** Relative paths begin at `folder`. undefined where it is no map of keys. */
export function readKeys(
  reader: ConfigReader,
  root: Value,
  about: { folder: string; checkPattern: CheckPattern },
): Partial<FileKeys> | undefined {
  const place = (path: string): string => resolve(about.folder, path);
  const path: Read<string> = (r, value) => {
    const text = r.text(value);
    return text === undefined ? undefined : place(text);
  };
  const read = reader.map<FileKeys>(root, {
    collector: (r, value) => r.list(value, collectorUrl, true),
    token: (r, value) => r.text(value),
    tokenFile: path,
    caFile: path,
    signingKeyFile: path,
    enrolmentTokenFile: path,
    remote: (r, value) => r.boolean(value),
    ci: (r, value) => r.text(value, 253),
    dataDir: path,
    interval: (r, value) => r.duration(value, "1s", "10m"),
    timeout: (r, value) => r.duration(value, "100ms", "10s"),
    logLevel: (r, value) => r.oneOf(value, LOG_LEVELS),
    retry: (r, value) => r.map<{ max: number }>(value, { max: (r2, v) => r2.duration(v, "1s", "1h") }),
    spool: readSpool,
    sample: readSample(path),
    rules: (r, value) =>
      r.map<{ fetch: boolean; every: number }>(value, {
        fetch: (r2, v) => r2.boolean(v),
        every: (r2, v) => r2.duration(v, "5s", "1d"),
      }),
    expose: readExpose,
    recorder: (r, value) => r.boolean(value),
    watch: readWatch(about.checkPattern, place),
    changes: readChanges(place),
    discover: readDiscover,
  });
  if (read === undefined) return undefined;
  if (read.token !== undefined && read.tokenFile !== undefined)
    reader.error(root, "AGENT_CONTRADICTION", "both token and tokenFile are given", "keep one of them");
  if (read.enrolmentTokenFile !== undefined && (read.token ?? read.tokenFile) !== undefined)
    reader.error(root, "AGENT_CONTRADICTION", "both a token and enrolmentTokenFile are given", "keep one of them");
  if (read.collector?.length === 0)
    reader.error(root, "AGENT_MISSING_KEY", "collector is an empty list", "collector: http://127.0.0.1:8430");
  return read;
}

/** The file's keys over the defaults. */
function take(config: AgentConfig, read: Partial<FileKeys>): void {
  config.collectors = read.collector ?? config.collectors;
  config.token = read.token ?? null;
  config.tokenFile = read.tokenFile ?? null;
  config.caFile = read.caFile ?? null;
  config.signingKeyFile = read.signingKeyFile ?? null;
  config.enrolmentTokenFile = read.enrolmentTokenFile ?? null;
  config.remote = read.remote ?? config.remote;
  config.ci = read.ci ?? null;
  config.dataDir = read.dataDir ?? null;
  config.intervalMs = read.interval ?? config.intervalMs;
  config.timeoutMs = read.timeout ?? config.timeoutMs;
  config.logLevel = read.logLevel ?? config.logLevel;
  config.retry.maxMs = read.retry?.max ?? config.retry.maxMs;
  config.spool = { ...config.spool, ...read.spool };
  config.sample = { ...config.sample, ...read.sample };
  config.rules.fetch = read.rules?.fetch ?? config.rules.fetch;
  config.rules.everyMs = read.rules?.every ?? config.rules.everyMs;
  config.expose = read.expose ?? null;
  config.recorder = read.recorder ?? true;
  config.watch = read.watch ?? config.watch;
  config.changes = read.changes ?? config.changes;
  if (read.discover !== undefined) config.discover = discoverOf(read.discover);
}

/** A base address: scheme, host and port, with a path only where a proxy needs one. */
export const collectorUrl: Read<string> = (reader, value) => {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  const trouble = collectorUrlTrouble(text);
  if (trouble === null) return text.replace(/\/+$/, "");
  return reader.error(value, "AGENT_BAD_VALUE", `${value.path}: ${trouble}`, "such as https://tocsin.example.net:8430");
};

const readSpool: Read<Partial<AgentConfig["spool"]> & FileKeys["spool"]> = (reader, value) =>
  reader.map<{ maxBytes: number; keepFree: { bytes: number } | { ratio: number } }>(value, {
    maxBytes: (r, v) => {
      const size = r.size(v);
      if (size === undefined) return undefined;
      if (!size.percent && size.value >= 1024 * 1024 && size.value <= 2 ** 40) return Math.round(size.value);
      return r.error(v, "AGENT_OUT_OF_RANGE", `${v.path} is not from 1MiB to 1TiB`, "64MiB holds more than a day");
    },
    keepFree: (r, v) => {
      const size = r.size(v);
      if (size === undefined) return undefined;
      if (size.percent && size.value >= 1)
        return r.error(v, "AGENT_OUT_OF_RANGE", `${v.path} is all of the disk`, "such as 5%");
      return size.percent ? { ratio: size.value } : { bytes: Math.round(size.value) };
    },
  });

function readSample(path: Read<string>): Read<Partial<AgentConfig["sample"]>> {
  return (reader, value) =>
    reader.map<AgentConfig["sample"]>(value, {
      disable: (r, v) => r.list(v, (r2, v2) => r2.oneOf(v2, COLLECTOR_NAMES)),
      excludeMounts: (r, v) => r.list(v, (r2, v2) => r2.text(v2)),
      textfiles: (r, v) => r.list(v, path),
      eachCpu: (r, v) => r.boolean(v),
      topProcesses: (r, v) => r.integer(v, 0, 100),
      units: (r, v) => r.list(v, (r2, v2) => r2.text(v2)),
      procPath: path,
      sysPath: path,
      rootPath: path,
    });
}

const readExpose: Read<{ host: string; port: number }> = (reader, value) => {
  const text = reader.text(value);
  const match = /^(.*):(\d{1,5})$/.exec(text ?? "");
  if (match !== null && Number(match[2]) <= 65_535)
    return { host: (match[1] ?? "").replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", port: Number(match[2]) };
  if (text === undefined) return undefined;
  return reader.error(value, "AGENT_BAD_VALUE", `${value.path} is no address with a port`, "such as 127.0.0.1:9100");
};

export function discoverOf(read: { every: number } | false): AgentConfig["discover"] {
  return read === false ? null : { everyMs: read.every };
}

/** `false`, `true`, or `{every: 1m}`. */
const readDiscover: Read<{ every: number } | false> = (reader, value) => {
  if (isScalar(value.node) && typeof value.node.value === "boolean")
    return value.node.value ? { every: DEFAULT_DISCOVER.everyMs } : false;
  const read = reader.map<{ every: number }>(value, { every: (r, v) => r.duration(v, "1s", "1h") });
  return read === undefined ? undefined : { every: read.every ?? DEFAULT_DISCOVER.everyMs };
};

function readChanges(place: (path: string) => string): Read<ChangesConfig> {
  return (reader, value) => {
    const flag: Read<boolean> = (r, v) => r.boolean(v);
    const read = reader.map<Omit<ChangesConfig, "everyMs"> & { every: number }>(value, {
      packages: flag,
      units: flag,
      users: flag,
      listeningPorts: flag,
      containers: flag,
      files: (r, v) => r.list(v, (r2, v2) => r2.text(v2)),
      every: (r, v) => r.duration(v, "10s", "1d"),
    });
    if (read === undefined) return undefined;
    const { every, files, ...rest } = read;
    return {
      ...DEFAULT_CHANGES,
      ...rest,
      files: (files ?? []).map(place),
      everyMs: every ?? DEFAULT_CHANGES.everyMs,
    };
  };
}
