import { expect, test } from "vitest";
import type { AlertDocument } from "../../../collector/core/model/document.ts";
import { wordNotification } from "../../../collector/connector/wording.ts";
import type { Finding } from "../../../protocol/finding.ts";
import { apiBench, incidentDocument, TOKENS } from "../../support/api-bench.ts";
import { sampleNotification } from "../../support/sample-notification.ts";

const matcher = { name: "ci", value: "web-01" };

test("a silence is made in the caller's name, listed, changed, ended", async () => {
  const { call, intake, query, clock } = await apiBench({ auth: TOKENS });
  intake.answer = (submissions) => {
    for (const submission of submissions) {
      if (submission.kind !== "command") continue;
      const { command } = submission;
      if (command.type === "silence.put")
        query.silenceList = [...query.silenceList.filter(({ id }) => id !== command.silence.id), command.silence];
      if (command.type === "silence.expire")
        query.silenceList = query.silenceList.map((each) =>
          each.id === command.id ? { ...each, endsAt: clock.now() } : each,
        );
    }
    return {
      status: "committed",
      outcomes: submissions.map(() => ({ status: "accepted", alert: null, incident: null })),
    };
  };
  const body = {
    matchers: [matcher, { name: "check", value: "disk_.*", isRegex: true }],
    duration: "2h",
    comment: "new disk",
  };
  const made = await call("POST", "/api/v1/silences", { as: "operator", body });
  expect(made).toMatchObject({
    status: 201,
    json: {
      id: "id-1",
      status: "active",
      matchers: [
        { name: "ci", value: "web-01", isRegex: false, isEqual: true },
        { name: "check", value: "disk_.*", isRegex: true, isEqual: true },
      ],
      startsAt: "2026-03-01T10:00:00.000Z",
      endsAt: "2026-03-01T12:00:00.000Z",
      createdBy: "anna",
      comment: "new disk",
    },
  });
  clock.advance(60_000);
  const longer = { ...body, id: "id-1", duration: "3h", createdBy: "bob" };
  expect((await call("POST", "/api/v1/silences", { as: "operator", body: longer })).json).toMatchObject({
    id: "id-1",
    endsAt: "2026-03-01T13:00:00.000Z",
    createdBy: "bob",
    createdAt: "2026-03-01T10:00:00.000Z",
    updatedAt: "2026-03-01T10:01:00.000Z",
  });
  const later = {
    matchers: [matcher],
    startsAt: "2026-03-02T00:00:00Z",
    endsAt: "2026-03-02T01:00:00Z",
    comment: "night",
  };
  await call("POST", "/api/v1/silences", { as: "operator", body: later });
  const list = async (suffix: string): Promise<string[]> =>
    (await call("GET", `/api/v1/silences${suffix}`, { as: "viewer" })).json.items.map(
      (item: { id: string; status: string }) => `${item.id} ${item.status}`,
    );
  expect(await list("")).toEqual(["id-1 active", "id-2 pending"]);
  expect((await call("DELETE", "/api/v1/silences/id-1", { as: "operator" })).json).toMatchObject({
    id: "id-1",
    status: "expired",
  });
  expect(await list("")).toEqual(["id-2 pending"]);
  expect(await list("?status=all")).toEqual(["id-1 expired", "id-2 pending"]);
  expect((await call("GET", "/api/v1/silences/id-2", { as: "viewer" })).json.comment).toBe("night");
});

test.for<[situation: string, change: Record<string, unknown>, code: string]>([
  ["no matcher", { matchers: [] }, "badRequest"],
  ["no comment", { comment: "" }, "badRequest"],
  ["no end", { duration: undefined }, "badPeriod"],
  ["two ends", { endsAt: "2026-03-01T12:00:00Z" }, "badPeriod"],
  [
    "an end before the beginning",
    { duration: undefined, startsAt: "2026-03-01T12:00:00Z", endsAt: "2026-03-01T11:00:00Z" },
    "badPeriod",
  ],
  [
    "an end that is past",
    { duration: undefined, startsAt: "2026-03-01T01:00:00Z", endsAt: "2026-03-01T02:00:00Z" },
    "badPeriod",
  ],
  ["a duration that is none", { duration: "soon" }, "badPeriod"],
  ["a time that is none", { duration: undefined, endsAt: "2026-13-01T12:00:00Z" }, "badRequest"],
  ["a bad expression", { matchers: [{ name: "ci", value: "[", isRegex: true }] }, "badMatcher"],
  ["an unknown key", { owner: "me" }, "badRequest"],
])("a silence with %s is refused", async ([, change, code]) => {
  const { call, intake } = await apiBench();
  const body = { matchers: [matcher], duration: "1h", comment: "x", ...change };
  expect(await call("POST", "/api/v1/silences", { body })).toMatchObject({ status: 400, json: { code } });
  expect(intake.batches).toEqual([]);
});

