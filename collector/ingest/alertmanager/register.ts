import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parse } from "yaml";
import type { Severity } from "../../core/model/severity.ts";
import type { Milliseconds } from "../../core/model/time.ts";
import { Refusal, type IngestPorts, type RouteConfig, type Trouble } from "../../port/ingest.ts";
import { bytesOf, jsonOf, parseJson, textOf } from "../body.ts";
import { type CiLabelOptions, DEFAULT_CI_LABELS } from "../ci-label.ts";
import { actorOf } from "../sender-key.ts";
import { countDropped, submitCommand, submitEvents } from "../submit.ts";
import type { Event } from "../../core/model/event.ts";
import { UNSTATED_SEVERITY } from "../severity.ts";
import { alertFilter, flag, matchersOf, receiverFilter, type QueryString } from "./alert-filter.ts";
import { alertList, groupList } from "./alert-list.ts";
import { AlertReader } from "./alert-reader.ts";
import { UNROUTED } from "./alert-view.ts";
import { InvalidAlert } from "../prometheus-alert.ts";
import {
  changesInPlace,
  readSilence,
  silenceDocument,
  silenceMatches,
  silenceOf,
  sortSilences,
  stateOf,
} from "./silence-form.ts";
import { configText, statusDocument, type StatusFacts } from "./status.ts";

const ADAPTER = "alertmanager";
/** Alerts in one request. Prometheus sends 256 at most unless told otherwise. */
const ALERTS_MAX = 20_000;

export interface AlertmanagerOptions {
  facts: StatusFacts;
  /** How long an alert without `endsAt` is believed. Default 5 minutes, as in Alertmanager. */
  resolveTimeoutMs?: Milliseconds;
  ciLabels?: CiLabelOptions;
  unstatedSeverity?: Severity;
  /** Alerts remembered to make sending one again cheap; about 1 KiB each. Default 200,000. */
  rememberedMax?: number;
  /** Lists of alerts written at the same time; more are refused with 503. Default 16. */
  concurrentListsMax?: number;
  newId?: () => string;
}

/** Alertmanager's error bodies are a JSON string. */
const renderError = ({ message }: Trouble): { contentType: string; body: string } => ({
  contentType: "application/json",
  body: JSON.stringify(message),
});

const READ: RouteConfig = { roles: ["viewer", "operator"], renderError };
const POST_ALERTS: RouteConfig = { roles: ["agent", "operator"], body: "bytes", renderError };
const SILENCE: RouteConfig = { roles: ["operator"], body: "bytes", renderError };

/** The Alertmanager API v2, under `/api/v2`. Prometheus, amtool, Grafana and karma speak it. */
export function registerAlertmanager(app: FastifyInstance, ports: IngestPorts, options: AlertmanagerOptions): void {
  const api = new AlertmanagerApi(ports, options);
  app.get("/api/v2/status", { config: READ }, (_request, reply) => answer(reply, api.status()));
  app.get("/api/v2/receivers", { config: READ }, (request, reply) => answer(reply, api.receivers(queryOf(request))));
  app.get("/api/v2/alerts", { config: READ }, (request, reply) => api.list(reply, api.alerts(queryOf(request))));
  app.get("/api/v2/alerts/groups", { config: READ }, (request, reply) => api.list(reply, api.groups(queryOf(request))));
  app.post("/api/v2/alerts", { config: POST_ALERTS }, async (request, reply) => {
    await api.postAlerts(documentBody(request));
    return reply.code(200).header("cache-control", "no-store").send();
  });
  app.get("/api/v2/silences", { config: READ }, (request, reply) => answer(reply, api.silences(queryOf(request))));
  app.post("/api/v2/silences", { config: SILENCE }, async (request, reply) =>
    answer(reply, { silenceID: await api.postSilence(documentBody(request), actorOf(request, ADAPTER)) }),
  );
  app.get("/api/v2/silence/:id", { config: READ }, (request, reply) => answer(reply, api.silence(idOf(request))));
  app.delete("/api/v2/silence/:id", { config: SILENCE }, async (request, reply) => {
    await api.expireSilence(idOf(request), actorOf(request, ADAPTER));
    return reply.code(200).header("cache-control", "no-store").send();
  });
}

