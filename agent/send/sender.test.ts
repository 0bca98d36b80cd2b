import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { EPOCH_HEADER } from "../../protocol/agent-resource.ts";
import { RecordingCollector, until } from "../../test/support/recording-collector.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Spool } from "../spool/spool.ts";
import { Collectors } from "./collectors.ts";
import { Sender } from "./sender.ts";
import { TokenSource } from "./token.ts";
import { HttpTransport } from "./transport.ts";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});

interface Rig {
  clock: VirtualClock;
  spool: Spool;
  sender: Sender;
  lines: { level: string; message: string; reason?: string }[];
  metric: (text: string) => void;
  event: (text: string) => void;
}

function rig(
  urls: string[],
  options: { token?: TokenSource; random?: number; epochs?: Map<string, string> } = {},
): Rig {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-sender-"));
  const clock = new VirtualClock();
  const lines: Rig["lines"] = [];
  const log = createLog(
    "info",
    (line) => lines.push(JSON.parse(line)),
    () => clock.now(),
  );
  const spool = new Spool({ folder, maxBytes: 1024 * 1024, keepFreeBytes: 0, retainMs: 120_000, clock, log });
  const transport = new HttpTransport(clock);
  const token = options.token ?? new TokenSource({ token: null, file: null });
  const collectors = new Collectors({
    urls,
    transport,
    token,
    clock,
    timeoutMs: 10_000,
    userAgent: "tocsin-agent/test",
  });
  const epochs = options.epochs ?? new Map<string, string>();
  const sender = new Sender({
    spool,
    collectors,
    clock,
    random: () => options.random ?? 1,
    log,
    retryMaxMs: 15_000,
    epochs: { get: (url) => epochs.get(url), set: (url, epoch) => epochs.set(url, epoch) },
  });
  clean.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => transport.close(),
    () => sender.stop(),
  );
  const put = (lane: "event" | "metric", payload: Buffer): void => {
    spool.append(lane, payload, { items: 1, rawBytes: payload.length, at: clock.now() });
    sender.wake();
  };
  return {
    clock,
    spool,
    sender,
    lines,
    metric: (text) => put("metric", gzipSync(text)),
    event: (text) => put("event", Buffer.from(JSON.stringify({ text }))),
  };
}

async function collector(): Promise<RecordingCollector> {
  const started = await RecordingCollector.start();
  clean.push(() => started.stop());
  return started;
}

const bodies = (from: RecordingCollector): string[] => from.received.map((request) => request.body.toString());

test("metrics go as gzip to /v1/metrics, events as a JSON array to /api/v1/events, over one connection", async () => {
  const server = await collector();
  const { metric, event, spool } = rig([server.url]);
  metric("m1");
  event("e1");
  await until(() => server.received.length === 2);
  expect(server.received.map(({ path, method }) => `${method} ${path}`).sort()).toEqual([
    "POST /api/v1/events",
    "POST /v1/metrics",
  ]);
  const byPath = new Map(server.received.map((request) => [request.path, request]));
  expect(byPath.get("/v1/metrics")?.headers["content-type"]).toBe("application/x-protobuf");
  expect(JSON.parse(byPath.get("/api/v1/events")!.body.toString())).toEqual([{ text: "e1" }]);
  await until(() => spool.pending("metric").records === 0 && spool.pending("event").records === 0);
  expect(server.connections).toBe(1);
});

test("offline, then online: all that was stored goes out in order, events first, in few requests", async () => {
  const server = await collector();
  const port = server.port;
  await server.stop();
  const { metric, event, clock, sender, spool } = rig([`http://127.0.0.1:${port}`]);
  for (let index = 0; index < 50; index++) metric(`m${index}`);
  event("e0");
  await until(() => sender.waiting);
  const again = await RecordingCollector.start(port);
  clean.push(() => again.stop());
  clock.advance(1000);
  await until(() => spool.pending("metric").records === 0);
  expect(again.received[0]?.path).toBe("/api/v1/events");
  expect(bodies(again).slice(1).join("")).toBe(Array.from({ length: 50 }, (_, index) => `m${index}`).join(""));
  expect(again.received.length).toBeLessThanOrEqual(3);
});

test("waits grow to the cap, with the jitter over all of it, and Retry-After comes on top", async () => {
  const server = await collector();
  server.reply = () => ({ status: 503 });
  const { metric, clock, sender } = rig([server.url], { random: 0.5 });
  metric("m");
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 7; attempt++) {
    await until(() => server.received.length === attempt && sender.waiting, `attempt ${attempt}`);
    let waited = 0;
    while (sender.waiting && waited < 60_000) {
      clock.advance(100);
      waited += 100;
    }
    waits.push(waited);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 7500, 7500, 7500]);
});

test("Retry-After is obeyed", async () => {
  const server = await collector();
  server.reply = () => ({ status: 429, headers: { "retry-after": "30" } });
  const { metric, clock, sender } = rig([server.url], { random: 0 });
  metric("m");
  await until(() => server.received.length === 1 && sender.waiting);
  clock.advance(29_900);
  await new Promise<void>((done) => setImmediate(done));
  expect(server.received).toHaveLength(1);
  clock.advance(200);
  await until(() => server.received.length === 2);
});

