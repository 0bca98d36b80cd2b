import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import type { Event } from "../../core/model/event.ts";
import { SEVERITIES } from "../../core/model/severity.ts";
import { maySpeakFor, Refusal } from "../../port/ingest.ts";
import { submit } from "../command.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, nullable, time } from "../schema/basic.ts";
import { timeOf } from "./records.ts";
import { Type } from "../../port/type-builder.ts";

const name = Type.String({ minLength: 1, maxLength: 512 });

const CHANGE_BODY = Type.Object(
  {
    id: Type.Optional(name),
    source: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "Default: the token's name." })),
    ci: name,
    check: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "What kind: default `change`." })),
    instance: Type.Optional(Type.String({ maxLength: 512 })),
    summary: Type.String({ minLength: 1, maxLength: 4096 }),
    time: Type.Optional(time("When it was made; default: now.")),
    labels: Type.Optional(
      Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 1024 }), { maxProperties: 64 }),
    ),
    annotations: Type.Optional(
      Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 4096 }), { maxProperties: 64 }),
    ),
    // So that a native event of a change is taken here as it is.
    kind: Type.Optional(Type.Enum(["change"])),
    status: Type.Optional(Type.Enum(["firing"])),
    severity: Type.Optional(Type.Enum([...SEVERITIES], { description: "Not used: a change only informs." })),
  },
  { additionalProperties: false },
);

const DRILL_BODY = Type.Object(
  {
    ci: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "Default `tocsin-drill`." })),
    severity: Type.Optional(Type.Enum([...SEVERITIES])),
  },
  { additionalProperties: false },
);

const TAKEN = Type.Object({
  id: Type.String(),
  status: Type.Enum(["accepted", "duplicate"]),
  alert: nullable(Type.String()),
  incident: nullable(Type.String()),
});

const DRILL_CI = "tocsin-drill";
const DRILL_MS = 180_000;

const NOTHING: Pick<Event, "annotations" | "links" | "expiresAfterMs"> = {
  annotations: {},
  links: [],
  expiresAfterMs: null,
};

/** Changes and fire drills: events that people and deploy tools make through the API. */
export function registerPostedEvents(app: FastifyInstance, ports: ApiPorts): void {
  app.post(
    "/api/v1/changes",
    {
      config: { roles: ["agent", "operator"], forEnrolled: true },
      schema: {
        operationId: "addChange",
        tags: ["changes"],
        summary: "Tell of a deployment or another change; it is a suspect when something breaks.",
        body: CHANGE_BODY,
        response: answers(202, TAKEN, "Taken."),
      },
    },
    async (request, reply) => {
      const body = request.body as Static<typeof CHANGE_BODY>;
      if (!maySpeakFor(request.identity, body.ci, (name) => ports.query.ci(name)?.id ?? name))
        throw new Refusal(403, "foreignCi", `this token is for the agent of ${request.identity.ci} only`);
      const event: Event = {
        ...NOTHING,
        id: body.id ?? ports.newId(),
        idGiven: true,
        source: body.source ?? request.identity.name,
        ci: body.ci,
        check: body.check ?? "change",
        instance: body.instance ?? "",
        kind: "change",
        status: "firing",
        severity: "info",
        summary: body.summary,
        occurredAt: body.time === undefined ? ports.clock.now() : timeOf("time", body.time),
        labels: body.labels ?? {},
        annotations: body.annotations ?? {},
      };
      return reply.code(202).send(await take(ports, event));
    },
  );
  app.post(
    "/api/v1/drill",
    {
      config: { roles: ["operator"] },
      schema: {
        operationId: "startDrill",
        tags: ["operations"],
        summary: "A fire drill: an alert that goes the whole way to the receivers and clears by itself.",
        body: DRILL_BODY,
        response: answers(202, TAKEN, "The drill has begun."),
      },
    },
    async (request, reply) => {
      const body = request.body as Static<typeof DRILL_BODY>;
      const event: Event = {
        ...NOTHING,
        id: ports.newId(),
        idGiven: true,
        source: "drill",
        ci: body.ci ?? DRILL_CI,
        check: "fire_drill",
        instance: "",
        kind: "alert",
        status: "firing",
        severity: body.severity ?? "critical",
        summary: `DRILL: started by ${request.identity.name}; there is nothing to repair`,
        occurredAt: ports.clock.now(),
        labels: { drill: "true" },
        expiresAfterMs: DRILL_MS,
      };
      return reply.code(202).send(await take(ports, event));
    },
  );
}

async function take(ports: ApiPorts, event: Event): Promise<Static<typeof TAKEN>> {
  const [outcome] = await submit(ports.intake, [{ kind: "event", event }], "event");
  if (outcome?.status === "accepted")
    return { id: event.id, status: "accepted", alert: outcome.alert, incident: outcome.incident };
  return { id: event.id, status: "duplicate", alert: null, incident: null };
}
