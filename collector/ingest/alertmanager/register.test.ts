import { readFileSync } from "node:fs";
import { REF_LENGTH } from "../../core/model/alert-ref.ts";
import type { Route } from "../../core/model/settings.ts";
import type { FastifyInstance } from "fastify";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { bareServer, RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { swaggerFaults } from "../../../test/support/openapi.ts";
import { registerAlertmanager } from "./register.ts";

const document: unknown = parse(readFileSync(new URL("testdata/openapi.yaml", import.meta.url), "utf8"));

/** Of the bench's clock. */
const NOW = Date.parse("2026-03-01T10:00:00Z");

interface Bench {
  app: FastifyInstance;
  ports: RecordingPorts;
  post: (alerts: unknown) => Promise<{ status: number; body: string }>;
  /** GET, checked against the OpenAPI document. */
  get: <T = unknown>(path: string, spec?: string) => Promise<{ status: number; body: T }>;
}

function bench(meaning: () => unknown = () => 1): Bench {
  const ports = new RecordingPorts();
  let made = 0;
  const app = bareServer((server) =>
    registerAlertmanager(server, ports, {
      facts: { name: "c1", address: "127.0.0.1:8430", version: "0.1.0", startedAt: ports.clock.now() },
      meaning,
      newId: () => `00000000-0000-4000-8000-00000000000${(made += 1)}`,
    }),
  );
  return {
    app,
    ports,
    async post(alerts) {
      const answer = await app.inject({ method: "POST", url: "/api/v2/alerts", payload: alerts as object });
      expect(swaggerFaults(document, "POST /alerts", answer.statusCode, answer.body)).toEqual([]);
      return { status: answer.statusCode, body: answer.body };
    },
    async get<T>(path: string, spec = path.split("?", 1)[0] ?? "") {
      const answer = await app.inject({ method: "GET", url: `/api/v2${path}` });
      expect(swaggerFaults(document, `GET ${spec}`, answer.statusCode, answer.body)).toEqual([]);
      return { status: answer.statusCode, body: JSON.parse(answer.body) as T };
    },
  };
}

interface Shown {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  generatorURL?: string;
  fingerprint: string;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  receivers: { name: string }[];
  status: { state: string; silencedBy: string[]; inhibitedBy: string[]; mutedBy: string[] };
}

const names = (alerts: readonly Shown[]): string[] => alerts.map((alert) => alert.labels["alertname"] ?? "");

test("an alert comes back exactly as it was sent", async () => {
  const { post, get, ports } = bench();
  ports.receiverNames = ["hook"];
  const sent = {
    labels: { alertname: "HighLatency", instance: "web-01:9100", severity: "page", ünï: "ÿ" },
    annotations: { summary: "slow", empty: "", since: "long" },
    generatorURL: "http://prometheus:9090/graph?g0.expr=x&a=b",
    startsAt: "2026-03-01T09:55:00.123Z",
    endsAt: "2026-03-01T10:04:00.000Z",
  };
  expect(await post([sent])).toEqual({ status: 200, body: "" });
  const { body } = await get<Shown[]>("/alerts");
  expect(body).toEqual([
    {
      ...sent,
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      updatedAt: "2026-03-01T10:00:00.000Z",
      receivers: [{ name: "hook" }],
      status: { state: "active", silencedBy: [], inhibitedBy: [], mutedBy: [] },
    },
  ]);
});

test("an alert becomes an event on the CI that its labels name", async () => {
  const { post, ports } = bench();
  await post([
    {
      labels: { alertname: "DiskFull", instance: "db-1.example.net:9100", device: "sda1", severity: "critical" },
      annotations: { description: "97 % full", runbook_url: "https://wiki/disk" },
      generatorURL: "http://prometheus/graph",
      startsAt: "2026-03-01T09:00:00Z",
    },
  ]);
  expect(ports.events).toEqual([
    expect.objectContaining({
      source: "alertmanager",
      idGiven: false,
      ci: "db-1.example.net",
      check: "DiskFull",
      instance: expect.stringMatching(/^sda1 [0-9a-f]{16}$/),
      kind: "alert",
      status: "firing",
      severity: "critical",
      summary: "97 % full",
      occurredAt: ports.clock.now(),
      since: Date.parse("2026-03-01T09:00:00Z"),
      expiresAfterMs: 300_000,
      links: [
        { href: "http://prometheus/graph", text: "generator" },
        { href: "https://wiki/disk", text: "runbook" },
      ],
    }),
  ]);
  expect(ports.lanes).toEqual(["critical"]);
});

test.for<[situation: string, sent: string, shown: string | undefined]>([
  [
    "Prometheus' own",
    "http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
  ],
  ["IPv6", "http://[::1]:9090/g", "http://[::1]:9090/g"],
  [
    "a query that nobody escaped",
    'https://p/explore?left={"expr":"up{job=~\'a|b\'}[5m]"}',
    "https://p/explore?left=%7B%22expr%22:%22up%7Bjob=~%27a%7Cb%27%7D%5B5m%5D%22%7D",
  ],
  ["spaces, letters, a lonely percent sign", "http://p/höhe 50%", "http://p/h%C3%B6he%2050%25"],
  ["a hash in the fragment", "http://p/#a#b", "http://p/#a%23b"],
  ["half of a surrogate pair", "http://p/\ud800", "http://p/%EF%BF%BD"],
  ["no port", "http://p:x/", undefined],
  ["a path", "/graph?g0.expr=up", undefined],
  ["words", "not a url", undefined],
  ["a script", "javascript:alert(1)", undefined],
])("generatorURL is a URI or not there: %s", async ([, sent, shown]) => {
  const { post, get } = bench();
  expect((await post([{ labels: { alertname: "A" }, generatorURL: sent }])).status).toBe(200);
  const { body } = await get<Shown[]>("/alerts");
  expect(body.map(({ generatorURL }) => generatorURL)).toEqual([shown]);
});

test.for<[situation: string, times: { startsAt?: string; endsAt?: string }, expected: object]>([
  ["no times: now, for the resolve timeout", {}, { status: "firing", since: 0, expiresAfterMs: 300_000 }],
  [
    "the zero time means absent",
    { startsAt: "0001-01-01T00:00:00.000Z", endsAt: "0001-01-01T00:00:00Z" },
    { status: "firing", since: 0, expiresAfterMs: 300_000 },
  ],
  ["ends in a minute", { endsAt: "2026-03-01T10:01:00Z" }, { status: "firing", expiresAfterMs: 60_000 }],
  ["ended", { endsAt: "2026-03-01T09:59:00Z" }, { status: "resolved", since: -60_000, expiresAfterMs: null }],
  ["ends now", { endsAt: "2026-03-01T10:00:00Z" }, { status: "resolved", expiresAfterMs: null }],
  [
    "other zone, nanoseconds",
    { startsAt: "2026-03-01T10:00:30.123456789+01:00" },
    { status: "firing", since: -3_569_877 },
  ],
  ["the clock of a host that has none", { startsAt: "1970-01-01T00:00:00Z" }, { status: "firing", since: -NOW }],
  ["before 1970", { startsAt: "1960-05-01T00:00:00Z" }, { status: "firing", since: -NOW }],
  ["ended in 1970", { endsAt: "1970-01-01T00:00:00Z" }, { status: "resolved", since: -NOW }],
])("times: %s", async ([, times, expected]) => {
  const { post, ports } = bench();
  expect((await post([{ labels: { alertname: "A" }, ...times }])).status).toBe(200);
  const { since, ...rest } = expected as { since?: number };
  const wanted = since === undefined ? rest : { ...rest, since: ports.clock.now() + since };
  expect(ports.events).toMatchObject([wanted]);
});

test("an alert that is sent again keeps its identity and moves its end; other annotations are taken over", async () => {
  const { post, ports, get } = bench();
  const alert = { labels: { alertname: "A", instance: "h:1" }, annotations: { summary: "one" } };
  await post([{ ...alert, endsAt: "2026-03-01T10:04:00Z" }]);
  ports.clock.advance(60_000);
  await post([{ ...alert, endsAt: "2026-03-01T10:05:00Z" }]);
  await post([{ ...alert, annotations: { summary: "two" }, endsAt: "2026-03-01T10:05:00Z" }]);
  expect(ports.alerts.size).toBe(1);
  expect(ports.events.map((event) => event.summary)).toEqual(["one", "two"]);
  expect(new Set(ports.events.map((event) => event.id)).size).toBe(2);
  expect(ports.repetitions).toHaveLength(1);
  const { body } = await get<Shown[]>("/alerts");
  expect(body).toMatchObject([
    { annotations: { summary: "two" }, startsAt: "2026-03-01T10:00:00.000Z", endsAt: "2026-03-01T10:05:00.000Z" },
  ]);
  ports.clock.advance(300_000);
  expect((await get<Shown[]>("/alerts")).body).toEqual([]);
});

test("a core that is busy keeps nobody waiting: new alerts are answered when they are safe, and known once it has them", async () => {
  const { post, ports } = bench();
  const [one, two] = ["A", "B"].map((alertname) => ({ labels: { alertname, instance: "h:1" } }));
  ports.isSlow = true;
  expect(await post([one, two])).toMatchObject({ status: 200 });
  expect(ports.events).toEqual([]);
  expect(await post([one])).toMatchObject({ status: 200 });
  expect(ports.repetitions).toEqual([]);
  for (const step of ports.deposits.splice(0)) step();
  expect(ports.events.map(({ check }) => check)).toEqual(["A", "B", "A"]);
  expect(await post([two, one])).toMatchObject({ status: 200 });
  expect(ports.repetitions.flatMap(({ alerts }) => alerts)).toHaveLength(2 * REF_LENGTH);
  expect(ports.counts.get("tocsin_ingest_events_total alertmanager accepted")).toBe(5);
  // A resolve, and what is as it was beside it: the one waits, the other does not.
  const later = new Date(ports.clock.now() - 1_000).toISOString();
  expect(await post([{ ...one, endsAt: later }, two])).toMatchObject({ status: 200 });
  expect(ports.repetitions.at(-1)?.alerts).toHaveLength(REF_LENGTH);
  expect([...ports.alerts.values()].map(({ status }) => status)).toEqual(["firing", "firing"]);
  for (const step of ports.deposits.splice(0)) step();
  expect([...ports.alerts.values()].map(({ check, status }) => `${check} ${status}`)).toEqual([
    "A resolved",
    "B firing",
  ]);
});

test("what was learned of alerts that waited is nothing when alerts mean something else by then", async () => {
  let topology = 1;
  const { post, ports } = bench(() => topology);
  const alert = { labels: { alertname: "A", instance: "h:1" } };
  ports.isSlow = true;
  await post([alert]);
  topology = 2;
  await post([]);
  for (const step of ports.deposits.splice(0)) step();
  ports.isSlow = false;
  await post([alert]);
  expect(ports.repetitions).toEqual([]);
});

test("null is an empty text: a label that is not there, an annotation without words", async () => {
  const { post, ports } = bench();
  const labels = { alertname: "A", host: "h", team: null };
  expect((await post([{ labels, annotations: { summary: null, text: "t" } }])).status).toBe(200);
  expect(ports.events).toMatchObject([
    { labels: { alertname: "A", host: "h" }, annotations: { summary: "", text: "t" } },
  ]);
  expect((await post([{ labels: { alertname: null } }])).status).toBe(400);
});

test("labels that are empty are absent", async () => {
  const { post, ports } = bench();
  await post([{ labels: { alertname: "A", host: "h", empty: "" } }, { labels: { alertname: "A", host: "h" } }]);
  expect(ports.alerts.size).toBe(1);
  expect(ports.events[0]?.labels).toEqual({ alertname: "A", host: "h" });
});

test("bad alerts are refused by name, the good ones of the batch are stored", async () => {
  const { post, ports } = bench();
  const answer = await post([
    { labels: { alertname: "Good" } },
    { labels: {} },
    { labels: { a: 1 } },
    { labels: { alertname: "B" }, startsAt: "yesterday" },
    { labels: { alertname: "C" }, startsAt: "2026-03-01T10:00:00Z", endsAt: "2026-03-01T09:00:00Z" },
    "text",
    { labels: { alertname: "D" }, startsAt: "2026-02-30T00:00:00Z" },
    { labels: { alertname: "D" }, endsAt: "2026-03-01T24:00:00Z" },
    { labels: JSON.parse('{"__proto__":"x"}') as object },
  ]);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toBe(
    [
      "alert 1: at least one label pair required",
      "alert 2: the value of label a must be a string",
      "alert 3: startsAt must be an RFC 3339 time",
      "alert 4: start time must be before end time",
      "alert 5: an alert must be an object",
      "alert 6: startsAt must be an RFC 3339 time",
      "alert 7: endsAt must be an RFC 3339 time",
      'alert 8: invalid label name "__proto__"',
    ].join("; "),
  );
  expect(ports.events.map((event) => event.check)).toEqual(["Good"]);
  expect(ports.counts.get("tocsin_ingest_dropped_total alertmanager invalidAlert")).toBe(8);
});

test.for<[situation: string, body: string]>([
  ["broken JSON", "[{"],
  ["no list", "{}"],
  ["nothing", ""],
  ["not UTF-8", "\xff\xfe"],
])("%s is 400 with a JSON string", async ([, body]) => {
  const { app } = bench();
  const payload = Buffer.from(body, "latin1");
  const answer = await app.inject({ method: "POST", url: "/api/v2/alerts", payload });
  expect(answer.statusCode).toBe(400);
  expect(typeof JSON.parse(answer.body)).toBe("string");
});

test("a YAML body, as Grafana's proxy sends it", async () => {
  const { app, ports } = bench();
  const answer = await app.inject({
    method: "POST",
    url: "/api/v2/alerts",
    headers: { "content-type": "application/yaml" },
    payload: "- labels: {alertname: A}\n  startsAt: 2026-03-01T09:00:00Z\n",
  });
  expect(answer.statusCode).toBe(200);
  expect(ports.events).toMatchObject([{ check: "A", since: Date.parse("2026-03-01T09:00:00Z") }]);
});

test.for<[situation: string, payload: string, status: number, checks: string[]]>([
  ["the last of equal keys counts, as in JSON", "- labels: {alertname: A, alertname: B}\n", 200, ["B"]],
  ["more than may be read as YAML", `- labels: {alertname: A}\n${"#".repeat(64 * 1024)}`, 413, []],
  ["an alias", "- &a {labels: {alertname: A}}\n- *a\n", 400, []],
  ["many levels", "[".repeat(20_000), 400, []],
])("YAML costs no more than its size: %s", async ([, payload, status, checks]) => {
  const { app, ports } = bench();
  const headers = { "content-type": "application/yaml" };
  const answer = await app.inject({ method: "POST", url: "/api/v2/alerts", headers, payload });
  expect(answer.statusCode).toBe(status);
  expect(ports.events.map(({ check }) => check)).toEqual(checks);
});

test("a YAML map of many keys is read at once", async () => {
  const { app } = bench();
  const keys = Array.from({ length: 7500 }, (_, key) => `k${key}: `).join(",");
  const headers = { "content-type": "application/yaml" };
  const from = performance.now();
  const answer = await app.inject({ method: "POST", url: "/api/v2/alerts", headers, payload: `[{labels: {${keys}}}]` });
  expect([answer.statusCode, answer.body]).toEqual([400, '"alert 0: more than 64 labels"']);
  // 0.2 s on a busy machine; 4 s where each key is compared with all before it.
  expect(performance.now() - from).toBeLessThan(2000);
});

test("overload answers 503 with Retry-After, and nothing was taken", async () => {
  const { app, ports } = bench();
  ports.refuse = { status: "overloaded", retryAfterMs: 1500 };
  const answer = await app.inject({ method: "POST", url: "/api/v2/alerts", payload: [{ labels: { a: "b" } }] });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["retry-after"]).toBe("2");
});

