import { expect, test } from "vitest";
import type { GenericMapping } from "./generic/mapping.ts";
import { webhookBench } from "../../../test/support/webhook-bench.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** What a kind's senders also send, beside the samples: without a template, by a test button, with other words. */
const KUMA = {
  heartbeat: { monitorID: 1, status: 0, time: "2026-03-01 09:59:00", msg: "timeout" },
  monitor: { id: 1, name: "Shop", url: "https://shop.example.net/", type: "http" },
};

const DATADOG = {
  body: "%%%\nmsg\n%%%",
  last_updated: "1772359140000",
  event_type: "metric_alert_monitor",
  title: "[P2] [Triggered on {host:web-01,env:prod}] CPU is high",
  date: "1772359140000",
  org: { id: "1", name: "Acme" },
  id: "123456",
};

const K8S = {
  kind: "Event",
  involvedObject: { kind: "Pod", namespace: "shop", name: "web-1" },
  reason: "BackOff",
  message: "Back-off",
  type: "Warning",
};

const CLOUD = { specversion: "1.0", id: "1", source: "/m", type: "com.example.disk", subject: "web-01" };

/** As an activity log's alert has them: always Sev4, always fired. */
const AZURE_HEALTH = (properties: object): object => ({
  schemaId: "azureMonitorCommonAlertSchema",
  data: {
    essentials: {
      alertRule: "VM health",
      monitorCondition: "Fired",
      severity: "Sev4",
      signalType: "Activity Log",
      configurationItems: ["web-01"],
    },
    alertContext: { eventSource: "ResourceHealth", properties, status: "Active" },
  },
});

const AZURE_PROMETHEUS = (pod: string): object => ({
  schemaId: "azureMonitorCommonAlertSchema",
  data: {
    essentials: { alertId: `/a/${pod}`, alertRule: "Pod restarts", monitorCondition: "Fired", severity: "Sev2" },
    alertContext: { labels: { alertname: "Pod restarts", pod }, annotations: { summary: `${pod} restarts` } },
  },
});

const K8S_NODE = (reason: string): object => ({
  kind: "Event",
  involvedObject: { kind: "Node", name: "node-1", uid: "node-1" },
  reason,
  message: `Node node-1 status is now: ${reason}`,
  type: "Normal",
});

