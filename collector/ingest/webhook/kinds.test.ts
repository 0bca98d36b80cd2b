import { expect, test } from "vitest";
import type { Event } from "../../core/model/event.ts";
import { sample, webhookBench } from "../../../test/support/webhook-bench.ts";

const at = (time: string): number => Date.parse(`2026-03-01T${time}Z`);

type Expected = Partial<Event>[];

/** What each sender's message becomes. `since` is the sender's time; `occurredAt` is never more than three minutes old. */
test.for<[message: string, kind: string, headers: Record<string, string>, expected: Expected]>([
  [
    "alertmanager/group.json",
    "alertmanager",
    {},
    [
      {
        source: "alertmanager",
        idGiven: false,
        ci: "db-1",
        check: "DiskFull",
        instance: expect.stringMatching(/^\/var [0-9a-f]{16}$/) as never,
        status: "firing",
        severity: "critical",
        summary: "/var is 97 % full",
        since: at("09:58:00.123"),
        occurredAt: at("10:00:00"),
        expiresAfterMs: null,
      },
      { ci: "db-2", status: "resolved", since: at("07:00:00"), occurredAt: at("10:00:00") },
    ],
  ],
  [
    "grafana/alerting.json",
    "grafana",
    {},
    [
      {
        source: "grafana",
        ci: "web-01",
        check: "High memory usage",
        severity: "major",
        summary: "The system has high memory usage",
        since: at("09:51:03"),
        links: [
          { href: "https://play.grafana.org/alerting/1afz29v7z/edit", text: "generator" },
          { href: "https://wiki/memory", text: "runbook" },
          { href: "https://play.grafana.org/d/1?viewPanel=2", text: "panel" },
          { href: "https://play.grafana.org/d/1", text: "dashboard" },
        ],
      },
      { ci: "mq-1", check: "Queue depth", summary: "Queue depth: no data" },
    ],
  ],
  [
    "zabbix/problem.json",
    "zabbix",
    {},
    [
      {
        source: "zabbix",
        ci: "db-1",
        check: "Disk space is low on /var",
        instance: "13508",
        status: "firing",
        severity: "major",
        labels: { component: "storage", event_id: "4711", scope: "capacity", trigger_id: "13508" },
        annotations: { description: "Problem started at 09:59:00" },
        links: [{ href: "https://zabbix.example.net/tr_events.php?triggerid=13508&eventid=4711", text: "event" }],
      },
    ],
  ],
  ["zabbix/recovery.json", "zabbix", {}, [{ ci: "db-1", instance: "13508", status: "resolved" }]],
  [
    "zabbix/stream.ndjson",
    "zabbix",
    { "content-type": "application/x-ndjson" },
    [
      {
        ci: "web-01",
        check: "Host is unreachable",
        status: "firing",
        severity: "critical",
        since: at("09:59:00"),
        labels: { event_id: "900", groups: "Web,Linux", scope: "availability" },
      },
      { ci: "web-01", check: "Host is unreachable", status: "resolved" },
    ],
  ],
  [
    "nagios/service.json",
    "nagios",
    {},
    [
      {
        source: "nagios",
        ci: "web-01",
        check: "HTTP",
        status: "firing",
        severity: "critical",
        summary: "HTTP: connect to address 10.0.3.7 and port 80: Connection refused",
        since: at("09:59:00"),
        labels: { problem_id: "12", state: "CRITICAL" },
      },
    ],
  ],
  ["nagios/host.json", "icinga", {}, [{ source: "icinga", ci: "web-01", check: "host-alive", status: "resolved" }]],
  [
    "nagios/icinga-stream.json",
    "icinga",
    {},
    [
      {
        source: "icinga",
        ci: "web-01",
        check: "disk /",
        status: "firing",
        severity: "warning",
        since: at("09:59:00.518"),
      },
    ],
  ],
  [
    "nagios/checkmk.json",
    "checkmk",
    {},
    [
      {
        source: "checkmk",
        ci: "web-01",
        check: "Filesystem /var",
        status: "firing",
        severity: "warning",
        since: at("09:59:00"),
        labels: { problem_id: "17", site: "main", state: "WARNING" },
      },
    ],
  ],
  [
    "nrdp/json.form",
    "nrdp",
    { "content-type": "application/x-www-form-urlencoded" },
    [
      {
        source: "nagios",
        ci: "web-01",
        check: "host-alive",
        status: "firing",
        severity: "critical",
        summary: "host DOWN: no route",
      },
      { ci: "web-01", check: "Load", status: "resolved", since: at("09:59:00") },
    ],
  ],
  [
    "nrdp/xml.form",
    "nrdp",
    { "content-type": "application/x-www-form-urlencoded" },
    [
      {
        ci: "web-01",
        check: "Disk & inodes",
        status: "firing",
        severity: "critical",
        summary: "Disk & inodes: DISK CRITICAL <1%",
      },
      { ci: "web-02", check: "host-alive", status: "resolved", summary: "host UP: up ✓" },
    ],
  ],
  [
    "azure/fired.json",
    "azure",
    {},
    [
      {
        source: "azure",
        ci: "web-01",
        check: "High CPU",
        instance: "",
        status: "firing",
        severity: "major",
        summary: "CPU is over 90 %",
        since: at("09:59:00.111"),
        annotations: { team: "shop" },
      },
    ],
  ],
  [
    "azure/log.json",
    "azure",
    {},
    [
      {
        ci: "web-01",
        check: "Heartbeat missing",
        instance: "Computer=web-01",
        severity: "critical",
        summary: "Heartbeat missing: result: Count is 0, LowerThan 1",
        links: [
          { href: "https://portal.azure.com#@1/blade/filtered", text: "results" },
          {
            href: "https://portal.azure.com/#@/resource/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/shop/providers/microsoft.operationalinsights/workspaces/logs",
            text: "resource",
          },
        ],
      },
    ],
  ],
  [
    "azure/service-health.json",
    "azure",
    {},
    [
      {
        ci: "Azure has an outage",
        instance: "VL1-2B3",
        severity: "major",
        summary: "Virtual Machines in West Europe cannot be started",
      },
    ],
  ],
  [
    "azure/resolved.json",
    "azure",
    {},
    [
      {
        ci: "web-01",
        check: "High CPU",
        instance: "",
        status: "resolved",
        since: at("09:59:30"),
      },
    ],
  ],
  [
    "gcp/open.json",
    "gcp",
    {},
    [
      {
        source: "gcp",
        ci: "web-01",
        check: "CPU over 90 %",
        instance: "0.mabc123",
        status: "firing",
        severity: "critical",
        since: at("09:59:00"),
        labels: {
          metric: "compute.googleapis.com/instance/cpu/utilization",
          policy: "CPU policy",
          resource_type: "gce_instance",
          team: "shop",
        },
      },
    ],
  ],
  ["gcp/closed.json", "gcp", {}, [{ ci: "web-01", instance: "0.mabc123", status: "resolved", since: at("09:59:30") }]],
  [
    "datadog/triggered.json",
    "datadog",
    {},
    [
      {
        source: "datadog",
        ci: "web-01",
        check: "CPU is high",
        instance: "host:web-01 9bd4ac313a4d1e8fae2482df7b77628",
        summary: "CPU is high",
        status: "firing",
        severity: "major",
        labels: { alert_id: "1234", cycle: "6121", env: "prod", host: "web-01", monitor: "true", service: "shop" },
      },
    ],
  ],
  ["datadog/recovered.json", "datadog", {}, [{ ci: "web-01", check: "CPU is high", status: "resolved" }]],
  [
    "uptime-kuma/down.json",
    "uptime-kuma",
    {},
    [
      {
        source: "uptime-kuma",
        ci: "shop.example.net",
        check: "uptime_http",
        instance: "Shop",
        status: "firing",
        severity: "critical",
        since: at("09:59:00.123"),
      },
    ],
  ],
  ["uptime-kuma/test.json", "uptime-kuma", {}, []],
  [
    "netdata/alert.json",
    "netdata",
    {},
    [
      {
        source: "netdata",
        ci: "web-01",
        check: "10min_cpu_usage",
        instance: "system.cpu",
        severity: "warning",
        status: "firing",
      },
    ],
  ],
  [
    "netdata/unreachable.json",
    "netdata",
    {},
    [
      {
        ci: "web-01",
        check: "node_unreachable",
        severity: "critical",
        status: "firing",
        summary: "Host web-01 is unreachable",
      },
    ],
  ],
  [
    "sentry/metric_alert.json",
    "sentry",
    { "sentry-hook-resource": "metric_alert" },
    [
      {
        source: "sentry",
        ci: "shop",
        check: "Too many errors",
        instance: "7",
        status: "firing",
        severity: "critical",
        since: at("09:58:00.830"),
      },
    ],
  ],
  [
    "sentry/event_alert.json",
    "sentry",
    { "sentry-hook-resource": "event_alert" },
    [{ ci: "shop", check: "issue", instance: "1170820242", status: "firing", severity: "major" }],
  ],
  [
    "sentry/issue.json",
    "sentry",
    { "sentry-hook-resource": "issue" },
    [{ ci: "shop", check: "issue", instance: "1170820242", status: "resolved" }],
  ],
  [
    "cloudevents/structured.json",
    "cloudevents",
    { "content-type": "application/cloudevents+json; charset=utf-8" },
    [
      {
        id: "A234-1234-1234",
        idGiven: true,
        source: "cloudevents:https://monitor.example.net/hosts/web-01",
        ci: "web-01",
        check: "com.example.disk",
        instance: "web-01",
        status: "firing",
        severity: "critical",
        summary: "disk is full",
        labels: { mount: "/var", subject: "web-01", team: "blue", type: "com.example.disk.firing" },
        links: [{ href: "https://monitor.example.net/1", text: "event" }],
      },
    ],
  ],
  [
    "cloudevents/batch.json",
    "cloudevents",
    { "content-type": "application/cloudevents-batch+json" },
    [
      { ci: "web-01", check: "com.example.disk", instance: "web-01", status: "resolved" },
      { kind: "change", ci: "shop", summary: "shop 1.2 deployed", severity: "info", occurredAt: at("08:00:00") },
    ],
  ],
  [
    "kubernetes/warning.json",
    "kubernetes",
    {},
    [
      {
        source: "kubernetes",
        ci: "prod/shop-7f",
        check: "BackOff",
        instance: "Pod prod/shop-7f",
        status: "firing",
        severity: "major",
        since: at("09:59:00.123"),
        expiresAfterMs: 900_000,
      },
    ],
  ],
  [
    "kubernetes/list.json",
    "kubernetes",
    {},
    [
      { ci: "node-3", check: "NodeNotReady", status: "resolved" },
      { ci: "prod/shop", kind: "change", check: "ScalingReplicaSet" },
    ],
  ],
  [
    "github/deployment.json",
    "github",
    { "x-github-event": "deployment", "x-github-delivery": "d-1" },
    [
      {
        id: "d-1",
        idGiven: true,
        source: "github",
        kind: "change",
        ci: "Hello-World",
        check: "deployment",
        instance: "production",
        severity: "info",
        summary: "deployment of master f95f852b to production: started",
      },
    ],
  ],
  [
    "github/deployment_status.json",
    "github",
    { "x-github-event": "deployment_status" },
    [
      {
        kind: "change",
        ci: "Hello-World",
        check: "deployment",
        summary: "deployment of master f95f852b to production: success",
      },
    ],
  ],
  [
    "github/release.json",
    "github",
    { "x-github-event": "release" },
    [{ check: "release", summary: "release 0.0.1 published" }],
  ],
  [
    "github/workflow_run.json",
    "github",
    { "x-github-event": "workflow_run" },
    [{ check: "workflow", summary: "workflow test on master 3484a3fb: success" }],
  ],
  [
    "gitlab/deployment.json",
    "gitlab",
    { "x-gitlab-event": "Deployment Hook", "idempotency-key": "k-1" },
    [
      {
        id: "k-1",
        idGiven: true,
        source: "gitlab",
        kind: "change",
        ci: "web",
        check: "deployment",
        instance: "production",
        summary: "deployment of main 279484c0 to production: success",
        occurredAt: at("09:59:00"),
      },
    ],
  ],
  [
    "gitlab/pipeline.json",
    "gitlab",
    {},
    [{ check: "pipeline", summary: "pipeline on main: failed", occurredAt: at("09:59:00") }],
  ],
])("%s", async ([message, kind, headers, expected]) => {
  const { post } = webhookBench();
  const { status, events } = await post(kind, sample(message), headers);
  expect(status).toBe(kind === "nrdp" ? 200 : 202);
  expect(events).toMatchObject(expected);
  expect(events.length).toBe(expected.length);
  for (const event of events)
    if (event.kind === "alert") expect(event.occurredAt).toBeGreaterThanOrEqual(at("09:56:00"));
  for (const event of events) expect(holdsForMs(event)).toBeGreaterThanOrEqual(60_000);
});

