import { afterAll, beforeAll, expect, test } from "vitest";
import { amtool, eventually, RealPrometheus } from "../support/real-prometheus.ts";
import { json, startCollector, temporaryFolder, type TocsinProcess } from "../support/tocsin-process.ts";

/** Clients of Alertmanager work against us as they are: Prometheus, amtool; and what they told us survives kill -9. */

const FILES = {
  "cmdb.yaml": `
cis:
  - { id: web-01, type: host, name: web-01 }
  - { id: db-1, type: host, name: db-1, aliases: [db-1.example.net] }
`,
  "tocsin.yaml": `
cmdb: { files: [cmdb.yaml] }
correlation: { settle: { min: 0s, max: 1s }, resolveAfter: 1s }
receivers:
  hook: { webhook: { url: "http://127.0.0.1:9/hook" } }
  desk: { webhook: { url: "http://127.0.0.1:9/desk" } }
routes:
  - { match: { severity: critical }, receivers: [hook, desk] }
  - { receivers: [hook] }
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
};

interface Shown {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  fingerprint: string;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
  receivers: { name: string }[];
  status: { state: string; silencedBy: string[] };
}

const endings: (() => unknown)[] = [];
let folder: string;
let collector: { process: TocsinProcess; url: string };

const alerts = async (query = ""): Promise<Shown[]> =>
  (await json<Shown[]>(`${collector.url}/api/v2/alerts${query}`)).body;
const byName = async (name: string): Promise<Shown | undefined> =>
  (await alerts(`?filter=${encodeURIComponent(`alertname="${name}"`)}`))[0];
const post = async (...list: object[]): Promise<number> => (await json(`${collector.url}/api/v2/alerts`, list)).status;

beforeAll(async () => {
  folder = temporaryFolder((clean) => endings.push(clean));
  collector = await startCollector(folder, FILES);
  endings.unshift(() => collector.process.stop("SIGKILL"));
});

afterAll(async () => {
  for (const end of endings) await end();
});

test("amtool adds and queries alerts", async () => {
  await amtool(
    collector.url,
    "alert",
    "add",
    "alertname=Added",
    "instance=web-01:9100",
    "severity=critical",
    '--annotation=summary="slow \\"thing\\""',
  );
  const listed = await amtool(collector.url, "alert", "query", "alertname=~Add.*");
  expect(listed).toMatch(/^Added +\S+ \S+ UTC +slow "thing" +active/m);
  const [shown] = JSON.parse(await amtool(collector.url, "alert", "query", "Added", "-o", "json")) as Shown[];
  expect(shown?.labels).toEqual({ alertname: "Added", instance: "web-01:9100", severity: "critical" });
  expect(shown?.receivers).toEqual([{ name: "hook" }, { name: "desk" }]);
});

test("amtool adds, queries, changes, expires and imports silences", async () => {
  const id = (
    await amtool(collector.url, "silence", "add", "alertname=Added", "-a", "ann", "-c", "work", "-d", "1h")
  ).trim();
  expect(await amtool(collector.url, "silence", "query")).toContain(`${id}  alertname="Added"`);
  expect((await byName("Added"))?.status).toMatchObject({ state: "suppressed", silencedBy: [id] });
  expect(await amtool(collector.url, "alert", "query")).not.toContain("Added");
  expect(await amtool(collector.url, "alert", "query", "--silenced")).toContain("Added");
  await amtool(collector.url, "silence", "update", id, "-c", "more work", "-d", "2h");
  expect(await amtool(collector.url, "silence", "query", "-o", "json")).toContain('"more work"');
  const kept = await amtool(collector.url, "silence", "query", "-o", "json");
  await amtool(collector.url, "silence", "expire", id);
  expect(await amtool(collector.url, "silence", "query")).not.toContain(id);
  expect(await amtool(collector.url, "silence", "query", "--expired")).toContain(id);
  expect((await byName("Added"))?.status.state).toBe("active");
  const { writeFileSync } = await import("node:fs");
  writeFileSync(`${folder}/silences.json`, kept);
  await amtool(collector.url, "silence", "import", `${folder}/silences.json`);
  expect(await amtool(collector.url, "silence", "query", "createdBy=~.*")).toBeDefined();
  expect((await byName("Added"))?.status.state).toBe("suppressed");
  for (const one of (await amtool(collector.url, "silence", "query", "-q")).trim().split("\n"))
    await amtool(collector.url, "silence", "expire", one);
});

test("amtool shows the cluster and tests the routes of our configuration", async () => {
  expect(await amtool(collector.url, "cluster", "show")).toMatch(/Cluster Status: +ready/);
  expect(await amtool(collector.url, "config", "routes", "show")).toContain("receiver: desk");
  expect((await amtool(collector.url, "config", "routes", "test", "severity=critical")).trim()).toBe("hook,desk");
  expect((await amtool(collector.url, "config", "routes", "test", "severity=warning")).trim()).toBe("hook");
});

test("what must not be there is not", async () => {
  expect((await json(`${collector.url}/alertmanager/api/v2/status`)).status).toBe(404);
});

const RULES = (expression: string): string => `
groups:
  - name: test
    interval: 1s
    rules:
      - alert: SomethingIsWrong
        expr: ${expression}
        labels: { severity: critical, instance: "db-1.example.net:9100" }
        annotations: { summary: "it is {{ $value }}" }
`;

test("Prometheus sends its alerts: one incident on the CI, which ends by itself; samples come by remote write", async () => {
  const prometheus = await RealPrometheus.start(
    folder,
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["${collector.url.replace("http://", "")}"] }] }] }
remote_write: [{ url: "${collector.url}/api/v1/write", queue_config: { batch_send_deadline: 1s }, metadata_config: { send_interval: 2s } }]
scrape_configs: [{ job_name: collector, static_configs: [{ targets: ["SELF", "${collector.url.replace("http://", "")}"] }] }]
`,
    RULES("vector(42)"),
  );
  endings.unshift(() => prometheus.stop());
  const shown = await eventually("the alert", () => byName("SomethingIsWrong"));
  expect(shown).toMatchObject({
    annotations: { summary: "it is 42" },
    labels: { severity: "critical" },
    status: { state: "active" },
  });
  expect(shown.generatorURL).toMatch(/^http:\/\/.*\/graph\?/);

  type Incident = { id: string; status: string; alerts: { check: string; ci: string }[] };
  const incidentOf = async (status: string): Promise<Incident | undefined> =>
    (await json<{ items: Incident[] }>(`${collector.url}/api/v1/incidents?status=${status}`)).body.items.find(
      (incident) => incident.alerts.some(({ check }) => check === "SomethingIsWrong"),
    );
  const incident = await eventually("the incident", () => incidentOf("open"));
  expect(incident.alerts.find(({ check }) => check === "SomethingIsWrong")?.ci).toBe("db-1");

  expect(
    await eventually("Prometheus counts samples as sent", async () => {
      const sent = await prometheus.value("prometheus_remote_storage_samples_total");
      return sent !== undefined && sent > 100 ? sent : undefined;
    }),
  ).toBeGreaterThan(100);
  expect(await prometheus.value("prometheus_remote_storage_samples_failed_total")).toBe(0);
  const own = await eventually("our count of its samples", async () => {
    const text = await (await fetch(`${collector.url}/metrics`)).text();
    const found = /^tocsin_samples_total\{[^}]*source="remote-write"[^}]*\} (\d+)/m.exec(text)?.[1];
    return found !== undefined && Number(found) > 100 ? Number(found) : undefined;
  });
  expect(own).toBeGreaterThan(100);

  prometheus.setRules(RULES("vector(42) > 100"));
  await eventually("the alert has gone", async () =>
    (await byName("SomethingIsWrong")) === undefined ? true : undefined,
  );
  const resolved = await eventually("the incident is resolved", () => incidentOf("resolved"));
  expect(resolved.id).toBe(incident.id);
  expect(await prometheus.value("prometheus_notifications_errors_total")).toBe(0);
  await prometheus.stop();
});