test.for<[situation: string, kind: string, body: object | string, headers: Record<string, string>, expected: object[]]>(
  [
    [
      "Datadog without a template",
      "datadog",
      DATADOG,
      {},
      [{ ci: "web-01", check: "CPU is high", instance: "host:web-01,env:prod", status: "firing", severity: "major" }],
    ],
    [
      "its end",
      "datadog",
      { ...DATADOG, title: "[P2] [Recovered on {host:web-01,env:prod}] CPU is high" },
      {},
      [{ ci: "web-01", check: "CPU is high", instance: "host:web-01,env:prod", status: "resolved" }],
    ],
    [
      "Datadog's monitor of no host",
      "datadog",
      { ...DATADOG, title: "[Triggered] Checkout fails" },
      {},
      [{ ci: "Checkout fails" }],
    ],
    [
      "brackets of the monitor's own, at the start",
      "datadog",
      { ...DATADOG, title: "[P1] [Triggered] [Memory Alert]" },
      {},
      [{ check: "[Memory Alert]", status: "firing", severity: "critical" }],
    ],
    [
      "brackets of the monitor's own, at the end",
      "datadog",
      { ...DATADOG, title: "[Recovered] [Memory Alert]" },
      {},
      [{ check: "[Memory Alert]", status: "resolved" }],
    ],
    [
      "Azure's resource that is not available",
      "azure",
      AZURE_HEALTH({ title: "Host failed", currentHealthStatus: "Unavailable", cause: "PlatformInitiated" }),
      {},
      [{ ci: "web-01", check: "VM health", status: "firing", severity: "major", summary: "Host failed" }],
    ],
    [
      "that somebody has stopped",
      "azure",
      AZURE_HEALTH({ title: "Stopped", currentHealthStatus: "Unavailable", cause: "UserInitiated" }),
      {},
      [{ status: "firing", severity: "info" }],
    ],
    [
      "and that is available again",
      "azure",
      AZURE_HEALTH({ title: "", currentHealthStatus: "Available", previousHealthStatus: "Unavailable" }),
      {},
      [{ ci: "web-01", check: "VM health", instance: "", status: "resolved" }],
    ],
    [
      "Azure's Prometheus rules tell what they say",
      "azure",
      AZURE_PROMETHEUS("web-1"),
      {},
      [{ check: "Pod restarts", instance: "pod=web-1", summary: "web-1 restarts", severity: "minor" }],
    ],
    [
      "Azure's budgets have no rule",
      "azure",
      {
        schemaId: "azureMonitorCommonAlertSchema",
        data: {
          essentials: { monitoringService: "CostAlerts", alertRule: null, severity: null, monitorCondition: "Fired" },
          alertContext: { AlertCategory: "budgets", AlertData: { BudgetName: "team" } },
        },
      },
      {},
      [{ ci: "team", check: "team", severity: "warning" }],
    ],
    [
      "Google's policy without a severity of its own",
      "gcp",
      {
        incident: {
          incident_id: "0.1",
          state: "open",
          severity: "No severity",
          policy_user_labels: { severity: "critical" },
        },
      },
      {},
      [{ severity: "critical" }],
    ],
    [
      "Google's incident that somebody has seen",
      "gcp",
      { incident: { incident_id: "0.1", state: "acknowledged" } },
      {},
      [],
    ],
    [
      "Uptime Kuma's certificate, told in the text alone",
      "uptime-kuma",
      {
        heartbeat: null,
        monitor: null,
        msg: "[Shop][https://shop.example.net/] server certificate shop.example.net will expire in 7 days",
      },
      {},
      [
        {
          ci: "shop.example.net",
          check: "certificate_expiry",
          instance: "Shop server certificate shop.example.net",
          severity: "major",
          summary: "Shop: server certificate shop.example.net will expire in 7 days",
          links: [{ href: "https://shop.example.net/", text: "target" }],
        },
      ],
    ],
    [
      "Uptime Kuma's ping, on many lines",
      "uptime-kuma",
      { ...KUMA, heartbeat: { ...KUMA.heartbeat, msg: "PING 10.0.0.1\n\n--- statistics ---\n100% packet loss\n\n" } },
      {},
      [{ summary: "Shop: PING 10.0.0.1 --- statistics --- 100% packet loss" }],
    ],
    [
      "Grafana's test button",
      "grafana",
      { alerts: [{ status: "firing", labels: { alertname: "TestAlert", instance: "Grafana" } }] },
      {},
      [],
    ],
    [
      "a plugin's figures behind its text",
      "nrdp",
      `JSONDATA=${encodeURIComponent(JSON.stringify({ checkresults: [{ hostname: "web-01", servicename: "Disk", state: 1, output: "DISK WARNING|/=9;5\nmore|x=1" }] }))}`,
      FORM,
      [{ summary: "DISK WARNING" }],
    ],
    [
      "Datadog, encoded as form",
      "datadog",
      new URLSearchParams({ EVENT_TITLE: "Disk", HOSTNAME: "web-02", ALERT_TRANSITION: "Recovered" }).toString(),
      FORM,
      [{ ci: "web-02", check: "Disk", status: "resolved" }],
    ],
    [
      "Uptime Kuma as form-data",
      "uptime-kuma",
      `--x-1\r\nContent-Disposition: form-data; name="data"\r\n\r\n${JSON.stringify(KUMA)}\r\n--x-1--\r\n`,
      { "content-type": "multipart/form-data; boundary=x-1" },
      [{ ci: "shop.example.net", status: "firing" }],
    ],
    [
      "Google's test button",
      "gcp",
      { version: "test", incident: { incident_id: "12345", state: "OPEN", summary: "Test Incident" } },
      {},
      [],
    ],
    [
      "Checkmk's short names of states",
      "checkmk",
      {
        NOTIFY_HOSTNAME: "web-01",
        NOTIFY_SERVICEDESC: "CPU",
        NOTIFY_SERVICESTATE: "CRIT",
        NOTIFY_NOTIFICATIONTYPE: "PROBLEM",
      },
      {},
      [{ ci: "web-01", check: "CPU", severity: "critical" }],
    ],
    [
      "the names that Icinga's own commands give its macros",
      "icinga",
      {
        notification_type: "PROBLEM",
        notification_hostname: "web-01",
        notification_hostdisplayname: "Web 1",
        notification_address: "10.0.3.7",
        notification_servicename: "load avg",
        notification_servicestate: "WARNING",
        notification_serviceoutput: "load 12",
        notification_icingaweb2url: "https://icinga.example.net/icingaweb2/",
      },
      {},
      [
        {
          ci: "web-01",
          check: "load avg",
          severity: "warning",
          links: [
            {
              href: "https://icinga.example.net/icingaweb2/icingadb/service?name=load%20avg&host.name=web-01",
              text: "monitor",
            },
          ],
        },
      ],
    ],
    [
      "Sentry's event names its project in its address alone",
      "sentry",
      {
        action: "triggered",
        data: {
          event: {
            issue_id: "1117540176",
            project: 1,
            level: "error",
            title: "ReferenceError",
            url: "https://sentry.io/api/0/projects/test-org/front-end/events/e4874d/",
          },
        },
      },
      { "sentry-hook-resource": "event_alert" },
      [{ ci: "front-end", instance: "1117540176" }],
    ],
    [
      "rules of Grafana without data that name no host stay apart",
      "grafana",
      {
        alerts: ["Orders", "Logins"].map((rulename) => ({
          status: "firing",
          labels: { alertname: "DatasourceNoData", rulename },
        })),
      },
      {},
      [
        { ci: "Orders", check: "Orders" },
        { ci: "Logins", check: "Logins" },
      ],
    ],
    [
      "Zabbix without a host",
      "zabbix",
      { "EVENT.ID": "1", "EVENT.NAME": "Shop is slow" },
      {},
      [{ ci: "Shop is slow" }],
    ],
    [
      "one bad event of a batch",
      "cloudevents",
      [CLOUD, { x: 1 }, { ...CLOUD, id: "2" }],
      { "content-type": "application/cloudevents-batch+json" },
      [{ id: "1" }, { id: "2" }],
    ],
    [
      "a node that is not ready, which is a Normal event and comes once",
      "kubernetes",
      K8S_NODE("NodeNotReady"),
      {},
      [{ ci: "node-1", check: "NodeNotReady", status: "firing", severity: "critical", expiresAfterMs: null }],
    ],
    [
      "a node that has gone for good",
      "kubernetes",
      K8S_NODE("RemovingNode"),
      {},
      [{ ci: "node-1", check: "NodeNotReady", status: "resolved" }],
    ],
    [
      "a node without space, and with it again",
      "kubernetes",
      [K8S_NODE("NodeHasDiskPressure"), K8S_NODE("NodeHasNoDiskPressure")],
      {},
      [
        { check: "NodeHasDiskPressure", status: "firing", severity: "major" },
        { check: "NodeHasDiskPressure", status: "resolved" },
      ],
    ],
    ["what every node tells at its start", "kubernetes", K8S_NODE("Starting"), {}, []],
    [
      "GitLab's feature flag",
      "gitlab",
      {
        object_kind: "feature_flag",
        project: { path_with_namespace: "shop/web" },
        user: { username: "ann" },
        object_attributes: { name: "new-cart", active: true },
      },
      {},
      [{ ci: "web", kind: "change", instance: "new-cart", summary: "feature flag new-cart switched on" }],
    ],
    ["one bad event of a list", "kubernetes", { items: [{ reason: 1 }, K8S, null] }, {}, [{ ci: "shop/web-1" }]],
  ],
)("%s", async ([, kind, body, headers, expected]) => {
  const { post } = webhookBench();
  const { status, events } = await post(kind, body, headers);
  expect(status).toBe(kind === "nrdp" ? 200 : 202);
  expect(events).toMatchObject(expected);
  expect(events).toHaveLength(expected.length);
});