/** How long the alert holds if nothing more is heard of it. A webhook is not repeated each minute. */
function holdsForMs(event: Event): number {
  if (event.expiresAt !== undefined) return event.expiresAt - event.occurredAt;
  return event.expiresAfterMs ?? Number.POSITIVE_INFINITY;
}

/** Pairs that must mean one alert. */
test.for<[first: string, second: string, kind: string, headers: Record<string, string>]>([
  ["zabbix/problem.json", "zabbix/recovery.json", "zabbix", {}],
  ["azure/fired.json", "azure/resolved.json", "azure", {}],
  ["gcp/open.json", "gcp/closed.json", "gcp", {}],
  ["datadog/triggered.json", "datadog/recovered.json", "datadog", {}],
])("%s is ended by %s", async ([first, second, kind, headers]) => {
  const { post, ports } = webhookBench();
  await post(kind, sample(first), headers);
  await post(kind, sample(second), headers);
  expect([...ports.alerts.values()].map((alert) => alert.status)).toEqual(["resolved"]);
});

test("a push counts only on the default branch", async () => {
  const { post } = webhookBench();
  const body = JSON.parse(sample("github/push.json").toString()) as Record<string, object>;
  const headers = { "x-github-event": "push" };
  expect((await post("github", { ...body, ref: "refs/heads/feature" }, headers)).events).toEqual([]);
  const main = { ...body, ref: "refs/heads/master", deleted: false };
  expect((await post("github", main, headers)).events).toMatchObject([{ check: "push", kind: "change" }]);
});

