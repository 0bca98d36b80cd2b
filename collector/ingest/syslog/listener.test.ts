import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { hasOpenSsl, selfSigned } from "../../../test/support/certificate.ts";
import { mutatedBytes } from "../../../test/support/mutation.ts";
import { waitFor } from "../../../test/support/tocsin-process.ts";
import type { Clock } from "../../port/clock.ts";
import { startSyslog } from "./listener.ts";

const realClock: Clock = {
  now: () => Date.UTC(2026, 2, 1, 10),
  monotonic: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
};
const LOCAL = { host: "127.0.0.1", port: 0 };
const line = (unit: string): string =>
  `<29>Mar  1 09:59:00 web-01 systemd[1]: ${unit}.service: Failed with result 'exit-code'.`;

async function send(port: number, text: string | Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(text));
    socket
      .on("close", () => resolve())
      .on("error", reject)
      .resume();
  });
}

test("UDP and TCP, both framings; a repeat is heard once", async () => {
  const ports = new RecordingPorts(realClock);
  const syslog = await startSyslog(ports, { udp: LOCAL, tcp: LOCAL });
  const socket = createSocket("udp4");
  for (const name of ["a", "a", "b"]) socket.send(line(name), syslog.ports.udp, "127.0.0.1");
  await send(syslog.ports.tcp ?? 0, `${line("c")}\n${line("d").length} ${line("d")}${line("e")}`);
  const all = ["a.service", "b.service", "c.service", "d.service", "e.service"];
  const seen = await waitFor(() => {
    const instances = ports.events.map((event) => event.instance).sort();
    return instances.length >= all.length ? instances : undefined;
  }, 5000);
  expect(seen).toEqual(all);
  expect(ports.counts.get("tocsin_ingest_dropped_total syslog repeat")).toBe(1);
  socket.close();
  await syslog.close();
});

test("more connections than allowed are closed; a message that is too long is counted", async () => {
  const ports = new RecordingPorts(realClock);
  const syslog = await startSyslog(ports, { tcp: LOCAL, connectionsMax: 1, messageSizeMax: 100 });
  await send(syslog.ports.tcp ?? 0, `<13>${"x".repeat(500)}\n${line("a")}\n`);
  expect(await waitFor(() => (ports.events.length > 0 ? true : undefined), 5000)).toBe(true);
  expect(ports.counts.get("tocsin_ingest_dropped_total syslog tooLong")).toBe(1);
  const first = connect(syslog.ports.tcp ?? 0, "127.0.0.1");
  await new Promise((resolve) => {
    first.once("connect", resolve);
  });
  const second = connect(syslog.ports.tcp ?? 0, "127.0.0.1")
    .on("error", () => undefined)
    .resume();
  await new Promise((resolve) => {
    second.once("close", resolve);
  });
  expect(ports.counts.get("tocsin_ingest_dropped_total syslog tooManyConnections")).toBe(1);
  await syslog.close();
});

describe.runIf(hasOpenSsl)("TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-syslog-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function say(port: number, text: string, options: object): Promise<void> {
    await new Promise<void>((resolve) => {
      const socket = connectTls({ port, host: "127.0.0.1", ...options }, () => socket.end(text));
      // A refusal of what the sender shows comes after its own handshake is done.
      socket
        .on("close", () => resolve())
        .on("error", () => resolve())
        .resume();
    });
  }

  test("both framings; the log tells who could not connect, and why", async () => {
    const { key, cert } = selfSigned(folder, 2);
    const ports = new RecordingPorts(realClock);
    const syslog = await startSyslog(ports, { tls: { ...LOCAL, key, certificate: cert, clientCa: cert } });
    const port = syslog.ports.tls ?? 0;
    const shown = { ca: cert, servername: "localhost", key, cert };
    await say(port, `${line("a").length} ${line("a")}${line("b")}\n`, shown);
    await waitFor(() => (ports.events.length === 2 ? true : undefined), 5000);
    expect(ports.warnings).toEqual([]);
    await say(port, `${line("d")}\n`, { ca: cert, servername: "localhost" });
    const other = selfSigned(folder, 2);
    await say(port, `${line("e")}\n`, { ca: cert, servername: "localhost", key: other.key, cert: other.cert });
    await send(port, `${line("c")}\n`).catch(() => undefined);
    const told = await waitFor(() => (ports.warnings.length === 3 ? ports.warnings : undefined), 5000);
    expect(told?.map(({ fields }) => `${String(fields?.["from"])}: ${String(fields?.["reason"])}`).sort()).toEqual([
      "127.0.0.1: it does not speak TLS",
      "127.0.0.1: it shows no certificate",
      expect.stringMatching(/^127\.0\.0\.1: its certificate: [A-Z_]+$/),
    ]);
    expect(ports.events.map(({ instance }) => instance).sort()).toEqual(["a.service", "b.service"]);
    await syslog.close();
  });
});