test.for<[kind: string, body: object, severity: string]>([
  ["datadog", { EVENT_TITLE: "Disk", ALERT_TYPE: "constructor" }, "major"],
  ["kubernetes", { ...K8S, reason: "constructor" }, "warning"],
  ["kubernetes", { ...K8S, reason: "toString" }, "warning"],
  ["netdata", { alert: "cpu", host: "web-01", severity: "constructor" }, "major"],
  [
    "azure",
    {
      schemaId: "azureMonitorCommonAlertSchema",
      data: { essentials: { alertRule: "r", monitorCondition: "Fired", severity: "constructor" } },
    },
    "major",
  ],
])("a word that every object has is no severity: %s", async ([kind, body, severity]) => {
  const { post } = webhookBench();
  const { status, events } = await post(kind, body);
  expect([status, events[0]?.severity]).toEqual([202, severity]);
  expect((await post("kubernetes", { ...K8S, reason: "constructor", type: "Normal" })).events).toEqual([]);
});

test("a batch without one good event is refused", async () => {
  const { post, ports } = webhookBench();
  const headers = { "content-type": "application/cloudevents-batch+json" };
  expect((await post("cloudevents", [{ x: 1 }, 2], headers)).status).toBe(400);
  expect((await post("cloudevents", [], headers)).status).toBe(202);
  expect((await post("cloudevents", [CLOUD, 2], headers)).body).toEqual({ accepted: 1, dropped: { invalid: 1 } });
  expect(ports.counts.get("tocsin_ingest_dropped_total webhook.cloudevents invalid")).toBe(1);
});

