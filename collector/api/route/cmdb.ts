import { isUtf8 } from "node:buffer";
import type { FastifyInstance } from "fastify";
import type { Ci, CmdbDocument, Relation } from "../../core/model/ci.ts";
import { formatTime } from "../../core/model/time.ts";
import type { CmdbImportResult } from "../../port/cmdb.ts";
import { Refusal } from "../../port/ingest.ts";
import { flag, many, one, pageOfList, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, ID, listOf, named, PAGE, query, text } from "../schema/basic.ts";

const READ = { roles: ["viewer"] } as const;

/** A declared relation says too when it was seen; what was only seen is as sure as it is now. */
function relationDocument(relation: Relation, { cmdb }: ApiPorts) {
  const sight = cmdb.sight(relation);
  return {
    ...relation,
    confidence: sight?.source === relation.source ? sight.confidence : relation.confidence,
    firstSeenAt: formatTime(sight?.firstSeenAt ?? null),
    lastSeenAt: formatTime(sight?.lastSeenAt ?? relation.lastSeenAt),
    seenBy: sight?.source ?? null,
  };
}

/** Reading the CMDB, importing into it, and what of it is not true. */
export function registerCmdb(app: FastifyInstance, ports: ApiPorts, importBytesMax: number): void {
  registerCis(app, ports);
  app.get(
    "/api/v1/cmdb/relations",
    {
      config: READ,
      schema: {
        operationId: "listRelations",
        tags: ["cmdb"],
        summary: "Relations: `from` needs `to`.",
        querystring: query({ ...PAGE, ci: text("Only those of this CI, in both directions.") }),
        response: answers(200, listOf("Relation"), "A page."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      const ci = one(asked, "ci");
      const id = ci === undefined ? undefined : foundCi(ports, ci).id;
      const all = ports.query.cmdb().relations;
      const page = pageOfList(id === undefined ? all : all.filter(({ from, to }) => from === id || to === id), asked);
      return { items: page.items.map((relation) => relationDocument(relation, ports)), next: page.next };
    },
  );
  app.get(
    "/api/v1/cmdb/sources",
    {
      config: READ,
      schema: {
        operationId: "listCmdbSources",
        tags: ["cmdb"],
        summary: "Files and imports that the CMDB is made of, with what is wrong in them.",
        querystring: query(PAGE),
        response: answers(200, listOf("CmdbSource"), "A page."),
      },
    },
    async (request) => {
      const sources = ports.cmdb.sources().map((source) => ({ ...source, loadedAt: formatTime(source.loadedAt) }));
      return pageOfList(sources, request.query as QueryString);
    },
  );
  app.get(
    "/api/v1/cmdb/drift",
    {
      config: READ,
      schema: {
        operationId: "getCmdbDrift",
        tags: ["cmdb"],
        summary: "Declared against observed.",
        response: answers(200, named("CmdbDrift"), "The drift."),
      },
    },
    async () => {
      const drift = ports.cmdb.drift();
      return { ...drift, at: formatTime(drift.at) };
    },
  );
  registerExport(app, ports);
  registerImport(app, ports, importBytesMax);
}

function registerExport(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/cmdb/export",
    {
      config: READ,
      schema: {
        operationId: "exportCmdb",
        tags: ["cmdb"],
        summary: "The CMDB as one document that can be imported: what people declare.",
        querystring: query({ observed: text("true: also what agents saw, with confidence and when.") }),
      },
    },
    async (request, reply) => {
      const withObserved = flag(request.query as QueryString, "observed");
      const document = withObserved ? ports.cmdb.document() : ports.cmdb.declared();
      return reply.type("application/json; charset=utf-8").send(exported(document, withObserved));
    },
  );
}

function foundCi(ports: ApiPorts, name: string): Ci {
  const ci = ports.query.ci(name);
  if (ci === undefined) throw new Refusal(404, "ciNotFound", `there is no CI ${name.slice(0, 80)}`);
  return ci;
}

function registerCis(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/cmdb/cis",
    {
      config: READ,
      schema: {
        operationId: "listCis",
        tags: ["cmdb"],
        summary: "Configuration items, those that were only reported included.",
        querystring: query({
          ...PAGE,
          q: text("Part of an id, name or alias."),
          type: text("One or more types."),
          known: text("true: only those of the CMDB; false: only those it does not have."),
        }),
        response: answers(200, listOf("Ci"), "A page."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      const types = many(asked, "type");
      const part = one(asked, "q")?.toLowerCase();
      const known = asked["known"] === undefined ? undefined : flag(asked, "known");
      const matches = (ci: Ci): boolean =>
        (types.length === 0 || types.includes(ci.type)) &&
        (known === undefined || ci.known === known) &&
        (part === undefined || [ci.id, ci.name, ...ci.aliases].some((name) => name.toLowerCase().includes(part)));
      return pageOfList(ports.query.cmdb().cis.filter(matches), asked);
    },
  );
  app.get(
    "/api/v1/cmdb/cis/:id",
    {
      config: READ,
      schema: {
        operationId: "getCi",
        tags: ["cmdb"],
        summary: "One CI by id, name or alias, with what it needs and what needs it.",
        params: ID,
        response: answers(200, named("CiInContext"), "The CI."),
      },
    },
    async (request) => {
      const ci = foundCi(ports, (request.params as { id: string }).id);
      const { relations } = ports.query.cmdb();
      return {
        ...ci,
        needs: relations
          .filter(({ from }) => from === ci.id)
          .slice(0, 1000)
          .map((relation) => relationDocument(relation, ports)),
        neededBy: relations
          .filter(({ to }) => to === ci.id)
          .slice(0, 1000)
          .map((relation) => relationDocument(relation, ports)),
      };
    },
  );
}

/** Only what the format has: no knowledge about where a part came from. */
function exported(document: CmdbDocument, withObserved: boolean): string {
  return JSON.stringify({
    vantage: document.vantage,
    cis: document.cis.filter((ci) => ci.known).map((ci) => withoutNulls({ ...ci, known: null })),
    relations: document.relations.map(({ from, type, to, confidence, lastSeenAt }) => ({
      from,
      type,
      to,
      ...(withObserved && lastSeenAt !== null ? { confidence, lastSeenAt: formatTime(lastSeenAt) } : {}),
    })),
    maintenance: document.maintenance.map((window) => ({
      ...withoutNulls(window),
      from: formatTime(window.from),
      to: formatTime(window.to),
    })),
  });
}

const withoutNulls = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));

