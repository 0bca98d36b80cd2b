import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import {
  AGENT_CONFIGURATION_PATH,
  AGENT_SIGNING_KEY_PATH,
  SIGNATURE_HEADER,
  SUCCESSION_HEADER,
} from "../../../protocol/agent-document.ts";
import { AGENT_ENROL_PATH, AGENT_TOKEN_PATH } from "../../../protocol/agent-enrolment.ts";
import { AGENT_RULES_PATH } from "../../../protocol/agent-resource.ts";
import { formatTime } from "../../core/model/time.ts";
import type { AgentDocuments, EnrolmentFault, EnrolmentView, SignedDocument } from "../../port/enrolment.ts";
import { Refusal } from "../../port/ingest.ts";
import { presentedSecret } from "../access.ts";
import { one, pageOfList, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, ID, listOf, named, nullable, PAGE, query, text, time } from "../schema/basic.ts";
import { Type } from "../../port/type-builder.ts";

const HOUR_S = 3600;
const CI = Type.String({ minLength: 1, maxLength: 512 });
const TOKEN = Type.String({ minLength: 1, maxLength: 200 });

const NEW_BODY = Type.Object(
  {
    ci: Type.Optional({ ...CI, description: "The only CI that it is good for; default: the one that the agent says." }),
    validForS: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 30 * 24 * HOUR_S, description: "Seconds; default: an hour." }),
    ),
  },
  { additionalProperties: false },
);
const NEW_ANSWER = Type.Object({
  id: Type.String(),
  token: Type.String({ description: "Shown this once; only its hash is kept." }),
  ci: nullable(Type.String()),
  expiresAt: time(),
});
const ENROL_BODY = Type.Object(
  { agentId: Type.String({ minLength: 1, maxLength: 128 }), ci: CI, token: TOKEN },
  { additionalProperties: false },
);
const RENEW_BODY = Type.Object({ token: TOKEN }, { additionalProperties: false });

const viewDocument = (view: EnrolmentView) => ({
  ...view,
  createdAt: formatTime(view.createdAt),
  expiresAt: formatTime(view.expiresAt),
  enrolledAt: view.enrolledAt === null ? null : formatTime(view.enrolledAt),
});

/** Agents' own tokens, and what agents fetch: rules and configuration, signed. */
export function registerEnrolment(app: FastifyInstance, ports: ApiPorts): void {
  registerAdministration(app, ports);
  registerExchange(app, ports);
  registerDocuments(app, ports);
}

function registerAdministration(app: FastifyInstance, { enrolment }: ApiPorts): void {
  app.post(
    "/api/v1/enrolments",
    {
      config: { roles: ["admin"] },
      schema: {
        operationId: "createEnrolment",
        tags: ["agents"],
        summary: "A token with which one agent can enrol, once.",
        body: NEW_BODY,
        response: answers(201, NEW_ANSWER, "Made."),
      },
    },
    async (request, reply) => {
      const { ci = null, validForS = HOUR_S } = request.body as Static<typeof NEW_BODY>;
      const made = enrolment.create({ ci, validForMs: validForS * 1000, by: request.identity.name });
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ ...made, expiresAt: formatTime(made.expiresAt) });
    },
  );
  app.get(
    "/api/v1/enrolments",
    {
      config: { roles: ["operator"] },
      schema: {
        operationId: "listEnrolments",
        tags: ["agents"],
        summary: "Enrolments, newest first, without secrets.",
        querystring: query(PAGE),
        response: answers(200, listOf("Enrolment"), "A page."),
      },
    },
    async (request) => {
      const page = pageOfList(enrolment.list(), request.query as QueryString);
      return { items: page.items.map(viewDocument), next: page.next };
    },
  );
  app.delete(
    "/api/v1/enrolments/:id",
    {
      config: { roles: ["admin"] },
      schema: {
        operationId: "revokeEnrolment",
        tags: ["agents"],
        summary: "By id or CI: the agent's token is refused from now on.",
        params: ID,
        response: answers(200, Type.Object({ items: Type.Array(named("Enrolment")) }), "Revoked."),
      },
    },
    async (request) => {
      const { id } = request.params as { id: string };
      const revoked = enrolment.revoke(id);
      if (revoked.length === 0)
        throw new Refusal(404, "enrolmentNotFound", `nothing is enrolled as ${id.slice(0, 80)}; tocsin enrol list`);
      return { items: revoked.map(viewDocument) };
    },
  );
}

