import type { LogLevel } from "../log.ts";

export const WATCH_SEVERITIES = ["critical", "major", "minor", "warning", "info"] as const;
export type WatchSeverity = (typeof WATCH_SEVERITIES)[number];

/** What every watch has: how bad it is, and how long it must be bad before it is told. */
export interface WatchCommon {
  severity: WatchSeverity;
  forMs: number;
}

export interface ProcessWatch extends WatchCommon {
  /** The program's name; also the instance of its alerts. */
  name: string;
  /** Glob over the whole command line; null = any. */
  command: string | null;
  /** User's name or number; null = any. */
  user: string | null;
  min: number;
  /** null = no upper limit. */
  max: number | null;
}

export interface UnitWatch extends WatchCommon {
  /** With its suffix: `nginx.service`. */
  name: string;
}

export interface PortWatch extends WatchCommon {
  host: string;
  port: number;
  everyMs: number;
  timeoutMs: number;
}

export interface LogWatch extends WatchCommon {
  /** Glob in the last part only. */
  path: string;
  /** RE2. */
  pattern: string;
  /** RE2; a line that also matches this is passed over. */
  exclude: string | null;
  /** Instance of its alerts; by default the path. */
  name: string;
  /** RE2 that a new entry begins with; other lines belong to the entry before. null = each line is an entry. */
  entryStart: string | null;
  /** Clears when nothing matched for this long. */
  clearAfterMs: number;
  /** Matches within `withinMs` that it takes. */
  count: number;
  withinMs: number;
}

export interface JournalWatch extends WatchCommon {
  /** Instance of its alerts. */
  name: string;
  /** Glob over the unit; null = any. */
  unit: string | null;
  /** Glob over syslog's identifier; null = any. */
  identifier: string | null;
  /** 0 (emergency) to 7 (debug): this bad or worse. */
  priority: number;
  /** RE2 over the message; null = any. */
  pattern: string | null;
  exclude: string | null;
  count: number;
  withinMs: number;
  clearAfterMs: number;
}

export interface PingWatch extends WatchCommon {
  host: string;
  /** Packets, one a second. */
  count: number;
  /** Bad from this share of lost packets on, 0 to 1. */
  loss: number;
  /** Bad beyond this mean round trip; null = it does not matter. */
  rttMs: number | null;
  everyMs: number;
}

export interface HttpWatch extends WatchCommon {
  name: string;
  url: string;
  /** Status codes that are good, inclusive. */
  status: { from: number; to: number };
  /** Text that the first 64 KiB of the body must hold; null = any. */
  contains: string | null;
  everyMs: number;
  timeoutMs: number;
}

export interface CertificateWatch extends WatchCommon {
  name: string;
  /** A server … */
  host: string | null;
  port: number;
  serverName: string | null;
  /** … or a PEM file. */
  file: string | null;
  /** `severity` from here on before the end; critical from `criticalMs` on. */
  warnMs: number;
  criticalMs: number;
  everyMs: number;
  timeoutMs: number;
}

export interface DnsWatch extends WatchCommon {
  name: string;
  type: "A" | "AAAA" | "CNAME" | "MX" | "TXT" | "SRV" | "NS";
  /** `address` or `address:port`; null = the host's own. */
  server: string | null;
  /** One answer must contain it; null = any answer. */
  contains: string | null;
  everyMs: number;
  timeoutMs: number;
}

export interface PluginWatch extends WatchCommon {
  name: string;
  /** Program and arguments; no shell. */
  command: string[];
  everyMs: number;
  timeoutMs: number;
}

export interface WatchConfig {
  processes: ProcessWatch[];
  units: UnitWatch[];
  ports: PortWatch[];
  logs: LogWatch[];
  journal: JournalWatch[];
  ping: PingWatch[];
  http: HttpWatch[];
  certificates: CertificateWatch[];
  dns: DnsWatch[];
  plugins: PluginWatch[];
}

