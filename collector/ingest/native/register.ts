import type { FastifyInstance } from "fastify";
import type { Event } from "../../core/model/event.ts";
import { type Identity, type IngestPorts, maySpeakFor, Refusal, type RouteConfig } from "../../port/ingest.ts";
import { countDropped, submitEvents } from "../submit.ts";
import { readEvent } from "./read-event.ts";
import { EVENTS_SCHEMA } from "./schema.ts";

const ADAPTER = "native";

/** Elements of one request. A sender with more sends more requests: one must not hold the others up. */
export const EVENTS_MAX = 10_000;

export interface EventsAnswer {
  accepted: number;
  duplicates: number;
  /** In order of index. */
  rejected: { index: number; code: string; message: string }[];
}

const EVENTS: RouteConfig = { roles: ["agent", "operator"], forEnrolled: true, body: "events" };

/** Native events at `POST /api/v1/events`: one object, an array, or lines of JSON. */
export function registerNative(app: FastifyInstance, ports: IngestPorts): void {
  app.post(
    "/api/v1/events",
    // The schema documents; elements are checked one by one, so that a bad one does not sink its batch.
    { config: EVENTS, schema: EVENTS_SCHEMA, validatorCompiler: () => () => true },
    async (request, reply) => reply.code(202).send(await takeEvents(request.body, request.identity, ports)),
  );
}

async function takeEvents(body: unknown, identity: Identity, ports: IngestPorts): Promise<EventsAnswer> {
  if (body === undefined)
    throw new Refusal(400, "badJson", "the body is empty; an event or a list of events is needed");
  const elements = Array.isArray(body) ? body : [body];
  if (elements.length > EVENTS_MAX)
    throw new Refusal(413, "tooManyEvents", `at most ${EVENTS_MAX} events in one request, not ${elements.length}`);
  const receivedAt = ports.clock.now();
  const events: Event[] = [];
  const indexes: number[] = [];
  const answer: EventsAnswer = { accepted: 0, duplicates: 0, rejected: [] };
  for (let index = 0; index < elements.length; index++) {
    const read = held(readEvent(elements[index], receivedAt), identity, ports);
    if ("event" in read) {
      events.push(read.event);
      indexes.push(index);
    } else {
      answer.rejected.push({ index, ...read.fault });
      countDropped(ports, ADAPTER, read.fault.code);
    }
  }
  const outcomes = await submitEvents(ports, ADAPTER, events);
  for (const [position, outcome] of outcomes.entries()) {
    if (outcome.status === "accepted") answer.accepted += 1;
    else if (outcome.status === "duplicate") answer.duplicates += 1;
    else answer.rejected.push({ index: indexes[position]!, code: outcome.code, message: outcome.message });
  }
  answer.rejected.sort((a, b) => a.index - b.index);
  return answer;
}

type Reading = { event: Event } | { fault: { code: string; message: string } };

/** An enrolled agent tells of its own CI. */
function held(read: Reading, identity: Identity, { query }: IngestPorts): Reading {
  if (!("event" in read) || maySpeakFor(identity, read.event.ci, (name) => query.ci(name)?.id ?? name)) return read;
  const message = `this token is for the agent of ${identity.ci}; it may not speak for ${read.event.ci}`;
  return { fault: { code: "foreignCi", message } };
}
