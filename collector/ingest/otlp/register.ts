import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from "fastify";
import { AGENT_RUN_HEADER } from "../../../protocol/agent-enrolment.ts";
import { AGENT_ATTRIBUTES, AGENT_SERVICE_NAME } from "../../../protocol/agent-resource.ts";
import type {
  OtlpAttributes,
  OtlpMalformed,
  OtlpResourceLogs,
  OtlpResourceMetrics,
  OtlpResult,
} from "../../../protocol/otlp.ts";
import { logsFromJson, metricsFromJson } from "../../../protocol/otlp-json.ts";
import { readLogsRequest } from "../../../protocol/otlp-read-logs.ts";
import { readMetricsRequest } from "../../../protocol/otlp-read-metrics.ts";
import { StringCache } from "../../../protocol/wire-reader.ts";
import type { Event } from "../../core/model/event.ts";
import type { Milliseconds } from "../../core/model/time.ts";
import { type AgentDirectory, missingAfterMs } from "../../port/agents.ts";
import { giveBack } from "../../port/give-back.ts";
import { type Identity, type IngestPorts, maySpeakFor, Refusal, type RouteConfig } from "../../port/ingest.ts";
import type { SampleBatch } from "../../port/samples.ts";
import { bytesOf, jsonOf } from "../body.ts";
import { submitEvents } from "../submit.ts";
import { CONTENT_TYPES, type Encoding, encodingOf, exportAnswer, type Partial, renderStatus } from "./answer.ts";
import { findCi, shownLabels } from "./find-ci.ts";
import { flatten, nothingYet } from "./flatten.ts";
import { HeartbeatOutlet } from "./heartbeat-outlet.ts";
import { type LogRules, readLogRecord } from "./log-event.ts";

export interface OtlpOptions {
  agents: AgentDirectory;
  /** Which log records are events, besides those that say so themselves. */
  logRules?: LogRules;
}

const EXPORT: RouteConfig = {
  roles: ["agent", "operator"],
  forEnrolled: true,
  body: "bytes",
  renderError: renderStatus,
};
const ADAPTER = "otlp";
const INTERVAL_DEFAULT_MS: Milliseconds = 10_000;

/** OTLP/HTTP at `/v1/metrics` and `/v1/logs`, from our agents and from anyone who speaks it. */
export function registerOtlp(app: FastifyInstance, ports: IngestPorts, options: OtlpOptions): void {
  const strings = new StringCache();
  const heartbeats = new HeartbeatOutlet(ports);
  const exportMetrics: RouteHandlerMethod = async (request, reply) => {
    const { encoding, value } = readRequest(request, (bytes) => readMetricsRequest(bytes, strings), metricsFromJson);
    const run = runOf(request);
    const partial = takeMetrics(value, ports, request.identity, (resource) =>
      heardAgent(resource, { ports, agents: options.agents, heartbeats, run }),
    );
    return answer(reply, encoding, exportAnswer(encoding, "rejectedDataPoints", partial));
  };
  app.post(
    "/v1/metrics",
    {
      config: EXPORT,
      schema: { tags: ["otlp"], operationId: "exportMetrics", summary: "OTLP metrics, Protocol Buffers or JSON." },
    },
    exportMetrics,
  );
  // Where Prometheus takes it: who sent to one changes the address alone.
  app.post(
    "/api/v1/otlp/v1/metrics",
    {
      config: EXPORT,
      schema: { tags: ["otlp"], operationId: "exportMetricsAsToPrometheus", summary: "The same as /v1/metrics." },
    },
    exportMetrics,
  );
  app.post(
    "/v1/logs",
    {
      config: EXPORT,
      schema: { tags: ["otlp"], operationId: "exportLogs", summary: "OTLP logs, Protocol Buffers or JSON." },
    },
    async (request, reply) => {
      const { encoding, value } = readRequest(request, (bytes) => readLogsRequest(bytes, strings), logsFromJson);
      const partial = await takeLogs(value, ports, request.identity, options.logRules);
      return answer(reply, encoding, exportAnswer(encoding, "rejectedLogRecords", partial));
    },
  );
}

