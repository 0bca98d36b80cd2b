import { readdirSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mutatedBytes, mutatedJson } from "../../../test/support/mutation.ts";
import { sample, webhookBench } from "../../../test/support/webhook-bench.ts";

const FOLDER = new URL("./", import.meta.url);
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** Headers without which a kind looks at nothing. */
const HEADERS: Readonly<Record<string, Record<string, string>>> = {
  "github/push.json": { "x-github-event": "push" },
  "github/release.json": { "x-github-event": "release" },
  "github/deployment.json": { "x-github-event": "deployment" },
  "github/deployment_status.json": { "x-github-event": "deployment_status" },
  "github/workflow_run.json": { "x-github-event": "workflow_run" },
  "sentry/metric_alert.json": { "sentry-hook-resource": "metric_alert" },
  "sentry/event_alert.json": { "sentry-hook-resource": "event_alert" },
  "sentry/issue.json": { "sentry-hook-resource": "issue" },
  "cloudevents/batch.json": { "content-type": "application/cloudevents-batch+json" },
  "nrdp/json.form": FORM,
  "nrdp/xml.form": FORM,
};

const samples = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "generic")
  .flatMap(({ name }) => readdirSync(new URL(`${name}/testdata/`, FOLDER)).map((file) => `${name}/${file}`))
  .filter((name) => /\.(?:json|ndjson|form)$/.test(name));

test("there are samples of every kind", () => {
  expect(samples.length).toBeGreaterThan(35);
});

test.for(samples)("mutations of %s are taken or refused, never a fault of ours", async (name) => {
  const { app } = webhookBench({
    outgoing: { send: () => Promise.resolve({ status: "failed", reason: "dns", detail: "" }) },
  });
  const body = sample(name);
  const isJson = name.endsWith(".json");
  const payloads = isJson ? mutatedJson(JSON.parse(body.toString())) : mutatedBytes(body);
  await fc.assert(
    fc.asyncProperty(payloads, async (payload) => {
      const url = `/webhooks/${name.split("/")[0] ?? ""}`;
      const answer = await app.inject({ method: "POST", url, payload, headers: HEADERS[name] ?? {} });
      // 503 only where Amazon would have to be asked.
      const fine = name.startsWith("sns/") ? [400, 403, 413, 503] : [200, 202, 400, 413, 415];
      expect(fine).toContain(answer.statusCode);
    }),
    { numRuns: 60 },
  );
  expect(({} as { polluted?: true }).polluted).toBeUndefined();
});
