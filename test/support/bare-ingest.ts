import fastify, { type FastifyInstance } from "fastify";
import { idAt, REF_LENGTH, UNKNOWN_PLACE } from "../../collector/core/model/alert-ref.ts";
import { alertId } from "../../collector/core/model/alert-table.ts";
import { blankAlert } from "../../collector/core/model/blank-alert.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import type { Ci } from "../../collector/core/model/ci.ts";
import type { Outcome } from "../../collector/core/model/effect.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Command, Repetition } from "../../collector/core/model/input.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { Silence } from "../../collector/core/model/silence.ts";
import type { Clock } from "../../collector/port/clock.ts";
import { type IngestPorts, Refusal, type RouteConfig, type Trouble } from "../../collector/port/ingest.ts";
import type { IntakeResult, IntakeWithDeposit, Lane, LetterReader, Submission } from "../../collector/port/intake.ts";
import type { Query } from "../../collector/port/query.ts";
import type { SampleBatch, SampleSink } from "../../collector/port/samples.ts";
import type { Log, Telemetry } from "../../collector/port/telemetry.ts";
import { VirtualClock } from "./virtual-clock.ts";

const nothing = (): void => undefined;

const notAsked = (): never => {
  throw new Error("no adapter asks this");
};

/**
 * What an ingest adapter sees of the collector, with a table of alerts for a core: it takes events over as they come,
 * without lateness, flapping, incidents or routes. Records everything.
 */
export class RecordingPorts<C extends Clock = VirtualClock> implements IngestPorts {
  readonly clock: C;
  readonly warnings: { message: string; fields: Record<string, unknown> | undefined }[] = [];
  readonly log: Log = {
    debug: nothing,
    info: nothing,
    warn: (message, fields) => void this.warnings.push({ message, fields }),
    error: nothing,
  };
  readonly events: Event[] = [];
  readonly repetitions: Repetition[] = [];
  readonly commands: { actor: string; command: Command }[] = [];
  readonly lanes: Lane[] = [];
  readonly batches: SampleBatch[] = [];
  readonly counts = new Map<string, number>();
  readonly alerts = new Map<string, Alert>();
  readonly silenceById = new Map<string, Silence>();
  readonly cis = new Map<string, Ci>();
  settings: CoreSettings = DEFAULT_SETTINGS;
  receiverNames: string[] = [];
  /** Deposits wait, until these are called. */
  isSlow = false;
  readonly deposits: (() => void)[] = [];
  private readonly readers = new Map<string, LetterReader>();
  /** Set to make the intake refuse. */
  refuse: IntakeResult | undefined;

  /** @param clock one that the test turns, where none is given. */
  constructor(clock?: C) {
    this.clock = clock ?? (new VirtualClock() as unknown as C);
  }