function answer(reply: FastifyReply, encoding: Encoding, body: string | Uint8Array): FastifyReply {
  // Nearly every answer is empty: as text it goes out with the headers in one piece, as bytes in a second one.
  const content = typeof body === "string" ? body : body.length === 0 ? "" : Buffer.from(body);
  return reply
    .header("content-type", CONTENT_TYPES[encoding])
    .serializer((text: string) => text)
    .send(content);
}

function readRequest<T>(
  request: FastifyRequest,
  fromBytes: (bytes: Uint8Array) => OtlpResult<T>,
  fromJson: (body: unknown) => OtlpResult<T>,
): { encoding: Encoding; value: T } {
  const encoding = encodingOf(request.headers["content-type"] ?? "");
  if (encoding === null)
    throw new Refusal(415, "unsupportedType", "the content type must be application/x-protobuf or application/json");
  if (request.headers["content-encoding"] !== undefined && request.headers["content-encoding"] !== "identity")
    throw new Refusal(415, "unsupportedEncoding", "the content encoding must be gzip, deflate or identity");
  const bytes = bytesOf(request.body);
  const result = encoding === "protobuf" ? fromBytes(bytes) : fromJson(jsonBody(bytes));
  giveBack(bytes);
  if (result.status === "malformed") throw new Refusal(400, "malformed", result.message);
  return { encoding, value: result.value };
}

/** An empty request is a success, in either encoding. */
const jsonBody = (bytes: Buffer): unknown => (bytes.length === 0 ? {} : jsonOf(bytes));

/** What a resource is to us: one of our agents, with its CI, or somebody else. */
interface Sender {
  ci: string;
  source: "agent" | "otlp";
  labels: Record<string, string>;
  intervalMs: Milliseconds | undefined;
}

function takeMetrics(
  requests: readonly OtlpResourceMetrics[],
  ports: IngestPorts,
  identity: Identity,
  heard: (resource: OtlpAttributes) => Sender | null,
): Partial {
  const reasons = new Map<string, number>();
  const reject = (reason: string, count: number): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  let points = 0;
  let accepted = 0;
  for (const { resource, metrics, malformed } of requests) {
    const flat = nothingYet();
    for (const metric of metrics) flatten(metric, flat);
    points += flat.points + (malformed?.count ?? 0);
    if (malformed !== undefined) reject("malformed", malformed.count);
    for (const [reason, count] of Object.entries(flat.faults)) reject(reason, count);
    if (!isOwn(resource, identity, ports)) {
      reject("foreignCi", flat.points);
      continue;
    }
    const sender = heard(resource) ?? foreignSender(resource, ports);
    if (sender === null) {
      reject("noCi", flat.points);
      continue;
    }
    for (const temporality of ["cumulative", "delta"] as const) {
      const samples = flat[temporality];
      if (samples.length === 0) continue;
      const { ci, source, labels, intervalMs } = sender;
      const batch: SampleBatch = { ci, source, labels, samples, temporality, help: flat.help };
      if (intervalMs !== undefined) batch.intervalMs = intervalMs;
      const result = ports.samples.write(batch, ports.clock.now());
      accepted += result.accepted;
      ports.telemetry.count("tocsin_samples_total", { source }, result.accepted);
      for (const [reason, count] of Object.entries(result.reasons)) reject(reason, count);
    }
  }
  for (const [reason, count] of reasons)
    ports.telemetry.count("tocsin_samples_rejected_total", { source: ADAPTER, reason }, count);
  if (accepted === 0 && (reasons.get("overload") ?? 0) > 0)
    throw new Refusal(503, "overloaded", "no more senders can be taken now; send it again", { retryAfterS: 30 });
  return partialOf(reasons, points, requests);
}

/** A point that became several samples counts once at most. */
function partialOf(
  reasons: ReadonlyMap<string, number>,
  points: number,
  requests: readonly { malformed?: OtlpMalformed }[],
): Partial {
  let rejected = 0;
  for (const count of reasons.values()) rejected += count;
  const fault = requests.find(({ malformed }) => malformed !== undefined)?.malformed;
  const words = (reason: string): string =>
    reason === "malformed" && fault !== undefined ? `malformed (${fault.message})` : reason;
  const message = [...reasons].map(([reason, count]) => `${count} ${words(reason)}`).join(", ");
  return { rejected: Math.min(rejected, points), message: message === "" ? "" : `not taken: ${message}` };
}

