import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bareServer, RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { mutatedJson } from "../../../test/support/mutation.ts";
import { registerPagerDuty } from "./register.ts";

const KEY = "0123456789abcdef0123456789abcdef";

const TRIGGER = {
  routing_key: KEY,
  event_action: "trigger",
  dedup_key: "disk/web-01",
  payload: {
    summary: "Disk is full",
    source: "web-01.example.net",
    severity: "error",
    timestamp: "2026-03-01T09:59:00.000+0000",
    component: "sda1",
    group: "prod",
    class: "disk",
    custom_details: { used: "97 %", nested: { a: [1] } },
  },
  images: [{ src: "https://grafana/i.png", href: "https://grafana/d", alt: "panel" }],
  links: [
    { href: "https://wiki/disk", text: "runbook" },
    { href: "javascript:alert(1)", text: "no" },
  ],
  client: "Monitor",
  client_url: "https://monitor.example.net",
};

function bench() {
  const ports = new RecordingPorts();
  let made = 0;
  const app = bareServer((server) =>
    registerPagerDuty(server, ports, {
      identify: (secret) =>
        secret === KEY
          ? { name: "web", role: "agent" }
          : secret === "other-key"
            ? { name: "other", role: "operator" }
            : secret === "viewer-key"
              ? { name: "v", role: "viewer" }
              : undefined,
      newId: () => `id-${(made += 1)}`,
    }),
  );
  const post = async (url: string, payload: unknown, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ method: "POST", url, payload: payload as object, headers });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown> };
  };
  return { app, ports, post };
}

test("a trigger becomes an event", async () => {
  const { ports, post } = bench();
  expect(await post("/v2/enqueue", TRIGGER)).toEqual({
    status: 202,
    body: { status: "success", message: "Event processed", dedup_key: "disk/web-01" },
  });
  expect(ports.events).toEqual([
    {
      id: expect.any(String),
      idGiven: false,
      source: "pagerduty",
      ci: "web-01.example.net",
      check: "disk",
      instance: "disk/web-01",
      kind: "alert",
      status: "firing",
      severity: "major",
      summary: "Disk is full",
      occurredAt: Date.parse("2026-03-01T09:59:00Z"),
      since: Date.parse("2026-03-01T09:59:00Z"),
      labels: {
        class: "disk",
        client: "Monitor",
        component: "sda1",
        dedup_key: "disk/web-01",
        group: "prod",
        integration: "web",
      },
      annotations: { nested: '{"a":[1]}', used: "97 %" },
      links: [
        { href: "https://wiki/disk", text: "runbook" },
        { href: "https://monitor.example.net", text: "Monitor" },
        { href: "https://grafana/d", text: "panel" },
      ],
      expiresAfterMs: null,
    },
  ]);
});

test("a resolve needs only the key, also after a restart, and only within its integration", async () => {
  const { ports, post } = bench();
  await post("/v2/enqueue", TRIGGER);
  const resolve = { routing_key: KEY, event_action: "resolve", dedup_key: "disk/web-01" };
  await post("/v2/enqueue", { ...resolve, routing_key: "other-key" });
  expect(ports.events.length).toBe(1);
  expect(ports.counts.get("tocsin_ingest_dropped_total pagerduty noOpenAlert")).toBe(1);
  const restarted = bench();
  for (const [id, alert] of ports.alerts) restarted.ports.alerts.set(id, alert);
  for (const { ports: at, post: to } of [{ ports, post }, restarted]) {
    expect((await to("/v2/enqueue", resolve)).status).toBe(202);
    expect(at.events.at(-1)).toMatchObject({
      status: "resolved",
      ci: "web-01.example.net",
      check: "disk",
      instance: "disk/web-01",
    });
  }
});

test("one key stays one alert, whatever else a trigger says", async () => {
  const { ports, post } = bench();
  await post("/v2/enqueue", TRIGGER);
  await post("/v2/enqueue", {
    ...TRIGGER,
    payload: { ...TRIGGER.payload, source: "web-02", class: "x", summary: "!" },
  });
  expect(ports.alerts.size).toBe(1);
  expect(ports.events[1]).toMatchObject({ ci: "web-01.example.net", check: "disk", summary: "!" });
});

test("without a key one is made", async () => {
  const { post } = bench();
  const { dedup_key: _, ...rest } = TRIGGER;
  expect((await post("/v2/enqueue", rest)).body["dedup_key"]).toBe("id1");
});

test("the CMDB decides which name is the CI", async () => {
  const { ports, post } = bench();
  ports.addCi("db-7");
  const payload = { ...TRIGGER.payload, source: "Alertmanager", custom_details: { host: "db-7:5432" } };
  await post("/v2/enqueue", { ...TRIGGER, payload });
  expect(ports.events[0]?.ci).toBe("db-7");
});

