import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { apiBench } from "../../support/api-bench.ts";

const event = (more: object = {}): Record<string, unknown> => ({
  source: "nagios",
  ci: "web-01",
  check: "http",
  status: "firing",
  severity: "major",
  summary: "it fails",
  ...more,
});

test("one event, an array, lines: accepted, in order, in one submit", async () => {
  const { call, intake } = await apiBench();
  expect(await call("POST", "/api/v1/events", { body: event() })).toMatchObject({
    status: 202,
    json: { accepted: 1, duplicates: 0, rejected: [] },
    headers: { "tocsin-epoch": "epoch-1" },
  });
  await call("POST", "/api/v1/events", { body: [event({ check: "a" }), event({ check: "b" })] });
  const lines = `${JSON.stringify(event({ check: "c" }))}\n\n${JSON.stringify(event({ check: "d" }))}\n`;
  await call("POST", "/api/v1/events", { raw: lines, headers: { "content-type": "application/x-ndjson" } });
  expect(intake.batches.map((batch) => [batch.lane, batch.submissions.length])).toEqual([
    ["event", 1],
    ["event", 2],
    ["event", 2],
  ]);
  expect(intake.events.map((each) => each.check)).toEqual(["http", "a", "b", "c", "d"]);
});

test("a critical event goes before others", async () => {
  const { call, intake } = await apiBench();
  await call("POST", "/api/v1/events", { body: [event(), event({ severity: "critical" })] });
  expect(intake.batches[0]?.lane).toBe("critical");
});

test("bad elements are told by index and never sink the batch", async () => {
  const { call, intake, telemetry } = await apiBench();
  intake.answer = (submissions) => ({
    status: "committed",
    outcomes: submissions.map((_, index) =>
      index === 1
        ? { status: "rejected", code: "tooManyAlerts", message: "full" }
        : { status: "accepted", alert: null, incident: null },
    ),
  });
  const raw = `[${JSON.stringify(event())}, 5, ${JSON.stringify(event({ severity: "bad" }))}, ${JSON.stringify(event())}, {"__proto__": {"x": 1}}]`;
  const { status, json } = await call("POST", "/api/v1/events", {
    raw,
    headers: { "content-type": "application/json" },
  });
  expect(status).toBe(202);
  expect(json.accepted).toBe(1);
  expect(json.rejected.map((each: { index: number; code: string }) => [each.index, each.code])).toEqual([
    [1, "notAnObject"],
    [2, "badSeverity"],
    [3, "tooManyAlerts"],
    [4, "missingField"],
  ]);
  expect(telemetry.counts.get("tocsin_ingest_dropped_total{adapter=native,reason=badSeverity}")).toBe(1);
  expect(telemetry.counts.get("tocsin_ingest_events_total{adapter=native,outcome=accepted}")).toBe(1);
});

test("a line that is no JSON is told by index", async () => {
  const { call } = await apiBench();
  const raw = `${JSON.stringify(event())}\n{"a":\n`;
  const { json } = await call("POST", "/api/v1/events", { raw, headers: { "content-type": "application/x-ndjson" } });
  expect(json).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: "badLine" }] });
});

test("a repeat by id is a duplicate", async () => {
  const { call } = await apiBench();
  const body = [event({ id: "e-1" }), event({ id: "e-1" }), event({ id: "e-1", source: "other" })];
  expect((await call("POST", "/api/v1/events", { body })).json).toEqual({ accepted: 2, duplicates: 1, rejected: [] });
});