test.for<[query: string, expected: string[]]>([
  ["", ["A", "B", "C"]],
  ["filter=alertname%3D%22B%22", ["B"]],
  ["filter=alertname%3D~%22A%7CC%22", ["A", "C"]],
  ["filter=alertname!%3DA&filter=team%3D", ["C"]],
  ["filter=team%3D%22%22", ["A", "C"]],
  ["filter=%22t%C3%AAte%22%3D%22x%22", ["C"]],
  ["receiver=ho.k", ["A", "B", "C"]],
  ["receiver=ho", []],
  ["receiver_matchers=owner%3Dme", []],
  ["silenced=false", ["A", "C"]],
  ["active=false", ["B"]],
  ["active=false&silenced=false", []],
])("filter %s", async ([query, expected]) => {
  const { post, get, ports } = bench();
  ports.receiverNames = ["hook"];
  await post([
    { labels: { alertname: "A" } },
    { labels: { alertname: "B", team: "t" } },
    { labels: { alertname: "C", tête: "x" } },
  ]);
  const now = ports.clock.now();
  ports.silenceById.set("s1", {
    id: "s1",
    matchers: [{ name: "team", value: "t|u", isRegex: true, isEqual: true }],
    startsAt: now,
    endsAt: now + 60_000,
    createdBy: "me",
    comment: "",
    createdAt: now,
    updatedAt: now,
  });
  const { body } = await get<Shown[]>(`/alerts?${query}`);
  expect(names(body).sort()).toEqual(expected);
});

