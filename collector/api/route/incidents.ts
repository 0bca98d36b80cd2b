import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import { ALERT_STATUSES } from "../../core/model/alert.ts";
import type { IncidentDocument } from "../../core/model/document.ts";
import type { Link } from "../../core/model/event.ts";
import { INCIDENT_STATUSES } from "../../core/model/incident.ts";
import type { Command } from "../../core/model/input.ts";
import type { WaitingMessage } from "../../core/model/notification.ts";
import { formatTime } from "../../core/model/time.ts";
import { cardsIn, cardsOf, type CiCard } from "../../port/ci-card.ts";
import { type Diagnostics, diagnosticParts } from "../../port/diagnostics.ts";
import { Refusal } from "../../port/ingest.ts";
import type { Query } from "../../port/query.ts";
import { type RunbookLink, runbooksOf } from "../../port/runbooks.ts";
import { obey } from "../command.ts";
import { one, pageOf, type QueryString, statusesOf } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, ID, listOf, named, NOTE, nullable, PAGE, query, text } from "../schema/basic.ts";
import { Type } from "../../port/type-builder.ts";

const READ = { roles: ["viewer"] } as const;
const COMMAND = { roles: ["operator"] } as const;

const FILTER = { ...PAGE, ci: text("A CI's id, name or alias.") };

