import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { Identity } from "../../port/ingest.ts";
import { sample, webhookBench } from "../../../test/support/webhook-bench.ts";

const TOKENS: Readonly<Record<string, Identity>> = {
  "agent-token": { name: "a", role: "agent" },
  "viewer-token": { name: "v", role: "viewer" },
};
const identify = (secret: string | undefined): Identity | undefined => TOKENS[secret ?? ""];
const BODY = sample("nagios/service.json");

test.for<[situation: string, path: string, headers: Record<string, string>, status: number]>([
  ["no token", "nagios", {}, 401],
  ["a wrong one", "nagios", { authorization: "Bearer x" }, 401],
  ["bearer", "nagios", { authorization: "Bearer agent-token" }, 202],
  ["basic", "nagios", { authorization: `Basic ${Buffer.from("any:agent-token").toString("base64")}` }, 202],
  ["in the path", "nagios/agent-token", {}, 202],
  ["in the query", "nagios?token=agent-token", {}, 202],
  ["a role that may not send", "nagios/viewer-token", {}, 403],
])("token: %s", async ([, path, headers, status]) => {
  const { post } = webhookBench({ identify });
  expect((await post(path, BODY, headers)).status).toBe(status);
});

test("the token of an NRDP form", async () => {
  const { post } = webhookBench({ identify: (secret) => (secret === "t0ken" ? TOKENS["agent-token"] : undefined) });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await post("nrdp", sample("nrdp/json.form"), headers)).status).toBe(200);
  expect((await post("nrdp", "cmd=submitcheck&token=x", headers)).status).toBe(401);
});

test("an unknown kind is 404 and names the known ones", async () => {
  const { post } = webhookBench();
  const { status, body } = await post("nothing", "{}");
  expect(status).toBe(404);
  expect((body as { details: { known: string[] } }).details.known).toContain("zabbix");
});

const hmac = (secret: string, body: Buffer | string): string => createHmac("sha256", secret).update(body).digest("hex");

const RELEASE = sample("github/release.json");
const DEPLOYMENT = sample("gitlab/deployment.json");
const GRAFANA = sample("grafana/alerting.json");
const ISSUE = sample("sentry/issue.json");

const SECONDS = Date.UTC(2026, 2, 1, 10) / 1000;
const KEY = Buffer.from("0123456789abcdef0123456789abcdef");
const standard = (timestamp: number, body: Buffer): Record<string, string> => ({
  "webhook-id": "msg_1",
  "webhook-timestamp": String(timestamp),
  "webhook-signature": `v1a,xxxx v1,${createHmac("sha256", KEY).update(`msg_1.${timestamp}.${body.toString()}`).digest("base64")}`,
});

test.for<[situation: string, kind: string, body: Buffer, headers: Record<string, string>, status: number]>([
  [
    "GitHub",
    "github",
    RELEASE,
    { "x-github-event": "release", "x-hub-signature-256": `sha256=${hmac("s3cret", RELEASE)}` },
    202,
  ],
  [
    "GitHub, the older secret",
    "github",
    RELEASE,
    { "x-github-event": "release", "x-hub-signature-256": `sha256=${hmac("older", RELEASE)}` },
    202,
  ],
  [
    "GitHub, another secret",
    "github",
    RELEASE,
    { "x-github-event": "release", "x-hub-signature-256": `sha256=${hmac("x", RELEASE)}` },
    401,
  ],
  ["GitHub, SHA-1 only", "github", RELEASE, { "x-github-event": "release", "x-hub-signature": "sha1=00" }, 401],
  [
    "GitHub, a token instead",
    "github",
    RELEASE,
    { "x-github-event": "release", authorization: "Bearer agent-token" },
    401,
  ],
  ["GitLab, by token", "gitlab", DEPLOYMENT, { "x-gitlab-token": "s3cret" }, 202],
  ["GitLab, wrong token", "gitlab", DEPLOYMENT, { "x-gitlab-token": "s3cres" }, 401],
  ["GitLab, signed", "gitlab", DEPLOYMENT, standard(SECONDS, DEPLOYMENT), 202],
  ["GitLab, signed long ago", "gitlab", DEPLOYMENT, standard(SECONDS - 600, DEPLOYMENT), 401],
  ["GitLab, signed for another body", "gitlab", DEPLOYMENT, standard(SECONDS, GRAFANA), 401],
  ["Grafana", "grafana", GRAFANA, { "x-grafana-alerting-signature": hmac("s3cret", GRAFANA) }, 202],
  [
    "Grafana with time",
    "grafana",
    GRAFANA,
    {
      "x-grafana-alerting-timestamp": "1772359200",
      "x-grafana-alerting-signature": hmac("s3cret", `1772359200:${GRAFANA.toString()}`),
    },
    202,
  ],
  ["Grafana, none", "grafana", GRAFANA, {}, 401],
  ["Sentry", "sentry", ISSUE, { "sentry-hook-resource": "issue", "sentry-hook-signature": hmac("s3cret", ISSUE) }, 202],
  ["Sentry, wrong", "sentry", ISSUE, { "sentry-hook-resource": "issue", "sentry-hook-signature": "zz" }, 401],
])("signature: %s", async ([, kind, body, headers, status]) => {
  const secrets = ["s3cret", "older", `whsec_${KEY.toString("base64")}`];
  const { post } = webhookBench({
    identify,
    secrets: { github: secrets, gitlab: secrets, grafana: secrets, sentry: secrets },
  });
  expect((await post(kind, body, headers)).status).toBe(status);
});

test("overload answers 503 with Retry-After", async () => {
  const { app, ports } = webhookBench();
  ports.refuse = { status: "overloaded", retryAfterMs: 3000 };
  const answer = await app.inject({ method: "POST", url: "/webhooks/nagios", payload: BODY });
  expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "3"]);
});