const queryOf = (request: FastifyRequest): QueryString => (request.query ?? {}) as QueryString;
const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

function answer(reply: FastifyReply, document: unknown): FastifyReply {
  return reply
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(document));
}

/** Bodies up to this size are parsed unseen: at worst some ten milliseconds. A batch of Prometheus is well below it. */
const UNGUARDED_BYTES_MAX = 256 * 1024;
/** YAML takes a hundred times as long to read. */
const YAML_BYTES_MAX = 256 * 1024;

/** JSON, whatever the type says; or YAML, which Grafana's proxy sends. */
function documentBody(request: FastifyRequest): unknown {
  const isYaml = (request.headers["content-type"] ?? "").includes("yaml");
  if (!isYaml) {
    const isSmall = bytesOf(request.body).length <= UNGUARDED_BYTES_MAX;
    return isSmall ? parseJson(textOf(request.body)) : jsonOf(request.body);
  }
  if (bytesOf(request.body).length > YAML_BYTES_MAX)
    throw new Refusal(413, "bodyTooLarge", `a YAML body may have at most ${YAML_BYTES_MAX} bytes; JSON may have more`);
  try {
    return parse(textOf(request.body), { maxAliasCount: 0 });
  } catch (error) {
    throw new Refusal(400, "badBody", `the body is not YAML: ${(error as Error).message}`);
  }
}

/** The API without HTTP: reads answer documents, writes go through the intake. Refusals are thrown. */
class AlertmanagerApi {
  private readonly ports: IngestPorts;
  private readonly facts: StatusFacts;
  private readonly resolveTimeoutMs: Milliseconds;
  private readonly reader: AlertReader;
  private readonly listsMax: number;
  private readonly newId: () => string;
  private lists = 0;

  constructor(ports: IngestPorts, options: AlertmanagerOptions) {
    this.ports = ports;
    this.facts = options.facts;
    this.resolveTimeoutMs = options.resolveTimeoutMs ?? 5 * 60_000;
    this.listsMax = options.concurrentListsMax ?? 16;
    this.newId = options.newId ?? randomUUID;
    this.reader = new AlertReader(
      {
        ciLabels: options.ciLabels ?? DEFAULT_CI_LABELS,
        isKnownCi: (name) => ports.query.ci(name)?.known === true,
        unstatedSeverity: options.unstatedSeverity ?? UNSTATED_SEVERITY,
        resolveTimeoutMs: this.resolveTimeoutMs,
        rememberedMax: options.rememberedMax ?? 200_000,
      },
      ports.clock.now(),
    );
  }

  status(): unknown {
    const { query } = this.ports;
    return statusDocument(this.facts, configText(query.settings(), query.receivers(), this.resolveTimeoutMs));
  }

  receivers(query: QueryString): unknown {
    const wanted = receiverFilter(query);
    return [UNROUTED, ...this.ports.query.receivers()].filter(wanted).map((name) => ({ name }));
  }

  /** Stores the good ones and then refuses, when some were bad. */
  async postAlerts(body: unknown): Promise<void> {
    // Go's encoding of an empty list.
    if (body === null) return;
    if (!Array.isArray(body)) throw new Refusal(400, "badAlerts", "parsing alerts body failed: an array is expected");
    if (body.length > ALERTS_MAX) throw new Refusal(413, "tooManyAlerts", `more than ${ALERTS_MAX} alerts at once`);
    const now = this.ports.clock.now();
    const events: Event[] = [];
    const faults: string[] = [];
    for (const [index, item] of body.entries()) {
      try {
        events.push(this.reader.read(item, now));
      } catch (error) {
        if (!(error instanceof InvalidAlert)) throw error;
        if (faults.length < 10) faults.push(`alert ${index}: ${error.message}`);
        countDropped(this.ports, ADAPTER, "invalidAlert");
      }
    }
    const outcomes = await submitEvents(this.ports, ADAPTER, events);
    if (faults.length > 0) throw new Refusal(400, "invalidAlert", faults.join("; "));
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    if (refused?.status === "rejected") throw new Refusal(503, refused.code, refused.message, { retryAfterS: 30 });
  }