function registerImport(app: FastifyInstance, ports: ApiPorts, bodySizeBytesMax: number): void {
  app.post(
    "/api/v1/cmdb/import",
    {
      config: { roles: ["admin"], body: "bytes", bodySizeBytesMax },
      schema: {
        operationId: "importCmdb",
        tags: ["cmdb"],
        summary: "Replace what one source declares: the whole document, JSON or YAML. With dryRun only the plan.",
        querystring: query({
          source: text("Whose part of the CMDB this is; default `api`."),
          dryRun: text(
            "true: change nothing. ifManyGone: change nothing where more than half of what the source had is gone, ten CIs at least; `status` says what was done.",
          ),
          observed: text("true: seen by a machine, not declared by people."),
          file: text("What to call the document in findings; default `body`."),
        }),
        response: answers(200, named("CmdbImport"), "What was done, or would be."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (!isUtf8(bytes)) throw new Refusal(400, "badEncoding", "the document is not valid UTF-8");
      const result = await ports.cmdb.import({
        source: one(asked, "source") ?? "api",
        observed: flag(asked, "observed"),
        text: bytes.toString("utf8"),
        file: one(asked, "file") ?? "body",
        dryRun: one(asked, "dryRun") === "ifManyGone" ? "ifManyGone" : flag(asked, "dryRun"),
      });
      return imported(result);
    },
  );
}

function imported(result: CmdbImportResult): Extract<CmdbImportResult, { plan: unknown }> {
  switch (result.status) {
    case "planned":
    case "applied":
      return result;
    case "invalid":
      throw new Refusal(400, "invalidCmdb", "the document has errors; nothing was changed", {
        details: result.findings,
      });
    case "refused":
      throw new Refusal(result.code === "badSource" ? 400 : 409, result.code, result.message);
    case "unavailable":
      throw new Refusal(503, "unavailable", `the CMDB cannot be changed now: ${result.reason}`, { retryAfterS: 5 });
  }
}