test.for<[filter: string, expected: string[]]>([
  ['alertname=""', ["3", "4"]],
  ['alertname!=""', ["1", "2"]],
  ['alertname=~"A|"', ["1", "3", "4"]],
  ['alertname!~".+"', ["3", "4"]],
  ['severity=""', ["2", "3"]],
  ['severity!="critical"', ["2", "3", "4"]],
  ['instance=""', ["2", "4"]],
  ['foo=""', ["1", "3"]],
  ['foo!="x"', ["1", "3", "4"]],
  ["foo=~[x-y]{1,2}", ["2", "4"]],
  // One of these is looked up in the index, the other is not.
  ['foo="x", severity=""', ["2"]],
  ['alertname="", foo=~".+"', ["4"]],
])("a label that is missing is empty: %s", async ([filter, expected]) => {
  const { post, get } = bench();
  await post([
    { labels: { id: "1", alertname: "A", severity: "critical", instance: "h:1" } },
    { labels: { id: "2", alertname: "B", foo: "x" } },
    { labels: { id: "3", instance: "h:1" } },
    { labels: { id: "4", severity: "major", foo: "y" } },
  ]);
  const { body } = await get<Shown[]>(`/alerts?filter=${encodeURIComponent(filter)}`);
  expect(body.map(({ labels }) => labels["id"] ?? "").sort()).toEqual(expected);
});