test("a maintenance window is planned and removed", async () => {
  const { call, intake, query } = await apiBench();
  const body = { cis: ["hv-3"], duration: "1h", reason: "firmware" };
  expect(await call("POST", "/api/v1/maintenance", { body })).toMatchObject({
    status: 201,
    json: {
      id: "id-1",
      status: "active",
      cis: ["hv-3"],
      includeDependents: true,
      owner: null,
      to: "2026-03-01T11:00:00.000Z",
    },
  });
  const [submission] = intake.submissions;
  expect(submission).toMatchObject({
    kind: "command",
    actor: "local",
    command: { type: "maintenance.put", window: { id: "id-1" } },
  });
  const bare = { cis: ["hv-3"], from: "2026-03-01T10:00:00Z", to: "2026-03-01T11:00:00Z" };
  expect(await call("POST", "/api/v1/maintenance", { body: bare })).toMatchObject({
    status: 201,
    json: { reason: "" },
  });
  query.windows = [{ id: "w-1", cis: ["hv-3"], from: 0, to: 1, includeDependents: false, reason: "", owner: null }];
  expect((await call("GET", "/api/v1/maintenance")).json.items).toEqual([]);
  expect((await call("GET", "/api/v1/maintenance?status=expired")).json.items).toHaveLength(1);
  expect(await call("DELETE", "/api/v1/maintenance/w-1")).toMatchObject({ status: 200, json: { id: "w-1" } });
  expect(await call("DELETE", "/api/v1/maintenance/w-2")).toMatchObject({
    status: 404,
    json: { code: "maintenanceNotFound" },
  });
});

test("a change becomes an event of kind change", async () => {
  const { call, intake, query } = await apiBench({ auth: TOKENS });
  const body = {
    ci: "shop",
    summary: "deploy 1.2.3",
    check: "deployment",
    time: "2026-03-01T09:59:00Z",
    labels: { version: "1.2.3" },
  };
  expect(await call("POST", "/api/v1/changes", { as: "agent", body })).toMatchObject({
    status: 202,
    json: { id: "id-1", status: "accepted" },
  });
  expect(intake.events).toMatchObject([
    {
      source: "web-agents",
      ci: "shop",
      check: "deployment",
      kind: "change",
      status: "firing",
      severity: "info",
      labels: { version: "1.2.3" },
    },
  ]);
  const native = {
    ...body,
    source: "ci",
    kind: "change",
    status: "firing",
    severity: "info",
    annotations: { by: "anna" },
  };
  expect((await call("POST", "/api/v1/changes", { as: "agent", body: native })).status).toBe(202);
  expect(intake.events.at(-1)).toMatchObject({ source: "ci", kind: "change", annotations: { by: "anna" } });
  expect(await call("POST", "/api/v1/changes", { as: "agent", body: { ci: "shop" } })).toMatchObject({
    status: 400,
    json: { code: "badRequest" },
  });
  query.changeList = [{ event: "e", ci: "shop", at: 0, check: "deployment", summary: "deploy" }];
  expect((await call("GET", "/api/v1/changes?ci=shop", { as: "viewer" })).json).toEqual({
    items: [{ event: "e", ci: "shop", at: "1970-01-01T00:00:00.000Z", check: "deployment", summary: "deploy" }],
    next: null,
  });
});

