import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { signedBytes, SIGNATURE_HEADER } from "../../../protocol/agent-document.ts";
import { type ApiBench, apiBench, TOKENS } from "../../support/api-bench.ts";

const tokenOf = (letter: string): string => `tocsin-agent.${letter.repeat(43)}`;
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function enrolled(ci = "web-01"): Promise<ApiBench> {
  const bench = await apiBench({ auth: TOKENS });
  const made = await bench.call("POST", "/api/v1/enrolments", { as: "admin", body: { ci } });
  expect(made.status).toBe(201);
  expect(made.headers["cache-control"]).toBe("no-store");
  const answer = await bench.call("POST", "/api/v1/agent/enrol", {
    headers: bearer(made.json.token),
    body: { agentId: "agent-1", ci, token: tokenOf("a") },
  });
  expect(answer.status).toBe(200);
  return bench;
}

const AGENT = bearer(tokenOf("a"));
const event = (ci: string) => ({ source: "x", ci, check: "y", status: "firing", severity: "minor", summary: "z" });
const metrics = (ci: string, agentId: string) => ({
  resourceMetrics: [
    {
      resource: {
        attributes: Object.entries({
          "service.name": "tocsin-agent",
          "service.instance.id": agentId,
          "tocsin.ci": ci,
        }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      },
      scopeMetrics: [
        { metrics: [{ name: "m", gauge: { dataPoints: [{ timeUnixNano: "1767225600000000000", asDouble: 1 }] } }] },
      ],
    },
  ],
});

test("an enrolled agent tells of its own CI and of no other", async () => {
  const { call, intake } = await enrolled();
  const posted = await call("POST", "/api/v1/events", { headers: AGENT, body: [event("web-01"), event("db-01")] });
  expect(posted.json).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: "foreignCi" }] });
  expect(intake.events.map(({ ci }) => ci)).toEqual(["web-01"]);
  const change = { ci: "db-01", summary: "deployed" };
  expect((await call("POST", "/api/v1/changes", { headers: AGENT, body: change })).status).toBe(403);
  const sent = (ci: string, agentId: string) =>
    call("POST", "/v1/metrics", { headers: AGENT, body: metrics(ci, agentId) }).then(({ json }) => json.partialSuccess);
  expect(await sent("web-01", "agent-1")).toBeUndefined();
  expect(await sent("db-01", "agent-1")).toMatchObject({ errorMessage: "not taken: 1 foreignCi" });
  expect(await sent("web-01", "agent-2")).toMatchObject({ errorMessage: "not taken: 1 foreignCi" });
});

test.for<[method: string, url: string]>([
  ["GET", "/api/v1/incidents"],
  ["GET", "/api/v1/enrolments"],
  ["GET", "/metrics/agents"],
  ["POST", "/api/v1/enrolments"],
  ["POST", "/api/v1/drill"],
])("an enrolled agent's token does not open %s %s", async ([method, url]) => {
  const { call } = await enrolled();
  expect((await call(method, url, { headers: AGENT })).status).toBe(403);
});

test("it gets rules, the configuration of its own CI, signed, and the key", async () => {
  const { call } = await enrolled();
  const { json: key } = await call("GET", "/api/v1/agent/signing-key", { headers: AGENT });
  expect(key.fingerprint).toMatch(/^[\w-]{22}$/);
  const answer = await call("GET", "/api/v1/agent/configuration?ci=db-01", { headers: AGENT });
  expect(answer.json).toMatchObject({ ci: "web-01", configuration: "" });
  const signature = Buffer.from(String(answer.headers[SIGNATURE_HEADER]), "base64");
  expect(verify(null, signedBytes("configuration", answer.bytes), createPublicKey(key.key), signature)).toBe(true);
  const again = { ...AGENT, "if-none-match": String(answer.headers["etag"]) };
  expect((await call("GET", "/api/v1/agent/configuration", { headers: again })).status).toBe(304);
  expect((await call("GET", "/api/v1/agent/rules", { headers: AGENT })).status).toBe(200);
});

test("revoked: 401 with the reason, from the next request on; unknown ones are 404", async () => {
  const { call } = await enrolled();
  const revoked = await call("DELETE", "/api/v1/enrolments/web-01", { as: "admin" });
  expect(revoked.json.items).toMatchObject([{ ci: "web-01", status: "revoked" }]);
  const refused = await call("POST", "/api/v1/events", { headers: AGENT, body: event("web-01") });
  expect(refused).toMatchObject({ status: 401, json: { code: "tokenRevoked" } });
  expect((await call("DELETE", "/api/v1/enrolments/web-01", { as: "admin" })).status).toBe(404);
});

test("renewed: the new token is good at once, and a list shows no secret", async () => {
  const { call } = await enrolled();
  const renewed = await call("POST", "/api/v1/agent/token", { headers: AGENT, body: { token: tokenOf("b") } });
  expect(renewed.json).toEqual({ expiresInMs: 90 * 86_400_000 });
  const next = bearer(tokenOf("b"));
  expect((await call("POST", "/api/v1/events", { headers: next, body: event("web-01") })).status).toBe(202);
  const list = await call("GET", "/api/v1/enrolments", { as: "operator" });
  expect(list.json.items).toMatchObject([{ ci: "web-01", status: "enrolled", createdBy: "root", agentId: "agent-1" }]);
  expect(list.text).not.toMatch(/tocsin-(agent|enrol)\.|[0-9a-f]{64}/);
});

test.for<[situation: string, body: unknown, status: number]>([
  ["no body", undefined, 400],
  ["no token in it", { agentId: "a", ci: "b" }, 400],
  ["something else too", { agentId: "a", ci: "b", token: tokenOf("a"), role: "admin" }, 400],
  ["no enrolment token", { agentId: "a", ci: "b", token: tokenOf("a") }, 401],
])("an exchange with %s", async ([, body, status]) => {
  const { call } = await apiBench({ auth: TOKENS });
  const options = body === undefined ? {} : { body };
  expect((await call("POST", "/api/v1/agent/enrol", options)).status).toBe(status);
});

test("a token of the configuration that is bound to a CI: as an enrolled agent's, whatever agent shows it", async () => {
  const { call, intake } = await apiBench({ auth: TOKENS });
  const headers = bearer("one-agent-secret");
  const posted = await call("POST", "/api/v1/events", { headers, body: [event("web-01"), event("db-01")] });
  expect(posted.json).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: "foreignCi" }] });
  expect(intake.events.map(({ ci }) => ci)).toEqual(["web-01"]);
  const sent = (ci: string) =>
    call("POST", "/v1/metrics", { headers, body: metrics(ci, "any") }).then(({ json }) => json.partialSuccess);
  expect(await sent("web-01")).toBeUndefined();
  expect(await sent("db-01")).toMatchObject({ errorMessage: "not taken: 1 foreignCi" });
  const { json } = await call("GET", "/api/v1/agent/configuration?ci=db-01", { headers });
  expect(json).toMatchObject({ ci: "web-01" });
  expect((await call("GET", "/api/v1/alerts", { headers })).status).toBe(403);
});
