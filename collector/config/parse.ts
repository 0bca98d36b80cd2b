import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { TSchema } from "typebox";
import { type Finding, sortFindings } from "../../protocol/finding.ts";
import type { MaintenanceWindow } from "../core/model/ci.ts";
import type { Route } from "../core/model/settings.ts";
import type { HostPort } from "../port/config-schema.ts";
import type { ConnectorKind } from "../port/connector.ts";
import { checkConfig } from "./check-config.ts";
import type { LimitsConfig, TocsinConfig } from "./config.ts";
import { decode } from "./decoder.ts";
import { asMapping, type Decoding, FAILED } from "./decoding.ts";
import { readDocument } from "./document/document.ts";
import { Problems } from "./document/problem.ts";
import { readReceivers } from "./receivers.ts";
import { type ConfigData, configSchema, type RouteData } from "./schema.ts";
import { holdsWithout, soundSections } from "./sound-sections.ts";
import { nodeOf } from "./schema-node.ts";
import { readTimeInterval } from "./time-interval.ts";

export interface ParseOptions {
  /** The text of a file; throws as `readFileSync(path, "utf8")` does. */
  readFile: (path: string) => string;
  /** Every kind of receiver there is. */
  connectors: readonly ConnectorKind[];
  /** Flags of the command line: they win over the file and are checked with it. */
  overrides?: { listen?: HostPort; dataDir?: string; redisUrl?: string };
  /** Why a host may not be called, given `limits.allowPrivateTargets`; null = it may, as far as its name shows. */
  refusalOfHost?: (host: string, allowed: readonly string[]) => string | null;
}

/** `findings` of a valid configuration are warnings. */
export type ParseResult =
  | { status: "valid"; config: TocsinConfig; findings: Finding[] }
  /** `names`: the files it names, as far as they could be read. */
  | { status: "invalid"; findings: Finding[]; names?: { cmdb: string[]; rules: string[]; agents: string[] } };

const SIZE_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads and checks the whole of `tocsin.yaml` and tells every mistake at once. Reads the files of secrets, nothing else.
 *
 * @param file as the operator named it; relative paths in it start at its folder.
 */
export function parseConfig(text: string, file: string, options: ParseOptions): ParseResult {
  const read = readDocument(text, file, {
    prefix: "CONFIG",
    sizeMaxBytes: SIZE_MAX_BYTES,
    yamlSizeMaxBytes: SIZE_MAX_BYTES,
  });
  if (read.status === "broken") return { status: "invalid", findings: read.findings };
  const problems = new Problems();
  const decoding: Decoding = { problems, folder: dirname(resolve(file)), readFile: options.readFile };
  const schema: TSchema = configSchema(options.connectors);
  // An empty file is a configuration: everything has a default.
  const value = read.document.value ?? {};
  const data = decode(schema, value, [], decoding);
  const config =
    data === FAILED ? checkSound(schema, value, file, decoding, options) : checked(data, file, decoding, options);
  const findings = sortFindings(read.document.locate(problems.all()));
  if (!problems.hasErrors) return { status: "valid", config, findings };
  return { status: "invalid", findings, names: namesIn(config) };
}

function checked(
  data: unknown,
  file: string,
  decoding: Decoding,
  options: ParseOptions & { declared?: readonly string[] },
): TocsinConfig {
  const config = configOf(data as ConfigData & { receivers: unknown }, file, decoding, options);
  checkConfig(config, decoding, options);
  return config;
}

/** What spans several keys is told of the sections that could be read, so that one round shows every mistake. */
function checkSound(
  schema: TSchema,
  value: unknown,
  file: string,
  decoding: Decoding,
  options: ParseOptions,
): TocsinConfig {
  const problems = new Problems();
  const { data, broken, place } = soundSections(schema, value, decoding);
  const sections = Object.keys(nodeOf(schema).properties ?? {});
  const declared = [...(asMapping(asMapping(value)?.get("receivers")) ?? [])].map(([name]) => name);
  const config = checked(data, file, { ...decoding, problems }, { ...options, declared });
  for (const problem of problems.all())
    if (holdsWithout(problem, broken, sections)) decoding.problems.addAt(place(problem.path), problem);
  return config;
}

