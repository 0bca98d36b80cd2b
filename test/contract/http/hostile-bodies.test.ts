import { deflateSync, gzipSync } from "node:zlib";
import type { RouteOptions } from "fastify";
import { beforeAll, expect, test } from "vitest";
import type { IngestPlugin } from "../../../collector/api/server.ts";
import { registerAlertmanager } from "../../../collector/ingest/alertmanager/register.ts";
import { registerNative } from "../../../collector/ingest/native/register.ts";
import { registerOtlp } from "../../../collector/ingest/otlp/register.ts";
import { registerPagerDuty } from "../../../collector/ingest/pagerduty/register.ts";
import { registerRemoteWrite } from "../../../collector/ingest/remote-write/register.ts";
import { KINDS, SNS_KINDS } from "../../../collector/ingest/webhook/kinds.ts";
import { registerWebhooks } from "../../../collector/ingest/webhook/register.ts";
import { type ApiBench, apiBench } from "../../support/api-bench.ts";

/**
 * What parsers fall over, after the ideas of JSONTestSuite, and what unpacks to more than it says, at every route of every
 * adapter: taken, or refused with 4xx, and never a fault of ours. A new adapter is a line of `PLUGINS`.
 */

const identify = () => ({ name: "local", role: "admin" }) as const;
const heard = { heard: () => undefined, list: () => [], ciOf: () => undefined, speaksFor: () => false };
const PLUGINS: readonly IngestPlugin[] = [
  registerNative,
  (app, ports) => registerOtlp(app, ports, { agents: heard as never }),
  (app, ports) =>
    registerAlertmanager(app, ports, {
      facts: { name: "c1", address: "127.0.0.1:8430", version: "0.1.0", startedAt: 0 },
    }),
  registerRemoteWrite,
  (app, ports) => registerPagerDuty(app, ports, { identify }),
  (app, ports) =>
    registerWebhooks(app, ports, {
      identify,
      outgoing: { send: () => Promise.resolve({ status: "failed", reason: "dns", detail: "" }) },
    }),
];

let bench: ApiBench;
const paths: string[] = [];

/** Every path that takes a body, with something in the place of each parameter. */
function note({ method, url }: RouteOptions): void {
  if (![method].flat().some((one) => one === "POST" || one === "PUT" || one === "PATCH")) return;
  const kinds = url.includes(":kind") ? [...KINDS.map(({ name }) => name), ...SNS_KINDS] : [""];
  for (const kind of kinds) {
    const path = url.replace(":kind", kind).replaceAll(/:\w+/g, "x").replace("*", "x");
    if (!paths.includes(path)) paths.push(path);
  }
}

beforeAll(async () => {
  const ingest = PLUGINS.map(
    (plugin): IngestPlugin =>
      (app, ports) => {
        app.addHook("onRoute", note);
        return plugin(app, ports);
      },
  );
  bench = await apiBench({ ingest });
});

test("the routes of every adapter are found", () => {
  for (const path of ["/api/v1/events", "/v1/logs", "/api/v2/alerts", "/api/v1/write", "/v2/enqueue", "/v2/alerts"])
    expect(paths).toContain(path);
  expect(paths.filter((path) => path.startsWith("/webhooks/")).length).toBeGreaterThanOrEqual(KINDS.length);
});