test("a collector that never answers costs ten seconds, and the next one is asked", async () => {
  const silent = await collector();
  silent.reply = () => ({ hang: true });
  const good = await collector();
  const { metric, clock } = rig([silent.url, good.url]);
  metric("m");
  await until(() => silent.received.length === 1);
  clock.advance(10_000);
  await until(() => good.received.length === 1);
  // It stays with the one that answered, and tries the first again after some minutes.
  metric("n");
  await until(() => good.received.length === 2);
  expect(silent.received).toHaveLength(1);
  clock.advance(6 * 60_000);
  silent.reply = () => ({ status: 200 });
  metric("o");
  await until(() => silent.received.length === 2);
});

test.for<[string, number]>([
  ["unknown token", 401],
  ["wrong role", 403],
])("%s: told once, asked once a minute, and a new token in the file is tried at once", async ([, status]) => {
  const server = await collector();
  const folder = mkdtempSync(join(tmpdir(), "tocsin-token-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "token");
  writeFileSync(file, "old\n");
  server.reply = (request) => ({ status: request.headers["authorization"] === "Bearer new" ? 200 : status });
  const { metric, clock, lines, spool, sender } = rig([server.url], { token: new TokenSource({ token: null, file }) });
  metric("m");
  await until(() => server.received.length === 1 && sender.waiting);
  for (let second = 0; second < 50; second++) {
    clock.advance(1000);
    metric("x");
  }
  expect(server.received).toHaveLength(1);
  expect(lines.filter((line) => line.level === "error")).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toContain("old");
  writeFileSync(file, "new\n");
  clock.advance(5000);
  await until(() => spool.pending("metric").records === 0);
});

test("one record that the collector will not take does not sink its batch", async () => {
  const server = await collector();
  server.reply = (request) => ({ status: request.body.toString().includes("poison") ? 400 : 200 });
  const { spool, sender, lines } = rig([server.url]);
  for (const text of ["a", "b", "poison", "c", "d", "e"])
    spool.append("metric", gzipSync(text), { items: 1, rawBytes: text.length, at: 0 });
  expect(await sender.flush()).toBe(true);
  const taken = bodies(server).filter((body) => !body.includes("poison"));
  expect(taken.join("")).toBe("abcde");
  expect(spool.dropped("metric").refused).toBe(1);
  expect(lines.filter((line) => line.level === "error")).toHaveLength(1);
});

test("a body that is too large is sent in smaller ones", async () => {
  const server = await collector();
  server.reply = (request) => ({ status: request.body.length > 8 ? 413 : 200 });
  const { spool, sender } = rig([server.url]);
  for (let index = 0; index < 20; index++) spool.append("metric", gzipSync("xxx"), { items: 1, rawBytes: 3, at: 0 });
  expect(await sender.flush()).toBe(true);
  expect(spool.dropped("metric").refused).toBe(0);
  expect(
    bodies(server)
      .filter((body) => body.length <= 8)
      .join(""),
  ).toBe("xxx".repeat(20));
});

test("a redirect or a foreign server is told, asked slowly, and loses nothing", async () => {
  const server = await collector();
  const target = await collector();
  server.reply = () => ({ status: 302, headers: { location: target.url } });
  const { metric, lines, spool, sender } = rig([server.url]);
  metric("m");
  await until(() => server.received.length === 1 && sender.waiting);
  expect(target.received).toEqual([]);
  expect(lines.at(-1)?.message).toContain("is the address right");
  expect(spool.pending("metric").records).toBe(1);
});

test("a new epoch: what was acknowledged in the last two minutes is sent again; the first epoch ever is no new one", async () => {
  const server = await collector();
  let epoch = "one";
  server.reply = () => ({ status: 200, headers: { [EPOCH_HEADER]: epoch } });
  const { metric, clock, spool } = rig([server.url]);
  for (let index = 0; index < 30; index++) {
    metric(`m${index} `);
    await until(() => spool.pending("metric").records === 0);
    clock.advance(10_000);
  }
  expect(server.received).toHaveLength(30);
  epoch = "two";
  metric("m30 ");
  await until(() => spool.pending("metric").records === 0 && server.received.length >= 32);
  const again = bodies(server).slice(31).join("").trim().split(" ");
  expect(again.at(-1)).toBe("m30");
  expect(again.length).toBeGreaterThanOrEqual(13);
  expect(again.length).toBeLessThanOrEqual(15);
});

test("a part that was refused is told and not sent again", async () => {
  const server = await collector();
  server.reply = () => ({
    status: 202,
    body: JSON.stringify({
      accepted: 0,
      duplicates: 0,
      rejected: [{ index: 0, code: "badTime", message: "no such day" }],
    }),
  });
  const { event, spool, sender, lines } = rig([server.url]);
  event("e");
  await until(() => spool.pending("event").records === 0);
  expect(sender.rejectedItems.event).toBe(1);
  expect(lines.at(-1)).toMatchObject({ level: "warn", said: "badTime: no such day" });
});

test("a connection that the server closed while it was idle is made anew, without a failure", async () => {
  const server = await collector();
  const { metric, sender } = rig([server.url]);
  metric("a");
  await until(() => server.received.length === 1);
  const port = server.port;
  await server.stop();
  const again = await RecordingCollector.start(port);
  clean.push(() => again.stop());
  metric("b");
  await until(() => again.received.length === 1);
  expect(sender.requests.retry).toBe(0);
});