function foreignSender(resource: OtlpAttributes, ports: IngestPorts): Sender | null {
  const ci = findCi(resource, (name) => ports.query.ci(name)?.known === true);
  return ci === null ? null : { ci, source: "otlp", labels: shownLabels(resource), intervalMs: undefined };
}

/** A token that is bound to a CI sends for it alone; an enrolled agent's under the agent's own identity besides. */
function isOwn(resource: OtlpAttributes, identity: Identity, { query }: IngestPorts): boolean {
  if (identity.ci === undefined) return true;
  const ci = findCi(resource, (name) => query.ci(name)?.known === true) ?? "";
  const agentId = resource[AGENT_ATTRIBUTES.agentId];
  const isAgent = resource[AGENT_ATTRIBUTES.serviceName] === AGENT_SERVICE_NAME;
  const isImpostor = isAgent && identity.agentId !== undefined && agentId !== identity.agentId;
  return !isImpostor && maySpeakFor(identity, ci, (name) => query.ci(name)?.id ?? name);
}

function runOf(request: FastifyRequest): string {
  const run = request.headers[AGENT_RUN_HEADER];
  return typeof run === "string" && run.length <= 64 ? run : "";
}

/** null for a sender that is not one of our agents. An agent that sends is an agent that lives, unless it sends once and ends. */
function heardAgent(
  resource: OtlpAttributes,
  {
    ports,
    agents,
    heartbeats,
    run,
  }: { ports: IngestPorts; agents: AgentDirectory; heartbeats: HeartbeatOutlet; run: string },
): Sender | null {
  const agentId = resource[AGENT_ATTRIBUTES.agentId];
  const ci = resource[AGENT_ATTRIBUTES.ci] || resource[AGENT_ATTRIBUTES.hostName];
  if (resource[AGENT_ATTRIBUTES.serviceName] !== AGENT_SERVICE_NAME || !agentId || !ci || ci.length > 512) return null;
  const said = Number(resource[AGENT_ATTRIBUTES.intervalMs]);
  const intervalMs = said >= 100 && said <= 3_600_000 ? said : INTERVAL_DEFAULT_MS;
  const version = resource["service.version"] ?? "";
  const isOnce = resource[AGENT_ATTRIBUTES.once] === "true";
  agents.heard({ agentId, run, isOnce, ci, version, intervalMs, at: ports.clock.now() });
  if (!isOnce) heartbeats.push({ ci, agent: agentId, missingAfterMs: missingAfterMs(intervalMs) });
  return { ci, source: "agent", labels: {}, intervalMs };
}

async function takeLogs(
  requests: readonly OtlpResourceLogs[],
  ports: IngestPorts,
  identity: Identity,
  rules: LogRules | undefined,
): Promise<Partial> {
  const now = ports.clock.now();
  const events: Event[] = [];
  const reasons = new Map<string, number>();
  const reject = (reason: string, count = 1): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  let records = 0;
  let counted = 0;
  for (const { resource, records: list, malformed } of requests) {
    records += list.length + (malformed?.count ?? 0);
    if (malformed !== undefined) reject("malformed", malformed.count);
    const resourceCi = findCi(resource, (name) => ports.query.ci(name)?.known === true);
    for (const record of list) {
      // A record can be about another CI than its resource.
      const ci = record.attributes[AGENT_ATTRIBUTES.ci] || resourceCi;
      const reading = readLogRecord(record, { resource, ci: ci ?? "", now, rules });
      if (reading.kind === "counted") counted += 1;
      else if (reading.kind === "rejected") reject(reading.message);
      else if (ci === null) reject("noCi");
      else if (!maySpeakFor(identity, ci, (name) => ports.query.ci(name)?.id ?? name)) reject("foreignCi");
      else events.push(reading.event);
    }
  }
  for (const outcome of await submitEvents(ports, ADAPTER, events))
    if (outcome.status === "rejected") reject(outcome.code);
  const partial = partialOf(reasons, records, requests);
  const outcomes = { event: events.length, counted, rejected: partial.rejected };
  for (const [outcome, count] of Object.entries(outcomes))
    if (count > 0) ports.telemetry.count("tocsin_log_records_total", { outcome }, count);
  return partial;
}