function registerExchange(app: FastifyInstance, { enrolment }: ApiPorts): void {
  app.post(
    AGENT_ENROL_PATH,
    {
      config: { roles: ["public"] },
      schema: {
        operationId: "enrolAgent",
        tags: ["agents"],
        summary: "An agent gives its enrolment token (as bearer) for a token that it has made itself.",
        body: ENROL_BODY,
      },
    },
    async (request) => {
      const answer = enrolment.exchange(secretOf(request), request.body as Static<typeof ENROL_BODY>);
      return taken(answer);
    },
  );
  app.post(
    AGENT_TOKEN_PATH,
    {
      config: { roles: ["public"] },
      schema: {
        operationId: "renewAgentToken",
        tags: ["agents"],
        summary: "An agent renews its token (as bearer); the old one ends when the new one is first used.",
        body: RENEW_BODY,
      },
    },
    async (request) => taken(enrolment.renew(secretOf(request), (request.body as Static<typeof RENEW_BODY>).token)),
  );
}

function secretOf(request: FastifyRequest): string {
  const secret = presentedSecret(request.headers.authorization);
  if (secret !== undefined) return secret;
  throw new Refusal(401, "unauthorised", "a token is needed: send the header Authorization: Bearer TOKEN");
}

const STATUS: Readonly<Partial<Record<EnrolmentFault["code"], number>>> = {
  badToken: 400,
  ciMismatch: 409,
  ciTaken: 409,
};

function taken<T extends object>(answer: T | EnrolmentFault): T {
  if (!("code" in answer)) return answer;
  throw new Refusal(STATUS[answer.code] ?? 401, answer.code, answer.message);
}

function registerDocuments(app: FastifyInstance, { documents }: ApiPorts): void {
  app.get(
    AGENT_RULES_PATH,
    {
      config: { roles: ["agent", "viewer"], forEnrolled: true },
      schema: {
        operationId: "getAgentRules",
        tags: ["agents"],
        summary: "The rules that agents evaluate, with version and signature; with ETag.",
      },
    },
    async (request, reply) =>
      send(request, reply, documents, { etag: documents.rules().etag, sign: () => documents.rules() }),
  );
  app.get(
    AGENT_CONFIGURATION_PATH,
    {
      config: { roles: ["agent", "viewer"], forEnrolled: true },
      schema: {
        operationId: "getAgentConfiguration",
        tags: ["agents"],
        summary: "What the collector sets in the agent's configuration, with version and signature; with ETag.",
        querystring: query({ ci: text("The agent's CI; an enrolled agent gets that of its token.") }),
      },
    },
    async (request, reply) => {
      const ci = request.identity.ci ?? one(request.query as QueryString, "ci");
      if (ci === undefined || ci === "" || ci.length > 512) throw new Refusal(400, "badQuery", "ci is needed");
      return send(request, reply, documents, documents.configuration(ci));
    },
  );
  app.get(
    AGENT_SIGNING_KEY_PATH,
    {
      config: { roles: ["agent", "viewer"], forEnrolled: true },
      schema: {
        operationId: "getAgentSigningKey",
        tags: ["agents"],
        summary: "The public key with which rules and configuration are signed, for agents to pin.",
      },
    },
    async () => ({ key: documents.key.pem, fingerprint: documents.key.fingerprint }),
  );
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { key }: Pick<AgentDocuments, "key">,
  { etag, sign }: { etag: string; sign: () => SignedDocument },
): FastifyReply {
  void reply.header("etag", etag);
  const known = (request.headers["if-none-match"] ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return reply.code(304).send();
  const { body, signature } = sign();
  if (key.succession !== null) void reply.header(SUCCESSION_HEADER, key.succession);
  // A body that is text already goes out as it stands: it is what was signed.
  return reply
    .header(SIGNATURE_HEADER, signature)
    .type("application/json; charset=utf-8")
    .serializer((value: string) => value)
    .send(body);
}
