import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type ApiBench, apiBench, incidentDocument } from "../../support/api-bench.ts";
import { damaged } from "../../support/otlp-messages.ts";

/** Whatever comes: an answer below 500 in our form, nothing in the log, the prototype of objects untouched. */

let bench: ApiBench;

beforeAll(async () => {
  bench = await apiBench();
  bench.query.incidentList = [incidentDocument({ number: 7 })];
});

const hostile = fc.constantFrom(
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "\u0000",
  "\ud800",
  "😀",
  "' OR 1=1 --",
  "<script>alert(1)</script>",
  "${jndi:ldap://x}",
  "../../etc/passwd",
  "-1",
  "1e309",
  "NaN",
  "2026-02-30T00:00:00Z",
  "x".repeat(5000),
);
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), hostile);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    text,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(text, fc.constantFrom("note", "ci", "matchers", "cis", "labels", "id", "alerts")),
      tie("value"),
      {
        maxKeys: 5,
      },
    ),
  ),
})).value;

/** JSON text that also writes `__proto__` as a key of its own. */
const jsonText = json.map((value) => JSON.stringify(value).replace(/"id":/g, '"__proto__":'));

async function answersWell(method: string, url: string, options: Parameters<ApiBench["call"]>[2] = {}): Promise<void> {
  const answer = await bench.call(method, url, options);
  if (answer.status >= 500) throw new Error(`${method} ${url} → ${answer.status} ${answer.text}`);
  if (answer.status >= 400)
    expect(answer.json, url).toMatchObject({ code: expect.any(String), message: expect.any(String) });
}

function untouched(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { x?: unknown }).x).toBeUndefined();
  expect(bench.log.lines).toEqual([]);
}

const posts = [
  "/api/v1/events",
  "/api/v1/incidents/7/acknowledge",
  "/api/v1/incidents/7/assign",
  "/api/v1/incidents/7/merge",
  "/api/v1/incidents/7/split",
  "/api/v1/incidents/7/root-cause",
  "/api/v1/changes",
  "/api/v1/drill",
  "/api/v1/silences",
  "/api/v1/maintenance",
  "/api/v1/cmdb/import",
  "/api/v1/agent/observations",
];

test("any JSON to any route", async () => {
  const contentType = fc.constantFrom(
    "application/json",
    "application/json; charset=utf-8",
    "application/x-ndjson",
    "text/plain",
    "",
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...posts), jsonText, contentType, (url, raw, type) =>
      answersWell("POST", url, { raw, headers: { "content-type": type } }),
    ),
    { numRuns: 1500 },
  );
  untouched();
});

const event = fc.record({
  source: text,
  ci: text,
  check: text,
  status: fc.constantFrom("firing", "resolved"),
  severity: fc.constantFrom("critical", "info"),
  summary: text,
  labels: fc.dictionary(text, text, { maxKeys: 3 }),
  time: fc.oneof(text, fc.constant("2026-03-01T10:00:00Z")),
  expiresAfter: fc.oneof(text, fc.constant("5m")),
});

test("good events with damage, and events of hostile text", async () => {
  const good = fc.array(event, { maxLength: 4 }).map((list) => Buffer.from(JSON.stringify(list)));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(good, damaged(good)),
      fc.constantFrom("application/json", "application/x-ndjson"),
      (raw, type) =>
        answersWell("POST", "/api/v1/events", { raw: Buffer.from(raw), headers: { "content-type": type } }),
    ),
    { numRuns: 1000 },
  );
  untouched();
});

const gets = [
  "/api/v1/incidents",
  "/api/v1/alerts",
  "/api/v1/problems",
  "/api/v1/ledger",
  "/api/v1/changes",
  "/api/v1/silences",
  "/api/v1/maintenance",
  "/api/v1/cmdb/cis",
  "/api/v1/cmdb/relations",
  "/api/v1/agents",
  "/api/v1/series",
  "/metrics/agents",
];
const keys = [
  "limit",
  "cursor",
  "status",
  "ci",
  "from",
  "to",
  "q",
  "type",
  "known",
  "name",
  "incident",
  "__proto__",
  "toString",
];

test("any query string", async () => {
  const pair = fc
    .tuple(fc.oneof(fc.constantFrom(...keys), text), text)
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}`);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...gets), fc.array(pair, { maxLength: 4 }), (url, pairs) =>
      answersWell("GET", `${url}?${pairs.join("&")}`),
    ),
    { numRuns: 1500 },
  );
  untouched();
});

test("any path and any method", async () => {
  const part = fc.oneof(
    text.map(escaped),
    fc.constantFrom("api", "v1", "incidents", "..", ".", "", "%2f", "%00", "%zz", "7"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"),
      fc.array(part, { maxLength: 6 }),
      async (method, parts) => {
        const answer = await bench.call(method, `/${parts.join("/")}`);
        if (answer.status >= 500) throw new Error(`${method} /${parts.join("/")} → ${answer.status} ${answer.text}`);
      },
    ),
    { numRuns: 1000 },
  );
  untouched();
});

/** Percent-encoded where the encoder can; half surrogates stay out. */
function escaped(raw: string): string {
  return encodeURIComponent(raw.toWellFormed());
}

const headers = fc.dictionary(
  fc.constantFrom(
    "authorization",
    "content-type",
    "content-encoding",
    "accept",
    "if-none-match",
    "last-event-id",
    "origin",
    "cookie",
  ),
  fc.oneof(
    fc.string({ maxLength: 40 }).map((value) => value.replace(/[^\x20-\x7e]/g, "?")),
    fc.constantFrom(
      "Bearer x",
      "Basic eA==",
      "gzip",
      "gzip, gzip",
      "application/openmetrics-text;q=abc",
      "*/*;;;q=",
      "multipart/form-data",
    ),
  ),
);

test("any headers", async () => {
  const guarded = await apiBench({ auth: { tokens: [{ name: "a", role: "viewer", secret: "x" }] } });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/metrics/agents", "/api/v1/incidents", "/api/v1/agent/rules"),
      headers,
      async (url, given) => {
        for (const each of [bench, guarded]) {
          const answer = await each.call("GET", url, { headers: given });
          if (answer.status >= 500) throw new Error(`${url} ${JSON.stringify(given)} → ${answer.status}`);
          await each.call("POST", "/api/v1/events", { raw: "[]", headers: given });
        }
      },
    ),
    { numRuns: 500 },
  );
  untouched();
  expect(guarded.log.lines).toEqual([]);
});
