import type { IncomingMessage, ServerOptions as ServerOptionsOfHttp } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import swagger from "@fastify/swagger";
import { type FastifyInstance, type FastifyServerOptions, fastify, type RouteOptions } from "fastify";
import { EPOCH_HEADER, TIME_HEADER } from "../../protocol/agent-resource.ts";
import type { Clock } from "../port/clock.ts";
import { type IngestPorts, Refusal } from "../port/ingest.ts";
import { type AuthConfig, Authenticator, isLoopback, NOBODY, refuseStrangers } from "./access.ts";
import "./augment.ts";
import { readBodies } from "./body.ts";
import { refuseUnknownQuery } from "./known-query.ts";
import { type ApiLimits, DEFAULT_API_LIMITS } from "./limits.ts";
import { MethodTable } from "./methods.ts";
import type { ApiPorts } from "./ports.ts";
import { registerAgents } from "./route/agents.ts";
import { registerCmdb } from "./route/cmdb.ts";
import { registerDiagnostics } from "./route/diagnostics.ts";
import { registerConsole } from "./route/console.ts";
import { registerEnrolment } from "./route/enrolment.ts";
import { registerHealth } from "./route/health.ts";
import { registerIncidents } from "./route/incidents.ts";
import { registerMutes } from "./route/mutes.ts";
import { registerObservations } from "./route/observations.ts";
import { registerPostedEvents } from "./route/post-event.ts";
import { registerRecords } from "./route/records.ts";
import { registerRunbooks } from "./route/runbooks.ts";
import { registerScrape } from "./route/scrape.ts";
import { NAMED_SCHEMAS } from "./schema/named.ts";
import { documentedAnswers } from "./schema/undocumented.ts";
import { answerTrouble } from "./trouble.ts";
import { type LazyValidation, validateWhenAsked } from "./validation.ts";

/** Who is started anew has other things to do at first: senders have waited for it. */
const PREPARE_AFTER_MS = 2_000;

/** An ingest adapter: adds its routes to a scope of its own. */
export type IngestPlugin = (app: FastifyInstance, ports: IngestPorts) => void | Promise<void>;

export interface ServerOptions {
  ports: ApiPorts;
  /** Tokens to check with, or an authenticator whose tokens the caller replaces while the server runs. */
  auth: AuthConfig | Authenticator;
  /** Of the store: agents resend what they hold when it changes. */
  epoch: string;
  version: string;
  ingest: readonly IngestPlugin[];
  limits?: Partial<ApiLimits>;
}

export interface ApiServer {
  readonly app: FastifyInstance;
  /** Throws an Error for the operator when the address may not or cannot be listened on. */
  listen(host: string, port: number): Promise<{ url: string }>;
  /** Answers what has begun, refuses what comes, and ends. */
  close(): Promise<void>;
}

/** The HTTP side of the collector: who may do what, how bodies are read, how errors look; then every route. */
export async function createServer(options: ServerOptions): Promise<ApiServer> {
  const { ports } = options;
  const limits: ApiLimits = { ...DEFAULT_API_LIMITS, ...options.limits };
  const access = options.auth instanceof Authenticator ? options.auth : new Authenticator(options.auth);
  const validation = validateWhenAsked();
  const reading = new WeakMap<Socket, IncomingMessage>();
  const app = fastify(fastifyOptions(limits, ports, validation, reading));
  app.server.on("request", (request) => reading.set(request.socket, request));
  app.server.maxConnections = limits.connectionsMax;
  const silent = silentConnections(app);
  const state = { closing: false };

  app.decorate("identify", (secret: string) => access.identify(secret));
  // Set before anything reads it; Fastify shares no object between requests.
  app.decorateRequest("identity", null as never);
  app.decorateRequest("rawBody", undefined);
  app.setErrorHandler((error, request, reply) => answerTrouble(error, request, reply, ports));
  answerUnknown(app);
  guardRoutes(app, access, state, { epoch: options.epoch, clock: ports.clock });
  readOwnWrites(app, ports);
  const budget = readBodies(app, limits);
  ports.telemetry.gauge("tocsin_http_body_bytes", () => budget.used);
  measure(app, ports);

  await registerDocument(app, options.version);
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);
  await app.register(async (scope) => {
    registerHealth(scope, ports);
    registerScrape(scope, ports);
    registerIncidents(scope, ports);
    registerRecords(scope, ports);
    registerPostedEvents(scope, ports);
    registerMutes(scope, ports);
    registerCmdb(scope, ports, limits.importBytesMax);
    registerAgents(scope, ports);
    registerObservations(scope, ports);
    registerDiagnostics(scope, ports);
    registerEnrolment(scope, ports);
    registerRunbooks(scope, ports);
    registerConsole(scope, ports, { limits, version: options.version });
  });
  for (const ingest of options.ingest) await app.register(async (scope) => ingest(scope, ports));
  await app.ready();

  return {
    app,
    listen: async (host, port) => {
      if (access.open && !isLoopback(host))
        throw new Error(
          `without auth.tokens only loopback may be listened on, not ${host}: add tokens, or listen on 127.0.0.1`,
        );
      await app.listen({ host, port });
      ports.clock.after(PREPARE_AFTER_MS, () => validation.prepare());
      const address = app.server.address() as AddressInfo;
      const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return { url: `http://${shown}:${address.port}` };
    },
    close: async () => {
      state.closing = true;
      await closed(app, silent);
    },
  };
}

/** Connections that have not asked for anything yet: Node does not call them idle. */
function silentConnections(app: FastifyInstance): Set<Socket> {
  const silent = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  app.server.on("request", (request) => silent.delete(request.socket));
  return silent;
}

