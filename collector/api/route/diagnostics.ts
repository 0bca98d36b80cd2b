import type { FastifyInstance } from "fastify";
import { AGENT_REQUESTS_PATH } from "../../../protocol/agent-resource.ts";
import { formatTime, type Milliseconds, type UnixMillis } from "../../core/model/time.ts";
import { type Diagnostics, diagnosticParts } from "../../port/diagnostics.ts";
import { Refusal } from "../../port/ingest.ts";
import { one, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, nullable, query, text, time } from "../schema/basic.ts";
import { Type } from "../../port/type-builder.ts";

const SHOWN_MAX = 10;
const LOOKED_AT = 200;
/** Whoever asked is not waiting any more. */
const REQUEST_LASTS_MS: Milliseconds = 15 * 60_000;
const REQUESTS_MAX = 1000;

/** Who wants to see a host's diagnostics, until its agent has asked. In memory: after a restart one asks again. */
export class DiagnosticRequests {
  private readonly byCi = new Map<string, { by: string; until: UnixMillis }>();

  /** False where too many are waiting. */
  ask(ci: string, by: string, now: UnixMillis): boolean {
    for (const [known, { until }] of this.byCi) if (until <= now) this.byCi.delete(known);
    if (this.byCi.size >= REQUESTS_MAX && !this.byCi.has(ci)) return false;
    this.byCi.set(ci, { by, until: now + REQUEST_LASTS_MS });
    return true;
  }

  /** Once for each request. */
  take(ci: string, now: UnixMillis): string | null {
    const found = this.byCi.get(ci);
    this.byCi.delete(ci);
    return found === undefined || found.until <= now ? null : found.by;
  }
}

const SHOWN = Type.Object({
  items: Type.Array(
    Type.Object({
      alert: Type.String(),
      ci: Type.String(),
      check: Type.String(),
      instance: Type.String(),
      at: time(),
      parts: Type.Record(Type.String(), Type.String()),
    }),
  ),
  next: nullable(Type.String()),
});

/** What agents recorded of their hosts, and asking one to do it now. */
export function registerDiagnostics(app: FastifyInstance, ports: ApiPorts): void {
  const requests = new DiagnosticRequests();
  const idOf = (name: string): string => ports.query.ci(name)?.id ?? name;
  app.get(
    "/api/v1/agents/:ci/diagnostics",
    {
      config: { roles: ["viewer"] },
      schema: {
        operationId: "getDiagnostics",
        tags: ["agents"],
        summary: "What the agent of a CI recorded of its host, with alerts or because somebody asked; newest first.",
        response: answers(200, SHOWN, "At most ten."),
      },
    },
    async (request) => ({ items: await newest((request.params as { ci: string }).ci, ports), next: null }),
  );
  app.post(
    "/api/v1/agents/:ci/diagnostics",
    {
      config: { roles: ["operator"] },
      schema: {
        operationId: "askDiagnostics",
        tags: ["agents"],
        summary: "Ask the agent of a CI for diagnostics; it asks once a minute whether somebody did.",
        response: answers(
          202,
          Type.Object({ ci: Type.String(), until: time("After this the request is forgotten.") }),
          "The agent will be told.",
        ),
      },
    },
    async (request, reply) => {
      const ci = idOf((request.params as { ci: string }).ci);
      const now = ports.clock.now();
      if (!ports.agents.speaksFor(ci))
        throw new Refusal(404, "agentNotFound", `no agent speaks for ${ci.slice(0, 80)}`);
      if (!requests.ask(ci, request.identity.name, now))
        throw new Refusal(503, "overloaded", "too many requests for diagnostics are waiting", { retryAfterS: 60 });
      return reply.code(202).send({ ci, until: formatTime(now + REQUEST_LASTS_MS) });
    },
  );
  app.get(
    AGENT_REQUESTS_PATH,
    {
      config: { roles: ["agent"], forEnrolled: true },
      schema: {
        operationId: "getAgentRequests",
        tags: ["agents"],
        summary: "Whether somebody wants this agent's diagnostics; each request is answered once.",
        querystring: query({ ci: text("The CI the agent speaks for; an enrolled agent asks for that of its token.") }),
        response: answers(200, Type.Object({ diagnose: nullable(Type.String()) }), "Who asked, or null."),
      },
    },
    async (request) => {
      const ci = request.identity.ci ?? one(request.query as QueryString, "ci");
      if (ci === undefined) throw new Refusal(400, "badQuery", "ci is needed");
      return { diagnose: requests.take(idOf(ci), ports.clock.now()) };
    },
  );
}

async function newest(name: string, { query: reader }: ApiPorts): Promise<(Diagnostics & { at: string })[]> {
  const page = await reader.alerts({ statuses: "all", ci: name, limit: LOOKED_AT, cursor: null });
  const newestFirst = page.items.toSorted((a, b) => (a.lastSeenAt < b.lastSeenAt ? 1 : -1));
  const found: (Diagnostics & { at: string })[] = [];
  for (const { id, ci, source, check, instance, lastSeenAt } of newestFirst) {
    const parts = diagnosticParts(source, await reader.annotations(id));
    if (parts !== null) found.push({ alert: id, ci, check, instance, at: lastSeenAt, parts });
    if (found.length >= SHOWN_MAX) break;
  }
  return found;
}