test("what cannot be stored is counted, and the listener goes on", async () => {
  const ports = new RecordingPorts(realClock);
  const syslog = await startSyslog(ports, { tcp: LOCAL });
  ports.refuse = { status: "overloaded", retryAfterMs: 1000 };
  await send(syslog.ports.tcp ?? 0, `${line("a")}\n`);
  const lost = await waitFor(() => ports.counts.get("tocsin_ingest_dropped_total syslog overloaded"), 5000);
  expect(lost).toBe(1);
  ports.refuse = undefined;
  await send(syslog.ports.tcp ?? 0, `${line("b")}\n`);
  expect(await waitFor(() => (ports.events.length > 0 ? true : undefined), 5000)).toBe(true);
  await syslog.close();
});

test("an address that is taken is told", async () => {
  const ports = new RecordingPorts(realClock);
  const first = await startSyslog(ports, { tcp: LOCAL });
  await expect(startSyslog(ports, { tcp: { host: "127.0.0.1", port: first.ports.tcp ?? 0 } })).rejects.toThrow(
    "EADDRINUSE",
  );
  await first.close();
});

test("an address that is not listed is not listened to, and counted", async () => {
  const ports = new RecordingPorts(realClock);
  const syslog = await startSyslog(ports, { udp: LOCAL, tcp: LOCAL, sources: ["192.0.2.0/24"] });
  const socket = createSocket("udp4");
  socket.send(line("a"), syslog.ports.udp, "127.0.0.1");
  await send(syslog.ports.tcp ?? 0, `${line("b")}\n`).catch(() => undefined);
  const dropped = (): number => ports.counts.get("tocsin_ingest_dropped_total syslog notAllowed") ?? 0;
  expect(await waitFor(() => (dropped() === 2 ? true : undefined), 5000)).toBe(true);
  expect(ports.events).toEqual([]);
  socket.close();
  await syslog.close();
});

test("mutations of good messages are taken or dropped, and the listener goes on", async () => {
  const ports = new RecordingPorts(realClock);
  const syslog = await startSyslog(ports, { tcp: LOCAL });
  const good = [
    line("a"),
    "<187>1: sw: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down",
    "<3>Mar  1 09:59:00 web-01 kernel: Out of memory: Killed process 4711 (java) total-vm:1kB",
    '<165>1 2026-03-01T09:59:00.003Z web-01 app 77 ID47 [ex@32473 k="v\\]" q="\\""] \ufeffit failed',
    "93 <29>Mar  1 09:59:00 web-01 systemd[1]: b.service: Failed with result 'exit-code'.",
  ];
  for (const text of good) {
    const messages = fc.sample(mutatedBytes(Buffer.from(text)), 100);
    // Some in one connection, so that what is wrong with one message meets the next.
    for (let from = 0; from < messages.length; from += 10)
      await send(
        syslog.ports.tcp ?? 0,
        Buffer.concat(messages.slice(from, from + 10).flatMap((message) => [message, Buffer.from("\n")])),
      );
  }
  await send(syslog.ports.tcp ?? 0, `${line("last")}\n`);
  const isThere = () => (ports.events.some(({ instance }) => instance === "last.service") ? true : undefined);
  expect(await waitFor(isThere, 5000)).toBe(true);
  for (const { ci, check, summary } of ports.events) {
    expect(ci).not.toBe("");
    expect(check).not.toBe("");
    expect(summary.length).toBeLessThanOrEqual(1024);
  }
  await syslog.close();
});