/** Connections that fall idle one after another must not hold the end up; one that never does is cut. */
async function closed(app: FastifyInstance, silent: ReadonlySet<Socket>): Promise<void> {
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
  }, CLOSE_IDLE_EVERY_MS);
  const hard = setTimeout(() => app.server.closeAllConnections(), CLOSE_ALL_AFTER_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(hard);
  }
}

const CLOSE_IDLE_EVERY_MS = 50;
const CLOSE_ALL_AFTER_MS = 5000;

function fastifyOptions(
  limits: ApiLimits,
  ports: ApiPorts,
  validation: LazyValidation,
  reading: WeakMap<Socket, IncomingMessage>,
): FastifyServerOptions & { http: ServerOptionsOfHttp } {
  return {
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    maxRequestsPerSocket: limits.requestsPerConnectionMax,
    http: { headersTimeout: limits.headersTimeoutMs, maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 5000 },
    // Our own answer, in our own form.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    // Senders are given an address and put a path behind it, not all with care.
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    schemaController: { compilersFactory: { buildValidator: validation.build, buildSerializer: () => asItIs } },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    frameworkErrors: (error, request, reply) => {
      void answerTrouble(error, request, reply, ports);
    },
    clientErrorHandler: (error, socket) => {
      const code = answerBrokenRequest(error, socket);
      // A request that breaks off in its body is counted by whoever reads that.
      const isInBody = reading.get(socket)?.complete === false;
      if (!isInBody && error.code !== "ECONNRESET") ports.telemetry.count("tocsin_http_refused_total", { code });
    },
  };
}

/** Documented answers are not filters: what the core tells goes out as it is. */
const asItIs = () => (value: unknown) => JSON.stringify(value);

/** What is not even HTTP, or came too slowly. There is no request and no route: the answer is written by hand. Returns its code. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): string {
  const answer =
    error.code === "HPE_HEADER_OVERFLOW"
      ? (["431 Request Header Fields Too Large", "headersTooLarge", "the headers are larger than 16 KiB"] as const)
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? (["408 Request Timeout", "timeout", "the request did not arrive in time"] as const)
        : (["400 Bad Request", "badRequest", "this is not HTTP"] as const);
  const body = JSON.stringify({ code: answer[1], message: answer[2] });
  if (socket.writable && error.code !== "ECONNRESET")
    socket.write(
      `HTTP/1.1 ${answer[0]}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  socket.destroySoon();
  return answer[1];
}

/** 404, or 405 with Allow where the path has other methods. */
function answerUnknown(app: FastifyInstance): void {
  const methods = new MethodTable();
  app.addHook("onRoute", (route) => {
    for (const method of [route.method].flat()) methods.add(route.url, method);
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.of(request.url);
    if (allowed.length === 0) throw new Refusal(404, "notFound", "there is nothing at this path");
    void reply.header("allow", allowed.join(", "));
    throw new Refusal(405, "methodNotAllowed", `this path takes ${allowed.join(", ")}, not ${request.method}`);
  });
}

/** Every route says who may call it, and is asked before its body is read. */
function guardRoutes(
  app: FastifyInstance,
  access: Authenticator,
  state: { closing: boolean },
  { epoch, clock }: { epoch: string; clock: Clock },
): void {
  app.addHook("onRoute", (route: RouteOptions) => {
    const roles = route.config?.roles;
    if (roles === undefined || roles.length === 0)
      throw new Error(
        `the route ${String(route.method)} ${route.url} does not say who may call it: config.roles is missing`,
      );
  });
  // With `done` rather than as promises, here and below: each promise costs a request some microseconds.
  app.addHook("onRequest", (request, reply, done) => {
    request.identity = NOBODY;
    void reply
      .header(EPOCH_HEADER, epoch)
      .header(TIME_HEADER, String(clock.now()))
      .header("x-content-type-options", "nosniff");
    if (state.closing) throw new Refusal(503, "closing", "the collector is ending", { retryAfterS: 5 });
    if (access.open) refuseStrangers(request);
    const { roles, forEnrolled } = request.routeOptions.config;
    if (roles !== undefined)
      request.identity = access.authorise(request, forEnrolled === true ? { roles, forEnrolled } : { roles });
    refuseUnknownQuery(request);
    done();
  });
  // A body that may be left out is an empty object.
  app.addHook("preValidation", (request, _reply, done) => {
    const { body = "json" } = request.routeOptions.config;
    if (body === "json" && request.body === undefined && request.routeOptions.schema?.body !== undefined)
      request.body = {};
    done();
  });
}

/** What a sender was told is taken is in every list that is asked for afterwards. */
function readOwnWrites(app: FastifyInstance, { deposited }: ApiPorts): void {
  app.addHook("preHandler", (request, _reply, done) => {
    const isRead = request.method === "GET" && request.routeOptions.url?.startsWith("/api/") === true;
    const waiting = isRead ? deposited() : undefined;
    if (waiting === undefined) done();
    else void waiting.then(() => done());
  });
}

function measure(app: FastifyInstance, ports: ApiPorts): void {
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    ports.telemetry.count("tocsin_http_requests_total", {
      route,
      method: request.method,
      status: String(reply.statusCode),
    });
    ports.telemetry.observe("tocsin_http_request_duration_seconds", reply.elapsedTime / 1000, { route });
    done();
  });
}

async function registerDocument(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Tocsin",
        version,
        description:
          "Event correlation for IT operations. Errors answer {code, message, details?}; times are RFC 3339 in UTC.",
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url }) => {
      const said = (schema as { response?: Record<string, unknown> } | undefined) ?? {};
      return { schema: { ...schema, response: documentedAnswers(url, said.response) }, url };
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === "string" ? json.$id : `schema${index}`,
    },
  });
  app.get("/openapi.json", { config: { roles: ["public"] }, schema: { hide: true } }, async () => app.swagger());
}