test("an Azure rule that is stateless fires again as the same alert; a resolve is known by the alert's id", async () => {
  const { post } = webhookBench();
  const of = (alertId: string, more: object = {}): unknown => {
    const body = JSON.parse(sample("azure/log.json").toString()) as {
      data: { essentials: object; alertContext: object };
    };
    Object.assign(body.data.essentials, { alertId: `/x/alerts/${alertId}` }, more);
    return body;
  };
  const identity = async (body: unknown): Promise<unknown[]> => {
    const [event] = (await post("azure", body as object)).events;
    return [event?.ci, event?.check, event?.instance, event?.status];
  };
  const fired = ["web-01", "Heartbeat missing", "Computer=web-01", "firing"];
  expect(await identity(of("a-1"))).toEqual(fired);
  expect(await identity(of("a-2", { firedDateTime: "2026-03-01T10:04:00Z" }))).toEqual(fired);
  const over = of("a-2", { monitorCondition: "Resolved" }) as { data: { alertContext: object } };
  over.data.alertContext = {};
  expect(await identity(over)).toEqual([...fired.slice(0, 3), "resolved"]);
});

test("what a notification command posts as a form, and environment variables with their prefix", async () => {
  const { post } = webhookBench();
  const form = new URLSearchParams({
    NOTIFICATIONTYPE: "PROBLEM",
    HOSTNAME: "web-01",
    SERVICEDESC: "",
    HOSTSTATE: "DOWN",
    HOSTOUTPUT: `it's "down" & out`,
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await post("nagios", form, headers)).events).toMatchObject([
    { source: "nagios", ci: "web-01", check: "host-alive", status: "firing", summary: `host DOWN: it's "down" & out` },
  ]);
  const environment = {
    NAGIOS_NOTIFICATIONTYPE: "RECOVERY",
    NAGIOS_HOSTNAME: "web-01",
    NAGIOS_HOSTSTATE: "UP",
    PATH: "/bin",
  };
  // Python's urllib calls it a form.
  for (const each of [{}, headers])
    expect((await post("nagios", environment, each)).events).toMatchObject([{ ci: "web-01", status: "resolved" }]);
  const icinga = { NOTIFICATIONTYPE: "PROBLEM", HOSTNAME: "db-1", SERVICENAME: "pg", SERVICESTATE: "CRITICAL" };
  expect((await post("icinga", icinga)).events).toMatchObject([{ source: "icinga", ci: "db-1", check: "pg" }]);
});

