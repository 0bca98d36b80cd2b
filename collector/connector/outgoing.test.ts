import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRequest, OutgoingResult } from "../port/outgoing.ts";
import { refusalOfHost } from "./address.ts";
import { type ResolvedAddress, VettedOutgoing } from "./outgoing.ts";

let server: Server;
let port = 0;
let calls: string[] = [];
const closers: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    calls.push(`${request.method} ${request.headers.host} ${request.url}`);
    const path = request.url ?? "";
    if (path === "/redirect") response.writeHead(302, { location: "/after" }).end();
    else if (path === "/large") response.end("x".repeat(1_000_000));
    else if (path === "/endless") endless(response);
    else if (path === "/echo") request.pipe(response);
    else if (path !== "/hang") response.writeHead(200, { "x-a": "1" }).end("ok");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  for (const close of closers) await close();
  server.closeAllConnections();
  server.close();
});

function endless(response: { write: (text: string) => boolean; destroyed: boolean }): void {
  const timer = setInterval(() => {
    if (response.destroyed) clearInterval(timer);
    else response.write("x");
  }, 20);
}

function outgoing(
  allow: string[] = ["127.0.0.1/32"],
  resolve?: (host: string) => Promise<ResolvedAddress[]>,
): VettedOutgoing {
  const made = new VettedOutgoing({ allowPrivateTargets: allow, ...(resolve === undefined ? {} : { resolve }) });
  closers.push(() => made.close());
  return made;
}