test("an acknowledgement acknowledges the incident", async () => {
  const { ports, post } = bench();
  await post("/v2/enqueue", TRIGGER);
  const [alert] = [...ports.alerts.values()];
  if (alert !== undefined) alert.incident = "inc-1";
  await post("/v2/enqueue", { routing_key: KEY, event_action: "acknowledge", dedup_key: "disk/web-01" });
  expect(ports.commands).toEqual([{ actor: "web", command: { type: "acknowledge", incident: "inc-1" } }]);
});

test.for<[situation: string, change: object, errors: string[]]>([
  ["no action", { event_action: undefined }, ["'event_action' must be one of trigger, acknowledge, resolve"]],
  [
    "no payload",
    { payload: undefined },
    [
      "'payload.summary' is missing or blank",
      "'payload.source' is missing or blank",
      "'payload.severity' is missing or blank",
    ],
  ],
  [
    "unknown severity",
    { payload: { ...TRIGGER.payload, severity: "bad" } },
    ["'payload.severity' must be one of critical, error, warning, info"],
  ],
  ["long key", { dedup_key: "x".repeat(256) }, ["'dedup_key' is longer than 255 characters"]],
  [
    "a severity that every object has",
    { payload: { ...TRIGGER.payload, severity: "constructor" } },
    ["'payload.severity' must be one of critical, error, warning, info"],
  ],
  ["resolve without key", { event_action: "resolve", dedup_key: "" }, ["'dedup_key' is missing or blank"]],
])("refused: %s", async ([, change, errors]) => {
  const { ports, post } = bench();
  expect(await post("/v2/enqueue", { ...TRIGGER, ...change })).toEqual({
    status: 400,
    body: { status: "invalid event", message: "Event object is invalid", errors },
  });
  expect(ports.events).toEqual([]);
});

test("an event that is too large is no throttling: its sender must not send it again", async () => {
  const { post } = bench();
  const details = Array.from({ length: 600_000 }, () => 0);
  expect(await post("/v2/enqueue", { ...TRIGGER, payload: { ...TRIGGER.payload, details } })).toMatchObject({
    status: 413,
    body: { status: "invalid event", errors: ["the JSON body has more than 500000 values"] },
  });
});

test("an event without a key is no event", async () => {
  const { ports, post } = bench();
  for (const [url, field] of [
    ["/v2/enqueue", "routing_key"],
    ["/v2/change/enqueue", "routing_key"],
    ["/generic/2010-04-15/create_event.json", "service_key"],
  ] as const)
    expect(await post(url, { ...TRIGGER, routing_key: "" })).toMatchObject({
      status: 400,
      body: { status: "invalid event", errors: [`'${field}' is missing or blank`] },
    });
  expect(ports.events).toEqual([]);
  expect((await post("/v2/enqueue", { ...TRIGGER, routing_key: "" }, { authorization: `Bearer ${KEY}` })).status).toBe(
    202,
  );
});

test("what nobody names is told apart by its key or its text", async () => {
  const { ports, post } = bench();
  const event = { service_key: KEY, event_type: "trigger", description: "VPN is down" };
  await post("/generic/2010-04-15/create_event.json", event);
  await post("/generic/2010-04-15/create_event.json", { ...event, incident_key: "vpn" });
  const headers = { authorization: `GenieKey ${KEY}` };
  await post("/v2/alerts", { message: "Backup is late" }, headers);
  await post("/v2/alerts", { message: "Backup is late", alias: "backup" }, headers);
  const source = "http://alertmanager:9093/#/alerts?receiver=opsgenie";
  await post("/v2/alerts", { message: "Slow", alias: "4f1", source, details: { node: "web-07" } }, headers);
  await post("/v2/alerts", { message: "Slow", alias: "4f2", source }, headers);
  await post("/v2/alerts", { message: "Slow", alias: "4f3", source: "jenkins" }, headers);
  expect(ports.events.map(({ ci }) => ci)).toEqual([
    "VPN is down",
    "vpn",
    "Backup is late",
    "backup",
    "web-07",
    "4f2",
    "jenkins",
  ]);
});

test("a key of nobody is refused, and so is one that may not send", async () => {
  const { post } = bench();
  expect((await post("/v2/enqueue", { ...TRIGGER, routing_key: "x" })).status).toBe(401);
  expect((await post("/v2/enqueue", { ...TRIGGER, routing_key: "viewer-key" })).status).toBe(403);
});

