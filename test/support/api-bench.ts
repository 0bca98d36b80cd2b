import type { IncidentDocument } from "../../collector/core/model/document.ts";
import type { WaitingMessage } from "../../collector/core/model/notification.ts";
import { Authenticator, type AuthConfig } from "../../collector/api/access.ts";
import type { ApiLimits } from "../../collector/api/limits.ts";
import type { ApiPorts } from "../../collector/api/ports.ts";
import { type ApiServer, createServer, type IngestPlugin } from "../../collector/api/server.ts";
import { TokenDesk } from "../../collector/enrolment/desk.ts";
import { openSigningKey } from "../../collector/enrolment/signing-key.ts";
import { TokenTable } from "../../collector/enrolment/token-table.ts";
import { registerNative } from "../../collector/ingest/native/register.ts";
import { registerOtlp } from "../../collector/ingest/otlp/register.ts";
import type { Observation } from "../../protocol/observation.ts";
import type { CmdbImportRequest, CmdbImportResult, CmdbService, ObserveResult } from "../../collector/port/cmdb.ts";
import type { AgentDocuments } from "../../collector/port/enrolment.ts";
import type { Progress } from "../../collector/port/progress.ts";
import { EXPOSITION_CONTENT_TYPES } from "../../collector/series/exposition.ts";
import { createSeriesRoom, type SeriesRoom } from "../../collector/series/series-room.ts";
import { FakeQuery, ManualFeed, RecordingIntake, RecordingLog, RecordingTelemetry } from "./recording-ports.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Of RFC 8032, 7.1, test 1. */
const SIGNING_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`;

export const TOKENS = {
  tokens: [
    { name: "web-agents", role: "agent", secret: "agent-secret" },
    { name: "one-agent", role: "agent", secret: "one-agent-secret", ci: "web-01" },
    { name: "grafana", role: "viewer", secret: "viewer-secret" },
    { name: "anna", role: "operator", secret: "operator-secret" },
    { name: "root", role: "admin", secret: "admin-secret" },
  ],
} as const satisfies AuthConfig;

/** A CMDB that takes what it is told and remembers it. */
export class FakeCmdb implements CmdbService {
  readonly imports: CmdbImportRequest[] = [];
  readonly observations: Observation[] = [];
  answer: CmdbImportResult = {
    status: "planned",
    plan: {
      source: "api",
      counts: {
        cisAdded: 1,
        cisChanged: 0,
        cisRemoved: 0,
        cisRetired: 0,
        relationsAdded: 0,
        relationsChanged: 0,
        relationsRemoved: 0,
      },
      cisAdded: ["web-01"],
      cisChanged: [],
      cisRemoved: [],
      cisRetired: [],
      relationsAdded: [],
      relationsChanged: [],
      relationsRemoved: [],
    },
    findings: [],
  };
  private readonly query: FakeQuery;

  constructor(query: FakeQuery) {
    this.query = query;
  }
  document() {
    return this.query.document;
  }
  sources() {
    const counts = { cis: 1, relations: 0, loadedAt: 0, findings: [] };
    return [{ name: "cmdb.yaml", kind: "file" as const, observed: false, ...counts }];
  }
  async import(request: CmdbImportRequest): Promise<CmdbImportResult> {
    this.imports.push(request);
    return this.answer;
  }
  drift() {
    return {
      at: 0,
      unknownCis: [],
      undeclaredCis: [],
      unobservedCis: [],
      undeclaredRelations: [],
      unobservedRelations: [],
      counts: { unknownCis: 0, undeclaredCis: 0, unobservedCis: 0, undeclaredRelations: 0, unobservedRelations: 0 },
    };
  }
  declared() {
    return this.query.document;
  }
  observe(observation: Observation): ObserveResult {
    this.observations.push(observation);
    return { status: "taken", joined: 0, strangers: 0 };
  }
  sight() {
    return undefined;
  }
}

export interface ApiBench {
  server: ApiServer;
  clock: VirtualClock;
  intake: RecordingIntake;
  query: FakeQuery;
  cmdb: FakeCmdb;
  telemetry: RecordingTelemetry;
  log: RecordingLog;
  feed: ManualFeed;
  series: SeriesRoom;
  /** Waiting of each thing that must move, in milliseconds. */
  waiting: { commit: number };
  readiness: { ready: boolean };
  /** What was taken and cannot be read, until then. */
  unread: { until: Promise<void> | undefined };
  /** What has not come to its receiver, of any incident. */
  undelivered: WaitingMessage[];
  call: (method: string, url: string, options?: CallOptions) => Promise<Called>;
}

export interface CallOptions {
  /** A role of TOKENS; absent = no Authorization header. */
  as?: "agent" | "viewer" | "operator" | "admin";
  body?: unknown;
  /** Instead of body. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
}

export interface Called {
  status: number;
  // biome-ignore lint: tests look into answers freely
  json: any;
  text: string;
  bytes: Buffer;
  headers: Record<string, unknown>;
}

/** The API with recording adapters behind it. `auth` defaults to loopback without tokens. */
export async function apiBench(
  options: { auth?: AuthConfig; limits?: Partial<ApiLimits>; ingest?: readonly IngestPlugin[] } = {},
): Promise<ApiBench> {
  const clock = new VirtualClock();
  const intake = new RecordingIntake();
  const query = new FakeQuery();
  const telemetry = new RecordingTelemetry();
  const log = new RecordingLog();
  const feed = new ManualFeed();
  const cmdb = new FakeCmdb(query);
  const waiting = { commit: 0 };
  const readiness = { ready: true };
  const commit: Progress = { name: "commit", limitMs: 10_000, waitingMs: () => waiting.commit };
  const series = createSeriesRoom({
    intake,
    clock,
    log,
    telemetry,
    resolveCi: (name) => query.ci(name)?.id ?? name,
    detector: null,
  });
  const signing = openSigningKey({ current: SIGNING_KEY, previous: null }, "");
  const table = new TokenTable(null);
  const resolveCi = (name: string): string => query.ci(name)?.id ?? name;
  const enrolment = new TokenDesk({
    table,
    signing,
    now: () => clock.now(),
    tokenLifetimeMs: () => 90 * 86_400_000,
    resolveCi,
    log,
    telemetry,
  });
  const rules = { body: '{"version":1,"rules":[]}', etag: '"r1"', signature: "c2lnbmVk" };
  const documents: AgentDocuments = {
    key: { pem: signing.publicKey, fingerprint: signing.fingerprint, succession: signing.succession },
    rules: () => rules,
    configuration: (ci) => {
      const body = JSON.stringify({ version: 1, ci, configuration: "" });
      return { etag: '"c1"', sign: () => ({ body, etag: '"c1"', signature: signing.sign("configuration", body) }) };
    },
  };
  const unread: { until: Promise<void> | undefined } = { until: undefined };
  const undelivered: WaitingMessage[] = [];
  let ids = 0;
  const ports: ApiPorts = {
    intake,
    query,
    samples: series.store,
    clock,
    log,
    telemetry,
    cmdb,
    agents: series.agents,
    series: series.store,
    deposited: () => unread.until,
    changes: feed,
    progress: [commit],
    ready: () => (readiness.ready ? { ready: true } : { ready: false, reason: "loading" }),
    exposeOwn: async (format) => ({ contentType: EXPOSITION_CONTENT_TYPES[format], body: "# own\n" }),
    documents,
    enrolment,
    waitingFor: () => undelivered,
    runbooks: () => ({
      list: () => [{ check: "cpu_busy", href: "/runbooks/linux-host/cpu_busy" }],
      of: (check) => (check === "cpu_busy" ? { check, href: "/runbooks/linux-host/cpu_busy" } : undefined),
      text: (pack, rule) => (`${pack}/${rule}` === "linux-host/cpu_busy" ? "# cpu_busy\n" : undefined),
    }),
    newId: () => `id-${(ids += 1)}`,
    silenceFault: (matchers) =>
      matchers.some((matcher) => matcher.value === "[") ? "invalid regular expression" : undefined,
  };
  const server = await createServer({
    ports,
    auth: new Authenticator(options.auth ?? "loopbackOpen", enrolment),
    epoch: "epoch-1",
    version: "0.1.0",
    ingest: options.ingest ?? [
      registerNative,
      (app, ingestPorts) =>
        registerOtlp(app, ingestPorts, {
          agents: series.agents,
          logRules: ({ body }) => (body.includes("OOM") ? { check: "oom", severity: "critical" } : undefined),
        }),
    ],
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const call = async (
    method: string,
    url: string,
    { as, body, raw, headers = {} }: CallOptions = {},
  ): Promise<Called> => {
    const answer = await server.app.inject({
      method: method as "GET",
      url,
      headers: {
        host: "127.0.0.1:8430",
        ...(as === undefined ? {} : { authorization: `Bearer ${as}-secret` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw !== undefined ? { payload: raw } : body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const isJson = (answer.headers["content-type"]?.toString() ?? "").startsWith("application/json");
    return {
      status: answer.statusCode,
      json: isJson && answer.body !== "" ? JSON.parse(answer.body) : undefined,
      text: answer.body,
      bytes: answer.rawPayload,
      headers: answer.headers,
    };
  };
  return {
    server,
    clock,
    intake,
    query,
    cmdb,
    telemetry,
    log,
    feed,
    series,
    waiting,
    readiness,
    unread,
    undelivered,
    call,
  };
}

export function incidentDocument(more: Partial<IncidentDocument> = {}): IncidentDocument {
  return {
    id: "inc-000000000001",
    number: 1,
    status: "open",
    severity: "critical",
    priority: "P1",
    title: "sw-3 is down",
    openedAt: "2026-03-01T09:58:00.000Z",
    acknowledgedAt: null,
    resolvedAt: null,
    rootCause: {
      ci: "sw-3",
      confidence: 0.93,
      inferred: true,
      candidates: [{ ci: "sw-3", score: 0.93, reasons: ["22 of 23 hosts behind sw-3 went silent within 40 s"] }],
      change: null,
    },
    impact: { services: [{ ci: "shop", criticality: 1, redundancyLeft: 0 }], cis: ["shop", "sw-3"] },
    alerts: [
      {
        id: "a-1",
        ci: "web-01",
        source: "agent",
        check: "agent_missing",
        instance: "",
        status: "firing",
        severity: "critical",
        summary: "silent",
        labels: {},
        firstSeenAt: "2026-03-01T09:58:00.000Z",
        lastSeenAt: "2026-03-01T09:58:00.000Z",
        resolvedAt: null,
        count: 1,
        incident: "inc-000000000001",
      },
    ],
    owner: null,
    timeline: [{ at: "2026-03-01T09:58:00.000Z", kind: "opened", text: "opened", actor: null }],
    revision: 3,
    mergedInto: null,
    problem: null,
    ...more,
  };
}
