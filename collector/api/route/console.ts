import type { FastifyInstance } from "fastify";
import { CONSOLE_FILES } from "../../console/files.ts";
import { ChangeStream } from "../change-stream.ts";
import type { ApiLimits } from "../limits.ts";
import type { ApiPorts } from "../ports.ts";
import { answers } from "../schema/basic.ts";
import { Type } from "../../port/type-builder.ts";

/** Nothing runs on the page but our own script, and nothing may frame it. */
const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const STATUS = Type.Object({
  version: Type.String(),
  name: Type.String({ description: "Of the token that asks." }),
  role: Type.String(),
  openIncidents: Type.Integer(),
  activeAlerts: Type.Integer(),
  cis: Type.Integer(),
  relations: Type.Integer(),
  agents: Type.Integer(),
  series: Type.Integer(),
  senders: Type.Integer(),
});

/** The page that shows state, and the stream and figures it lives on. */
export function registerConsole(
  app: FastifyInstance,
  ports: ApiPorts,
  options: { limits: ApiLimits; version: string },
): void {
  for (const { path, contentType, body } of CONSOLE_FILES) {
    app.get(path, { config: { roles: ["public"] }, schema: { hide: true } }, async (_request, reply) =>
      reply
        .header("content-security-policy", POLICY)
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-cache")
        .type(contentType)
        .send(body),
    );
  }
  app.get(
    "/api/v1/status",
    {
      config: { roles: ["viewer"] },
      schema: {
        operationId: "getStatus",
        tags: ["operations"],
        summary: "Figures: what is open, known and heard.",
        response: answers(200, STATUS, "Now."),
      },
    },
    async (request) => {
      const { series, senders } = ports.series.counts();
      return {
        version: options.version,
        name: request.identity.name,
        role: request.identity.role,
        ...ports.query.counts(),
        agents: ports.agents.reporting(),
        series,
        senders,
      };
    },
  );
  registerStream(app, ports, options.limits);
}

function registerStream(app: FastifyInstance, ports: ApiPorts, limits: ApiLimits): void {
  const stream = new ChangeStream({
    feed: ports.changes,
    clock: ports.clock,
    telemetry: ports.telemetry,
    clientsMax: limits.streamClientsMax,
    behindBytesMax: limits.streamBehindBytesMax,
  });
  app.addHook("preClose", async () => stream.close());
  app.get(
    "/api/v1/stream",
    {
      // A HEAD of it would be a reader that never ends.
      exposeHeadRoute: false,
      config: { roles: ["viewer"] },
      schema: {
        operationId: "streamChanges",
        tags: ["operations"],
        summary: "Server-sent events: `change` with kind, id and revision; `reset` when a reader must read all again.",
      },
    },
    (request, reply) => {
      const last = request.headers["last-event-id"];
      stream.attach(reply.raw, typeof last === "string" ? last : undefined);
      reply.hijack();
    },
  );
}
