import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../port/ingest.ts";
import { expose, EXPOSITION_CONTENT_TYPES, negotiateFormat, type SenderView } from "../../series/exposition.ts";
import { SERIES_STALE_AFTER_MS } from "../../series/series-store.ts";
import { discovery } from "../../series/service-discovery.ts";
import { encoded, negotiateCoding } from "../compress.ts";
import { one, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { query, text } from "../schema/basic.ts";

const READ = { roles: ["viewer"] } as const;
const SOURCE = {
  source: text("Only what came in this way: agent, otlp or remote-write, which is not shown otherwise."),
};
/** Senders that are looked up between two turns of the event loop. */
const SENDERS_A_TURN = 200;

/** What Prometheus reads: our own metrics, the agents' series, and where they are. */
export function registerScrape(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/metrics",
    {
      config: READ,
      schema: {
        operationId: "ownMetrics",
        tags: ["prometheus"],
        summary: "The collector's own metrics. Text or OpenMetrics.",
      },
    },
    async (request, reply) => {
      const { contentType, body } = await ports.exposeOwn(negotiateFormat(request.headers.accept));
      return answer(request, reply, contentType, Readable.from([body], { objectMode: false }));
    },
  );
  app.get(
    "/metrics/agents",
    {
      config: READ,
      schema: {
        operationId: "agentsMetrics",
        tags: ["prometheus"],
        summary: "The series of all agents, under node_exporter's names, with the label ci. Text or OpenMetrics.",
        querystring: query(SOURCE),
      },
    },
    async (request, reply) => scraped(request, reply, await allViews(ports, sourceOf(request)), ports),
  );
  app.get(
    "/metrics/agents/:id",
    {
      config: READ,
      schema: {
        operationId: "agentMetrics",
        tags: ["prometheus"],
        summary: "The series of one CI, by its id, name or alias, or by the agent's id.",
        querystring: query(SOURCE),
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const views = ports.series.viewsOf(ciOf(id, ports), ports.clock.now(), sourceOf(request));
      if (views.length === 0)
        throw new Refusal(
          404,
          "noSeries",
          `nothing is heard of ${id.slice(0, 80)} now; GET /api/v1/agents lists who is`,
        );
      return scraped(request, reply, views, ports);
    },
  );
  app.get(
    "/sd/prometheus",
    {
      config: READ,
      schema: {
        operationId: "discoverTargets",
        tags: ["prometheus"],
        summary: "HTTP service discovery: one target for each CI that an agent speaks for.",
      },
    },
    async (request, reply) => {
      const address = request.host === "" ? `${request.socket.localAddress}:${request.socket.localPort}` : request.host;
      // Whoever set the header misleads only himself.
      const scheme = request.headers["x-forwarded-proto"] === "https" ? "https" : request.protocol;
      const pieces = discovery(ports.agents.cis(), address, scheme);
      return answer(request, reply, "application/json; charset=utf-8", Readable.from(pieces, { objectMode: false }));
    },
  );
}

function ciOf(id: string, ports: ApiPorts): string {
  const known = ports.query.ci(id)?.id;
  if (known !== undefined || ports.series.countOf(id) > 0) return known ?? id;
  return ports.agents.ciOf(id) ?? id;
}

const sourceOf = (request: FastifyRequest): string | undefined => one(request.query as QueryString, "source");

async function allViews(ports: ApiPorts, source: string | undefined): Promise<SenderView[]> {
  const views: SenderView[] = [];
  let looked = 0;
  for (const ci of ports.series.cis()) {
    views.push(...ports.series.viewsOf(ci, ports.clock.now(), source));
    looked += 1;
    if (looked % SENDERS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return views;
}

function scraped(
  request: FastifyRequest,
  reply: FastifyReply,
  views: readonly SenderView[],
  ports: ApiPorts,
): FastifyReply {
  const format = negotiateFormat(request.headers.accept);
  const pieces = expose(views, ports.series.families(), {
    format,
    now: ports.clock.now(),
    staleAfterMs: SERIES_STALE_AFTER_MS,
  });
  const body = Readable.from(pieces, { objectMode: false, highWaterMark: 65_536 });
  return answer(request, reply, EXPOSITION_CONTENT_TYPES[format], body);
}

/** In the coding that the scraper likes best; Prometheus asks for gzip. */
function answer(request: FastifyRequest, reply: FastifyReply, contentType: string, body: Readable): FastifyReply {
  const coding = negotiateCoding(request.headers["accept-encoding"]);
  if (coding !== "identity") void reply.header("content-encoding", coding);
  return reply
    .header("content-type", contentType)
    .header("vary", "accept, accept-encoding")
    .send(encoded(body, coding));
}