test("no body at all is a sender's mistake, not a batch of nothing", async () => {
  const { call } = await apiBench();
  for (const raw of [undefined, ""])
    expect(
      await call("POST", "/api/v1/events", {
        ...(raw === undefined ? {} : { raw }),
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({
      status: 400,
      json: { code: "badJson", message: "the body is empty; an event or a list of events is needed" },
    });
});

test("an empty array is fine", async () => {
  const { call, intake } = await apiBench();
  expect((await call("POST", "/api/v1/events", { body: [] })).json).toEqual({
    accepted: 0,
    duplicates: 0,
    rejected: [],
  });
  expect(intake.batches).toEqual([]);
});

test("overload and a store that cannot commit answer 503 with Retry-After", async () => {
  const { call, intake } = await apiBench();
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 1500 });
  expect(await call("POST", "/api/v1/events", { body: event() })).toMatchObject({
    status: 503,
    json: { code: "overloaded" },
    headers: { "retry-after": "2" },
  });
  intake.answer = () => ({ status: "unavailable", reason: "the disk is full" });
  expect(await call("POST", "/api/v1/events", { body: event() })).toMatchObject({
    status: 503,
    json: { code: "unavailable", message: expect.stringContaining("disk is full") },
    headers: { "retry-after": "5" },
  });
});

const many = (count: number): object[] => Array.from({ length: count }, () => event());
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

test.for<[situation: string, raw: string | Buffer, headers: Record<string, string>, status: number, code: string]>([
  ["not JSON", "{", {}, 400, "badJson"],
  ["nothing", "", { "content-length": "0" }, 400, "badJson"],
  ["broken UTF-8", Buffer.from([0x22, 0xff, 0x22]), {}, 400, "badEncoding"],
  ["another type", "<x/>", { "content-type": "application/xml" }, 415, "unsupportedType"],
  ["a form, as curl -d sends", "a=b", { "content-type": "application/x-www-form-urlencoded" }, 415, "unsupportedType"],
  ["an unknown encoding", "{}", { "content-encoding": "br" }, 415, "unsupportedEncoding"],
  ["an encoding that is not true", "{}", { "content-encoding": "gzip" }, 400, "badEncoding"],
  ["too many events", JSON.stringify(many(10_001)), {}, 413, "tooManyEvents"],
  ["a body too large", `"${"x".repeat(9 * 1024 * 1024)}"`, {}, 413, "bodyTooLarge"],
  ["a gzip bomb", gzipSync(Buffer.alloc(100_000_000)), { "content-encoding": "gzip" }, 413, "bodyTooLarge"],
  ["a small bomb: the ratio", gzipSync(Buffer.alloc(7_000_000)), { "content-encoding": "gzip" }, 413, "bodyTooLarge"],
  ["arrays without end", `[${"[],".repeat(2_000_000)}[]]`, {}, 413, "tooManyValues"],
  ["deep in a large body", `[${nested(20_000)}]`, {}, 400, "tooDeep"],
])("refused: %s", async ([, raw, headers, status, code]) => {
  const { call } = await apiBench();
  const answer = await call("POST", "/api/v1/events", {
    raw,
    headers: { "content-type": "application/json", ...headers },
  });
  expect([answer.status, answer.json?.code]).toEqual([status, code]);
});

test("an event that nests deep is refused alone", async () => {
  const { call, intake } = await apiBench();
  const raw = `[${nested(5000)},${JSON.stringify(event())}]`;
  const answer = await call("POST", "/api/v1/events", { raw, headers: { "content-type": "application/json" } });
  expect(answer).toMatchObject({ status: 202, json: { accepted: 1, rejected: [{ index: 0, code: "tooDeep" }] } });
  expect(intake.events).toHaveLength(1);
});

/** What gzip cannot make smaller by more than a half: letters of no order. */
const noise = (length: number): string => {
  let seed = 1;
  return Array.from({ length }, () => String.fromCharCode(97 + ((seed = (seed * 48_271) % 2_147_483_647) % 26))).join(
    "",
  );
};

test("a compressed body is held to the limit for what arrives, a plain one to that for what is parsed", async () => {
  const { call } = await apiBench({ limits: { bodyCompressedBytesMax: 20_000, bodyBytesMax: 100_000 } });
  const body = (length: number): string => JSON.stringify(event({ annotations: { text: noise(length) } }));
  const headers = { "content-type": "application/json" };
  const packed = { ...headers, "content-encoding": "gzip" };
  const status = async (raw: string | Buffer, as: Record<string, string>): Promise<number> =>
    (await call("POST", "/api/v1/events", { raw, headers: as })).status;
  expect(gzipSync(body(50_000)).length).toBeGreaterThan(20_000);
  expect(await status(gzipSync(body(50_000)), packed)).toBe(413);
  expect(await status(gzipSync(body(20_000)), packed)).toBe(202);
  expect(await status(body(50_000), headers)).toBe(202);
  expect(await status(body(110_000), headers)).toBe(413);
});

test("gzip and deflate are undone", async () => {
  const { call, intake } = await apiBench();
  const raw = gzipSync(JSON.stringify(many(5000)));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const varied = deflateSync(
    JSON.stringify(Array.from({ length: 500 }, (_, index) => event({ ci: `h-${index * 7919}` }))),
  );
  expect((await call("POST", "/api/v1/events", { raw, headers })).status).toBe(202);
  expect(
    (await call("POST", "/api/v1/events", { raw: varied, headers: { ...headers, "content-encoding": "deflate" } })).json
      .accepted,
  ).toBe(500);
  expect(intake.events).toHaveLength(5500);
});

test("bodies give back what they held", async () => {
  const { call, telemetry } = await apiBench();
  await call("POST", "/api/v1/events", { body: many(10) });
  await call("POST", "/api/v1/events", { raw: "{", headers: { "content-type": "application/json" } });
  expect(telemetry.gauges.get("tocsin_http_body_bytes")?.()).toBe(0);
});

test("too many large bodies at once get 503", async () => {
  const { call } = await apiBench({ limits: { bodiesBytesMax: 1000 } });
  expect(await call("POST", "/api/v1/events", { body: many(50) })).toMatchObject({
    status: 503,
    json: { code: "overloaded" },
    headers: { "retry-after": "2" },
  });
});
