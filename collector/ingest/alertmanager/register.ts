import { randomInt, randomUUID } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parse } from "yaml";
import type { Alert } from "../../core/model/alert.ts";
import type { Outcome } from "../../core/model/effect.ts";
import type { Severity } from "../../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { giveBack } from "../../port/give-back.ts";
import { Refusal, type IngestPorts, type RouteConfig, type Trouble } from "../../port/ingest.ts";
import { bytesOf, guardJson, jsonOf, parseJson, textOf } from "../body.ts";
import { type CiLabelOptions, DEFAULT_CI_LABELS } from "../ci-label.ts";
import { actorOf } from "../sender-key.ts";
import { countDropped, depositLetter, submitCommand, submitMixed } from "../submit.ts";
import { UNSTATED_SEVERITY } from "../severity.ts";
import { alertFilter, flag, matchersOf, receiverFilter, type QueryString } from "./alert-filter.ts";
import { alertList, groupList } from "./alert-list.ts";
import { AlertReader, type ReadAlerts } from "./alert-reader.ts";
import { UNROUTED } from "./alert-view.ts";
import type { Lessons } from "./lessons.ts";
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
  /** Alerts remembered to make sending one again cheap; about 50 bytes each. Default 500,000. */
  rememberedMax?: number;
  /** What becomes of an alert hangs on this too (the event rules): when it is another one, every alert is read anew. */
  meaning?: () => unknown;
  /** Lists of alerts written at the same time; more are refused with 503. Default 16. */
  concurrentListsMax?: number;
  newId?: () => string;
}