test("a change", async () => {
  const { ports, post } = bench();
  const change = {
    routing_key: KEY,
    payload: {
      summary: "Deployed shop 1.2",
      source: "ci",
      timestamp: "2026-03-01T08:00:00Z",
      custom_details: { service: "shop" },
    },
    links: [{ href: "https://ci/1", text: "build" }],
  };
  expect(await post("/v2/change/enqueue", change)).toEqual({
    status: 202,
    body: { status: "success", message: "Change event processed" },
  });
  expect(ports.events).toMatchObject([
    {
      kind: "change",
      ci: "shop",
      severity: "info",
      summary: "Deployed shop 1.2",
      occurredAt: Date.parse("2026-03-01T08:00:00Z"),
    },
  ]);
});

test("version 1", async () => {
  const { ports, post } = bench();
  const url = "/generic/2010-04-15/create_event.json";
  const event = {
    service_key: KEY,
    event_type: "trigger",
    incident_key: "k",
    description: "down",
    details: { host: "web-01" },
  };
  expect(await post(url, event)).toEqual({
    status: 200,
    body: { status: "success", message: "Event processed", incident_key: "k" },
  });
  expect(ports.events).toMatchObject([{ ci: "web-01", severity: "critical", summary: "down" }]);
  expect((await post(url, { ...event, description: "" })).body["errors"]).toEqual([
    "'description' is missing or blank",
  ]);
});

test("Opsgenie: create, change, acknowledge, note, close", async () => {
  const { app, ports, post } = bench();
  const headers = { authorization: `GenieKey ${KEY}` };
  const created = await post(
    "/v2/alerts",
    { message: "down", alias: "a/1", entity: "web-01", priority: "P1", tags: ["x", "y"], details: { zone: "z" } },
    headers,
  );
  expect(created).toMatchObject({ status: 202, body: { result: "Request will be processed" } });
  expect(ports.events).toMatchObject([
    {
      source: "opsgenie",
      ci: "web-01",
      instance: "a/1",
      severity: "critical",
      summary: "down",
      labels: { tags: "x,y" },
    },
  ]);
  const [alert] = [...ports.alerts.values()];
  if (alert !== undefined) alert.incident = "inc-1";
  const alias = encodeURIComponent("a/1");
  const put = { method: "PUT" as const, url: `/v2/alerts/${alias}/message?identifierType=alias`, headers };
  expect((await app.inject({ ...put, payload: { message: "really down" } })).statusCode).toBe(202);
  expect(ports.events.at(-1)).toMatchObject({ summary: "really down", status: "firing", ci: "web-01" });
  for (const alive of ports.alerts.values()) alive.incident = "inc-1";
  await post(`/v2/alerts/${alias}/acknowledge`, { note: "mine" }, headers);
  await post(`/v2/alerts/${alias}/notes`, { note: "restarted" }, headers);
  expect(ports.commands.map(({ command }) => command)).toEqual([
    { type: "acknowledge", incident: "inc-1", note: "mine" },
    { type: "note", incident: "inc-1", text: "restarted" },
  ]);
  await post(`/v2/alerts/${alias}/close?identifierType=alias`, {}, headers);
  expect(ports.events.at(-1)).toMatchObject({ status: "resolved", ci: "web-01", instance: "a/1" });
  expect((await post("/v2/alerts", { alias: "a" }, headers)).status).toBe(400);
  expect((await post("/v2/alerts", { message: "m" })).status).toBe(401);
});

test("Opsgenie: what Alertmanager says is told without its state, and its page is a link", async () => {
  const { app, ports, post } = bench();
  const source = "http://alertmanager:9093/#/alerts?receiver=og";
  const headers = { authorization: `GenieKey ${KEY}` };
  await post("/v2/alerts", { message: "[FIRING:1] Down web-1:9100 (critical)", alias: "a", source }, headers);
  expect(ports.events).toMatchObject([
    { summary: "Down web-1:9100 (critical)", links: [{ href: source, text: "source" }] },
  ]);
  const payload = { message: "[FIRING:2] Down (critical)" };
  await app.inject({ method: "PUT", url: "/v2/alerts/a/message", headers, payload });
  expect(ports.events.at(-1)?.summary).toBe("Down (critical)");
});

test("Opsgenie: who did it there, and what was said when it was closed, stands in the words", async () => {
  const { app, ports, post } = bench();
  const headers = { authorization: `GenieKey ${KEY}` };
  await post("/v2/alerts", { message: "down", alias: "a", entity: "web-01", priority: "P1" }, headers);
  const payload = { priority: "P4" };
  expect((await app.inject({ method: "PUT", url: "/v2/alerts/a/priority", headers, payload })).statusCode).toBe(202);
  expect(ports.events.at(-1)).toMatchObject({ severity: "warning", summary: "down", status: "firing" });
  for (const alert of ports.alerts.values()) alert.incident = "inc-1";
  await post("/v2/alerts/a/acknowledge", { user: "Ann", source: "phone" }, headers);
  await post("/v2/alerts/a/notes", { user: "Ann", note: "restarted" }, headers);
  await post("/v2/alerts/a/close", { user: "Ann", note: "disk was swapped" }, headers);
  expect(ports.commands.map(({ command }) => command)).toEqual([
    { type: "acknowledge", incident: "inc-1", note: "Ann" },
    { type: "note", incident: "inc-1", text: "Ann: restarted" },
    { type: "note", incident: "inc-1", text: "Ann: disk was swapped" },
  ]);
  expect(ports.events.at(-1)).toMatchObject({ status: "resolved", ci: "web-01" });
});