test("a drill is an alert that says so and clears by itself", async () => {
  const { call, intake } = await apiBench({ auth: TOKENS });
  expect(await call("POST", "/api/v1/drill", { as: "operator", body: {} })).toMatchObject({
    status: 202,
    json: { status: "accepted" },
  });
  expect(intake.events).toMatchObject([
    {
      source: "drill",
      ci: "tocsin-drill",
      check: "fire_drill",
      severity: "critical",
      summary: "DRILL: started by anna; there is nothing to repair",
      expiresAfterMs: 180_000,
    },
  ]);
  expect((await call("POST", "/api/v1/drill", { as: "operator" })).status).toBe(202);
});

const ci = (id: string, more = {}) => ({
  id,
  type: "host",
  name: id.toUpperCase(),
  aliases: [`${id}.example.net`],
  labels: {},
  owner: null,
  criticality: null,
  minHealthy: null,
  known: true,
  ...more,
});
const relation = (from: string, to: string) => ({
  from,
  type: "runsOn",
  to,
  source: "cmdb",
  confidence: 1,
  lastSeenAt: null,
});

test("the CMDB is read: lists with filters, one CI with its relations, the document", async () => {
  const { call, query } = await apiBench();
  query.document = {
    vantage: ["sw-1"],
    cis: [ci("web-01"), ci("web-02"), ci("hv-3", { type: "hypervisor" }), ci("ghost", { known: false })],
    relations: [relation("web-01", "hv-3"), relation("web-02", "hv-3")],
    maintenance: [],
  };
  const ids = async (url: string): Promise<string[]> =>
    (await call("GET", url)).json.items.map((item: { id: string }) => item.id);
  expect(await ids("/api/v1/cmdb/cis")).toEqual(["web-01", "web-02", "hv-3", "ghost"]);
  expect(await ids("/api/v1/cmdb/cis?type=hypervisor")).toEqual(["hv-3"]);
  expect(await ids("/api/v1/cmdb/cis?q=EXAMPLE.net&known=true&limit=2")).toEqual(["web-01", "web-02"]);
  expect(await ids("/api/v1/cmdb/cis?known=false")).toEqual(["ghost"]);
  expect((await call("GET", "/api/v1/cmdb/cis/hv-3.example.net")).json).toMatchObject({
    id: "hv-3",
    needs: [],
    neededBy: [{ from: "web-01" }, { from: "web-02" }],
  });
  expect((await call("GET", "/api/v1/cmdb/relations?ci=WEB-01")).json.items).toEqual([
    { ...relation("web-01", "hv-3"), firstSeenAt: null, seenBy: null },
  ]);
  expect((await call("GET", "/api/v1/cmdb/sources")).json.items).toMatchObject([
    { name: "cmdb.yaml", loadedAt: "1970-01-01T00:00:00.000Z" },
  ]);
  expect((await call("GET", "/api/v1/cmdb/drift")).json).toMatchObject({
    unknownCis: [],
    at: "1970-01-01T00:00:00.000Z",
  });
  const exported = (await call("GET", "/api/v1/cmdb/export")).json;
  expect(exported.cis).toHaveLength(3);
  expect(exported.cis[0]).toEqual({
    id: "web-01",
    type: "host",
    name: "WEB-01",
    aliases: ["web-01.example.net"],
    labels: {},
  });
  expect(exported.relations[0]).toEqual({ from: "web-01", type: "runsOn", to: "hv-3" });
});