  readonly telemetry: Telemetry = {
    count: (metric, labels = {}, by = 1) => {
      const key = `${metric} ${Object.values(labels).join(" ")}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + by);
    },
    observe: () => undefined,
    gauge: () => undefined,
  };

  readonly samples: SampleSink = {
    write: (batch) => {
      this.batches.push(batch);
      return { accepted: batch.samples.length, rejected: 0, reasons: {} };
    },
  };

  readonly intake: IntakeWithDeposit = {
    readLetters: (reader, read) => void this.readers.set(reader, read),
    deposit: (letter, lane) => {
      const result = this.refuse;
      const submissions = this.readers.get(letter.reader)?.(letter) ?? [];
      expectCount(submissions, letter.inputs);
      if (!this.isSlow || result !== undefined) return this.intake.submit(submissions, lane);
      const { promise: stepped, resolve } = Promise.withResolvers<readonly Outcome[]>();
      this.deposits.push(() => resolve(submissions.map((one) => this.take(one))));
      return Promise.resolve({ status: "deposited", stepped });
    },
    submit: (submissions, lane) => {
      this.lanes.push(lane);
      if (this.refuse !== undefined) return Promise.resolve(this.refuse);
      return Promise.resolve({ status: "committed", outcomes: submissions.map((one) => this.take(one)) });
    },
  };

  readonly query: Query = {
    annotations: async () => ({}),
    placeOf: () => UNKNOWN_PLACE,
    liveAlerts: () => [...this.alerts.values()].filter((alert) => this.isLive(alert)),
    silences: () => [...this.silenceById.values()],
    settings: () => this.settings,
    receivers: () => this.receiverNames,
    receiversOf: () => this.receiverNames,
    ci: (name) => this.cis.get(name),
    incidents: notAsked,
    incident: notAsked,
    alerts: notAsked,
    changes: notAsked,
    problems: notAsked,
    ledger: notAsked,
    maintenance: notAsked,
    cmdb: notAsked,
    counts: notAsked,
  };

  addCi(id: string): void {
    const ci = { id, type: "host", name: id, aliases: [], labels: {}, owner: null };
    this.cis.set(id, { ...ci, criticality: null, minHealthy: null, known: true });
  }

  private isLive(alert: Alert): boolean {
    return alert.status !== "resolved" && (alert.expiresAt === null || alert.expiresAt > this.clock.now());
  }

  private take(submission: Submission): Outcome {
    if (submission.kind === "command") this.obey(submission.actor, submission.command);
    const taken = { status: "accepted", alert: null, incident: null } as const;
    if (submission.kind === "again") {
      this.repetitions.push(submission);
      const ids = Array.from({ length: submission.alerts.length / REF_LENGTH }, (_, at) => idAt(submission.alerts, at));
      return { ...taken, missed: ids.flatMap((id, index) => (this.repeat(id, submission) ? [] : [index])) };
    }
    if (submission.kind !== "event") return taken;
    this.events.push(submission.event);
    return submission.event.kind === "alert" ? { ...taken, alert: this.apply(submission.event) } : taken;
  }

  private repeat(id: string, { occurredAt, expiresAt }: Repetition): boolean {
    const alert = this.alerts.get(id);
    if (alert === undefined || !this.isLive(alert)) return false;
    const at = this.clock.now();
    const moved = { lastSeenAt: at, lastOccurredAt: occurredAt, count: alert.count + 1, expiresAt };
    this.alerts.set(id, { ...alert, ...moved, expiresAfterMs: expiresAt - at });
    return true;
  }

  private obey(actor: string, command: Command): void {
    this.commands.push({ actor, command });
    if (command.type === "silence.put") this.silenceById.set(command.silence.id, command.silence);
    if (command.type === "silence.expire") {
      const silence = this.silenceById.get(command.id);
      if (silence !== undefined) this.silenceById.set(command.id, { ...silence, endsAt: this.clock.now() });
    }
  }

  private apply(event: Event): string {
    const at = this.clock.now();
    const id = alertId(event.ci, event.source, event.check, event.instance);
    const before = this.alerts.get(id);
    const again = before !== undefined && this.isLive(before);
    if (event.status === "resolved") {
      if (before !== undefined) this.alerts.set(id, { ...before, status: "resolved", resolvedAt: at });
      return id;
    }
    const since = event.since ?? event.occurredAt;
    const { ci, source, check, instance, severity, summary, labels, annotations, links } = event;
    this.alerts.set(id, {
      ...blankAlert(),
      id,
      ci,
      source,
      check,
      instance,
      severity,
      summary,
      labels,
      annotations,
      links,
      episode: 1,
      firstSeenAt: again ? before.firstSeenAt : at,
      lastSeenAt: at,
      occurredAt: again ? Math.min(before.occurredAt, since) : since,
      lastOccurredAt: event.occurredAt,
      count: again ? before.count + 1 : 1,
      expiresAfterMs: event.expiresAfterMs,
      expiresAt: event.expiresAt ?? (event.expiresAfterMs === null ? null : at + event.expiresAfterMs),
    });
    return id;
  }
}

/** A bare HTTP server with the adapter on it: bodies as the routes ask for them, errors as the server shows them. */
export function bareServer(register: (app: FastifyInstance) => void): FastifyInstance {
  const app = fastify({ bodyLimit: 8 * 1024 * 1024 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    const wants = (request.routeOptions.config as Partial<RouteConfig>).body ?? "json";
    if (wants === "bytes") return done(null, body);
    try {
      return done(null, JSON.parse(body.toString()));
    } catch {
      return done(new Refusal(400, "badJson", "the body is not JSON"));
    }
  });
  app.addHook("onRoute", (route) => {
    const { roles } = (route.config ?? {}) as Partial<RouteConfig>;
    if (roles === undefined && route.method !== "HEAD")
      throw new Error(`${String(route.method)} ${route.url} names no roles`);
  });
  app.addHook("preHandler", (request, _reply, done) => {
    // As the server hands it over where a sender sent nothing.
    const wants = (request.routeOptions.config as Partial<RouteConfig>).body;
    if (wants === "bytes" && request.body === undefined) request.body = Buffer.alloc(0);
    done();
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const refusal = error instanceof Refusal ? error : undefined;
    const status = refusal?.status ?? error.statusCode ?? 500;
    const trouble: Trouble = { status, code: refusal?.code ?? "internal", message: error.message };
    if (refusal?.details !== undefined) trouble.details = refusal.details;
    if (refusal?.retryAfterS !== undefined) void reply.header("retry-after", String(refusal.retryAfterS));
    const render = (request.routeOptions.config as Partial<RouteConfig>).renderError;
    const { contentType, body } = render?.(trouble, request.headers["content-type"] ?? "") ?? {
      contentType: "application/json; charset=utf-8",
      body: JSON.stringify({ code: trouble.code, message: trouble.message, details: trouble.details }),
    };
    return reply.code(status).type(contentType).send(body);
  });
  register(app);
  return app;
}

function expectCount(submissions: readonly Submission[], inputs: number): void {
  if (submissions.length !== inputs) throw new Error(`a letter of ${inputs} inputs is ${submissions.length}`);
}