test("what Alertmanager or Grafana page is about the alert's host, not about who pages", async () => {
  const { ports, post } = bench();
  // The default templates of both: `pagerduty.default.description`, `pagerduty.default.instances`.
  const firing = [
    "Labels:",
    " - alertname = DiskFull",
    " - instance = web-01:9100",
    " - mountpoint = /var",
    " - severity = critical",
    "Annotations:",
    " - summary = /var is 97 % full",
    "Source: http://prometheus:9090/graph",
    "",
  ].join("\n");
  const payload = {
    summary: "[FIRING:1] DiskFull web-01:9100 (/var critical)",
    source: "Alertmanager",
    severity: "critical",
    custom_details: { firing, num_firing: "1", num_resolved: "0", resolved: "" },
  };
  await post("/v2/enqueue", { routing_key: KEY, event_action: "trigger", dedup_key: "abc", payload });
  expect(ports.events).toMatchObject([
    { ci: "web-01", check: "DiskFull", instance: "abc", summary: "DiskFull web-01:9100 (/var critical)" },
  ]);
});

test("a key that is used again after its alert has ended may mean another host", async () => {
  const { ports, post } = bench();
  const event = (source: string, event_action: string) => ({
    routing_key: KEY,
    event_action,
    dedup_key: "disk",
    payload: { summary: "Disk is full", source, severity: "error" },
  });
  await post("/v2/enqueue", event("web-01", "trigger"));
  await post("/v2/enqueue", event("web-02", "trigger"));
  await post("/v2/enqueue", event("web-01", "resolve"));
  await post("/v2/enqueue", event("web-02", "trigger"));
  await post("/v2/enqueue", { routing_key: KEY, event_action: "resolve", dedup_key: "disk" });
  expect(ports.events.map(({ ci, status }) => `${ci} ${status}`)).toEqual([
    "web-01 firing",
    "web-01 firing",
    "web-01 resolved",
    "web-02 firing",
    "web-02 resolved",
  ]);
});

test("Opsgenie: what became of a request is told to the one who made it", async () => {
  const { app, post } = bench();
  const headers = { authorization: `GenieKey ${KEY}` };
  const created = await post("/v2/alerts", { message: "down", entity: "web-01" }, headers);
  const status = async (requestId: unknown, key = KEY) => {
    const url = `/v2/alerts/requests/${String(requestId)}`;
    const answer = await app.inject({ method: "GET", url, headers: { authorization: `GenieKey ${key}` } });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown> };
  };
  const { requestId } = created.body;
  const told = await status(requestId);
  expect(told).toMatchObject({
    status: 200,
    body: { requestId, data: { success: true, isSuccess: true, action: "Create", integrationId: "web" } },
  });
  const { alertId } = told.body["data"] as { alertId: string };
  // By the id that was told, as clients do.
  const closed = await post(`/v2/alerts/${alertId}/close?identifierType=id`, {}, headers);
  expect((await status(closed.body["requestId"])).body["data"]).toMatchObject({ action: "Close", isSuccess: true });
  const again = await app.inject({ method: "DELETE", url: "/v2/alerts/nobody", headers });
  expect(again.statusCode).toBe(202);
  expect((await status((JSON.parse(again.body) as { requestId: string }).requestId)).body["data"]).toMatchObject({
    action: "Delete",
    isSuccess: false,
    status: "Alert does not exist",
  });
  expect((await status(requestId, "other-key")).status).toBe(404);
  expect((await status("unknown")).status).toBe(404);
  expect((await status(requestId, "wrong")).status).toBe(401);
});

test("mutations of good traffic are taken or refused", async () => {
  const { app } = bench();
  const urls = ["/v2/enqueue", "/v2/change/enqueue", "/generic/2010-04-15/create_event.json", "/v2/alerts"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...urls), mutatedJson({ ...TRIGGER, message: "m" }), async (url, payload) => {
      const headers = { authorization: `GenieKey ${KEY}` };
      const answer = await app.inject({ method: "POST", url, payload, headers });
      expect([200, 202, 400, 401]).toContain(answer.statusCode);
      JSON.parse(answer.body);
    }),
    { numRuns: 500 },
  );
  expect(({} as { polluted?: true }).polluted).toBeUndefined();
});