test("an import: the plan, findings with their places, refusals", async () => {
  const { call, cmdb } = await apiBench();
  const raw = "cis:\n  - { id: web-01, type: host, name: web-01 }\n";
  const headers = { "content-type": "application/yaml" };
  const planned = await call("POST", "/api/v1/cmdb/import?source=netbox&dryRun=true&file=nb.yaml", { raw, headers });
  expect(planned).toMatchObject({ status: 200, json: { status: "planned", plan: { counts: { cisAdded: 1 } } } });
  expect(cmdb.imports).toEqual([{ source: "netbox", observed: false, text: raw, file: "nb.yaml", dryRun: true }]);
  await call("POST", "/api/v1/cmdb/import?dryRun=ifManyGone", { raw, headers });
  expect(cmdb.imports[1]).toMatchObject({ source: "api", dryRun: "ifManyGone" });
  const unknown = await call("POST", "/api/v1/cmdb/import?dryRun=perhaps", { raw, headers });
  expect(unknown).toMatchObject({ status: 400, json: { code: "badQuery" } });
  const finding: Finding = {
    severity: "error",
    code: "CMDB_BAD_TYPE",
    file: "body",
    line: 2,
    column: 5,
    message: "no",
    hint: "",
  };
  cmdb.answer = { status: "invalid", findings: [finding] };
  expect(await call("POST", "/api/v1/cmdb/import", { raw, headers })).toMatchObject({
    status: 400,
    json: { code: "invalidCmdb", details: [finding] },
  });
  cmdb.answer = { status: "refused", code: "ownedByFile", message: "cmdb.yaml is a file" };
  expect(await call("POST", "/api/v1/cmdb/import", { raw, headers })).toMatchObject({
    status: 409,
    json: { code: "ownedByFile" },
  });
  cmdb.answer = { status: "unavailable", reason: "ending" };
  expect(await call("POST", "/api/v1/cmdb/import", { raw, headers })).toMatchObject({
    status: 503,
    headers: { "retry-after": "5" },
  });
  expect(await call("POST", "/api/v1/cmdb/import", { raw: Buffer.from([0xff]), headers })).toMatchObject({
    status: 400,
    json: { code: "badEncoding" },
  });
});

test("agents: rules with ETag, forgetting, the last hour of a metric", async () => {
  const bench = await apiBench();
  const { call, intake, series, clock } = bench;
  const rules = await call("GET", "/api/v1/agent/rules");
  expect(rules).toMatchObject({ status: 200, json: { rules: [] }, headers: { etag: '"r1"' } });
  expect((await call("GET", "/api/v1/agent/rules", { headers: { "if-none-match": 'W/"r1"' } })).status).toBe(304);
  expect((await call("GET", "/api/v1/agent/rules", { headers: { "if-none-match": '"r0"' } })).status).toBe(200);
  expect((await call("DELETE", "/api/v1/agents/web-01")).status).toBe(204);
  expect(intake.submissions).toEqual([
    { kind: "command", actor: "local", command: { type: "agent.forget", ci: "web-01" } },
  ]);
  const sample = { name: "a.b", labels: { x: "1" }, value: 2, at: clock.now(), type: "gauge" as const, unit: "s" };
  series.store.write({ ci: "web-01", source: "otlp", labels: {}, samples: [sample] }, clock.now());
  expect((await call("GET", "/api/v1/series?ci=web-01&name=a.b&from=2026-03-01T09:00:00Z")).json.items).toEqual([
    {
      source: "otlp",
      labels: { x: "1" },
      type: "gauge",
      unit: "s",
      exemplar: null,
      points: [["2026-03-01T10:00:00.000Z", 2]],
    },
  ]);
});

test("problems and the ledger show times as the API does, and the ledger pages by number", async () => {
  const { call, query } = await apiBench();
  query.problemList = [
    { id: "p", rootCause: "sw-3", incidents: ["i"], firstAt: 0, lastAt: 1, count: 2, lastFix: null },
  ];
  expect((await call("GET", "/api/v1/problems")).json.items).toMatchObject([{ firstAt: "1970-01-01T00:00:00.000Z" }]);
  const record = {
    at: 0,
    decision: "incident.opened",
    incident: "i",
    alert: null,
    ci: null,
    rule: "r",
    reasons: [],
    counterfactual: null,
    facts: {},
  };
  query.ledgerList = [3, 2, 1].map((number) => ({ ...record, number }));
  const first = await call("GET", "/api/v1/ledger?limit=2&ci=web-01&from=1970-01-01T00:00:00Z");
  expect(first.json).toMatchObject({
    items: [{ number: 3, at: "1970-01-01T00:00:00.000Z" }, { number: 2 }],
    next: "2",
  });
  expect(query.asked.at(-1)).toEqual({ limit: 2, ci: "web-01", from: 0 });
  expect((await call("GET", "/api/v1/ledger?limit=2&cursor=2")).json).toMatchObject({
    items: [{ number: 1 }],
    next: null,
  });
});

test("status: figures, version and who asks", async () => {
  const { call } = await apiBench({ auth: TOKENS });
  expect((await call("GET", "/api/v1/status", { as: "viewer" })).json).toEqual({
    version: "0.1.0",
    name: "grafana",
    role: "viewer",
    openIncidents: 0,
    activeAlerts: 0,
    cis: 0,
    relations: 0,
    agents: 0,
    series: 0,
    senders: 0,
  });
});

