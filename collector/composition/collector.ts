import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Finding, hasErrors } from "../../protocol/finding.ts";
import { Authenticator, type AuthConfig } from "../api/access.ts";
import { type ApiServer, createServer } from "../api/server.ts";
import { CmdbRoom, type CmdbSettings } from "../cmdb/service.ts";
import type { TocsinConfig } from "../config/config.ts";
import { coreSettings } from "../config/core-settings.ts";
import type { Matcher } from "../core/model/silence.ts";
import { TokenDesk } from "../enrolment/desk.ts";
import { type AgentConfigurationEntry, SignedDocuments } from "../enrolment/documents.ts";
import { openSigningKey } from "../enrolment/signing-key.ts";
import { TokenTable } from "../enrolment/token-table.ts";
import { matcherFault, matchesEmpty } from "../ingest/matcher.ts";
import { cardsOf } from "../port/ci-card.ts";
import type { Clock } from "../port/clock.ts";
import type { IngestPorts } from "../port/ingest.ts";
import type { Store } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import { createDelivery, type Delivery } from "../runtime/delivery.ts";
import type { Incident } from "../core/model/incident.ts";
import { createHousekeeping, type Housekeeping } from "../runtime/housekeeping.ts";
import { createLiveCores } from "../runtime/live-core.ts";
import { createPartition, type Partition } from "../runtime/partition.ts";
import { createQuery } from "../runtime/query.ts";
import { TicketWatch } from "../runtime/ticket-watch.ts";
import { createSeriesRoom, type SeriesRoom } from "../series/series-room.ts";
import type { LoopLag } from "../telemetry/loop-lag.ts";
import type { PrometheusTelemetry } from "../telemetry/prometheus-telemetry.ts";
import { loadAgentConfiguration } from "./agent-configuration.ts";
import { type Connectors, createConnectors, type ConnectorSources } from "./connectors.ts";
import { storageEpoch } from "./epoch.ts";
import { filteredIntake } from "./filtered-intake.ts";
import { ingestPlugins } from "./ingest.ts";
import { startListeners } from "./listeners.ts";
import { loadRules, type LoadedRules } from "./rules.ts";
import { releaseStartupMemory } from "./startup-memory.ts";

/** What every room of the collector shares. */
export interface Surroundings {
  clock: Clock;
  log: Log;
  telemetry: PrometheusTelemetry & Telemetry;
  loopLag: LoopLag;
  version: string;
  /** The process must end: nothing is acknowledged any more. */
  onFatal: (reason: string) => void;
}

/** The rooms, joined; what a change of the configuration has to reach. */
export interface Rooms {
  partition: Partition;
  delivery: Delivery;
  cmdb: CmdbRoom;
  series: SeriesRoom;
  access: Authenticator;
  server: ApiServer;
  housekeeping: Housekeeping;
  /** Replaced together when the configuration changes. */
  current: {
    config: TocsinConfig;
    connectors: Connectors;
    rules: LoadedRules;
    /** Files that the configuration sets for agents. */
    agents: readonly AgentConfigurationEntry[];
  };
  connectorSources: ConnectorSources;
  stop: () => Promise<void>;
}

/**
 * Joins the rooms in the order in which they need each other: CMDB → store and core → delivery → series → HTTP. Nothing
 * listens yet. Throws for the operator when something cannot be used.
 *
 * @param store in the data directory, which is there; it may be opening already
 */
