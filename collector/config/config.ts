import type { MaintenanceWindow } from "../core/model/ci.ts";
import type { CorrelationSettings, Inhibition, Route } from "../core/model/settings.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { HostPort } from "../port/config-schema.ts";
import type { Role } from "../port/ingest.ts";
import type { IngestConfig } from "../port/ingest-config.ts";
import { Secret } from "../port/secret.ts";
import type { TimeIntervalRule } from "./time-interval.ts";

export interface TokenConfig {
  name: string;
  role: Exclude<Role, "public">;
  token: Secret;
  /** For role agent only. */
  ci?: string | undefined;
}

/** One configured receiver: `settings` is what the connector's own schema let through. */
export interface ReceiverConfig {
  name: string;
  kind: string;
  settings: unknown;
}

export interface RedisConfig {
  url: string;
  username: string | null;
  password: Secret | null;
}

export interface LimitsConfig {
  /** Networks and addresses as text. */
  allowPrivateTargets: string[];
  activeAlertsMax: number;
  resolvedAlertsMax: number;
  eventIdsMax: number;
  bodySizeMaxBytes: number;
  decompressedSizeMaxBytes: number;
  cmdbSizeMaxBytes: number;
  seriesMax: number;
  seriesPerSenderMax: number;
}

/** `tocsin.yaml`, read, checked and complete: defaults are filled in, paths are absolute, durations are milliseconds. */
export interface TocsinConfig {
  /** As the operator named it. */
  file: string;
  listen: HostPort;
  /** Without a slash at its end; null = messages carry no links. */
  externalUrl: string | null;
  dataDir: string;
  redis: RedisConfig | null;
  /** Empty = no token is needed, and only loopback may be listened on. */
  tokens: TokenConfig[];
  agents: {
    tokenLifetimeMs: Milliseconds;
    /** PEM; null = the data directory's own. */
    signingKey: Secret | null;
    /** The one before it, which agents may still have pinned. */
    previousSigningKey: Secret | null;
    /** Tried in order. */
    configuration: { ci: string; file: string }[];
  };
  cmdb: { files: string[]; staleAfterMs: Milliseconds };
  rules: string[];
  correlation: CorrelationSettings;
  inhibitions: Inhibition[];
  alertmanager: { resolveTimeoutMs: Milliseconds };
  ingest: IngestConfig;
  receivers: ReceiverConfig[];
  routes: Route[];
  timeIntervals: { name: string; rules: TimeIntervalRule[] }[];
  maintenance: MaintenanceWindow[];
  retention: {
    journalMs: Milliseconds;
    ledgerMs: Milliseconds;
    incidentsMs: Milliseconds;
    deliveriesMs: Milliseconds;
  };
  limits: LimitsConfig;
}

/** What a running collector cannot change: these need a restart. */
export function restartNeeded(before: TocsinConfig, after: TocsinConfig): string[] {
  const fixed: readonly (readonly [section: string, of: (config: TocsinConfig) => unknown])[] = [
    ["listen", ({ listen }) => listen],
    ["dataDir", ({ dataDir }) => dataDir],
    ["redis", ({ redis }) => redis && [redis.url, redis.username, redis.password?.reveal()]],
    ["agents.signingKey", ({ agents }) => [agents.signingKey?.reveal(), agents.previousSigningKey?.reveal()]],
    ["alertmanager", ({ alertmanager }) => alertmanager],
    ["ingest", ({ ingest }) => revealed(ingest)],
    [
      "limits",
      ({ limits }) => [
        limits.bodySizeMaxBytes,
        limits.decompressedSizeMaxBytes,
        limits.eventIdsMax,
        limits.seriesMax,
        limits.seriesPerSenderMax,
      ],
    ],
  ];
  return fixed.flatMap(([section, of]) => (JSON.stringify(of(before)) === JSON.stringify(of(after)) ? [] : section));
}

/** Secrets print as stars: a changed one is told by what it is, not by how it prints. */
const revealed = (section: unknown): string =>
  JSON.stringify(section, function (this: Record<string, unknown>, key, value: unknown) {
    const own = this[key];
    return own instanceof Secret ? own.reveal() : value;
  });