/** Reading incidents and alerts, and what operators do to incidents. */
export function registerIncidents(app: FastifyInstance, ports: ApiPorts): void {
  const { query: reader } = ports;
  app.get(
    "/api/v1/incidents",
    {
      config: READ,
      schema: {
        operationId: "listIncidents",
        tags: ["incidents"],
        summary: "Incidents, newest first; without status those that are open or acknowledged.",
        querystring: query({ ...FILTER, status: text(`${INCIDENT_STATUSES.join(", ")}; several with commas, or all`) }),
        response: answers(200, listOf("Incident"), "A page."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      const page = await reader.incidents({ ...filterOf(asked), statuses: statusesOf(asked, INCIDENT_STATUSES) });
      return { ...page, items: page.items.map((incident) => withCards(withRunbooks(incident, ports), reader)) };
    },
  );
  app.get(
    "/api/v1/incidents/:id",
    {
      config: READ,
      schema: {
        operationId: "getIncident",
        tags: ["incidents"],
        summary: "One incident, by id or by number.",
        params: ID,
        response: answers(200, named("Incident"), "The incident."),
      },
    },
    async (request) => {
      const incident = await found(reader, (request.params as { id: string }).id);
      const known = await withChangeLinks(withCards(withRunbooks(incident, ports), reader), reader);
      return withDiagnostics(withUndelivered(known, ports), reader);
    },
  );
  app.get(
    "/api/v1/alerts",
    {
      config: READ,
      schema: {
        operationId: "listAlerts",
        tags: ["alerts"],
        summary: "Alerts; without status those that are not resolved.",
        querystring: query({ ...FILTER, status: text(`${ALERT_STATUSES.join(", ")}; several with commas, or all`) }),
        response: answers(200, listOf("Alert"), "A page."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      return reader.alerts({ ...filterOf(asked), statuses: statusesOf(asked, ALERT_STATUSES) });
    },
  );
  registerCommands(app, ports);
}

/** What a person can do about it stands beside it, where our rules have it. */
function withRunbooks(
  incident: IncidentDocument,
  { runbooks }: ApiPorts,
): IncidentDocument & { runbooks?: RunbookLink[] } {
  const links = runbooksOf(incident.alerts, runbooks());
  return links.length === 0 ? incident : { ...incident, runbooks: links };
}

/** What its root cause and the services hit are called, and whose they are, as far as the CMDB says. */
function withCards<T extends IncidentDocument>(incident: T, reader: Query): T & { configurationItems?: CiCard[] } {
  const cards = cardsIn(
    incident,
    cardsOf((name) => reader.ci(name)),
  );
  return cards.length === 0 ? incident : { ...incident, configurationItems: cards };
}

/** Who was to be told and does not know yet; only on the single incident. */
function withUndelivered<T extends IncidentDocument>(
  incident: T,
  { waitingFor }: ApiPorts,
): T & { undelivered?: UndeliveredMessage[] } {
  const waiting = waitingFor(incident.id);
  if (waiting.length === 0) return incident;
  return { ...incident, undelivered: waiting.map((message) => ({ ...message, at: formatTime(message.at) })) };
}

type UndeliveredMessage = Omit<WaitingMessage, "at"> & { at: string };

/** CIs on which the change of a root cause is looked for: it is mostly on the root itself. */
const CHANGED_MAX = 5;
/** As many as are kept of one CI. */
const CHANGES_MAX = 50;

/** The pages of what was changed; only on the single incident, for it is looked for. */
async function withChangeLinks<T extends IncidentDocument>(
  incident: T,
  reader: Query,
): Promise<T & { changeLinks?: readonly Link[] }> {
  const { change, ci, candidates } = incident.rootCause;
  if (change === null) return incident;
  const places = [...(ci === null ? [] : [ci]), ...candidates.map((candidate) => candidate.ci)];
  for (const place of [...new Set(places)].slice(0, CHANGED_MAX)) {
    const { items } = await reader.changes({ ci: place, limit: CHANGES_MAX, cursor: null });
    const links = items.find(({ event }) => event === change)?.links;
    if (links !== undefined) return { ...incident, changeLinks: links };
  }
  return incident;
}

/** Members that are asked for what their agents brought along, and how many of these are shown: some 20 KiB each. */
const ASKED_MAX = 50;
const DIAGNOSTICS_MAX = 5;

/** What agents recorded of their hosts, where they did; only on the single incident, for it is long. */
async function withDiagnostics<T extends IncidentDocument>(
  incident: T,
  reader: Query,
): Promise<T & { diagnostics?: Diagnostics[] }> {
  const diagnostics: Diagnostics[] = [];
  for (const { id, ci, source, check, instance } of incident.alerts.slice(0, ASKED_MAX)) {
    const parts = diagnosticParts(source, await reader.annotations(id));
    if (parts !== null) diagnostics.push({ alert: id, ci, check, instance, parts });
    if (diagnostics.length >= DIAGNOSTICS_MAX) break;
  }
  return diagnostics.length === 0 ? incident : { ...incident, diagnostics };
}

function filterOf(asked: QueryString): { limit: number; cursor: string | null; ci?: string } {
  const ci = one(asked, "ci");
  return { ...pageOf(asked), ...(ci === undefined ? {} : { ci }) };
}

async function found(reader: Query, id: string): Promise<IncidentDocument> {
  const incident = await reader.incident(id);
  if (incident === undefined) throw new Refusal(404, "incidentNotFound", `there is no incident ${id.slice(0, 80)}`);
  return incident;
}

/** Merges follow each other; more than this is no story that anybody reads. */
const MERGES_MAX = 10;

/** The incident, if a command can do anything to it: a person mostly has its number from a message that is older than the merge. */
async function changeable(reader: Query, id: string): Promise<IncidentDocument> {
  const incident = await found(reader, id);
  let last = incident;
  for (let step = 0; last.mergedInto !== null && step < MERGES_MAX; step += 1) {
    const next = await reader.incident(last.mergedInto);
    if (next === undefined) break;
    last = next;
  }
  if (last !== incident)
    throw new Refusal(409, "merged", `incident ${incident.number} is part of incident ${last.number} now`);
  if (incident.status === "closed")
    throw new Refusal(409, "notOpen", `incident ${incident.number} is closed and can no longer be changed`);
  return incident;
}

const noteBody = Type.Object({ note: Type.Optional(NOTE) }, { additionalProperties: false });
const assignBody = Type.Object(
  { owner: nullable(Type.String({ minLength: 1, maxLength: 256 })) },
  { additionalProperties: false },
);
const noteText = Type.String({ minLength: 1, maxLength: 10_000 });
const textBody = Type.Object(
  { text: Type.Optional(noteText), note: Type.Optional(noteText) },
  {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    description: "The same under one of both names: the other commands call it `note`.",
  },
);
const mergeBody = Type.Object(
  {
    into: Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Integer({ minimum: 1 })], {
      description: "Id or number of the incident that stays.",
    }),
  },
  { additionalProperties: false },
);
const splitBody = Type.Object(
  { alerts: Type.Array(Type.String({ maxLength: 128 }), { minItems: 1, maxItems: 10_000 }) },
  { additionalProperties: false },
);
const rootBody = Type.Object(
  { ci: nullable(Type.String({ minLength: 1, maxLength: 512, description: "null: let correlation decide again." })) },
  { additionalProperties: false },
);

interface IncidentOrder<B extends TSchema> {
  /** The last part of the path. */
  name: string;
  summary: string;
  body: B;
  make: (incident: string, body: Static<B>) => Command | Promise<Command>;
}

function registerCommand<B extends TSchema>(app: FastifyInstance, ports: ApiPorts, order: IncidentOrder<B>): void {
  app.post(
    `/api/v1/incidents/:id/${order.name}`,
    {
      config: COMMAND,
      schema: {
        operationId: `${order.name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase())}Incident`,
        tags: ["incidents"],
        summary: order.summary,
        params: ID,
        body: order.body,
        response: answers(200, named("Incident"), "The incident as it is now."),
      },
    },
    async (request: FastifyRequest) => {
      const { id } = await changeable(ports.query, (request.params as { id: string }).id);
      const command = await order.make(id, request.body as Static<B>);
      const { incident } = await obey(ports.intake, request.identity.name, command);
      return found(ports.query, incident ?? id);
    },
  );
}

function registerCommands(app: FastifyInstance, ports: ApiPorts): void {
  const command = <B extends TSchema>(
    name: string,
    { summary, body }: { summary: string; body: B },
    make: IncidentOrder<B>["make"],
  ): void => registerCommand(app, ports, { name, summary, body, make });
  command("acknowledge", { summary: "Say that somebody works on it.", body: noteBody }, (incident, body) => ({
    type: "acknowledge",
    incident,
    ...body,
  }));
  command("resolve", { summary: "Say that it is over; its alerts are cleared.", body: noteBody }, (incident, body) => ({
    type: "resolve",
    incident,
    ...body,
  }));
  command(
    "assign",
    { summary: "Give it an owner, or take the owner away.", body: assignBody },
    (incident, { owner }) => ({
      type: "assign",
      incident,
      owner,
    }),
  );
  command("note", { summary: "Write into the timeline.", body: textBody }, (incident, body) => ({
    type: "note",
    incident,
    text: body.text ?? body.note ?? "",
  }));
  command(
    "merge",
    { summary: "It is the same fault as another incident.", body: mergeBody },
    async (incident, { into }) => ({
      type: "merge",
      incident,
      into: (await found(ports.query, String(into))).id,
    }),
  );
  command("split", { summary: "These alerts are another fault.", body: splitBody }, (incident, { alerts }) => ({
    type: "split",
    incident,
    alerts,
  }));
  command("root-cause", { summary: "Name the root cause.", body: rootBody }, (incident, { ci }) => ({
    type: "rootCause",
    incident,
    ci,
  }));
}
