import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Identity, type IngestPorts, Refusal, type RouteConfig, type Trouble } from "../../port/ingest.ts";
import { jsonOf } from "../body.ts";
import type { IsKnownCi } from "../ci-label.ts";
import { eventOfDraft } from "../event-draft.ts";
import { at, documentOf, textAt } from "../field.ts";
import { type Identify, senderOf } from "../sender-key.ts";
import { countDropped, submitEvents } from "../submit.ts";
import { AlertDesk } from "./alert-desk.ts";
import { type PagerDutyEvent, readChange, readEvent, readEvent1, type Reading, SOURCE, withoutState } from "./event.ts";
import { OPSGENIE_SOURCE, readAlert, severityOf } from "./opsgenie.ts";
import { OpsgenieRequests, type RequestOutcome } from "./opsgenie-requests.ts";

const ADAPTER = "pagerduty";

export interface PagerDutyOptions {
  /** Finds whose token a `routing_key` or `GenieKey` is. */
  identify: Identify;
  newId?: () => string;
}

const renderPagerDuty = ({ status, message, details }: Trouble): { contentType: string; body: string } => ({
  contentType: "application/json",
  body: JSON.stringify(
    status === 400 || status === 413
      ? {
          status: "invalid event",
          message: "Event object is invalid",
          errors: Array.isArray(details) ? details : [message],
        }
      : { status: status === 401 || status === 403 ? "invalid key" : "throttled", message },
  ),
});

const renderOpsgenie = ({ message }: Trouble): { contentType: string; body: string } => ({
  contentType: "application/json",
  body: JSON.stringify({ message, took: 0, requestId: "" }),
});

/** The token stands in the body, so the server lets everyone in and `senderOf` decides. PagerDuty takes up to 512 KB. */
const ENQUEUE: RouteConfig = {
  roles: ["public"],
  body: "bytes",
  bodySizeBytesMax: 512 * 1024,
  renderError: renderPagerDuty,
};
const OPSGENIE: RouteConfig = { ...ENQUEUE, renderError: renderOpsgenie };

/** PagerDuty's Events API v2 and v1, and Opsgenie's alert API, as servers: what can page there can page here. */
export function registerPagerDuty(app: FastifyInstance, ports: IngestPorts, options: PagerDutyOptions): void {
  const newId = options.newId ?? randomUUID;
  const desk = new AlertDesk(ports, ADAPTER, SOURCE);
  const isKnown = (name: string): boolean => ports.query.ci(name)?.known === true;
  const enqueue = async (request: FastifyRequest, read: typeof readEvent, keyField: string): Promise<string> => {
    const body = jsonOf(request.body);
    const { name } = senderByKey(request, body, keyField, options.identify);
    const event = taken(ports, read(body, isKnown));
    const dedupKey = event.dedupKey ?? newId().replaceAll("-", "");
    await act(ports, desk, name, { ...event, dedupKey });
    return dedupKey;
  };
  app.post("/v2/enqueue", { config: ENQUEUE }, async (request, reply) => {
    const dedup_key = await enqueue(request, readEvent, "routing_key");
    return json(reply, 202, { status: "success", message: "Event processed", dedup_key });
  });
  app.post("/generic/2010-04-15/create_event.json", { config: ENQUEUE }, async (request, reply) => {
    const incident_key = await enqueue(request, readEvent1, "service_key");
    return json(reply, 200, { status: "success", message: "Event processed", incident_key });
  });
  app.post("/v2/change/enqueue", { config: ENQUEUE }, async (request, reply) => {
    const body = jsonOf(request.body);
    senderByKey(request, body, "routing_key", options.identify);
    await submitEvents(ports, ADAPTER, [eventOfDraft(taken(ports, readChange(body, isKnown)), ports.clock.now())]);
    return json(reply, 202, { status: "success", message: "Change event processed" });
  });
  registerOpsgenie(app, ports, options, isKnown);
}

/** Whose key stands in the body; a header does as well. Without either it is no event, whatever we would let in. */
function senderByKey(request: FastifyRequest, body: unknown, keyField: string, identify: Identify): Identity {
  const key = textAt(at(body, keyField));
  if (key === undefined && request.headers.authorization === undefined && documentOf(body) !== undefined)
    throw new Refusal(400, "invalidEvent", `'${keyField}' is missing or blank`);
  return senderOf(request, identify, [key]);
}

/** Dispatches one event. What concerns no open alert is taken and dropped, as PagerDuty does. */
async function act(
  ports: IngestPorts,
  desk: AlertDesk,
  integration: string,
  event: PagerDutyEvent & { dedupKey: string },
): Promise<void> {
  const { action, dedupKey, alert } = event;
  if (action === "trigger") {
    await desk.trigger(integration, dedupKey, alert);
    return;
  }
  const found =
    action === "resolve"
      ? await desk.resolve(integration, dedupKey, alert)
      : await desk.acknowledge(integration, dedupKey, undefined);
  if (!found) countDropped(ports, ADAPTER, "noOpenAlert");
}