test.for<[situation: string, path: string]>([
  ["no operator", "/alerts?filter=alertname"],
  ["bad expression", "/alerts?filter=a%3D~%22(%22"],
  ["bad receiver", "/alerts?receiver=("],
  ["bad flag", "/alerts?active=maybe"],
  ["groups", "/alerts/groups?filter=a"],
  ["silences", "/silences?filter=a"],
])("a bad query is 400: %s", async ([, path]) => {
  const { get } = bench();
  expect((await get(path)).status).toBe(400);
});

test.for<[situation: string, count: number, isSorted: boolean]>([
  ["a list that a person reads is in order of fingerprint", 2_000, true],
  ["a longer one is as the alerts came", 2_001, false],
])("%s", async ([, count, isSorted]) => {
  const { post, get } = bench();
  const posted = Array.from({ length: count }, (_, index) => `A${index}`);
  await post(posted.map((alertname) => ({ labels: { alertname } })));
  const { body } = await get<Shown[]>("/alerts");
  const prints = body.map(({ fingerprint }) => fingerprint);
  expect(prints.every((print, index) => index === 0 || print > (prints[index - 1] ?? ""))).toBe(isSorted);
  if (isSorted) expect(names(body).sort()).toEqual(posted.sort());
  else expect(names(body)).toEqual(posted);
});