test("a GitHub webhook as a form", async () => {
  const { post } = webhookBench();
  const payload = new URLSearchParams({ payload: sample("github/release.json").toString() }).toString();
  const headers = { "x-github-event": "release", "content-type": "application/x-www-form-urlencoded" };
  expect((await post("github", payload, headers)).events).toMatchObject([{ check: "release" }]);
});

test("CloudEvents in binary mode", async () => {
  const { post } = webhookBench();
  const headers = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "7",
    "ce-source": "/monitor",
    "ce-type": "com.example.alert.recovered",
    "ce-subject": "db%20one",
    "ce-environment": "prod%20eu",
    "ce-traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "ce-__proto__": "x",
  };
  const { events } = await post("cloudevents", { summary: "well again" }, headers);
  expect(events[0]?.labels).toEqual({
    environment: "prod eu",
    type: "com.example.alert.recovered",
    subject: "db one",
  });
  expect(events).toMatchObject([
    { id: "7", source: "cloudevents:/monitor", ci: "db one", status: "resolved", summary: "well again" },
  ]);
});

test("CloudEvents' handshake", async () => {
  const { app } = webhookBench();
  const answer = await app.inject({
    method: "OPTIONS",
    url: "/webhooks/cloudevents",
    headers: { "webhook-request-origin": "events.example.net" },
  });
  expect([answer.statusCode, answer.headers["webhook-allowed-origin"]]).toEqual([204, "events.example.net"]);
});