test("the page runs only its own script, holds no secret and no data", async () => {
  const { call } = await apiBench({ auth: TOKENS });
  const page = await call("GET", "/");
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'self'; .*require-trusted-types-for 'script'$/);
  expect(page.text).not.toMatch(/<script(?![^>]*src=)|style="|\son[a-z]+="|data:/);
  expect(page.text).not.toContain("secret");
  // Every script that the page loads, by way of the first.
  const scripts = new Map<string, string>();
  for (const waiting = ["/console.js"]; waiting.length > 0; ) {
    const path = waiting.pop() ?? "";
    if (scripts.has(path)) continue;
    const script = await call("GET", path);
    expect(script.headers["content-type"], path).toBe("text/javascript; charset=utf-8");
    expect(script.text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
    scripts.set(path, script.text);
    waiting.push(...[...script.text.matchAll(/ from "\.(\/[^"]+)"/g)].map(([, imported = ""]) => imported));
  }
  expect([...scripts.keys()].sort()).toEqual(["/console-element.js", "/console-incident.js", "/console.js"]);
  expect((await call("GET", "/console.css")).headers["content-type"]).toBe("text/css; charset=utf-8");
});

test("the page understands the link that stands in messages", async () => {
  const { call } = await apiBench({ auth: TOKENS });
  const { link } = wordNotification(sampleNotification(), { externalUrl: "https://tocsin.example.net" });
  const script = (await call("GET", "/console.js")).text;
  const [, pattern = ""] = /const wanted = \(\) => \/(.+)\/\.exec\(location\.hash\)/.exec(script) ?? [];
  expect(new RegExp(pattern).exec(new URL(link ?? "").hash)?.[1]).toBe(sampleNotification().document.id);
});

test("the pages of the change that explains an incident stand beside it, and beside the change", async () => {
  const { call, query } = await apiBench({ auth: TOKENS });
  const links = [{ href: "https://git.example.net/shop/compare/1...2", text: "github" }];
  const change = { ci: "shop", at: 0, check: "deployment", summary: "deploy" };
  query.changeList = [
    { ...change, event: "e1", links: [{ href: "https://git.example.net/other", text: "github" }] },
    { ...change, event: "e2", links },
    { ...change, event: "e3" },
  ];
  const document = incidentDocument({ number: 7 });
  const rootCause = { ...document.rootCause, ci: "web-01", candidates: [{ ci: "shop", score: 1, reasons: [] }] };
  const shown = async (event: string | null): Promise<unknown> => {
    query.incidentList = [{ ...document, rootCause: { ...rootCause, change: event } }];
    return (await call("GET", "/api/v1/incidents/7", { as: "viewer" })).json.changeLinks;
  };
  expect([await shown("e2"), await shown("e3"), await shown(null)]).toEqual([links, undefined, undefined]);
  const listed = (await call("GET", "/api/v1/changes", { as: "viewer" })).json.items;
  expect(listed[1]).toEqual({ ...change, at: "1970-01-01T00:00:00.000Z", event: "e2", links });
});

test("what the CMDB says of the root cause and of the services hit stands beside an incident", async () => {
  const { call, query } = await apiBench({ auth: TOKENS });
  const document = incidentDocument({ number: 7 });
  query.incidentList = [
    {
      ...document,
      rootCause: { ...document.rootCause, ci: "db-2" },
      impact: { services: [{ ci: "shop", criticality: 1, redundancyLeft: 0 }], cis: ["db-2", "shop"] },
    },
  ];
  const shown = async (): Promise<unknown[]> => [
    (await call("GET", "/api/v1/incidents/7", { as: "viewer" })).json.configurationItems,
    (await call("GET", "/api/v1/incidents", { as: "viewer" })).json.items[0].configurationItems,
  ];
  expect(await shown()).toEqual([undefined, undefined]);
  const shop = { id: "shop", name: "Web shop", type: "businessService", aliases: [], labels: {}, owner: "team-shop" };
  query.document = { ...query.document, cis: [{ ...shop, criticality: 1, minHealthy: null, known: true }] };
  const cards = [{ id: "shop", name: "Web shop", type: "businessService", owner: "team-shop" }];
  expect(await shown()).toEqual([cards, cards]);
});

test("what has not come to its receiver yet stands beside the single incident", async () => {
  const { call, query, undelivered } = await apiBench({ auth: TOKENS });
  query.incidentList = [incidentDocument({ number: 7 })];
  const shown = async (): Promise<unknown> =>
    (await call("GET", "/api/v1/incidents/7", { as: "viewer" })).json.undelivered;
  expect(await shown()).toBeUndefined();
  undelivered.push({ receiver: "hook", kind: "opened", page: true, at: 0, attempts: 2, failure: "timeout" });
  expect(await shown()).toEqual([
    { receiver: "hook", kind: "opened", page: true, at: "1970-01-01T00:00:00.000Z", attempts: 2, failure: "timeout" },
  ]);
  expect((await call("GET", "/api/v1/incidents", { as: "viewer" })).json.items[0].undelivered).toBeUndefined();
});

test("diagnostics: on the incident, of a host, and asked for by an operator", async () => {
  const bench = await apiBench({ auth: TOKENS });
  const { call, query } = bench;
  const alert: AlertDocument = {
    id: "a1",
    ci: "web-01",
    source: "agent",
    check: "cpu_busy",
    instance: "",
    status: "firing",
    severity: "major",
    summary: "busy",
    labels: {},
    count: 1,
    incident: "inc-1",
    resolvedAt: null,
    firstSeenAt: "2026-03-01T10:00:00.000Z",
    lastSeenAt: "2026-03-01T10:00:00.000Z",
  };
  query.incidentList = [{ ...incidentDocument({ number: 7 }), alerts: [alert] }];
  query.alertList = [alert];
  query.annotationsByAlert.set("a1", { recorder: "the last 300 s", processes: "cpu: java[7] 99 %", since: "x" });
  const parts = { recorder: "the last 300 s", processes: "cpu: java[7] 99 %" };
  const shown = await call("GET", "/api/v1/incidents/7", { as: "viewer" });
  expect(shown.json.diagnostics).toMatchObject([{ alert: "a1", ci: "web-01", check: "cpu_busy", parts }]);
  const list = await call("GET", "/api/v1/incidents", { as: "viewer" });
  expect(list.json.items[0].diagnostics).toBeUndefined();
  const ofHost = await call("GET", "/api/v1/agents/web-01/diagnostics", { as: "viewer" });
  expect(ofHost.json.items).toMatchObject([{ alert: "a1", parts }]);

  expect((await call("POST", "/api/v1/agents/web-01/diagnostics", { as: "operator" })).json.code).toBe("agentNotFound");
  const said = { agentId: "x", ci: "web-01", version: "1", intervalMs: 10_000 };
  const contact = { ...said, run: "r", isOnce: false, at: bench.clock.now() };
  bench.series.agents.heard(contact);
  expect((await call("POST", "/api/v1/agents/web-01/diagnostics", { as: "operator" })).status).toBe(202);
  const ask = async () => (await call("GET", "/api/v1/agent/requests?ci=web-01", { as: "agent" })).json;
  expect(await ask()).toEqual({ diagnose: "anna" });
  expect(await ask()).toEqual({ diagnose: null });
  await call("POST", "/api/v1/agents/web-01/diagnostics", { as: "operator" });
  bench.clock.advance(16 * 60_000);
  expect(await ask()).toEqual({ diagnose: null });
});

test("what was acknowledged is read: a GET waits until the core has seen it, and nothing else does", async () => {
  const { call, unread, server } = await apiBench();
  const { promise, resolve } = Promise.withResolvers<void>();
  unread.until = promise;
  const answered: string[] = [];
  const list = call("GET", "/api/v1/incidents").then(() => answered.push("list"));
  expect((await call("POST", "/api/v1/events", { body: [] })).status).toBeLessThan(500);
  expect((await call("GET", "/healthz")).status).toBe(200);
  expect((await call("GET", "/metrics")).status).toBe(200);
  expect(answered).toEqual([]);
  unread.until = undefined;
  resolve();
  await list;
  expect(answered).toEqual(["list"]);
  await server.app.close();
});
