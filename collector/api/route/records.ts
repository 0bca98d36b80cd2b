import type { FastifyInstance } from "fastify";
import type { ChangeRecord } from "../../core/model/correlation.ts";
import type { Problem } from "../../core/model/problem.ts";
import { formatTime, type UnixMillis } from "../../core/model/time.ts";
import { parseRfc3339 } from "../../../protocol/rfc3339.ts";
import { Refusal } from "../../port/ingest.ts";
import type { LedgerQuery, StoredLedgerRecord } from "../../port/store.ts";
import { one, pageOf, type QueryString } from "../paging.ts";
import type { ApiPorts } from "../ports.ts";
import { answers, listOf, PAGE, query, text } from "../schema/basic.ts";

const READ = { roles: ["viewer"] } as const;

const changeDocument = (change: ChangeRecord): unknown => ({ ...change, at: formatTime(change.at) });
const recordDocument = (record: StoredLedgerRecord): unknown => ({ ...record, at: formatTime(record.at) });
const problemDocument = (problem: Problem): unknown => ({
  ...problem,
  firstAt: formatTime(problem.firstAt),
  lastAt: formatTime(problem.lastAt),
});

/** Problems, the ledger and changes: what is only read. */
export function registerRecords(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/problems",
    {
      config: READ,
      schema: {
        operationId: "listProblems",
        tags: ["problems"],
        summary: "Recurring incidents of one root cause.",
        querystring: query(PAGE),
        response: answers(200, listOf("Problem"), "A page."),
      },
    },
    async (request) => {
      const page = await ports.query.problems(pageOf(request.query as QueryString));
      return { items: page.items.map(problemDocument), next: page.next };
    },
  );
  registerLedger(app, ports);
  registerChangeList(app, ports);
}

function registerLedger(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/ledger",
    {
      config: READ,
      schema: {
        operationId: "listLedger",
        tags: ["ledger"],
        summary: "Decisions, newest first: why somebody was told, and why not.",
        querystring: query({
          ...PAGE,
          incident: text("Id or number."),
          alert: text("Id."),
          ci: text("Id, name or alias."),
          decision: text("Its dot name."),
          from: text("RFC 3339."),
          to: text("RFC 3339."),
        }),
        response: answers(200, listOf("LedgerRecord"), "A page."),
      },
    },
    async (request) => {
      const page = await ports.query.ledger(await ledgerQuery(request.query as QueryString, ports));
      return { items: page.items.map(recordDocument), next: page.next };
    },
  );
}

async function ledgerQuery(asked: QueryString, ports: ApiPorts): Promise<LedgerQuery> {
  const { limit, cursor } = pageOf(asked);
  const wanted: LedgerQuery = { limit };
  const incident = one(asked, "incident");
  // A number is for people; the ledger has ids.
  if (incident !== undefined) wanted.incident = (await ports.query.incident(incident))?.id ?? incident;
  const ci = one(asked, "ci");
  if (ci !== undefined) wanted.ci = ports.query.ci(ci)?.id ?? ci;
  for (const key of ["alert", "decision"] as const) {
    const value = one(asked, key);
    if (value !== undefined) wanted[key] = value;
  }
  for (const key of ["from", "to"] as const) {
    const value = one(asked, key);
    if (value !== undefined) wanted[key] = timeOf(key, value);
  }
  if (cursor !== null) {
    if (!/^\d{1,15}$/.test(cursor))
      throw new Refusal(400, "badCursor", "cursor must be a text that a list answered as next");
    wanted.before = Number(cursor);
  }
  return wanted;
}

/** Throws 400 `badTime`. */
export function timeOf(key: string, value: string): UnixMillis {
  const at = parseRfc3339(value);
  if (Number.isNaN(at)) throw new Refusal(400, "badTime", `${key} must be a time in RFC 3339 with a zone`);
  return at;
}

function registerChangeList(app: FastifyInstance, ports: ApiPorts): void {
  app.get(
    "/api/v1/changes",
    {
      config: READ,
      schema: {
        operationId: "listChanges",
        tags: ["changes"],
        summary: "Deployments, package and configuration changes, newest first.",
        querystring: query({ ...PAGE, ci: text("Id, name or alias.") }),
        response: answers(200, listOf("Change"), "A page."),
      },
    },
    async (request) => {
      const asked = request.query as QueryString;
      const ci = one(asked, "ci");
      const page = await ports.query.changes({ ...pageOf(asked), ...(ci === undefined ? {} : { ci }) });
      return { items: page.items.map(changeDocument), next: page.next };
    },
  );
}