function registerOpsgenie(
  app: FastifyInstance,
  ports: IngestPorts,
  { identify, newId = randomUUID }: PagerDutyOptions,
  isKnown: IsKnownCi,
): void {
  const desk = new AlertDesk(ports, ADAPTER, OPSGENIE_SOURCE);
  const senderBy = (request: FastifyRequest): string => senderOf(request, identify, []).name;
  const requests = new OpsgenieRequests();
  const accepted = (reply: FastifyReply, outcome: Omit<RequestOutcome, "processedAt">): FastifyReply => {
    const requestId = newId();
    requests.remember(requestId, { ...outcome, processedAt: ports.clock.now() });
    if (!outcome.isDone) countDropped(ports, ADAPTER, "noOpenAlert");
    return json(reply, 202, { result: "Request will be processed", took: 0.001, requestId });
  };

  app.post("/v2/alerts", { config: OPSGENIE }, async (request, reply) => {
    const integration = senderBy(request);
    const { alias = newId(), alert } = taken(ports, readAlert(jsonOf(request.body), isKnown));
    await desk.trigger(integration, alias, alert);
    return accepted(reply, { integration, action: "Create", alias, isDone: true });
  });
  app.get("/v2/alerts/requests/:requestId", { config: OPSGENIE }, async (request, reply) => {
    const { requestId } = request.params as { requestId: string };
    const data = requests.status(senderBy(request), requestId);
    if (data === undefined) throw new Refusal(404, "noRequest", "Request not found. It might not be processed, yet.");
    return json(reply, 200, { data, took: 0.001, requestId });
  });
  for (const { method, url, action, act: run } of opsgenieActions(desk))
    app.route({
      method,
      url,
      config: OPSGENIE,
      handler: async (request, reply) => {
        const integration = senderBy(request);
        const { alias } = request.params as { alias: string };
        const isDone = await run(integration, alias, bodyOrNothing(request));
        return accepted(reply, { integration, action, alias, isDone });
      },
    });
}

interface OpsgenieAction {
  method: "POST" | "PUT" | "DELETE";
  url: string;
  /** Opsgenie's word for it. */
  action: string;
  /** False where no alert is open under the alias. */
  act: (integration: string, alias: string, body: unknown) => Promise<boolean>;
}

/** What is done to an alert that is there. */
function opsgenieActions(desk: AlertDesk): OpsgenieAction[] {
  const bare = { source: OPSGENIE_SOURCE, ci: "", check: "", severity: "info" as const, summary: "closed", labels: {} };
  // Who did it there stands in the words: here the token has done it.
  const note = (body: unknown): string | undefined => {
    const said = [textAt(at(body, "user"), 200), textAt(at(body, "note"), 4096)].filter((text) => text !== undefined);
    return said.length === 0 ? undefined : said.join(": ");
  };
  const close: OpsgenieAction["act"] = async (integration, alias, body) => {
    const text = note(body);
    if (text !== undefined) await desk.note(integration, alias, text);
    return await desk.resolve(integration, alias, bare);
  };
  return [
    { method: "POST", url: "/v2/alerts/:alias/close", action: "Close", act: close },
    // What is deleted there holds no longer here.
    { method: "DELETE", url: "/v2/alerts/:alias", action: "Delete", act: close },
    {
      method: "POST",
      url: "/v2/alerts/:alias/acknowledge",
      action: "Acknowledge",
      act: (integration, alias, body) => desk.acknowledge(integration, alias, note(body)),
    },
    {
      method: "POST",
      url: "/v2/alerts/:alias/notes",
      action: "AddNote",
      act: (integration, alias, body) => desk.note(integration, alias, note(body) ?? ""),
    },
    {
      method: "PUT",
      url: "/v2/alerts/:alias/priority",
      action: "UpdatePriority",
      act: (integration, alias, body) =>
        desk.reword(integration, alias, { severity: severityOf(at(body, "priority")) }),
    },
    {
      method: "PUT",
      url: "/v2/alerts/:alias/message",
      action: "UpdateMessage",
      act: (integration, alias, body) => desk.reword(integration, alias, summaryOf(textAt(at(body, "message")))),
    },
    {
      method: "PUT",
      url: "/v2/alerts/:alias/description",
      action: "UpdateDescription",
      act: (integration, alias, body) =>
        desk.reword(integration, alias, { description: textAt(at(body, "description"), 4096) ?? "" }),
    },
  ];
}

const summaryOf = (message: string | undefined): { summary?: string } =>
  message === undefined ? {} : { summary: withoutState(message) };

/** Closing needs no body. */
function bodyOrNothing(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? jsonOf(request.body) : {};
}

function taken<T>(ports: IngestPorts, reading: Reading<T>): T {
  if (reading.ok) return reading.value;
  countDropped(ports, ADAPTER, "invalidEvent");
  throw new Refusal(400, "invalidEvent", reading.errors.join("; "), { details: reading.errors });
}

function json(reply: FastifyReply, status: number, document: unknown): FastifyReply {
  return reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(document));
}
