import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { bareServer, RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { swaggerFaults } from "../../../test/support/openapi.ts";
import { registerAlertmanager } from "./register.ts";

const document: unknown = parse(readFileSync(new URL("testdata/openapi.yaml", import.meta.url), "utf8"));
const UUID = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;

const GOOD = {
  matchers: [{ name: "alertname", value: "A|B", isRegex: true }],
  startsAt: "2026-03-01T10:00:00.000Z",
  endsAt: "2026-03-01T11:00:00.000Z",
  createdBy: "ann",
  comment: "new disk",
  annotations: { ticket: "T-1" },
};

interface Shown {
  id: string;
  status: { state: string };
  matchers: object[];
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  comment: string;
}

function bench() {
  const ports = new RecordingPorts();
  let made = 0;
  const app = bareServer((server) =>
    registerAlertmanager(server, ports, {
      facts: { name: "c1", address: "127.0.0.1:8430", version: "0.1.0", startedAt: ports.clock.now() },
      newId: () => UUID((made += 1)),
    }),
  );
  return { app, ports };
}

async function call<T>(
  app: FastifyInstance,
  request: string,
  path: string,
  payload?: unknown,
): Promise<{ status: number; body: T }> {
  const [method = "GET"] = request.split(" ");
  const answer = await app.inject({
    method: method as "GET",
    url: `/api/v2${path}`,
    ...(payload === undefined ? {} : { payload: payload as object }),
  });
  expect(swaggerFaults(document, request, answer.statusCode, answer.body)).toEqual([]);
  return { status: answer.statusCode, body: (answer.body === "" ? null : JSON.parse(answer.body)) as T };
}

const post = (app: FastifyInstance, silence: unknown) =>
  call<{ silenceID: string }>(app, "POST /silences", "/silences", silence);
const list = async (app: FastifyInstance, query = "") =>
  (await call<Shown[]>(app, "GET /silences", `/silences${query}`)).body;
const one = (app: FastifyInstance, id: string) => call<Shown>(app, "GET /silence/{silenceID}", `/silence/${id}`);
const expire = (app: FastifyInstance, id: string) => call(app, "DELETE /silence/{silenceID}", `/silence/${id}`);

test("a silence is made, read, found and ended", async () => {
  const { app, ports } = bench();
  expect(await post(app, GOOD)).toEqual({ status: 200, body: { silenceID: UUID(1) } });
  const shown = {
    ...GOOD,
    id: UUID(1),
    matchers: [{ name: "alertname", value: "A|B", isRegex: true, isEqual: true }],
    status: { state: "active" },
    updatedAt: "2026-03-01T10:00:00.000Z",
  };
  expect((await one(app, UUID(1))).body).toEqual(shown);
  expect(await list(app)).toEqual([shown]);
  ports.clock.advance(60_000);
  expect((await expire(app, UUID(1))).status).toBe(200);
  expect((await one(app, UUID(1))).body).toMatchObject({
    status: { state: "expired" },
    endsAt: "2026-03-01T10:01:00.000Z",
  });
  expect((await expire(app, UUID(1))).status).toBe(200);
  expect(await list(app, "?expired=false")).toEqual([]);
  expect(ports.commands.map(({ command }) => command.type)).toEqual(["silence.put", "silence.expire"]);
});

test("an unknown silence is 404", async () => {
  const { app } = bench();
  expect((await one(app, UUID(9))).status).toBe(404);
  expect((await expire(app, UUID(9))).status).toBe(404);
  expect((await post(app, { ...GOOD, id: UUID(9) })).status).toBe(404);
});

test("what may change in place does; what may not ends the old one after the new one is there", async () => {
  const { app, ports } = bench();
  await post(app, GOOD);
  ports.clock.advance(60_000);
  // A console that shows whole seconds sends them back.
  const startsAt = "2026-03-01T10:00:00.400Z";
  const longer = { ...GOOD, id: UUID(1), startsAt, endsAt: "2026-03-01T12:00:00.000Z", comment: "longer" };
  expect((await post(app, longer)).body).toEqual({ silenceID: UUID(1) });
  expect((await one(app, UUID(1))).body).toMatchObject({ comment: "longer", updatedAt: "2026-03-01T10:01:00.000Z" });
  const other = { ...longer, matchers: [{ name: "alertname", value: "C", isRegex: false }] };
  expect((await post(app, other)).body).toEqual({ silenceID: UUID(2) });
  expect((await list(app)).map(({ id, status, startsAt }) => [id, status.state, startsAt])).toEqual([
    [UUID(2), "active", "2026-03-01T10:01:00.000Z"],
    [UUID(1), "expired", startsAt],
  ]);
  const earlier = { ...other, id: UUID(2), startsAt: "2026-03-01T10:00:59.999Z" };
  expect((await post(app, earlier)).body).toEqual({ silenceID: UUID(3) });
  expect((await post(app, { ...longer, id: UUID(1) })).body).toEqual({ silenceID: UUID(4) });
});

test("silences are listed active, pending, expired", async () => {
  const { app, ports } = bench();
  const at = (startsAt: string, endsAt: string) => ({
    ...GOOD,
    startsAt: `2026-03-01T${startsAt}:00Z`,
    endsAt: `2026-03-01T${endsAt}:00Z`,
  });
  for (const silence of [at("10:00", "10:01"), at("10:00", "10:02"), at("12:00", "13:00"), at("11:00", "13:00")])
    await post(app, silence);
  await post(app, at("10:00", "11:30"));
  await post(app, at("10:00", "11:00"));
  ports.clock.advance(180_000);
  const ids = (silences: readonly Shown[]): number[] => silences.map(({ id }) => Number(id.at(-1)));
  expect(ids(await list(app))).toEqual([6, 5, 4, 3, 2, 1]);
  expect(ids(await list(app, "?active=false&expired=false"))).toEqual([4, 3]);
  expect(ids(await list(app, "?pending=false&active=false"))).toEqual([2, 1]);
});

test.for<[query: string, found: boolean]>([
  ["alertname%3D~%22A%7CB%22", true],
  ["alertname%3D%22A%7CB%22", false],
  ["alertname%3DA", false],
  ["alertname!%3DA", false],
  ["alertname%3D~A", false],
  ["alertname%3D~%22A%7CB%22&filter=team%3Dt", false],
  ["team%3D", false],
  ["alertname%3D", false],
])("silences by filter %s", async ([query, found]) => {
  const { app } = bench();
  await post(app, GOOD);
  expect((await list(app, `?filter=${query}`)).length).toBe(found ? 1 : 0);
});

test.for<[situation: string, matcher: object]>([
  ["all but one value", { name: "severity", value: "critical", isRegex: false, isEqual: false }],
  ["all but some values", { name: "instance", value: "web.*", isRegex: true, isEqual: false }],
  ["whatever has the label", { name: "team", value: "", isRegex: false, isEqual: false }],
])("a silence of nothing but a negative matcher is made, as there: %s", async ([, matcher]) => {
  const { app } = bench();
  expect((await post(app, { ...GOOD, matchers: [matcher] })).status).toBe(200);
});

test("a silence whose start was never set starts at once, as there", async () => {
  const { app } = bench();
  for (const startsAt of ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]) {
    expect((await post(app, { ...GOOD, startsAt })).status).toBe(200);
    const [first] = await list(app);
    expect(first).toMatchObject({ status: { state: "active" }, startsAt: "2026-03-01T10:00:00.000Z" });
  }
});

test.for<[situation: string, change: object]>([
  ["no matcher", { matchers: [] }],
  ["only a matcher for the empty string", { matchers: [{ name: "a", value: "", isRegex: false }] }],
  ["only an expression that holds for nothing", { matchers: [{ name: "a", value: ".*", isRegex: true }] }],
  ["a bad expression", { matchers: [{ name: "a", value: "(", isRegex: true }] }],
  ["a matcher without isRegex", { matchers: [{ name: "a", value: "b" }] }],
  ["a matcher that is text", { matchers: ["a=b"] }],
  ["ends before it starts", { endsAt: "2026-03-01T09:59:00Z" }],
  ["ended", { startsAt: "2026-03-01T08:00:00Z", endsAt: "2026-03-01T09:00:00Z" }],
  ["no time", { startsAt: "soon" }],
  ["no day", { endsAt: "2027-02-30T00:00:00Z" }],
  ["no comment", { comment: undefined }],
  ["no author", { createdBy: null }],
])("refused: %s", async ([, change]) => {
  const { app, ports } = bench();
  const answer = await post(app, { ...GOOD, ...change });
  expect(answer.status).toBe(400);
  expect(typeof answer.body).toBe("string");
  expect(ports.commands).toEqual([]);
});