export async function composeCollector(config: TocsinConfig, store: Store, surroundings: Surroundings): Promise<Rooms> {
  const { clock, log, telemetry } = surroundings;
  const cmdb = await openCmdb(config, surroundings);
  const rules = await loadRules(config.rules);
  const connectorSources: ConnectorSources = {
    clock,
    log,
    runbooks: { of: (check) => current.rules.runbooks.of(check) },
    // Nothing is delivered before there is one to ask.
    cardOf: cardsOf((name) => query.ci(name)),
  };
  const current: Rooms["current"] = {
    config,
    connectors: createConnectors(config, connectorSources),
    rules,
    agents: await openAgentConfiguration(config),
  };
  const { partition, delivery } = joinCore(current, store, cmdb, surroundings);
  const query = createQuery({ partition, store, receivers: () => current.config.receivers.map(({ name }) => name) });
  const series = createSeriesRoom({
    intake: partition,
    clock,
    log,
    telemetry,
    resolveCi: (name) => query.ci(name)?.id ?? name,
    detector: current.rules.detector,
    limits: { seriesMax: config.limits.seriesMax, seriesPerSenderMax: config.limits.seriesPerSenderMax },
  });
  const enrolment = openEnrolment(current, surroundings, (name) => query.ci(name)?.id ?? name);
  const access = new Authenticator(authOf(config), enrolment.desk);
  const rooms = { partition, delivery, cmdb, series, access, current, enrolment, connectorSources };
  const intake = filteredIntake(partition, () => current.rules.eventFilter, { telemetry, clock });
  const ports: IngestPorts = { intake, query, samples: series.store, clock, log, telemetry };
  const server = await whileStarting(partition, () => openServer(rooms, ports, surroundings));
  await cmdb.start({ intake: partition, query, given: cmdb.document() });
  delivery.start();
  const tickets = new TicketWatch({
    store,
    query,
    intake: partition,
    connectors: () => current.connectors.byReceiver,
    clock,
    log,
    telemetry,
  });
  tickets.start();
  series.start();
  const housekeeping = createHousekeeping({
    store,
    retention: config.retention,
    clock,
    telemetry,
    log,
    shed: (reason) => partition.shed(reason),
    oldestIncidentAt: () => oldestOpening(partition.core.incidents()),
    dataDir: config.dataDir,
  });
  await housekeeping.start();
  releaseStartupMemory(cmdb.document().cis.length);
  const stop = await listen(config, ports, async () => {
    await tickets.stop();
    await stopRooms({ ...rooms, server, housekeeping });
  });
  return { ...rooms, server, housekeeping, stop };
}

/** Does something else while the store's thread opens and reads: a quarter of a start. */
async function whileStarting<T>(partition: Partition, work: () => Promise<T>): Promise<T> {
  const [started, worked] = await Promise.allSettled([partition.start(), work()]);
  if (started.status === "rejected") throw started.reason;
  if (worked.status === "fulfilled") return worked.value;
  await partition.stop();
  throw worked.reason;
}

