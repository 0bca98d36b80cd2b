import { createSocket } from "node:dgram";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { hasOpenSsl, selfSigned } from "../../test/support/certificate.ts";
import { RecordingCollector } from "../../test/support/recording-collector.ts";
import { systemClock } from "../clock.ts";
import type { PluginWatch } from "../config/agent-config.ts";
import { ConditionBook } from "../evaluate/condition-book.ts";
import { createLog } from "../log.ts";
import { SeriesTable } from "../sample/series-table.ts";
import { SeenCertificates } from "./changes/certificate-facts.ts";
import { probeCertificate } from "./certificate.ts";
import type { WatchContext } from "./check.ts";
import { probeDns } from "./dns.ts";
import { probeHttp } from "./http.ts";
import { parsePluginOutput } from "./plugin-output.ts";
import { probePlugin } from "./plugins.ts";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.splice(0)) await each();
});

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-probes-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const series = () => new SeriesTable().gauge("x", "s");

test.for<[string, Partial<Parameters<typeof probeHttp>[0]>, object, object]>([
  ["a good answer", {}, { status: 200, body: "fine" }, { status: "good" }],
  [
    "a redirect is good by default, and not followed",
    {},
    { status: 302, headers: { location: "http://192.0.2.1/" } },
    { status: "good" },
  ],
  ["an error", {}, { status: 503 }, { status: "bad", value: 503 }],
  ["another status than wanted", { status: { from: 204, to: 204 } }, { status: 200 }, { status: "bad" }],
  ["the text is there", { contains: "in" }, { status: 200, body: "fine" }, { status: "good" }],
  [
    "the text is missing",
    { contains: "ok" },
    { status: 200, body: "fine" },
    { status: "bad", summary: expect.stringContaining('without "ok"') },
  ],
  [
    "no answer in time",
    { timeoutMs: 50 },
    { hang: true },
    { status: "bad", summary: expect.stringContaining("no answer within 50 ms") },
  ],
  ["an answer that breaks off", {}, { cut: true }, { status: "bad" }],
])("http: %s", async ([, watch, reply, expected]) => {
  const server = await RecordingCollector.start();
  clean.push(() => server.stop());
  server.reply = () => reply as { status: number };
  const result = await probeHttp(
    { url: server.url, status: { from: 200, to: 399 }, contains: null, timeoutMs: 2000, ...watch },
    systemClock,
    series(),
  );
  expect(result).toMatchObject(expected);
});

test("http: a body without end is read as far as it is looked at", async () => {
  const server = await RecordingCollector.start();
  clean.push(() => server.stop());
  server.reply = () => ({ status: 200, body: Buffer.alloc(5_000_000, 97) });
  const result = await probeHttp(
    { url: server.url, status: { from: 200, to: 399 }, contains: "b", timeoutMs: 2000 },
    systemClock,
    series(),
  );
  expect(result).toMatchObject({ status: "bad" });
});

/** Answers every question for an address with 192.0.2.7, or as `code` says. */
async function nameServer(code = 0): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    const answer = Buffer.from("c00c00010001000000050004c0000207", "hex");
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(code === 0 ? 1 : 0, 6);
    header.writeUInt16BE(0, 10);
    const end = question.indexOf(0, 12) + 5;
    socket.send(
      Buffer.concat([header, question.subarray(12, end), ...(code === 0 ? [answer] : [])]),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  clean.push(() => new Promise<void>((done) => socket.close(done)));
  return `127.0.0.1:${socket.address().port}`;
}

test.for<[string, number, string | null, object]>([
  ["resolves", 0, null, { status: "good" }],
  ["resolves to what is wanted", 0, "192.0.2.7", { status: "good" }],
  [
    "resolves to another address",
    0,
    "192.0.2.9",
    { status: "bad", summary: "www.example.net resolves to 192.0.2.7, without 192.0.2.9" },
  ],
  ["does not exist", 3, null, { status: "bad", summary: expect.stringContaining("there is no such record") }],
  ["fails", 2, null, { status: "bad", summary: expect.stringContaining("the server failed") }],
])("dns: a name that %s", async ([, code, contains, expected]) => {
  const server = await nameServer(code);
  expect(await probeDns({ name: "www.example.net", type: "A", server, contains, timeoutMs: 1000 })).toMatchObject(
    expected,
  );
});

const DAY_MS = 86_400_000;
const CERTIFICATE = {
  name: "www",
  host: null,
  port: 443,
  serverName: null,
  file: null,
  warnMs: 21 * DAY_MS,
  criticalMs: 3 * DAY_MS,
  severity: "warning" as const,
  forMs: 0,
  everyMs: 1000,
  timeoutMs: 2000,
};

test.runIf(hasOpenSsl).for<[string, number, object]>([
  ["is far from its end", 100, { status: "good" }],
  ["ends soon", 10, { status: "bad", severity: "warning", summary: "certificate www expires in 9 days" }],
  ["ends very soon", 1, { status: "bad", severity: "critical", summary: "certificate www expires in 24 h" }],
])("certificate file: one that %s", async ([, days, expected]) => {
  const { path } = selfSigned(newFolder(), days);
  expect(
    await probeCertificate({ ...CERTIFICATE, file: path }, systemClock, {
      left: series(),
      seen: new SeenCertificates(),
    }),
  ).toMatchObject(expected);
});