/** The files and packs that a configuration names. */
export function namesIn({ cmdb, rules, agents }: TocsinConfig): { cmdb: string[]; rules: string[]; agents: string[] } {
  return { cmdb: cmdb.files, rules, agents: agents.configuration.map(({ file }) => file) };
}

function configOf(
  data: ConfigData & { receivers: unknown },
  file: string,
  decoding: Decoding,
  { connectors, overrides = {} }: ParseOptions,
): TocsinConfig {
  const redisUrl = overrides.redisUrl ?? data.redis?.url;
  return {
    file,
    listen: overrides.listen ?? data.listen,
    externalUrl: data.externalUrl?.replace(/\/+$/, "") ?? null,
    dataDir: overrides.dataDir ?? data.dataDir,
    redis:
      redisUrl === undefined
        ? null
        : { url: redisUrl, username: data.redis?.username ?? null, password: data.redis?.password ?? null },
    tokens: data.auth?.tokens ?? [],
    agents: {
      tokenLifetimeMs: data.agents.tokenLifetime,
      signingKey: data.agents.signingKey ?? null,
      previousSigningKey: data.agents.previousSigningKey ?? null,
      configuration: data.agents.configuration,
    },
    cmdb: { files: data.cmdb.files, staleAfterMs: data.cmdb.staleAfter },
    rules: data.rules,
    correlation: correlationOf(data.correlation),
    inhibitions: data.inhibitions,
    alertmanager: { resolveTimeoutMs: data.alertmanager.resolveTimeout },
    ingest: data.ingest,
    receivers: readReceivers(data.receivers, connectors, decoding),
    routes: data.routes.map(routeOf),
    timeIntervals: Object.entries(data.timeIntervals).map(([name, rules]) => ({
      name,
      rules: rules.map((rule, index) => readTimeInterval(rule, ["timeIntervals", name, index], decoding)),
    })),
    maintenance: data.maintenance.map(windowOf),
    retention: {
      journalMs: data.retention.journal,
      ledgerMs: data.retention.ledger,
      incidentsMs: data.retention.incidents,
      deliveriesMs: data.retention.deliveries,
    },
    limits: limitsOf(data.limits),
  };
}

function correlationOf(data: ConfigData["correlation"]): TocsinConfig["correlation"] {
  return {
    settleMinMs: data.settle.min,
    settleMaxMs: data.settle.max,
    resolveAfterMs: data.resolveAfter,
    reopenWithinMs: data.reopenWithin,
    alertTtlMs: data.alertTtl,
    suppressMaxMs: data.suppressMax,
    recoverySettleMs: data.recoverySettle,
  };
}

function routeOf({ match, receivers, continue: goOn }: RouteData): Route {
  return {
    match: {
      ...(match.priority === undefined ? {} : { priorities: match.priority }),
      ...(match.severity === undefined ? {} : { severities: match.severity }),
      ...(match.service === undefined ? {} : { services: match.service }),
      ...(match.owner === undefined ? {} : { owners: match.owner }),
      ...(match.matchers === undefined ? {} : { matchers: match.matchers }),
      ...(match.times === undefined ? {} : { times: match.times }),
    },
    receivers,
    continue: goOn,
  };
}

function windowOf(data: ConfigData["maintenance"][number]): MaintenanceWindow {
  const content = JSON.stringify([data.cis, data.from, data.to, data.includeDependents]);
  return {
    id: data.id ?? `mw-${createHash("sha256").update(content).digest("hex").slice(0, 12)}`,
    cis: data.cis,
    from: data.from,
    to: data.to,
    includeDependents: data.includeDependents,
    reason: data.reason,
    owner: data.owner ?? null,
  };
}

function limitsOf(data: ConfigData["limits"]): LimitsConfig {
  return {
    allowPrivateTargets: data.allowPrivateTargets,
    activeAlertsMax: data.activeAlerts,
    resolvedAlertsMax: data.resolvedAlerts,
    eventIdsMax: data.eventIds,
    bodySizeMaxBytes: data.bodySize,
    decompressedSizeMaxBytes: data.decompressedSize,
    cmdbSizeMaxBytes: data.cmdbSize,
    seriesMax: data.series,
    seriesPerSenderMax: data.seriesPerSender,
  };
}