test.for<[kind: string, headers: Record<string, string>, body: object]>([
  ["nagios", {}, { NOTIFICATIONTYPE: "ACKNOWLEDGEMENT", HOSTNAME: "h", HOSTSTATE: "DOWN" }],
  ["checkmk", {}, { NOTIFICATIONTYPE: "DOWNTIMESTART", HOSTNAME: "h", HOSTSTATE: "DOWN" }],
  ["icinga", {}, { type: "StateChange", state_type: 0, host: "h", state: 1, check_result: {} }],
  ["zabbix", {}, { eventid: "1", eventname: "new host", eventsource: "1" }],
  ["uptime-kuma", {}, { heartbeat: { status: 2 }, monitor: { name: "x" } }],
  ["github", { "x-github-event": "ping" }, { zen: "x" }],
  ["gitlab", {}, { object_kind: "note" }],
  ["sentry", { "sentry-hook-resource": "installation" }, { action: "created" }],
])("%s: what is no trouble and no change is taken and counted", async ([kind, headers, body]) => {
  const { post, ports } = webhookBench();
  const answer = await post(kind, body, headers);
  expect([answer.status, answer.events]).toEqual([202, []]);
  expect([...ports.counts.keys()].filter((key) => key.startsWith("tocsin_ingest_dropped"))).toHaveLength(1);
});

test("the CMDB decides which of the names is the CI", async () => {
  const { post, ports } = webhookBench();
  ports.addCi("shop-7f");
  ports.addCi("10.0.3.7");
  expect((await post("kubernetes", sample("kubernetes/warning.json"))).events).toMatchObject([{ ci: "shop-7f" }]);
  expect((await post("nagios", sample("nagios/service.json"))).events).toMatchObject([{ ci: "10.0.3.7" }]);
});

test("a Zabbix recovery that names no host finds its problem after a restart", async () => {
  const first = webhookBench();
  const [problem = "", recovery = ""] = sample("zabbix/stream.ndjson").toString().split("\n");
  await first.post("zabbix", problem);
  const second = webhookBench();
  for (const [id, alert] of first.ports.alerts) second.ports.alerts.set(id, alert);
  expect((await second.post("zabbix", recovery)).events).toMatchObject([{ ci: "web-01", status: "resolved" }]);
});

test("NRDP is answered in its own form", async () => {
  const { post } = webhookBench();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await post("nrdp", sample("nrdp/json.form"), headers)).body).toEqual({
    result: { status: 0, message: "OK", meta: { output: "2 checks processed." } },
  });
});