/** Listens beside HTTP. Gives back what ends everything; ends it at once when an address cannot be listened on. */
async function listen(
  config: TocsinConfig,
  ports: IngestPorts,
  stop: () => Promise<void>,
): Promise<() => Promise<void>> {
  try {
    const listeners = await startListeners(config.ingest, ports);
    return async () => {
      await listeners.close();
      await stop();
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The way of an event: store and core behind the partition, and what it decides on its way to the receivers. */
function joinCore(
  current: Rooms["current"],
  store: Store,
  cmdb: CmdbRoom,
  { clock, log, telemetry, onFatal }: Surroundings,
): { partition: Partition; delivery: Delivery } {
  const { config } = current;
  let delivery: Delivery | undefined;
  const partition = createPartition({
    store,
    createCore: createLiveCores({ settings: coreSettings(config, clock.now()), cmdb: cmdb.document() }),
    clock,
    random: Math.random,
    telemetry,
    log,
    limits: { eventIdsMax: config.limits.eventIdsMax },
    onOutbox: (rows) => delivery?.enqueue(rows),
    onFatal,
  });
  delivery = createDelivery({
    store,
    report: (report) => partition.report(report),
    connectors: current.connectors.byReceiver,
    clock,
    random: Math.random,
    telemetry,
    log,
  });
  return { partition, delivery };
}

/** Who agents are, and what they fetch. Throws for the operator where the key or the file of tokens cannot be used. */
function openEnrolment(
  current: Rooms["current"],
  { clock, log, telemetry }: Surroundings,
  resolveCi: (name: string) => string,
): EnrolmentRoom {
  const { dataDir, agents } = current.config;
  const signing = openSigningKey(
    { current: agents.signingKey?.reveal() ?? null, previous: agents.previousSigningKey?.reveal() ?? null },
    dataDir,
  );
  const now = (): number => clock.now();
  const tokenLifetimeMs = (): number => current.config.agents.tokenLifetimeMs;
  const table = new TokenTable(dataDir);
  const desk = new TokenDesk({ table, signing, now, tokenLifetimeMs, resolveCi, log, telemetry });
  const sources = { rules: () => current.rules.agentRules, configurations: () => current.agents };
  return { desk, documents: new SignedDocuments({ dataDir, signing, now, sources }) };
}

async function openAgentConfiguration(config: TocsinConfig): Promise<readonly AgentConfigurationEntry[]> {
  const { entries, findings } = await loadAgentConfiguration(config);
  if (hasErrors(findings)) throw new UnusableFiles(findings);
  return entries;
}

async function openCmdb(config: TocsinConfig, { clock, log, telemetry }: Surroundings): Promise<CmdbRoom> {
  const folder = join(config.dataDir, "cmdb");
  const cmdb = new CmdbRoom({ settings: cmdbSettings(config), folder, clock, log, telemetry });
  const findings = await cmdb.open();
  if (hasErrors(findings)) throw new UnusableFiles(findings);
  return cmdb;
}

/** Files that keep the collector from starting; all that is wrong with them. */
export class UnusableFiles extends Error {
  readonly findings: Finding[];
  constructor(findings: Finding[]) {
    super("some files cannot be used");
    this.findings = findings;
  }
}

/** Who may call, by the configuration. */
export function authOf({ tokens }: TocsinConfig): AuthConfig {
  if (tokens.length === 0) return "loopbackOpen";
  return { tokens: tokens.map(({ name, role, token, ci }) => ({ name, role, secret: token.reveal(), ci })) };
}

/** Why a silence is refused; undefined = it is not. One whose matchers all hold without a label would mute everything. */
function silenceFault(matchers: readonly Matcher[]): string | undefined {
  const fault = matchers.map(matcherFault).find((found) => found !== undefined);
  if (fault !== undefined) return fault;
  return matchers.every(matchesEmpty)
    ? "at least one matcher must need something of an alert; this would mute everything"
    : undefined;
}

/** The part of the configuration that the CMDB room takes. */
export function cmdbSettings(config: TocsinConfig): CmdbSettings {
  return {
    files: config.cmdb.files,
    maintenance: config.maintenance,
    staleAfterMs: config.cmdb.staleAfterMs,
    sizeMaxBytes: config.limits.cmdbSizeMaxBytes,
  };
}

interface EnrolmentRoom {
  desk: TokenDesk;
  documents: SignedDocuments;
}

type Joined = Omit<Rooms, "server" | "housekeeping" | "stop"> & { enrolment: EnrolmentRoom };

async function openServer(
  { partition, delivery, cmdb, series, access, current, enrolment }: Joined,
  ports: IngestPorts,
  surroundings: Surroundings,
): Promise<ApiServer> {
  const { clock, telemetry, loopLag, version } = surroundings;
  const { config } = current;
  return createServer({
    ports: {
      ...ports,
      cmdb,
      agents: series.agents,
      series: series.store,
      changes: partition.feed,
      deposited: () => partition.deposited(),
      progress: [...partition.progress, delivery.progress, loopLag],
      ready: partition.readiness,
      exposeOwn: (format) => telemetry.expose(format),
      documents: enrolment.documents,
      enrolment: enrolment.desk,
      newId: randomUUID,
      runbooks: () => current.rules.runbooks,
      waitingFor: (incident) => delivery.waitingFor(incident),
      silenceFault,
    },
    auth: access,
    epoch: storageEpoch(config.dataDir),
    version,
    limits: {
      bodyCompressedBytesMax: config.limits.bodySizeMaxBytes,
      bodyBytesMax: config.limits.decompressedSizeMaxBytes,
      importBytesMax: config.limits.cmdbSizeMaxBytes,
    },
    ingest: ingestPlugins({
      access,
      agents: series.agents,
      current,
      version,
      startedAt: clock.now(),
    }),
  });
}

/** The way of the data, from its beginning: no more requests, then no more commits, then no more deliveries. */
async function stopRooms({
  server,
  housekeeping,
  series,
  cmdb,
  delivery,
  partition,
  current,
  enrolment,
}: Omit<Rooms, "stop"> & { enrolment: EnrolmentRoom }): Promise<void> {
  await server.close();
  series.stop();
  await housekeeping.stop();
  await cmdb.close();
  await delivery.stop();
  await partition.stop();
  await current.connectors.close();
  enrolment.desk.close();
}

/** @param incidents by number, and so by age */
function oldestOpening(incidents: Iterable<Readonly<Incident>>): number | null {
  for (const { openedAt } of incidents) return openedAt;
  return null;
}
