import { expect, test } from "vitest";
import type { Role } from "../../../collector/port/ingest.ts";
import { mayCall } from "../../../collector/api/access.ts";
import { type ApiBench, apiBench, incidentDocument, TOKENS } from "../../support/api-bench.ts";

const ROLES = ["agent", "viewer", "operator", "admin"] as const;

/** Every route with who may call it, besides admin. A new route is added here, or this test fails. */
const ROUTES: readonly [method: string, url: string, allowed: readonly Role[]][] = [
  ["GET", "/", ["public"]],
  ["GET", "/console.css", ["public"]],
  ["GET", "/console.js", ["public"]],
  ["GET", "/console-element.js", ["public"]],
  ["GET", "/console-incident.js", ["public"]],
  ["GET", "/favicon.svg", ["public"]],
  ["GET", "/healthz", ["public"]],
  ["GET", "/readyz", ["public"]],
  ["GET", "/-/healthy", ["public"]],
  ["GET", "/-/ready", ["public"]],
  ["GET", "/openapi.json", ["public"]],
  ["GET", "/metrics", ["viewer"]],
  ["GET", "/metrics/agents", ["viewer"]],
  ["GET", "/metrics/agents/:id", ["viewer"]],
  ["GET", "/sd/prometheus", ["viewer"]],
  ["POST", "/api/v1/events", ["agent", "operator"]],
  ["POST", "/v1/metrics", ["agent", "operator"]],
  ["POST", "/v1/logs", ["agent", "operator"]],
  ["POST", "/api/v1/otlp/v1/metrics", ["agent", "operator"]],
  ["GET", "/api/v1/incidents", ["viewer"]],
  ["GET", "/api/v1/incidents/:id", ["viewer"]],
  ["POST", "/api/v1/incidents/:id/acknowledge", ["operator"]],
  ["POST", "/api/v1/incidents/:id/resolve", ["operator"]],
  ["POST", "/api/v1/incidents/:id/assign", ["operator"]],
  ["POST", "/api/v1/incidents/:id/note", ["operator"]],
  ["POST", "/api/v1/incidents/:id/merge", ["operator"]],
  ["POST", "/api/v1/incidents/:id/split", ["operator"]],
  ["POST", "/api/v1/incidents/:id/root-cause", ["operator"]],
  ["GET", "/runbooks", ["viewer"]],
  ["GET", "/runbooks/:pack/:rule", ["viewer"]],
  ["GET", "/api/v1/alerts", ["viewer"]],
  ["GET", "/api/v1/problems", ["viewer"]],
  ["GET", "/api/v1/ledger", ["viewer"]],
  ["GET", "/api/v1/changes", ["viewer"]],
  ["POST", "/api/v1/changes", ["agent", "operator"]],
  ["POST", "/api/v1/drill", ["operator"]],
  ["GET", "/api/v1/silences", ["viewer"]],
  ["GET", "/api/v1/silences/:id", ["viewer"]],
  ["POST", "/api/v1/silences", ["operator"]],
  ["DELETE", "/api/v1/silences/:id", ["operator"]],
  ["GET", "/api/v1/maintenance", ["viewer"]],
  ["POST", "/api/v1/maintenance", ["operator"]],
  ["DELETE", "/api/v1/maintenance/:id", ["operator"]],
  ["GET", "/api/v1/cmdb/cis", ["viewer"]],
  ["GET", "/api/v1/cmdb/cis/:id", ["viewer"]],
  ["GET", "/api/v1/cmdb/relations", ["viewer"]],
  ["GET", "/api/v1/cmdb/sources", ["viewer"]],
  ["GET", "/api/v1/cmdb/drift", ["viewer"]],
  ["GET", "/api/v1/cmdb/export", ["viewer"]],
  ["POST", "/api/v1/cmdb/import", ["admin"]],
  ["GET", "/api/v1/agents", ["viewer"]],
  ["DELETE", "/api/v1/agents/:ci", ["operator"]],
  ["GET", "/api/v1/agents/:ci/diagnostics", ["viewer"]],
  ["POST", "/api/v1/agents/:ci/diagnostics", ["operator"]],
  ["GET", "/api/v1/agent/requests", ["agent"]],
  ["GET", "/api/v1/agent/rules", ["agent", "viewer"]],
  ["POST", "/api/v1/agent/observations", ["agent"]],
  ["GET", "/api/v1/agent/configuration", ["agent", "viewer"]],
  ["GET", "/api/v1/agent/signing-key", ["agent", "viewer"]],
  ["POST", "/api/v1/agent/enrol", ["public"]],
  ["POST", "/api/v1/agent/token", ["public"]],
  ["POST", "/api/v1/enrolments", ["admin"]],
  ["GET", "/api/v1/enrolments", ["operator"]],
  ["DELETE", "/api/v1/enrolments/:id", ["admin"]],
  ["GET", "/api/v1/series", ["viewer"]],
  ["GET", "/api/v1/status", ["viewer"]],
  ["GET", "/api/v1/stream", ["viewer"]],
];