test("certificate file: missing, empty, damaged", async () => {
  const folder = newFolder();
  const path = join(folder, "x.pem");
  const probe = async (): Promise<unknown> =>
    probeCertificate({ ...CERTIFICATE, file: path }, systemClock, { left: series(), seen: new SeenCertificates() });
  expect(await probe()).toMatchObject({ status: "bad", summary: expect.stringContaining("cannot be read (ENOENT)") });
  writeFileSync(path, "nothing");
  expect(await probe()).toMatchObject({ summary: expect.stringContaining("holds none") });
  writeFileSync(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect(await probe()).toMatchObject({ summary: expect.stringContaining("damaged") });
});

test.runIf(hasOpenSsl)("certificate of a server that signed it itself: its clients would refuse it", async () => {
  const { key, cert } = selfSigned(newFolder(), 100);
  const server = createTlsServer({ key, cert }, (socket) => socket.end());
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  clean.push(() => new Promise<void>((done) => server.close(() => done())));
  const { port } = server.address() as AddressInfo;
  const result = await probeCertificate({ ...CERTIFICATE, host: "127.0.0.1", port }, systemClock, {
    left: series(),
    seen: new SeenCertificates(),
  });
  expect(result).toMatchObject({ status: "bad", summary: expect.stringContaining("is refused") });
});

test.for<[string, string, ReturnType<typeof parsePluginOutput>]>([
  ["text alone", "PING OK - fine\n", { text: "PING OK - fine", performance: [] }],
  [
    "one number",
    "OK|time=0.002s;1;2;0;10\n",
    { text: "OK", performance: [{ label: "time", value: 0.002, unit: "s" }] },
  ],
  [
    "quoted labels, a doubled quote, percent",
    "DISK|'/var log'=80%;90;95 'it''s'=5\n",
    {
      text: "DISK",
      performance: [
        { label: "/var log", value: 80, unit: "%" },
        { label: "it's", value: 5, unit: "" },
      ],
    },
  ],
  [
    "long output with more numbers",
    "OK|a=1\nlong text\nmore | b=2\nc=3\n",
    {
      text: "OK",
      performance: [
        { label: "a", value: 1, unit: "" },
        { label: "b", value: 2, unit: "" },
        { label: "c", value: 3, unit: "" },
      ],
    },
  ],
  [
    "a decimal comma, a range, an unknown value",
    "OK|a=1,5;@1:2 b=U\n",
    { text: "OK", performance: [{ label: "a", value: 1.5, unit: "" }] },
  ],
  ["nothing", "", { text: "", performance: [] }],
])("plugin output: %s", ([, output, expected]) => {
  expect(parsePluginOutput(output)).toEqual(expected);
});

function plugin(script: string): PluginWatch {
  const path = join(newFolder(), "check");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return {
    name: "check",
    command: [path, "-H", "a b; touch /tmp/never"],
    severity: "major",
    forMs: 0,
    everyMs: 1000,
    timeoutMs: 500,
  };
}

function context(): WatchContext {
  const log = createLog(
    "error",
    () => undefined,
    () => 0,
  );
  const book = new ConditionBook({
    ci: "a",
    clock: systemClock,
    log,
    path: join(newFolder(), "c.json"),
    nextId: () => "1",
    send: () => undefined,
    expiresAfterMs: 1,
  });
  return { clock: systemClock, log, table: new SeriesTable(), book };
}

test.for<[string, string, object]>([
  ["OK", 'echo "OK - fine|load=1"', { status: "good" }],
  [
    "WARNING",
    'echo "WARNING - high"; exit 1',
    { status: "bad", severity: "warning", summary: "check: WARNING - high" },
  ],
  [
    "CRITICAL has the severity of the watch",
    'echo "CRITICAL - dead"; exit 2',
    { status: "bad", summary: "check: CRITICAL - dead" },
  ],
  ["UNKNOWN is not bad", "echo no idea; exit 3", { status: "unknown" }],
  [
    "one that hangs is killed with its children",
    "sleep 100 & sleep 100",
    { status: "unknown", reason: "check: did not end within 500 ms" },
  ],
  ["one that never stops printing", "yes", { status: "unknown", reason: "check: printed too much" }],
  ["arguments are no shell text", 'test "$2" = "a b; touch /tmp/never" && ! test -e /tmp/never', { status: "good" }],
  ["it gets no environment of ours", 'test -z "$HOME"', { status: "good" }],
])("plugin: %s", async ([, script, expected]) => {
  expect(await probePlugin(context(), plugin(script))).toMatchObject(expected);
});

test("plugin: one that is not there is said so", async () => {
  const result = await probePlugin(context(), { ...plugin(""), command: ["/nowhere/check_x"] });
  expect(result).toEqual({ status: "unknown", reason: "check: there is no /nowhere/check_x" });
  expect(existsSync("/tmp/never")).toBe(false);
});