  alerts(query: QueryString): AsyncGenerator<string> {
    return alertList(this.ports.query, alertFilter(query), this.ports.clock.now(), this.endsAt);
  }

  groups(query: QueryString): AsyncGenerator<string> {
    return groupList(this.ports.query, alertFilter(query), {
      now: this.ports.clock.now(),
      muted: flag(query, "muted"),
      wanted: receiverFilter(query),
      endsAt: this.endsAt,
    });
  }

  /** Streams a list: its size is bounded by the alerts there are, its memory by one chunk. */
  list(reply: FastifyReply, chunks: AsyncGenerator<string>): FastifyReply {
    if (this.lists >= this.listsMax)
      throw new Refusal(503, "tooManyLists", "too many lists are being written; ask again", { retryAfterS: 1 });
    this.lists += 1;
    const stream = Readable.from(chunks, { objectMode: false, highWaterMark: 131_072 });
    stream.once("close", () => {
      this.lists -= 1;
    });
    return reply.header("cache-control", "no-store").type("application/json; charset=utf-8").send(stream);
  }

  silences(query: QueryString): unknown {
    const now = this.ports.clock.now();
    const filter = matchersOf(query, "filter");
    const wanted = { active: flag(query, "active"), expired: flag(query, "expired"), pending: flag(query, "pending") };
    const found = this.ports.query
      .silences()
      .filter((silence) => wanted[stateOf(silence, now)] && silenceMatches(silence, filter));
    return sortSilences(found, now).map((silence) => silenceDocument(silence, now));
  }

  silence(id: string): unknown {
    const found = this.ports.query.silences().find((silence) => silence.id === id);
    if (found === undefined) throw new Refusal(404, "notFound", `silence not found: ${id}`);
    return silenceDocument(found, this.ports.clock.now());
  }

  /** Changes one in place where Alertmanager would; else ends it and makes a new one. Returns the id. */
  async postSilence(body: unknown, actor: string): Promise<string> {
    const now = this.ports.clock.now();
    const posted = readSilence(body, now);
    const existing = this.ports.query.silences().find((silence) => silence.id === posted.id);
    if (posted.id !== undefined && existing === undefined)
      throw new Refusal(404, "notFound", `silence not found: ${posted.id}`);
    const inPlace = existing !== undefined && changesInPlace(existing, posted, now);
    const id = inPlace ? existing.id : this.newId();
    await submitCommand(this.ports, actor, {
      type: "silence.put",
      silence: silenceOf(posted, id, inPlace ? existing : undefined, now),
    });
    // The new one is there before the old one ends, so that nothing rings in between.
    if (existing !== undefined && !inPlace && stateOf(existing, now) !== "expired")
      await submitCommand(this.ports, actor, { type: "silence.expire", id: existing.id });
    return id;
  }

  /** Ends a silence; ending one that has ended is no fault. */
  async expireSilence(id: string, actor: string): Promise<void> {
    const found = this.ports.query.silences().find((silence) => silence.id === id);
    if (found === undefined) throw new Refusal(404, "notFound", `silence not found: ${id}`);
    if (stateOf(found, this.ports.clock.now()) === "expired") return;
    await submitCommand(this.ports, actor, { type: "silence.expire", id });
  }

  /** As it was sent, where we remember that; the runtime's own time is some milliseconds later. */
  private readonly endsAt = (alert: {
    labels: Readonly<Record<string, string>>;
    expiresAt: number | null;
    lastSeenAt: number;
  }): number => {
    const expiresAt = alert.expiresAt ?? alert.lastSeenAt + this.resolveTimeoutMs;
    const sent = this.reader.lastEndsAt(alert.labels);
    return sent !== undefined && Math.abs(sent - expiresAt) < 5_000 ? sent : expiresAt;
  };
}
