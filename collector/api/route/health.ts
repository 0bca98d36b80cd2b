import type { FastifyInstance, RouteHandlerMethod } from "fastify";
import type { Progress } from "../../port/progress.ts";
import { answers } from "../schema/basic.ts";
import type { ApiPorts } from "../ports.ts";
import { Type } from "../../port/type-builder.ts";

const PUBLIC = { roles: ["public"] } as const;

export interface Health {
  status: "ok" | "stuck";
  /** Names of what should move and does not. */
  stuck: string[];
}

/** A process that answers is not yet healthy: what is due must move. */
export function healthOf(progress: readonly Progress[]): Health {
  const stuck = progress.filter((each) => each.waitingMs() > each.limitMs).map(({ name }) => name);
  return { status: stuck.length === 0 ? "ok" : "stuck", stuck };
}

const HEALTH = Type.Object({ status: Type.Enum(["ok", "stuck"]), stuck: Type.Array(Type.String()) });
const READINESS = Type.Object({ status: Type.Enum(["ready", "notReady"]), reason: Type.Optional(Type.String()) });

export function registerHealth(app: FastifyInstance, ports: ApiPorts): void {
  ports.telemetry.gauge("tocsin_progress_waiting_seconds", () =>
    ports.progress.map((each) => ({ labels: { kind: each.name }, value: each.waitingMs() / 1000 })),
  );
  const figure = (key: keyof ReturnType<typeof ports.query.counts>) => () => ports.query.counts()[key];
  ports.telemetry.gauge("tocsin_open_incidents", figure("openIncidents"));
  ports.telemetry.gauge("tocsin_active_alerts", figure("activeAlerts"));
  ports.telemetry.gauge("tocsin_cis", figure("cis"));
  ports.telemetry.gauge("tocsin_relations", figure("relations"));
  const health: RouteHandlerMethod = async (_request, reply) => {
    const found = healthOf(ports.progress);
    return reply.code(found.status === "ok" ? 200 : 503).send(found);
  };
  const readiness: RouteHandlerMethod = async (_request, reply) => {
    const found = ports.ready();
    return found.ready
      ? reply.send({ status: "ready" })
      : reply.code(503).send({ status: "notReady", reason: found.reason });
  };
  // Probes that were set up for Alertmanager look here.
  app.get("/-/healthy", { config: PUBLIC, schema: { hide: true } }, health);
  app.get("/-/ready", { config: PUBLIC, schema: { hide: true } }, readiness);
  app.get(
    "/healthz",
    {
      config: PUBLIC,
      schema: {
        operationId: "health",
        tags: ["operations"],
        summary: "200 while everything that is due moves, else 503.",
        response: {
          ...answers(200, HEALTH, "All moves."),
          "5xx": { description: "Stuck.", content: { "application/json": { schema: HEALTH } } },
        },
      },
    },
    health,
  );
  app.get(
    "/readyz",
    {
      config: PUBLIC,
      schema: {
        operationId: "readiness",
        tags: ["operations"],
        summary: "200 while requests are taken, else 503.",
        response: {
          ...answers(200, READINESS, "Ready."),
          "5xx": { description: "Not ready.", content: { "application/json": { schema: READINESS } } },
        },
      },
    },
    readiness,
  );
}
