import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseDuration } from "../../../protocol/duration.ts";
import type { MaintenanceWindow } from "../../core/model/ci.ts";
import type { Silence } from "../../core/model/silence.ts";
import { formatTime, type UnixMillis } from "../../core/model/time.ts";
import { Refusal } from "../../port/ingest.ts";
import { obey } from "../command.ts";
import { pageOfList, type QueryString, statusesOf } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, ID, listOf, named, PAGE, query, text } from "../schema/basic.ts";
import { NEW_MAINTENANCE, NEW_SILENCE, type NewMaintenance, type NewSilence } from "../schema/mute.ts";
import { timeOf } from "./records.ts";

const READ = { roles: ["viewer"] } as const;
const WRITE = { roles: ["operator"] } as const;
const PERIOD_STATUSES = ["pending", "active", "expired"] as const;
type PeriodStatus = (typeof PERIOD_STATUSES)[number];

function periodStatus(from: UnixMillis, to: UnixMillis, now: UnixMillis): PeriodStatus {
  if (now >= to) return "expired";
  return now < from ? "pending" : "active";
}

const silenceDocument = (silence: Silence, now: UnixMillis) => ({
  ...silence,
  status: periodStatus(silence.startsAt, silence.endsAt, now),
  startsAt: formatTime(silence.startsAt),
  endsAt: formatTime(silence.endsAt),
  createdAt: formatTime(silence.createdAt),
  updatedAt: formatTime(silence.updatedAt),
});

const windowDocument = (window: MaintenanceWindow, now: UnixMillis) => ({
  ...window,
  status: periodStatus(window.from, window.to, now),
  from: formatTime(window.from),
  to: formatTime(window.to),
});

const LIST_QUERY = query({ ...PAGE, status: text(`${PERIOD_STATUSES.join(", ")}; several with commas, or all`) });

function listed<T extends { id: string; status: PeriodStatus }>(items: readonly T[], asked: QueryString) {
  const wanted = statusesOf(asked, PERIOD_STATUSES) ?? ["pending", "active"];
  const chosen = items.filter((item) => wanted === "all" || wanted.includes(item.status));
  return pageOfList(
    chosen.sort((a, b) => (a.id < b.id ? -1 : 1)),
    asked,
  );
}