const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
const bytes = (...parts: (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const BODIES: readonly [situation: string, body: Buffer | string][] = [
  ["nothing", ""],
  ["a blank", " "],
  ["null", "null"],
  ["a number alone", "1"],
  ["a text alone", '"x"'],
  ["an empty object", "{}"],
  ["an empty list", "[]"],
  ["a list of lists", "[[[]]]"],
  ["a list of null", "[null,null]"],
  ["a number beyond all", "[1e999999]"],
  ["a very small number", "[-1e-999999]"],
  ["a number of a thousand digits", `[${"9".repeat(1000)}]`],
  ["minus zero", '{"time":-0,"severity":-0}'],
  ["leading zeros", "[012]"],
  ["hexadecimal", "[0x12]"],
  ["not a number", "[NaN,Infinity]"],
  ["a comma at the end", '[{"a":1},]'],
  ["two commas", "[1,,2]"],
  ["no comma", '[{"a":1}{"b":2}]'],
  ["a key without quotes", "{a:1}"],
  ["single quotes", "{'a':1}"],
  ["a comment", "[1/*c*/]"],
  ["two documents", "{}{}"],
  ["a key twice", '{"ci":"a","ci":"b","labels":{"x":"1","x":"2"}}'],
  ["an empty key", '{"":"","labels":{"":""}}'],
  ["keys of every object", '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}'],
  ["such a key in labels", '[{"labels":{"__proto__":"x","constructor":"y","alertname":"A"}}]'],
  ["half a surrogate", '{"summary":"\\ud800","labels":{"\\udc00":"\\ud800"}}'],
  ["a zero in a text", '{"summary":"a\\u0000b","ci":"\\u0000"}'],
  ["a raw zero", bytes('{"summary":"a', [0], 'b"}')],
  ["a raw line feed in a text", '{"summary":"a\nb"}'],
  ["an unknown escape", '{"summary":"\\x41"}'],
  ["a byte order mark", bytes([0xef, 0xbb, 0xbf], "[]")],
  ["UTF-16", bytes([0xff, 0xfe, 0x5b, 0, 0x5d, 0])],
  ["bytes that are no UTF-8", bytes('{"summary":"', [0xff, 0xc3, 0x28], '"}')],
  ["an overlong slash", bytes('{"ci":"', [0xc0, 0xaf], '"}')],
  ["a surrogate as UTF-8", bytes('[{"labels":{"alertname":"', [0xed, 0xa0, 0x80], '"}}]')],
  ["lists in lists, 100,000 deep", nested("[", "]", 100_000)],
  ["objects in objects, 100,000 deep", nested('{"a":', "}", 100_000)],
  ["opened 100,000 times", "[".repeat(100_000)],
  ["20,001 empty elements", `[${"{},".repeat(20_000)}{}]`],
  ["800,000 keys", `{${Array.from({ length: 800_000 }, (_, key) => `"k${key}":1`).join(",")}}`],
  ["a text of 200 kB", `{"summary":"${"x".repeat(200_000)}"}`],
  ["a key of 200 kB", `{"${"k".repeat(200_000)}":1}`],
  ["cut off in a text", '[{"labels":{"alertname":"A'],
  ["cut off in an escape", '[{"labels":{"alertname":"A\\u00'],
  ["a field of a message, its length beyond the end", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ["a number of a message that never ends", Buffer.alloc(64, 0xff)],
  ["groups of a message in groups", Buffer.alloc(10_000, 0x0b)],
  ["messages in messages", deepMessage(2_000)],
];

function deepMessage(depth: number): Buffer {
  let message = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1) {
    const { length } = message;
    message = Buffer.concat([Buffer.from([0x0a, (length & 0x7f) | 0x80, (length >> 7) & 0x7f]), message]);
  }
  return message;
}

const LARGE_BYTES = 10_000;
/** Large bodies are sent as the first only. */
const TYPES = ["application/json", "application/x-protobuf", "application/x-www-form-urlencoded", ""];

async function refusedOrTaken(path: string, raw: Buffer | string, headers: Record<string, string>): Promise<number> {
  const { status, text } = await bench.call("POST", path, { raw, headers });
  // Amazon is asked for the certificate of a message that looks like one of its own; here nobody can be asked.
  const asksAmazon = SNS_KINDS.some((kind) => path === `/webhooks/${kind}`) && status === 503;
  if (status >= 500 && !asksAmazon) throw new Error(`${path} as ${headers["content-type"]} → ${status} ${text}`);
  return status;
}

function untouched(): void {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(bench.log.lines).toEqual([]);
}

test.for(BODIES)("%s", async ([, body]) => {
  const types = body.length > LARGE_BYTES ? TYPES.slice(0, 1) : TYPES;
  for (const path of paths)
    for (const type of types) await refusedOrTaken(path, body, type === "" ? {} : { "content-type": type });
  untouched();
});

const MIB = 1024 * 1024;
const zeros = Buffer.alloc(64 * MIB);

test.for<[situation: string, encoding: string, body: Buffer]>([
  ["64 MiB of zeros in gzip", "gzip", gzipSync(zeros)],
  ["64 MiB of zeros in deflate", "deflate", deflateSync(zeros)],
  ["64 MiB in gzip in gzip", "gzip", gzipSync(gzipSync(zeros))],
  ["a list of 30 million numbers", "gzip", gzipSync(Buffer.alloc(60 * MIB, "1,"))],
  ["gzip that is cut off", "gzip", gzipSync("[]".repeat(1000)).subarray(0, 20)],
  ["gzip with a wrong check sum", "gzip", withBadSum(gzipSync("[]"))],
  ["what is not gzip", "gzip", Buffer.from("[]")],
  ["an encoding that there is not", "br", Buffer.from("[]")],
  ["snappy that declares 4 GiB", "snappy", Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])],
  ["snappy that declares 33 MiB and has nothing", "snappy", Buffer.from([0x80, 0x80, 0x84, 0x10])],
  ["snappy that copies from before its start", "snappy", Buffer.from([0x10, 0x0d, 0xff])],
  ["snappy whose length never ends", "snappy", Buffer.alloc(20, 0x80)],
])("%s is refused by everyone", async ([, encoding, body]) => {
  const types = body.length > LARGE_BYTES ? TYPES.slice(0, 1) : TYPES;
  for (const path of paths)
    for (const type of types) {
      const headers = { "content-encoding": encoding, ...(type === "" ? {} : { "content-type": type }) };
      expect(await refusedOrTaken(path, body, headers), path).toBeGreaterThanOrEqual(400);
    }
  untouched();
});

function withBadSum(packed: Buffer): Buffer {
  const copy = Buffer.from(packed);
  const at = copy.length - 8;
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

test("what is small when it is unpacked is taken, whichever way it was packed", async () => {
  const event = { source: "s", ci: "web-01", check: "c", status: "firing", severity: "minor", summary: "x" };
  const plain = Buffer.from(JSON.stringify(event));
  for (const [encoding, raw] of [
    ["gzip", gzipSync(plain)],
    ["deflate", deflateSync(plain)],
  ] as const) {
    const headers = { "content-type": "application/json", "content-encoding": encoding };
    expect((await bench.call("POST", "/api/v1/events", { raw, headers })).status).toBe(202);
  }
});