const registered = (bench: ApiBench): string[] => bench.server.app.printRoutes({ commonPrefix: false }).split("\n");

test("the table above has every route", async () => {
  const bench = await apiBench();
  const text = registered(bench).join("\n");
  for (const [, url] of ROUTES)
    expect(
      bench.server.app.hasRoute({ method: "GET", url }) ||
        bench.server.app.hasRoute({ method: "POST", url }) ||
        bench.server.app.hasRoute({ method: "DELETE", url }),
      url,
    ).toBe(true);
  const count = [...text.matchAll(/\((?:[A-Z]+, )*[A-Z]+\)/g)]
    .flatMap(([methods]) => methods.slice(1, -1).split(", "))
    .filter((method) => method !== "HEAD").length;
  expect(count).toBe(ROUTES.length);
});

test("each route lets in exactly its roles", async () => {
  const bench = await apiBench({ auth: TOKENS });
  const wrong: string[] = [];
  for (const [method, url, allowed] of ROUTES) {
    if (url === "/api/v1/stream") continue;
    const path = url.replace(/:(id|ci|pack|rule)/g, "x");
    for (const role of [undefined, ...ROLES]) {
      const { status } = await bench.call(method, path, role === undefined ? {} : { as: role });
      const isPublic = allowed.includes("public");
      const expected =
        isPublic || (role !== undefined && mayCall(role, allowed)) ? "in" : role === undefined ? 401 : 403;
      // A schema is compiled when its route is first called: one that cannot be would show here only.
      const actual = status === 401 || status === 403 || status === 500 ? status : "in";
      if (actual !== expected) wrong.push(`${method} ${url} as ${role}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.for<[path: string, status: number]>([
  ["/api/v1/incidents/", 200],
  ["//api/v1/incidents", 200],
  ["//api//v1/incidents/?limit=1", 200],
  ["/healthz/", 200],
  ["/metrics/agents/", 200],
  ["/nothing/", 404],
  ["/alertmanager/api/v2/status/", 404],
])("an address that was put together by hand, with a slash too many: %s", async ([path, status]) => {
  const { call } = await apiBench({ auth: TOKENS });
  expect((await call("GET", path, { as: "viewer" })).status).toBe(status);
  if (path.includes("incidents")) {
    expect((await call("GET", path, { as: "agent" })).status).toBe(403);
    expect(await call("PATCH", path, { as: "viewer" })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  }
});

test.for<[Role, Role[], boolean]>([
  ["admin", ["operator"], true],
  ["operator", ["viewer"], true],
  ["operator", ["agent"], false],
  ["viewer", ["operator"], false],
  ["agent", ["viewer"], false],
  ["agent", ["agent", "operator"], true],
])("%s may call what %s may: %s", ([role, allowed, expected]) => {
  expect(mayCall(role, allowed)).toBe(expected);
});

test.for<[situation: string, authorization: string | undefined, status: number]>([
  ["a bearer token", "Bearer viewer-secret", 200],
  ["in another case", "bearer viewer-secret", 200],
  ["a token as the password of Basic", `Basic ${Buffer.from("x:viewer-secret").toString("base64")}`, 200],
  ["GenieKey", "GenieKey viewer-secret", 200],
  ["a bare token, as Prometheus's service discovery sends it", "viewer-secret", 200],
  ["a wrong token", "Bearer viewer-secret2", 401],
  ["an empty token", "Bearer ", 401],
  ["another scheme", "Digest viewer-secret", 401],
  ["none", undefined, 401],
  ["a token of the wrong role", "Bearer agent-secret", 403],
])("authorization: %s", async ([, authorization, status]) => {
  const { call } = await apiBench({ auth: TOKENS });
  const answer = await call("GET", "/api/v1/incidents", {
    headers: authorization === undefined ? {} : { authorization },
  });
  expect(answer.status).toBe(status);
  if (status === 401)
    expect(answer).toMatchObject({
      json: { code: "unauthorised" },
      headers: { "www-authenticate": 'Bearer realm="tocsin"' },
    });
  if (status === 403)
    expect(answer.json).toEqual({
      code: "forbidden",
      message: "the role agent of this token may not do this; viewer, operator, admin may",
    });
});

test("a route that does not say who may call it is refused at start", async () => {
  await expect(apiBench({ ingest: [(app) => void app.get("/open", async () => "x")] })).rejects.toThrow(
    "the route GET /open does not say who may call it",
  );
});

test("without tokens another address than loopback is refused", async () => {
  const { server } = await apiBench();
  await expect(server.listen("0.0.0.0", 0)).rejects.toThrow(/only loopback may be listened on, not 0\.0\.0\.0/);
  const { url } = await server.listen("127.0.0.1", 0);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await server.close();
});

test.for<[situation: string, headers: Record<string, string>, status: number, code: string]>([
  ["localhost", { host: "localhost:8430" }, 200, ""],
  ["::1", { host: "[::1]:8430" }, 200, ""],
  ["a name made to point here", { host: "evil.example:8430" }, 403, "foreignHost"],
  ["a page of another origin", { origin: "https://evil.example" }, 403, "foreignOrigin"],
  ["a page of this origin", { origin: "http://127.0.0.1:8430" }, 200, ""],
  ["a browser says cross-site", { "sec-fetch-site": "cross-site" }, 403, "foreignOrigin"],
])("without tokens: %s", async ([, headers, status, code]) => {
  const { call } = await apiBench();
  const answer = await call("GET", "/api/v1/incidents", { headers });
  expect([answer.status, answer.json.code ?? ""]).toEqual([status, code]);
});

test.for<[situation: string, method: string, url: string, status: number, code: string]>([
  ["an unknown path", "GET", "/nothing", 404, "notFound"],
  ["Grafana's probe", "GET", "/alertmanager/api/v2/status", 404, "notFound"],
  ["a known path with another method", "PUT", "/api/v1/incidents", 405, "methodNotAllowed"],
  ["a path with a parameter and another method", "DELETE", "/api/v1/incidents/7", 405, "methodNotAllowed"],
  ["a path that is no path", "GET", "/%zz", 400, "badUrl"],
  ["a parameter too long", "GET", `/api/v1/incidents/${"x".repeat(2000)}`, 414, "badUrl"],
])("%s", async ([, method, url, status, code]) => {
  const { call } = await apiBench();
  const answer = await call(method, url);
  expect([answer.status, answer.json?.code]).toEqual([status, code]);
});

test("a HEAD of the stream is refused: it would be a reader that never ends", async () => {
  const { call } = await apiBench();
  expect((await call("HEAD", "/api/v1/stream")).status).toBe(405);
});

test("405 names the methods", async () => {
  const { call } = await apiBench();
  expect((await call("PUT", "/api/v1/silences")).headers["allow"]).toBe("GET, HEAD, POST");
});

test.for<[url: string, status: number, code: string]>([
  ["/api/v1/incidents?limit=0", 400, "badLimit"],
  ["/api/v1/incidents?limit=1001", 400, "badLimit"],
  ["/api/v1/incidents?limit=ten", 400, "badLimit"],
  ["/api/v1/alerts?limit=5&limit=6", 400, "badQuery"],
  ["/api/v1/incidents?cursor=", 400, "badCursor"],
  ["/api/v1/cmdb/cis?cursor=zzz", 400, "badCursor"],
  ["/api/v1/ledger?cursor=zzz", 400, "badCursor"],
  ["/api/v1/incidents?status=firing", 400, "badStatus"],
  ["/api/v1/alerts?status=open", 400, "badStatus"],
  ["/api/v1/incidents?status=", 400, "badStatus"],
  ["/api/v1/alerts?status=,", 400, "badStatus"],
  ["/api/v1/silences?status=open", 400, "badStatus"],
  ["/api/v1/ledger?from=yesterday", 400, "badTime"],
  ["/api/v1/cmdb/cis?known=perhaps", 400, "badQuery"],
  ["/api/v1/series?ci=x", 400, "badQuery"],
  ["/api/v1/incidents?state=resolved", 400, "badQuery"],
  ["/api/v1/alerts?Status=all", 400, "badQuery"],
  ["/api/v1/problems?status=open", 400, "badQuery"],
  ["/api/v1/incidents/99", 404, "incidentNotFound"],
  ["/api/v1/silences/none", 404, "silenceNotFound"],
  ["/api/v1/cmdb/cis/none", 404, "ciNotFound"],
  ["/metrics/agents/none", 404, "noSeries"],
])("GET %s → %s %s", async ([url, status, code]) => {
  const { call } = await apiBench();
  const answer = await call("GET", url);
  expect([answer.status, answer.json?.code]).toEqual([status, code]);
});

test("a parameter that nobody knows is named, with those that are", async () => {
  const { call, intake } = await apiBench();
  expect((await call("GET", "/api/v1/incidents?state=resolved")).json.message).toBe(
    'there is no parameter "state" here; known here: limit, cursor, ci, status',
  );
  const imported = await call("POST", "/api/v1/cmdb/import?dryrun=true", { body: { cis: [] } });
  expect([imported.status, imported.json.code, intake.batches]).toEqual([400, "badQuery", []]);
});

test.for<[url: string]>([
  ["/api/v1/problems?status=all"],
  ["/api/v1/ledger?status=all&limit=5"],
  ["/api/v1/incidents?_=1767225600000"],
  ["/healthz?t=1"],
  ["/metrics?x=1"],
])(
  "GET %s is answered: a list without states has them all, and other paths say themselves what they take",
  async ([url]) => {
    const { call } = await apiBench();
    expect((await call("GET", url)).status).toBe(200);
  },
);

test("lists: statuses, pages, documents as the schema says", async () => {
  const { call, query } = await apiBench();
  query.incidentList = [1, 2, 3].map((number) => incidentDocument({ id: `inc-${number}`, number }));
  query.incidentList.push(incidentDocument({ id: "inc-4", number: 4, status: "closed" }));
  const first = await call("GET", "/api/v1/incidents?limit=2");
  expect(first.json.items.map((item: { number: number }) => item.number)).toEqual([1, 2]);
  const second = await call("GET", `/api/v1/incidents?limit=2&cursor=${first.json.next}`);
  expect(second.json).toMatchObject({ items: [{ number: 3 }], next: null });
  expect((await call("GET", "/api/v1/incidents?status=all")).json.items).toHaveLength(4);
  expect((await call("GET", "/api/v1/incidents?status=closed,resolved")).json.items).toMatchObject([{ number: 4 }]);
  expect((await call("GET", "/api/v1/incidents?status=closed&status=open&ci=web-01")).json.items).toHaveLength(4);
  expect(query.asked.at(-1)).toEqual({ ci: "web-01", limit: 100, cursor: null, statuses: ["closed", "open"] });
  expect((await call("GET", "/api/v1/incidents/4")).json).toEqual(query.incidentList[3]);
});

test("commands reach the core in the caller's name and answer the incident as it is", async () => {
  const bench = await apiBench({ auth: TOKENS });
  const { call, intake, query } = bench;
  query.incidentList = [incidentDocument({ id: "inc-a", number: 7 }), incidentDocument({ id: "inc-b", number: 8 })];
  const rows: [path: string, body: object | undefined, command: object][] = [
    ["acknowledge", { note: "on it" }, { type: "acknowledge", note: "on it" }],
    ["acknowledge", undefined, { type: "acknowledge" }],
    ["resolve", {}, { type: "resolve" }],
    ["assign", { owner: "anna" }, { type: "assign", owner: "anna" }],
    ["assign", { owner: null }, { type: "assign", owner: null }],
    ["note", { text: "replaced" }, { type: "note", text: "replaced" }],
    ["note", { note: "replaced" }, { type: "note", text: "replaced" }],
    ["merge", { into: "8" }, { type: "merge", into: "inc-b" }],
    ["merge", { into: 8 }, { type: "merge", into: "inc-b" }],
    ["split", { alerts: ["a-1"] }, { type: "split", alerts: ["a-1"] }],
    ["root-cause", { ci: "sw-3" }, { type: "rootCause", ci: "sw-3" }],
    ["root-cause", { ci: null }, { type: "rootCause", ci: null }],
  ];
  for (const [path, body, command] of rows) {
    const answer = await call("POST", `/api/v1/incidents/7/${path}`, {
      as: "operator",
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, answer.json?.number ?? answer.text], path).toEqual([200, 7]);
    expect(intake.batches.at(-1)).toEqual({
      lane: "command",
      submissions: [{ kind: "command", actor: "anna", command: { incident: "inc-a", ...command } }],
    });
  }
});

test.for<[path: string, body: unknown, code: string]>([
  ["acknowledge", { note: 5 }, "badRequest"],
  ["acknowledge", { comment: "x" }, "badRequest"],
  ["acknowledge", [], "badRequest"],
  ["assign", {}, "badRequest"],
  ["note", { text: "" }, "badRequest"],
  ["note", {}, "badRequest"],
  ["note", { text: "a", note: "b" }, "badRequest"],
  ["merge", { into: "9" }, "incidentNotFound"],
  ["split", { alerts: [] }, "badRequest"],
  ["root-cause", { ci: "" }, "badRequest"],
])("a bad command %s %j is refused with %s", async ([path, body, code]) => {
  const { call, query, intake } = await apiBench();
  query.incidentList = [incidentDocument({ number: 7 })];
  const answer = await call("POST", `/api/v1/incidents/7/${path}`, { body });
  expect(answer.json.code).toBe(code);
  expect(answer.status).toBe(code === "badRequest" ? 400 : 404);
  expect(intake.batches).toEqual([]);
});

test.for<[path: string, body: unknown, message: string]>([
  ["acknowledge", { comment: "x" }, 'the body: "comment" is not known here; known here: note'],
  ["assign", {}, 'the body: "owner" is missing'],
  ["assign", { owner: 5 }, "owner: must be string or null"],
  ["note", {}, "the body: give one of text, note"],
  ["split", { alerts: [7] }, "alerts[0]: must be string"],
])("a bad command %s %j is explained: %s", async ([path, body, message]) => {
  const { call, query } = await apiBench();
  query.incidentList = [incidentDocument({ number: 7 })];
  expect((await call("POST", `/api/v1/incidents/7/${path}`, { body })).json.message).toBe(message);
});

test("a command on what is over for good says where it goes on", async () => {
  const { call, query, intake } = await apiBench();
  query.incidentList = [
    incidentDocument({ id: "inc-a", number: 1, status: "resolved", mergedInto: "inc-b" }),
    incidentDocument({ id: "inc-b", number: 2, status: "resolved", mergedInto: "inc-c" }),
    incidentDocument({ id: "inc-c", number: 3 }),
    incidentDocument({ id: "inc-d", number: 4, status: "closed" }),
  ];
  for (const [number, code, message] of [
    [1, "merged", "incident 1 is part of incident 3 now"],
    [4, "notOpen", "incident 4 is closed and can no longer be changed"],
  ] as const)
    expect(await call("POST", `/api/v1/incidents/${number}/acknowledge`)).toMatchObject({
      status: 409,
      json: { code, message },
    });
  expect(intake.batches).toEqual([]);
});

test.for<[code: string, status: number]>([
  ["incidentNotFound", 404],
  ["notOpen", 409],
  ["badMatcher", 400],
])("the core refuses a command with %s: %s", async ([code, status]) => {
  const { call, query, intake } = await apiBench();
  query.incidentList = [incidentDocument({ number: 7 })];
  intake.answer = () => ({ status: "committed", outcomes: [{ status: "rejected", code, message: "no" }] });
  expect(await call("POST", "/api/v1/incidents/7/resolve", { body: {} })).toMatchObject({
    status,
    json: { code, message: "no" },
  });
});

test.for<[situation: string, raw: string, headers: Record<string, string>, status: number, code: string]>([
  ["no JSON", "{", {}, 400, "badJson"],
  ["deep", `${'{"note":'.repeat(40)}1${"}".repeat(40)}`, {}, 400, "tooDeep"],
  ["__proto__", '{"__proto__": {"x": 1}}', {}, 400, "forbiddenKey"],
  ["a text too long", `{"note": "${"x".repeat(70_000)}"}`, {}, 400, "tooLong"],
  [
    "too many keys",
    JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`k${index}`, 1]))),
    {},
    400,
    "tooManyKeys",
  ],
  ["plain text", "note", { "content-type": "text/plain" }, 415, "unsupportedType"],
])("a command with a body that is %s", async ([, raw, headers, status, code]) => {
  const { call, query } = await apiBench();
  query.incidentList = [incidentDocument({ number: 7 })];
  const answer = await call("POST", "/api/v1/incidents/7/acknowledge", {
    raw,
    headers: { "content-type": "application/json", ...headers },
  });
  expect([answer.status, answer.json.code]).toEqual([status, code]);
});

test("a fault of ours answers 500, says nothing of itself, and stands in the log", async () => {
  const { call, query, log } = await apiBench();
  query.incidents = async () => {
    throw new Error("secret detail");
  };
  const answer = await call("GET", "/api/v1/incidents");
  expect(answer).toMatchObject({ status: 500, json: { code: "internal" } });
  expect(answer.text).not.toContain("secret");
  expect(log.lines).toMatchObject([{ level: "error", fields: { route: "/api/v1/incidents" } }]);
});

test("health is progress; readiness has a reason", async () => {
  const { call, waiting, readiness } = await apiBench({ auth: TOKENS });
  for (const path of ["/healthz", "/-/healthy"])
    expect(await call("GET", path)).toMatchObject({ status: 200, json: { status: "ok", stuck: [] } });
  expect(await call("GET", "/-/ready")).toMatchObject({ status: 200, json: { status: "ready" } });
  waiting.commit = 10_001;
  expect(await call("GET", "/healthz")).toMatchObject({ status: 503, json: { status: "stuck", stuck: ["commit"] } });
  expect(await call("GET", "/readyz")).toMatchObject({ status: 200, json: { status: "ready" } });
  readiness.ready = false;
  expect(await call("GET", "/readyz")).toMatchObject({ status: 503, json: { status: "notReady", reason: "loading" } });
});

test("the OpenAPI document: 3.1, every documented route, named schemas, no dangling reference", async () => {
  const { call } = await apiBench();
  const { json } = await call("GET", "/openapi.json");
  expect(json.openapi).toBe("3.1.0");
  expect(Object.keys(json.components.schemas)).toEqual(
    expect.arrayContaining(["Refusal", "Incident", "Alert", "Silence", "WireEvent"]),
  );
  expect(Object.keys(json.components.schemas).filter((name) => /^(def-|schema)\d/.test(name))).toEqual([]);
  for (const [, url, allowed] of ROUTES)
    if (!allowed.includes("public")) expect(Object.keys(json.paths), url).toContain(url.replace(/:(\w+)/g, "{$1}"));
  const references = [...JSON.stringify(json).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target!);
  expect(references.length).toBeGreaterThan(20);
  for (const target of new Set(references)) {
    const found = target
      .replace("#/", "")
      .split("/")
      .reduce<any>((at, part) => at?.[part], json);
    expect(found, target).toBeDefined();
  }
});

test("the OpenAPI document says of every operation what it answers, and how it refuses", async () => {
  const { call } = await apiBench();
  const { json } = await call("GET", "/openapi.json");
  const gaps = Object.entries<Record<string, any>>(json.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) => {
      const statuses = Object.keys(responses);
      const isTold =
        statuses.some((status) => status.startsWith("2")) && statuses.some((status) => /^4|^default/.test(status));
      return isTold ? [] : [`${method} ${path}: ${statuses.join(" ")}`];
    }),
  );
  expect(gaps).toEqual([]);
});

test("runbooks are served as Markdown, and a name that is none is no path", async () => {
  const { call } = await apiBench();
  expect((await call("GET", "/runbooks")).json.items).toEqual([
    { check: "cpu_busy", href: "/runbooks/linux-host/cpu_busy" },
  ]);
  const page = await call("GET", "/runbooks/linux-host/cpu_busy");
  expect(page.headers["content-type"]).toBe("text/markdown; charset=utf-8");
  expect(page.text).toBe("# cpu_busy\n");
  for (const path of [
    "/runbooks/linux-host/no",
    "/runbooks/..%2f..%2fetc/passwd",
    "/runbooks/linux-host/..%2fpack.yaml",
  ])
    expect(await call("GET", path)).toMatchObject({ status: 404, json: { code: "runbookNotFound" } });
});