test("suppression by dependency, inhibition and maintenance is shown", async () => {
  const { post, get, ports } = bench();
  await post([{ labels: { alertname: "A" } }, { labels: { alertname: "B" } }, { labels: { alertname: "C" } }]);
  const [a, b, c] = [...ports.alerts.values()];
  if (a === undefined || b === undefined || c === undefined) throw new Error("three alerts");
  a.status = "unobserved";
  a.suppressedBy = ["dependency:sw-1"];
  b.suppressedBy = [`inhibition:${a.id}`];
  c.suppressedBy = ["maintenance:mw-1"];
  const { body } = await get<Shown[]>("/alerts");
  const standings = Object.fromEntries(body.map((alert) => [alert.labels["alertname"], alert.status]));
  const print = body.find((alert) => alert.labels["alertname"] === "A")?.fingerprint;
  expect(standings).toEqual({
    A: { state: "suppressed", silencedBy: [], inhibitedBy: ["sw-1"], mutedBy: [] },
    B: { state: "suppressed", silencedBy: [], inhibitedBy: [print], mutedBy: [] },
    C: { state: "suppressed", silencedBy: [], inhibitedBy: [], mutedBy: ["mw-1"] },
  });
  expect((await get<Shown[]>("/alerts?inhibited=false")).body.length).toBe(1);
});

