import type { FastifyInstance } from "fastify";
import { Refusal } from "../../port/ingest.ts";
import type { ApiPorts } from "../ports.ts";
import { Type } from "../../port/type-builder.ts";

const READ = { roles: ["viewer"] } as const;

/** The packs' runbooks, for whoever reads an incident on a phone: as Markdown, and only read. */
export function registerRunbooks(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/runbooks",
    {
      config: READ,
      schema: {
        operationId: "listRunbooks",
        tags: ["incidents"],
        summary: "The rules that have a runbook, and where it is.",
      },
    },
    () => ({ items: ports.runbooks().list(), next: null }),
  );
  app.get(
    "/runbooks/:pack/:rule",
    {
      config: READ,
      schema: {
        operationId: "getRunbook",
        tags: ["incidents"],
        summary: "One runbook, Markdown.",
        params: Type.Object({ pack: Type.String({ maxLength: 256 }), rule: Type.String({ maxLength: 256 }) }),
      },
    },
    (request, reply) => {
      const { pack, rule } = request.params as { pack: string; rule: string };
      const text = ports.runbooks().text(pack, rule.replace(/\.md$/, ""));
      if (text === undefined)
        throw new Refusal(
          404,
          "runbookNotFound",
          `no runbook ${pack}/${rule}; GET /runbooks lists those that are there`,
        );
      return reply.header("x-content-type-options", "nosniff").type("text/markdown; charset=utf-8").send(text);
    },
  );
}