test("kill -9 loses no alert, no silence, and forgets no resolve", async () => {
  const starts = "2026-01-01T00:00:00.123Z";
  const ends = new Date(Date.now() + 3_600_000).toISOString();
  const alert = (name: string, endsAt: string): object => ({
    labels: { alertname: name, instance: "web-01:9100" },
    annotations: { summary: name },
    generatorURL: "http://prometheus/graph?a=b",
    startsAt: starts,
    endsAt,
  });
  const many = Array.from({ length: 50 }, (_, index) => alert(`Kept${index}`, ends));
  expect(await post(...many)).toBe(200);
  expect(await post(alert("Kept0", new Date().toISOString()))).toBe(200);
  const silence = await json<{ silenceID: string }>(`${collector.url}/api/v2/silences`, {
    matchers: [{ name: "alertname", value: "Kept1", isRegex: false }],
    startsAt: new Date().toISOString(),
    endsAt: ends,
    createdBy: "ann",
    comment: "c",
  });
  const before = new Map((await alerts("?filter=alertname%3D~Kept.*")).map((one) => [one.fingerprint, one]));
  await collector.process.stop("SIGKILL");
  collector = await startCollector(folder, FILES);
  const after = await alerts("?filter=alertname%3D~Kept.*");
  expect(after.length).toBe(49);
  for (const one of after) {
    const was = before.get(one.fingerprint);
    const { labels, annotations, startsAt, generatorURL, status } = was ?? {};
    expect(one).toMatchObject({ labels, annotations, startsAt, generatorURL, status });
    expect(Math.abs(Date.parse(one.endsAt) - Date.parse(ends))).toBeLessThan(1000);
  }
  expect(await byName("Kept0")).toBeUndefined();
  expect((await byName("Kept1"))?.status).toMatchObject({ state: "suppressed", silencedBy: [silence.body.silenceID] });
});

test("an alert that is not sent again times out by its end", async () => {
  const endsAt = new Date(Date.now() + 1500).toISOString();
  await post({ labels: { alertname: "ShortLived" }, endsAt });
  expect((await byName("ShortLived"))?.endsAt).toBe(endsAt);
  await eventually("it has gone", async () => ((await byName("ShortLived")) === undefined ? true : undefined), 10_000);
});
