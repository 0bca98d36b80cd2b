import type { FastifyInstance } from "fastify";
import { formatTime } from "../../core/model/time.ts";
import type { AgentView } from "../../port/agents.ts";
import { Refusal } from "../../port/ingest.ts";
import { obey } from "../command.ts";
import { one, pageOfList, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, listOf, PAGE, query, text } from "../schema/basic.ts";
import { timeOf } from "./records.ts";

const agentDocument = (agent: AgentView) => ({
  ...agent,
  firstSeenAt: formatTime(agent.firstSeenAt),
  lastSeenAt: formatTime(agent.lastSeenAt),
});

/** Agents, and the last hour of what they measured. */
export function registerAgents(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/agents",
    {
      config: { roles: ["viewer"] },
      schema: {
        operationId: "listAgents",
        tags: ["agents"],
        summary: "Agents that were heard within a day.",
        querystring: query(PAGE),
        response: answers(200, listOf("Agent"), "A page."),
      },
    },
    async (request) => {
      const page = pageOfList(ports.agents.list(), request.query as QueryString);
      return { items: page.items.map(agentDocument), next: page.next };
    },
  );
  app.delete(
    "/api/v1/agents/:ci",
    {
      config: { roles: ["operator"] },
      schema: {
        operationId: "forgetAgent",
        tags: ["agents"],
        summary: "The host is gone for good: its agent is no longer expected, its alerts resolve.",
      },
    },
    async (request, reply) => {
      const { ci } = request.params as { ci: string };
      await obey(ports.intake, request.identity.name, { type: "agent.forget", ci });
      return reply.code(204).send();
    },
  );
  app.get(
    "/api/v1/series",
    {
      config: { roles: ["viewer"] },
      schema: {
        operationId: "getSeries",
        tags: ["agents"],
        summary: "The last hour of one metric of a CI, in slots of ten seconds.",
        querystring: query({
          ci: text("Id, name or alias."),
          name: text("OpenTelemetry name of the metric."),
          from: text("RFC 3339; default: an hour ago."),
          to: text("RFC 3339; default: now."),
        }),
      },
    },
    async (request) => history(request.query as QueryString, ports),
  );
}

function history(asked: QueryString, ports: ApiPorts): unknown {
  const ci = one(asked, "ci");
  const name = one(asked, "name");
  if (ci === undefined || name === undefined) throw new Refusal(400, "badQuery", "ci and name are needed");
  const now = ports.clock.now();
  const from = one(asked, "from");
  const to = one(asked, "to");
  const found = ports.series.history(
    ports.query.ci(ci)?.id ?? ci,
    name,
    from === undefined ? now - 3_600_000 : timeOf("from", from),
    to === undefined ? now : timeOf("to", to),
  );
  return {
    items: found.map(({ points, exemplar, ...series }) => ({
      ...series,
      exemplar: exemplar === null ? null : { ...exemplar, at: exemplar.at > 0 ? formatTime(exemplar.at) : null },
      points: points.map(([at, value]) => [formatTime(at), value]),
    })),
    next: null,
  };
}
