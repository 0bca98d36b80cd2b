import type { FastifyInstance } from "fastify";
import { OBSERVATION_PATH, readObservation } from "../../../protocol/observation.ts";
import { maySpeakFor, Refusal } from "../../port/ingest.ts";
import type { ApiPorts } from "../ports.ts";
import { answers } from "../schema/basic.ts";
import { Type } from "../../port/type-builder.ts";

/** A host with every list full is some 250 KiB. */
const BODY_BYTES_MAX = 512 * 1024;

const TAKEN = Type.Object({
  status: Type.Enum(["taken"]),
  joined: Type.Integer({ description: "Neighbours that another agent or the CMDB knows." }),
  strangers: Type.Integer({ description: "Neighbours that nobody knows." }),
});

/** What agents see of their hosts: who listens, and who talks to whom. */
export function registerObservations(app: FastifyInstance, ports: ApiPorts): void {
  app.post(
    OBSERVATION_PATH,
    {
      config: { roles: ["agent"], forEnrolled: true, bodySizeBytesMax: BODY_BYTES_MAX },
      schema: {
        operationId: "postObservation",
        tags: ["cmdb"],
        summary: "What an agent sees of its host: programs, containers and neighbours. The newest one counts.",
        response: answers(202, TAKEN, "Taken; relations show within seconds."),
      },
    },
    async (request, reply) => {
      const read = readObservation(request.body);
      if (read.status === "malformed") throw new Refusal(400, "badObservation", read.message);
      if (!maySpeakFor(request.identity, read.observation.ci, (name) => ports.query.ci(name)?.id ?? name))
        throw new Refusal(403, "foreignCi", `this token is for the agent of ${request.identity.ci} only`);
      const result = ports.cmdb.observe(read.observation);
      if (result.status === "refused")
        throw new Refusal(503, "overloaded", `no more hosts can be observed: ${result.reason}`, { retryAfterS: 300 });
      return reply.code(202).send(result);
    },
  );
}