test("alerts of other sources have labels made from their identity", async () => {
  const { get, ports } = bench();
  await ports.intake.submit(
    [
      {
        kind: "event",
        event: {
          id: "1",
          idGiven: true,
          source: "agent",
          ci: "web-01",
          check: "fs_usage",
          instance: "/var",
          kind: "alert",
          status: "firing",
          severity: "warning",
          summary: "full",
          occurredAt: ports.clock.now(),
          labels: { team: "t" },
          annotations: {},
          links: [],
          expiresAfterMs: null,
        },
      },
    ],
    "event",
  );
  const { body } = await get<Shown[]>("/alerts?filter=alertname%3Dfs_usage&filter=ci%3Dweb-01&filter=team%3Dt");
  expect(body).toMatchObject([
    {
      labels: {
        alertname: "fs_usage",
        ci: "web-01",
        instance: "/var",
        severity: "warning",
        source: "agent",
        team: "t",
      },
      receivers: [{ name: "unrouted" }],
    },
  ]);
});

test("a group is an incident for a receiver; alerts in no incident share one", async () => {
  const { post, get, ports } = bench();
  ports.receiverNames = ["desk", "hook"];
  await post([{ labels: { alertname: "A" } }, { labels: { alertname: "B" } }, { labels: { alertname: "C" } }]);
  const [a, b] = [...ports.alerts.values()];
  if (a === undefined || b === undefined) throw new Error("alerts");
  a.incident = "inc-1";
  b.incident = "inc-1";
  type Group = { labels: object; receiver: { name: string }; alerts: Shown[] };
  const { body } = await get<Group[]>("/alerts/groups");
  expect(body.map((group) => [group.labels, group.receiver.name, names(group.alerts).sort()])).toEqual([
    [{}, "desk", ["C"]],
    [{}, "hook", ["C"]],
    [{ incident: "inc-1" }, "desk", ["A", "B"]],
    [{ incident: "inc-1" }, "hook", ["A", "B"]],
  ]);
  const only = await get<Group[]>("/alerts/groups?receiver=desk&filter=alertname%3DA");
  expect(only.body.map((group) => [group.receiver.name, names(group.alerts)])).toEqual([["desk", ["A"]]]);
  a.suppressedBy = ["dependency:x"];
  b.suppressedBy = ["dependency:x"];
  expect((await get<Group[]>("/alerts/groups?muted=false")).body.length).toBe(2);
});

test("a route that holds only at times stands there as one that goes on, and never hides those behind it", async () => {
  const { get, ports } = bench();
  ports.receiverNames = ["desk", "hook"];
  const route = (times: string[] | undefined, receivers: string[]): Route => ({
    match: times === undefined ? {} : { times },
    receivers,
    continue: false,
  });
  ports.settings = {
    ...ports.settings,
    routes: [route(["night"], []), route(["day"], ["desk"]), route(undefined, ["hook"])],
  };
  const { body } = await get<{ config: { original: string } }>("/status");
  expect(parse(body.config.original)).toMatchObject({
    route: { routes: [{ receiver: "desk", continue: true }, { receiver: "hook" }] },
  });
});

test("status and receivers", async () => {
  const { get, ports, app } = bench();
  ports.receiverNames = ["desk", "hook"];
  ports.settings = {
    ...ports.settings,
    routes: [
      { match: { priorities: ["P1", "P2"] }, receivers: ["hook", "desk"], continue: false },
      { match: {}, receivers: ["hook"], continue: false },
    ],
    inhibitions: [
      {
        source: [{ name: "severity", value: "critical", isRegex: false, isEqual: true }],
        target: [{ name: "severity", value: "warn.*", isRegex: true, isEqual: true }],
        equal: ["cluster"],
      },
    ],
  };
  expect((await get<{ name: string }[]>("/receivers")).body.map(({ name }) => name)).toEqual([
    "unrouted",
    "desk",
    "hook",
  ]);
  const { body } = await get<{ config: { original: string }; versionInfo: { version: string } }>("/status");
  expect(parse(body.config.original)).toEqual({
    global: { resolve_timeout: "300s" },
    route: {
      receiver: "unrouted",
      group_by: ["incident"],
      routes: [
        { receiver: "hook", matchers: ['priority=~"P1|P2"'], continue: true },
        { receiver: "desk", matchers: ['priority=~"P1|P2"'] },
        { receiver: "hook" },
      ],
    },
    inhibit_rules: [
      { source_matchers: ['severity="critical"'], target_matchers: ['severity=~"warn.*"'], equal: ["cluster"] },
    ],
    receivers: [{ name: "unrouted" }, { name: "desk" }, { name: "hook" }],
  });
  expect((await app.inject({ url: "/alertmanager/api/v2/status" })).statusCode).toBe(404);
});
