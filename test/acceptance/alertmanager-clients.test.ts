import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { debianTool } from "../support/debian-tool.ts";
import {
  ALERT_GROUPS,
  ALERTMANAGER_STATUS,
  GETTABLE_ALERTS,
  GETTABLE_SILENCE,
  GETTABLE_SILENCES,
  goFaults,
  type GoType,
  POSTED_SILENCE,
} from "../support/go-models.ts";
import { startCollector, temporaryFolder, type TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** The requests that karma and Grafana's Alertmanager data source make, as they make them, and what they read of the answers. */

const endings: (() => unknown)[] = [];
let folder: string;
let url: string;
let collector: TocsinProcess;

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  // As go-openapi's client and Grafana's proxy ask.
  const headers = { accept: "application/json", ...(body && { "content-type": "application/json" }) };
  const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, type: answer.headers.get("content-type") ?? "", text: await answer.text() };
}

/** Decodes an answer that must be 200, as Go would. */
async function decoded<T>(type: GoType, method: string, path: string, body?: object): Promise<T> {
  const answer = await call(method, path, body);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.type).toMatch(/^application\/json\b/);
  const value: unknown = JSON.parse(answer.text);
  expect(goFaults(type, value, path)).toEqual([]);
  return value as T;
}

const silence = (value: string, startsInMs: number): object => ({
  matchers: [
    { name: "alertname", value, isRegex: false, isEqual: true },
    { name: "instance", value: "web-.*", isRegex: true },
  ],
  startsAt: new Date(Date.now() + startsInMs).toISOString(),
  endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  createdBy: "ann@example.net",
  comment: "known",
});

