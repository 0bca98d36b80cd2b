import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { hasOpenSsl, selfSigned } from "../../test/support/certificate.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { HttpTransport } from "./transport.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const open: { server: Server; sockets: Set<Socket>; transport: HttpTransport }[] = [];

afterEach(async () => {
  for (const { server, sockets, transport } of open.splice(0)) {
    transport.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }
});

interface Bench {
  url: string;
  transport: HttpTransport;
  clock: VirtualClock;
  /** What each connection has sent. */
  heard: string[];
}

/** A server that does as it is told with what comes on its nth connection. */
async function bench(act: (socket: Socket, text: string, connection: number) => void): Promise<Bench> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = heard.push("") - 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard[connection] += bytes.toString("latin1");
      act(socket, heard[connection] ?? "", connection);
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  const clock = new VirtualClock();
  const transport = new HttpTransport(clock);
  open.push({ server, sockets, transport });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, transport, clock, heard };
}

const request = (url: string) => ({
  method: "POST" as const,
  url: `${url}/v1/metrics?x=1`,
  headers: { authorization: "Bearer t" },
  body: [Buffer.from("ab"), Buffer.from("c")],
  timeoutMs: 1000,
});

test("what goes over the wire", async () => {
  const { url, transport, heard } = await bench((socket, text) => {
    if (text.endsWith("abc")) socket.write(OK);
  });
  const answer = await transport.send(request(url));
  expect(answer).toMatchObject({ kind: "answer", status: 200, headers: { "content-length": "2" } });
  expect(heard).toEqual([
    `POST /v1/metrics?x=1 HTTP/1.1\r\nhost: ${url.slice(7)}\r\nconnection: keep-alive\r\nauthorization: Bearer t\r\ncontent-length: 3\r\n\r\nabc`,
  ]);
});

test("one connection serves request after request; two at a time take two", async () => {
  const { url, transport, heard } = await bench((socket, text) => {
    if (text.endsWith("abc")) socket.write(OK);
  });
  for (let count = 0; count < 5; count++) await transport.send(request(url));
  expect(heard).toHaveLength(1);
  await Promise.all([transport.send(request(url)), transport.send(request(url))]);
  expect(heard).toHaveLength(2);
  await transport.send(request(url));
  expect(heard).toHaveLength(2);
});

test("a kept connection that the server closes meanwhile costs a new one, not the request", async () => {
  const { url, transport, heard } = await bench((socket, text, connection) => {
    const requests = text.split("abc").length - 1;
    if (connection === 0 && requests === 2) socket.destroy();
    else if (text.endsWith("abc")) socket.write(OK);
  });
  await transport.send(request(url));
  expect(await transport.send(request(url))).toMatchObject({ kind: "answer", status: 200 });
  expect(heard).toHaveLength(2);
});

test("an answer before all was read, and one that breaks off, leave no connection", async () => {
  const { url, transport, heard } = await bench((socket, _text, connection) => {
    if (connection === 0) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", () => socket.destroy());
    else socket.write(OK);
  });
  expect(await transport.send(request(url))).toMatchObject({ kind: "failed" });
  expect(await transport.send(request(url))).toMatchObject({ kind: "answer" });
  expect(heard).toHaveLength(2);
});

test("nobody answers in time", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { url, transport, clock } = await bench(() => resolve());
  const answer = transport.send(request(url));
  await asked;
  clock.advance(1000);
  expect(await answer).toEqual({ kind: "failed", reason: "timeout" });
  expect(clock.pending).toBe(0);
});

test("nobody is there, and what cannot be sent", async () => {
  const { url, transport } = await bench(() => undefined);
  const closed = "http://127.0.0.1:1";
  expect(await transport.send(request(closed))).toEqual({ kind: "failed", reason: "ECONNREFUSED" });
  const sly = { ...request(url), headers: { authorization: "Bearer t\r\nx: y" } };
  expect(await transport.send(sly)).toMatchObject({
    kind: "failed",
    reason: "the authorization header holds characters that may not stand there",
  });
  const secure = new HttpTransport(new VirtualClock(), { caFile: "/nowhere/ca.pem" });
  expect(await secure.send(request("https://127.0.0.1:1"))).toEqual({ kind: "failed", reason: "ENOENT" });
});

test.runIf(hasOpenSsl)(
  "HTTPS: one connection for all, to whom the CA file vouches for, under its name only",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-transport-"));
    const { key, cert, path } = selfSigned(folder, 10);
    let connections = 0;
    const server = createTlsServer({ key, cert }, (socket) => {
      connections += 1;
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => bytes.toString("latin1").endsWith("abc") && socket.write(OK));
    });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((done) => {
      server.listen(0, "127.0.0.1", done);
    });
    const { port } = server.address() as { port: number };
    const [trusting, plain] = [
      new HttpTransport(new VirtualClock(), { caFile: path }),
      new HttpTransport(new VirtualClock()),
    ];
    try {
      const named = request(`https://localhost:${port}`);
      for (let round = 0; round < 3; round += 1)
        expect(await trusting.send(named)).toMatchObject({ kind: "answer", status: 200, body: Buffer.from("ok") });
      expect(connections).toBe(1);
      const failed = (reason: string) => ({ kind: "failed", reason });
      expect(await trusting.send(request(`https://127.0.0.1:${port}`))).toEqual(failed("ERR_TLS_CERT_ALTNAME_INVALID"));
      expect(await plain.send(named)).toEqual(failed("DEPTH_ZERO_SELF_SIGNED_CERT"));
    } finally {
      trusting.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