export interface ChangesConfig {
  packages: boolean;
  units: boolean;
  users: boolean;
  listeningPorts: boolean;
  /** Images of containers, where Docker or Podman may be asked. */
  containers: boolean;
  /** Files, or globs in the last part, whose content is watched by hash. */
  files: string[];
  everyMs: number;
}

export interface SampleConfig {
  /** Names of collectors. */
  disable: string[];
  excludeMounts: string[];
  /** Globs over the names of systemd's units whose states are sent; null = services that run, are to run, or have failed. */
  units: string[] | null;
  /** Files of metrics in Prometheus' text format, or folders of them. */
  textfiles: string[];
  /** `system.cpu.utilization` by CPU instead of the host's. */
  eachCpu: boolean;
  /** So many processes by CPU, and as many by memory, are sampled one by one, beside the watched ones. */
  topProcesses: number;
  procPath: string;
  sysPath: string;
  rootPath: string;
}

/** The agent's file, read and checked. null where it said nothing and the default depends on the host. */
export interface AgentConfig {
  /** Base addresses without a slash at the end, in order of preference; never empty. */
  collectors: string[];
  token: string | null;
  tokenFile: string | null;
  caFile: string | null;
  /** PEM: rules and configuration are taken only when they are signed with it. null = that of the enrolment, if any. */
  signingKeyFile: string | null;
  enrolmentTokenFile: string | null;
  /** Whether the collector may set parts of the configuration; only where a signing key is pinned. */
  remote: boolean;
  /** null = the host's name. */
  ci: string | null;
  /** null = `$STATE_DIRECTORY`, or a folder of the user's. */
  dataDir: string | null;
  intervalMs: number;
  timeoutMs: number;
  logLevel: LogLevel;
  retry: { maxMs: number };
  spool: { maxBytes: number; keepFree: { bytes: number } | { ratio: number } | null };
  sample: SampleConfig;
  rules: { fetch: boolean; everyMs: number };
  expose: { host: string; port: number } | null;
  /** Keeps the last five minutes at one second in memory, for alerts to bring along. */
  recorder: boolean;
  watch: WatchConfig;
  changes: ChangesConfig;
  /** Who listens and who talks to whom, told to the collector for its CMDB. null = not looked at. */
  discover: { everyMs: number } | null;
}

export const DEFAULT_COLLECTOR = "http://127.0.0.1:8430";

export const EMPTY_WATCH: WatchConfig = {
  processes: [],
  units: [],
  ports: [],
  logs: [],
  journal: [],
  ping: [],
  http: [],
  certificates: [],
  dns: [],
  plugins: [],
};

export const DEFAULT_CHANGES: ChangesConfig = {
  packages: true,
  units: true,
  users: true,
  listeningPorts: true,
  containers: true,
  files: [],
  everyMs: 60_000,
};

export const DEFAULT_DISCOVER = { everyMs: 60_000 };

/** What an agent without a file does. */
export function defaultAgentConfig(): AgentConfig {
  return {
    collectors: [DEFAULT_COLLECTOR],
    token: null,
    tokenFile: null,
    caFile: null,
    signingKeyFile: null,
    enrolmentTokenFile: null,
    remote: true,
    ci: null,
    dataDir: null,
    intervalMs: 10_000,
    timeoutMs: 10_000,
    logLevel: "info",
    retry: { maxMs: 15_000 },
    spool: { maxBytes: 64 * 1024 * 1024, keepFree: null },
    sample: {
      disable: [],
      excludeMounts: [],
      units: null,
      eachCpu: false,
      textfiles: [],
      topProcesses: 5,
      procPath: "/proc",
      sysPath: "/sys",
      rootPath: "",
    },
    rules: { fetch: true, everyMs: 60_000 },
    expose: null,
    recorder: true,
    watch: structuredClone(EMPTY_WATCH),
    changes: structuredClone(DEFAULT_CHANGES),
    discover: { ...DEFAULT_DISCOVER },
  };
}