function request(path: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest {
  const url = path.startsWith("/") ? `http://127.0.0.1:${port}${path}` : path;
  return { method: "POST", url, headers: {}, body: null, signal: AbortSignal.timeout(5000), ...more };
}

test("an answer comes back with status, headers and body", async () => {
  const result = await outgoing().send(request("/echo", { body: "häßlich" }));
  expect(result).toMatchObject({ status: "answered", httpStatus: 200, body: "häßlich", truncated: false });
});

test("a redirect is an answer and is not followed", async () => {
  calls = [];
  const result = await outgoing().send(request("/redirect"));
  expect(result).toMatchObject({ status: "answered", httpStatus: 302, headers: { location: "/after" } });
  expect(calls).toHaveLength(1);
});

test("a large answer is cut at 64 KiB", async () => {
  const result = await outgoing().send(request("/large"));
  expect(result.status === "answered" && [result.body.length, result.truncated]).toEqual([65_536, true]);
});

test.for(["/hang", "/endless"])("%s ends when the signal aborts", async (path) => {
  const result = await outgoing().send(request(path, { signal: AbortSignal.timeout(100) }));
  expect(result).toEqual({ status: "failed", reason: "timeout", detail: "no answer in time" });
});

test("a resolver that hangs ends when the signal aborts", async () => {
  const stuck = outgoing([], () => new Promise(() => undefined));
  const result = await stuck.send(request("http://a.example/", { signal: AbortSignal.timeout(50) }));
  expect(result).toMatchObject({ status: "failed", reason: "timeout" });
});

test("a refused connection, an unknown name, a header that cannot be: each its reason", async () => {
  const nobody = createTcpServer();
  nobody.listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const closed = (nobody.address() as AddressInfo).port;
  await new Promise((resolve) => nobody.close(resolve));
  const unknown = outgoing([], () =>
    Promise.reject(Object.assign(new Error("getaddrinfo ENOTFOUND x"), { code: "ENOTFOUND" })),
  );
  const results: OutgoingResult[] = [
    await outgoing().send(request(`http://127.0.0.1:${closed}/`)),
    await unknown.send(request("http://x.example/")),
    await outgoing().send(request("/", { headers: { a: "b\nc" } })),
    await outgoing().send(request("ftp://127.0.0.1/")),
    await outgoing().send(request("not a url")),
  ];
  expect(results.map((result) => result.status === "failed" && result.reason)).toEqual([
    "connection",
    "dns",
    "misconfigured",
    "misconfigured",
    "misconfigured",
  ]);
});

test.for<[what: string, bytes: string, reason: string]>([
  ["garbage", "hello\r\n\r\n", "badResponse"],
  ["a reset before the answer", "", "connection"],
  ["endless headers", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`, "badResponse"],
])("%s is told, not thrown", async ([, bytes, reason]) => {
  const sockets = new Set<Socket>();
  const rude = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => (bytes === "" ? socket.resetAndDestroy() : socket.end(bytes)));
  });
  rude.listen(0, "127.0.0.1");
  await once(rude, "listening");
  const result = await outgoing().send(request(`http://127.0.0.1:${(rude.address() as AddressInfo).port}/`));
  expect(result).toMatchObject({ status: "failed", reason });
  for (const socket of sockets) socket.destroy();
  rude.close();
});

test("the address that was vetted is the address that is called, under the original name", async () => {
  let looks = 0;
  const rebinding = outgoing(["127.0.0.1/32"], () => {
    looks += 1;
    return Promise.resolve([{ address: looks === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }]);
  });
  calls = [];
  const result = await rebinding.send(request(`http://hook.example.net:${port}/pinned`));
  expect(result).toMatchObject({ status: "answered", httpStatus: 200 });
  expect(calls).toEqual([`POST hook.example.net:${port} /pinned`]);
  expect(looks).toBe(1);
});

test("one private address among several refuses the name", async () => {
  const mixed = outgoing([], () =>
    Promise.resolve([
      { address: "93.184.216.34", family: 4 },
      { address: "169.254.169.254", family: 4 },
    ]),
  );
  expect(await mixed.send(request("http://mixed.example/"))).toMatchObject({
    status: "failed",
    reason: "forbiddenTarget",
  });
});

test("a destination gets at most four connections", async () => {
  let opened = 0;
  const busy = createServer((_request, response) => response.end("ok")).on("connection", () => (opened += 1));
  busy.listen(0, "127.0.0.1");
  await once(busy, "listening");
  const [out, url] = [outgoing(), `http://127.0.0.1:${(busy.address() as AddressInfo).port}/`];
  const results = await Promise.all(Array.from({ length: 40 }, () => out.send(request(url))));
  expect(results.every((result) => result.status === "answered")).toBe(true);
  expect(opened).toBeLessThanOrEqual(4);
  busy.closeAllConnections();
  busy.close();
});

/** Ways to write this host, its network and the cloud's metadata service: none may get through. */
const HOSTILE = [
  "http://127.0.0.1/",
  "http://127.1/",
  "http://127.0.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0x7f.0.0.1/",
  "http://0177.0.0.1/",
  "http://0177.0.0.01/",
  "http://017700000001/",
  "http://127.0.0.1./",
  "http://127.255.255.254/",
  "http://0/",
  "http://0.0.0.0/",
  "http://0x0/",
  "http://00/",
  "http://[::]/",
  "http://[::1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[0:0:0:0:0:ffff:127.0.0.1]/",
  "http://[::ffff:0:127.0.0.1]/",
  "http://[::127.0.0.1]/",
  "http://[::7f00:1]/",
  "http://[64:ff9b::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://[64:ff9b:1::1]/",
  "http://[2002:7f00:1::]/",
  "http://[2002:a9fe:a9fe::1]/",
  "http://[2002:c0a8:101::1]/",
  "http://[2001:0:7f00:1::]/",
  "http://[2001:0:1:2:3:4:80ff:fffe]/",
  "http://[fe80::1]/",
  "http://[fec0::1]/",
  "http://[fc00::1]/",
  "http://[fd12:3456:789a::1]/",
  "http://[ff02::1]/",
  "http://[100::1]/",
  "http://[2001:db8::1]/",
  "http://[::ffff:10.0.0.1]/",
  "http://[::ffff:169.254.169.254]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://10.0.0.1/",
  "http://10.255.255.255/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.0.1/",
  "http://192.168.1/",
  "http://3232235777/",
  "http://100.64.0.1/",
  "http://100.127.255.254/",
  "http://169.254.169.254/latest/meta-data/",
  "http://0xa9fea9fe/",
  "http://2852039166/",
  "http://0251.0376.0251.0376/",
  "http://169.254.43518/",
  "http://192.0.0.1/",
  "http://192.0.2.1/",
  "http://198.18.0.1/",
  "http://198.51.100.7/",
  "http://203.0.113.9/",
  "http://224.0.0.1/",
  "http://239.255.255.250/",
  "http://240.0.0.1/",
  "http://255.255.255.255/",
  "http://①②⑦.⓪.⓪.①/",
  "http://127。0。0。1/",
  "http://%31%32%37.0.0.1/",
  "http://user@127.0.0.1/",
  "http://a.example@127.0.0.1/",
  "http://127.0.0.1:80\\@a.example/",
  "http:\\\\127.0.0.1\\",
  "http:/127.0.0.1/",
  "http:127.0.0.1/",
  "HTTP://127.0.0.1/",
  " http://127.0.0.1/ ",
  "http://127.0.0.1#@a.example/",
  "http://127.0.0.1?@a.example/",
  "https://[::ffff:192.168.0.1]/",
] as const;

test.for(HOSTILE)("%s is refused", async (url) => {
  const strict = outgoing([], () => Promise.reject(new Error("no name may be looked up for this")));
  expect(await strict.send(request(url))).toMatchObject({ status: "failed", reason: "forbiddenTarget" });
});

test.for(["localhost", "a.localhost", "metadata.google.internal", "127.0.0.1.nip.example", "xn--test"])(
  "%s is refused by what it resolves to",
  async (host) => {
    const strict = outgoing([], () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]));
    expect(await strict.send(request(`http://${host}/`))).toMatchObject({
      status: "failed",
      reason: "forbiddenTarget",
    });
  },
);

test.for(["fe80::1%eth0", "::1%lo", "", "x", "0:0", "::ffff:127.0.0.1%1"])(
  "a resolver that answers %j gets nowhere",
  async (address) => {
    const strict = outgoing([], () => Promise.resolve([{ address, family: 6 }]));
    expect(await strict.send(request("http://a.example/"))).toMatchObject({
      status: "failed",
      reason: "forbiddenTarget",
    });
  },
);

test.for<[host: string, allowed: string[], refused: boolean]>([
  ["example.net", [], false],
  ["93.184.216.34", [], false],
  ["[2606:4700::1111]", [], false],
  ["10.1.2.3", [], true],
  ["10.1.2.3", ["10.0.0.0/8"], false],
  ["[::ffff:10.1.2.3]", ["10.0.0.0/8"], false],
  ["192.168.1.1", ["10.0.0.0/8"], true],
  ["localhost", [], true],
  ["localhost", ["127.0.0.1"], false],
  ["LOCALHOST.", [], true],
  ["[::1]", ["::1"], false],
  ["[fd00::5]", ["fd00::/8"], false],
])("%s with %j allowed is refused: %s", ([host, allowed, refused]) => {
  expect(refusalOfHost(host, allowed) !== null).toBe(refused);
});