/** Silences and maintenance windows. */
export function registerMutes(app: FastifyInstance, ports: ApiPorts): void {
  registerSilences(app, ports);
  registerMaintenance(app, ports);
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

function knownSilence(ports: ApiPorts, id: string): Silence {
  const silence = ports.query.silences().find((each) => each.id === id);
  if (silence === undefined) throw new Refusal(404, "silenceNotFound", `there is no silence ${id.slice(0, 80)}`);
  return silence;
}

function registerSilences(app: FastifyInstance, ports: ApiPorts): void {
  const about = { tags: ["silences"] };
  app.get(
    "/api/v1/silences",
    {
      config: READ,
      schema: {
        ...about,
        operationId: "listSilences",
        summary: "Silences; without status those that are not over.",
        querystring: LIST_QUERY,
        response: answers(200, listOf("Silence"), "A page."),
      },
    },
    async (request) => {
      const now = ports.clock.now();
      const all = ports.query.silences().map((silence) => silenceDocument(silence, now));
      return listed(all, request.query as QueryString);
    },
  );
  app.get(
    "/api/v1/silences/:id",
    {
      config: READ,
      schema: {
        ...about,
        operationId: "getSilence",
        params: ID,
        response: answers(200, named("Silence"), "The silence."),
      },
    },
    async (request) => silenceDocument(knownSilence(ports, idOf(request)), ports.clock.now()),
  );
  app.post(
    "/api/v1/silences",
    {
      config: WRITE,
      schema: {
        ...about,
        operationId: "putSilence",
        summary: "Mute what matches, for a time; with an id: change that silence.",
        body: NEW_SILENCE,
        response: answers(201, named("Silence"), "The silence."),
      },
    },
    async (request, reply) => {
      const silence = newSilence(request.body as NewSilence, request.identity.name, ports);
      await obey(ports.intake, request.identity.name, { type: "silence.put", silence });
      return reply.code(201).send(silenceDocument(silence, ports.clock.now()));
    },
  );
  app.delete(
    "/api/v1/silences/:id",
    {
      config: WRITE,
      schema: {
        ...about,
        operationId: "expireSilence",
        params: ID,
        response: answers(200, named("Silence"), "It has ended."),
      },
    },
    async (request) => {
      const { id } = knownSilence(ports, idOf(request));
      await obey(ports.intake, request.identity.name, { type: "silence.expire", id });
      return silenceDocument(knownSilence(ports, id), ports.clock.now());
    },
  );
}

function newSilence(body: NewSilence, actor: string, ports: ApiPorts): Silence {
  const now = ports.clock.now();
  const before = body.id === undefined ? undefined : ports.query.silences().find((each) => each.id === body.id);
  const startsAt = body.startsAt === undefined ? (before?.startsAt ?? now) : timeOf("startsAt", body.startsAt);
  const endsAt = endOf({ end: body.endsAt, duration: body.duration, key: "endsAt" }, startsAt, now);
  const matchers = body.matchers.map(({ name, value, isRegex = false, isEqual = true }) => ({
    name,
    value,
    isRegex,
    isEqual,
  }));
  const fault = ports.silenceFault(matchers);
  if (fault !== undefined) throw new Refusal(400, "badMatcher", fault);
  return {
    id: body.id ?? ports.newId(),
    matchers,
    startsAt,
    endsAt,
    createdBy: body.createdBy ?? actor,
    comment: body.comment,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
}

/** Throws 400 when there is no end, there are two, or it is not after the beginning and after now. */
function endOf(
  given: { end: string | undefined; duration: string | undefined; key: string },
  from: UnixMillis,
  now: UnixMillis,
): UnixMillis {
  const { end, duration, key } = given;
  if ((end === undefined) === (duration === undefined))
    throw new Refusal(400, "badPeriod", `give one of ${key} and duration`);
  const spanMs = duration === undefined ? 0 : parseDuration(duration);
  if (spanMs === null) throw new Refusal(400, "badPeriod", "duration must be such as 30m or 2h");
  const at = end === undefined ? from + spanMs : timeOf(key, end);
  if (at <= from || at <= now)
    throw new Refusal(400, "badPeriod", `${key} must be after the beginning and in the future`);
  return at;
}

function registerMaintenance(app: FastifyInstance, ports: ApiPorts): void {
  const about = { tags: ["maintenance"] };
  app.get(
    "/api/v1/maintenance",
    {
      config: READ,
      schema: {
        ...about,
        operationId: "listMaintenance",
        summary: "Maintenance windows; without status those that are not over.",
        querystring: LIST_QUERY,
        response: answers(200, listOf("Maintenance"), "A page."),
      },
    },
    async (request) => {
      const now = ports.clock.now();
      const all = ports.query.maintenance().map((window) => windowDocument(window, now));
      return listed(all, request.query as QueryString);
    },
  );
  app.post(
    "/api/v1/maintenance",
    {
      config: WRITE,
      schema: {
        ...about,
        operationId: "putMaintenance",
        summary: "Plan work on CIs; with an id: change that window.",
        body: NEW_MAINTENANCE,
        response: answers(201, named("Maintenance"), "The window."),
      },
    },
    async (request, reply) => {
      const window = newWindow(request.body as NewMaintenance, ports);
      await obey(ports.intake, request.identity.name, { type: "maintenance.put", window });
      return reply.code(201).send(windowDocument(window, ports.clock.now()));
    },
  );
  app.delete(
    "/api/v1/maintenance/:id",
    {
      config: WRITE,
      schema: {
        ...about,
        operationId: "removeMaintenance",
        params: ID,
        response: answers(200, named("Maintenance"), "It is gone."),
      },
    },
    async (request) => {
      const id = idOf(request);
      const window = ports.query.maintenance().find((each) => each.id === id);
      if (window === undefined)
        throw new Refusal(404, "maintenanceNotFound", `there is no maintenance window ${id.slice(0, 80)}`);
      const document = windowDocument(window, ports.clock.now());
      await obey(ports.intake, request.identity.name, { type: "maintenance.remove", id });
      return document;
    },
  );
}

function newWindow(body: NewMaintenance, ports: ApiPorts): MaintenanceWindow {
  const now = ports.clock.now();
  const from = body.from === undefined ? now : timeOf("from", body.from);
  return {
    id: body.id ?? ports.newId(),
    cis: [...body.cis],
    from,
    to: endOf({ end: body.to, duration: body.duration, key: "to" }, from, now),
    includeDependents: body.includeDependents ?? true,
    reason: body.reason ?? "",
    owner: body.owner ?? null,
  };
}