test("of a form's parts only fields are read", async () => {
  const { post } = webhookBench();
  const part = (disposition: string, text: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;
  const headers = { "content-type": 'multipart/form-data; charset=utf-8; boundary="b"' };
  const body = `${part('name="data"; filename="x"', "no")}${part('name="data"', JSON.stringify(KUMA))}--b--`;
  expect((await post("uptime-kuma", body, headers)).events).toHaveLength(1);
  expect((await post("uptime-kuma", body, { "content-type": "multipart/form-data" })).status).toBe(400);
});

test.for<[said: unknown, dropped: object]>([
  [3, { truncated: 3 }],
  ["3", { truncated: 3 }],
  [0, {}],
  [undefined, {}],
  [null, {}],
  [-3, {}],
  [0.5, {}],
  [1e308, {}],
  ["many", {}],
])("alerts that Alertmanager and Grafana cut off are counted, whatever stands there: %s", async ([said, dropped]) => {
  const { post, ports } = webhookBench();
  const body = { status: "firing", alerts: [{ labels: { alertname: "A" } }], truncatedAlerts: said };
  for (const kind of ["alertmanager", "grafana"]) {
    expect((await post(kind, body)).body).toEqual({ accepted: 1, dropped });
    const counted = ports.counts.get(`tocsin_ingest_dropped_total webhook.${kind} truncated`);
    expect(counted).toBe((dropped as { truncated?: number }).truncated);
  }
});

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

test.for<[kind: string, body: string | object, headers: Record<string, string>, taken: number]>([
  ["alertmanager", { alerts: many(20_002, (n) => ({ labels: { n: String(n) } })) }, {}, 20_000],
  ["kubernetes", { items: many(10_002, () => K8S) }, {}, 10_000],
  [
    "zabbix",
    many(20_002, (n) => JSON.stringify({ value: 1, eventid: n, name: "n", severity: 3, hosts: [{ host: "h" }] })).join(
      "\n",
    ),
    { "content-type": "application/x-ndjson" },
    20_000,
  ],
  ["mytool", { list: many(10_002, (n) => ({ n })) }, {}, 10_000],
])("what is too many for one message is counted, the others are taken: %s", async ([kind, body, headers, taken]) => {
  const mapping: GenericMapping = { each: "/list", ci: ["/n"], check: ["/n"], summary: ["/n"] };
  const { post } = webhookBench({ mappings: { mytool: mapping } });
  expect((await post(kind, body, headers)).body).toEqual({ accepted: taken, dropped: { tooMany: 2 } });
});