beforeAll(async () => {
  folder = temporaryFolder((clean) => endings.push(clean));
  const started = await startCollector(folder, {
    "tocsin.yaml": `
correlation: { settle: { min: 0s, max: 1s } }
inhibitions: [{ source: ["severity=critical"], target: ["severity=warning"], equal: [instance] }]
receivers:
  hook: { webhook: { url: "http://127.0.0.1:9/hook" } }
  desk: { webhook: { url: "http://127.0.0.1:9/desk" } }
routes:
  - { match: { severity: critical, matchers: ['team=~"web|db"'] }, receivers: [hook, desk] }
  - { match: { priority: [P1, P2] }, receivers: [hook] }
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
  });
  ({ url, process: collector } = started);
  endings.unshift(() => collector.stop("SIGKILL"));
  const alerts = [
    {
      labels: { alertname: "Down", instance: "web-1:9100", severity: "critical", team: "web" },
      generatorURL: "http://p/g",
    },
    {
      labels: { alertname: "Slow", instance: "web-1:9100", severity: "warning" },
      annotations: { summary: 'slöw "x"' },
    },
    { labels: { alertname: "Odd", instance: "web-2:9100" }, startsAt: "2026-01-01T00:00:00Z" },
  ];
  expect((await call("POST", "/api/v2/alerts", alerts)).status).toBe(200);
});

afterAll(async () => {
  for (const end of endings) await end();
});

test("karma finds a version in /metrics that it supports, in the text format", async () => {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const [, version = ""] =
    /^alertmanager_build_info\{(?:.*,)?version="([^"]+)".*\} 1$/m.exec(await answer.text()) ?? [];
  const [major, minor] = version.split(".").map(Number);
  expect(major).toBe(0);
  expect(minor).toBeGreaterThanOrEqual(22);
});

test("karma reads silences and groups: every pointer that it dereferences is there", async () => {
  await decoded(POSTED_SILENCE, "POST", "/api/v2/silences", silence("Slow", 0));
  await decoded(POSTED_SILENCE, "POST", "/api/v2/silences", silence("Later", 600_000));
  const silences = await decoded<{ status: { state: string } }[]>(GETTABLE_SILENCES, "GET", "/api/v2/silences");
  expect(silences.map(({ status }) => status.state).sort()).toEqual(["active", "pending"]);
  const groups = await waitFor(async () => {
    const list = await decoded<Group[]>(ALERT_GROUPS, "GET", "/api/v2/alerts/groups");
    return list.some(({ labels }) => labels["incident"] !== undefined) ? list : undefined;
  });
  const shown = (groups ?? []).flatMap(({ receiver, alerts }) =>
    alerts.map(({ labels, status }) => `${receiver.name} ${labels["alertname"]} ${status.state}`),
  );
  expect(shown).toContain("hook Down active");
  expect(shown).toContain("desk Down active");
  expect(shown.filter((line) => line.includes("Slow")).every((line) => line.endsWith("suppressed"))).toBe(true);
  // karma shows a silence beside an alert by the id in `silencedBy`.
  const ids = new Set((silences as unknown as { id: string }[]).map(({ id }) => id));
  const silencers = (groups ?? []).flatMap(({ alerts }) => alerts.flatMap(({ status }) => status.silencedBy));
  expect(silencers.length).toBeGreaterThan(0);
  expect(silencers.every((id) => ids.has(id))).toBe(true);
});

interface Group {
  labels: Record<string, string>;
  receiver: { name: string };
  alerts: { labels: Record<string, string>; status: { state: string; silencedBy: string[] } }[];
}

test("karma's proxy makes, changes and ends a silence; its own acks ask for silenced alerts only", async () => {
  const posted = silence("Down", 0);
  const { silenceID } = await decoded<{ silenceID: string }>(POSTED_SILENCE, "POST", "/api/v2/silences", posted);
  const made = await decoded<{ startsAt: string }>(GETTABLE_SILENCE, "GET", `/api/v2/silence/${silenceID}`);
  // Its console has no milliseconds.
  const startsAt = made.startsAt.replace(/\.\d+Z$/, ".000Z");
  const later = { ...posted, id: silenceID, startsAt, endsAt: new Date(Date.now() + 7_200_000).toISOString() };
  const changed = await decoded<{ silenceID: string }>(POSTED_SILENCE, "POST", "/api/v2/silences", later);
  expect(changed.silenceID).toBe(silenceID);
  const query = "?silenced=true&inhibited=false&active=false&unprocessed=false";
  const silenced = await decoded<Group["alerts"]>(GETTABLE_ALERTS, "GET", `/api/v2/alerts${query}`);
  expect(silenced.map(({ labels }) => labels["alertname"])).toContain("Down");
  expect(await call("DELETE", `/api/v2/silence/${silenceID}`)).toMatchObject({ status: 200 });
  const after = await decoded<{ status: { state: string } }>(GETTABLE_SILENCE, "GET", `/api/v2/silence/${silenceID}`);
  expect(after.status.state).toBe("expired");
});

test("Grafana's health check: 404 where Mimir would answer, 200 with a status that it decodes", async () => {
  for (const path of ["/api/v1/status/buildinfo", "/alertmanager/api/v2/status"])
    expect((await call("GET", path)).status, path).toBe(404);
  const status = await decoded<{ config: { original: string } }>(ALERTMANAGER_STATUS, "GET", "/api/v2/status");
  // Grafana unmarshals the text with Alertmanager's own code, which `amtool check-config` runs as well.
  const file = join(folder, "original.yml");
  writeFileSync(file, status.config.original);
  expect(execFileSync(debianTool("amtool"), ["check-config", file], { encoding: "utf8" })).toContain("SUCCESS");
});

test("Grafana lists alerts, groups and silences with the filters of its pages, and a silence that is not there is 404", async () => {
  const filter = encodeURIComponent('alertname="Down"');
  const flags = "active=true&silenced=true&inhibited=true";
  expect(await decoded<unknown[]>(GETTABLE_ALERTS, "GET", `/api/v2/alerts?${flags}&filter=${filter}`)).toHaveLength(1);
  await decoded(ALERT_GROUPS, "GET", `/api/v2/alerts/groups?${flags}&filter=${filter}&receiver=hook`);
  await decoded(GETTABLE_SILENCES, "GET", `/api/v2/silences?filter=${encodeURIComponent('alertname="Slow"')}`);
  expect((await call("GET", "/api/v2/silence/00000000-0000-4000-8000-000000000000")).status).toBe(404);
});