type Rejected = Extract<Outcome, { status: "rejected" }>;

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
    await api.postAlerts(bytesOf(request.body), isYaml(request));
    return reply.code(200).header("cache-control", "no-store").send();
  });
  app.get("/api/v2/silences", { config: READ }, (request, reply) => answer(reply, api.silences(queryOf(request))));
  app.post("/api/v2/silences", { config: SILENCE }, async (request, reply) =>
    answer(reply, {
      silenceID: await api.postSilence(documentBody(bytesOf(request.body), isYaml(request)), actorOf(request, ADAPTER)),
    }),
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
const YAML_BYTES_MAX = 64 * 1024;

/** Grafana's proxy sends it. Everything else is JSON, whatever the type says. */
const isYaml = (request: FastifyRequest): boolean => (request.headers["content-type"] ?? "").includes("yaml");

function documentBody(bytes: Buffer, isInYaml: boolean): unknown {
  if (!isInYaml) return bytes.length <= UNGUARDED_BYTES_MAX ? parseJson(textOf(bytes)) : jsonOf(bytes);
  if (bytes.length > YAML_BYTES_MAX)
    throw new Refusal(413, "bodyTooLarge", `a YAML body may have at most ${YAML_BYTES_MAX} bytes; JSON may have more`);
  try {
    // Looking for equal keys compares each with all before it: seconds for one map of this size.
    return parse(textOf(bytes), { maxAliasCount: 0, uniqueKeys: false });
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
  private readonly meaning: () => unknown;
  private meant: unknown;

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
        rememberedMax: options.rememberedMax ?? 500_000,
        alertsMax: ALERTS_MAX,
        placeOf: (alert) => ports.query.placeOf(alert),
        seeds: [randomInt(2 ** 31), randomInt(2 ** 31)],
      },
      ports.clock.now(),
    );
    this.meaning = options.meaning ?? (() => undefined);
    this.meant = this.meaning();
    ports.intake.readLetters(ADAPTER, (letter) => this.reader.readLetter(letter));
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
  async postAlerts(bytes: Buffer, isInYaml: boolean): Promise<void> {
    const now = this.ports.clock.now();
    const meaning = this.meaning();
    if (meaning !== this.meant) this.reader.forgetAll();
    this.meant = meaning;
    const read = this.readAlerts(bytes, isInYaml, now);
    const refused = await this.submit(bytes, read, now);
    // What is stored as it came is read once more when its turn has come.
    if (read.news.count === 0) giveBack(bytes);
    countDropped(this.ports, ADAPTER, "invalidAlert", read.invalid);
    if (read.faults.length > 0) throw new Refusal(400, "invalidAlert", read.faults.join("; "));
    if (refused !== undefined) throw new Refusal(503, refused.code, refused.message, { retryAfterS: 30 });
  }

  private readAlerts(bytes: Buffer, isInYaml: boolean, now: UnixMillis): ReadAlerts {
    if (!isInYaml && bytes.length > UNGUARDED_BYTES_MAX) guardJson(bytes);
    const read = !isInYaml && isUtf8(bytes) ? this.reader.readBody(bytes, now) : undefined;
    if (read !== undefined) return read;
    const body = documentBody(bytes, isInYaml);
    // Go's encoding of an empty list.
    if (body === null) return this.reader.readList([], now);
    if (!Array.isArray(body)) throw new Refusal(400, "badAlerts", "parsing alerts body failed: an array is expected");
    return this.reader.readList(body, now);
  }

  /** Returns one that the core refused. An alert that is there twice was as before first, and has then changed. */
  private async submit(bytes: Buffer, read: ReadAlerts, now: UnixMillis): Promise<Rejected | undefined> {
    const isAll = read.groups.length === 0 && read.invalid === 0;
    const refused = await Promise.all([
      this.repeat(bytes, read, now),
      this.deposit(read, read.news.body(bytes, isAll), now),
    ]);
    return refused.find((each) => each !== undefined);
  }

  /** Alerts that are new are safe before anybody has thought about them: a burst of them is answered at the pace of the disk. */
  private async deposit(
    { news, lessons, isNewCritical }: ReadAlerts,
    body: Uint8Array,
    receivedAt: UnixMillis,
  ): Promise<Rejected | undefined> {
    if (news.count === 0) return undefined;
    const letter = { reader: ADAPTER, body, receivedAt, inputs: news.count };
    const learn = this.learning(lessons);
    const outcomes = await depositLetter(this.ports, letter, isNewCritical ? "critical" : "event", learn);
    if (outcomes !== undefined) learn(outcomes);
    return outcomes?.find((outcome) => outcome.status === "rejected");
  }

  /** Nothing is learned when alerts mean something else meanwhile. */
  private learning(lessons: Lessons): (outcomes: readonly Outcome[]) => void {
    const { meant } = this;
    return (outcomes) => {
      if (this.meant === meant) this.reader.learn(lessons, outcomes);
    };
  }

  /** Alerts that are no longer as they were go the long way, as events. */
  private async repeat(bytes: Buffer, read: ReadAlerts, now: UnixMillis): Promise<Rejected | undefined> {
    if (read.groups.length === 0) return undefined;
    const repeated = read.groups.map(({ unchanged }) => unchanged);
    const outcomes = await submitMixed(this.ports, ADAPTER, repeated, read.isCritical ? "critical" : "event");
    const missed = this.reader.missedOf(bytes, read, outcomes, now);
    const refused = await this.deposit(missed, missed.news.body(bytes, false), now);
    return refused ?? outcomes.find((outcome) => outcome.status === "rejected");
  }

  alerts(query: QueryString): AsyncGenerator<string | Buffer> {
    return alertList(this.ports.query, alertFilter(query), this.ports.clock.now(), this.endsAt);
  }

  groups(query: QueryString): AsyncGenerator<string | Buffer> {
    return groupList(this.ports.query, alertFilter(query), {
      now: this.ports.clock.now(),
      muted: flag(query, "muted"),
      wanted: receiverFilter(query),
      endsAt: this.endsAt,
    });
  }

  /** Streams a list: its size is bounded by the alerts there are, its memory by one chunk. */
  list(reply: FastifyReply, chunks: AsyncGenerator<string | Buffer>): FastifyReply {
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

  private readonly endsAt = (alert: Readonly<Alert>): UnixMillis =>
    alert.expiresAt ?? alert.lastSeenAt + this.resolveTimeoutMs;
}
