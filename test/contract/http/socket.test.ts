import { connect } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { type ApiBench, apiBench, TOKENS } from "../../support/api-bench.ts";

/** What only shows on a real socket: streams, broken HTTP, bodies that never end. */
let open: ApiBench[] = [];

afterEach(async () => {
  for (const bench of open) await bench.server.close();
  open = [];
});

async function listening(
  options: Parameters<typeof apiBench>[0] = {},
): Promise<{ bench: ApiBench; url: string; port: number }> {
  const bench = await apiBench(options);
  open.push(bench);
  const { url } = await bench.server.listen("127.0.0.1", 0);
  return { bench, url, port: Number(new URL(url).port) };
}

/** Sends bytes as they are and gives everything that comes back until the other side closes. */
function raw(port: number, text: string, more?: () => string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(text);
      if (more !== undefined) {
        const push = (): void => {
          let room = true;
          while (room && !socket.destroyed) room = socket.write(more());
        };
        socket.on("drain", push);
        push();
      }
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      if (more !== undefined) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}

test.for<[situation: string, text: string, status: string, code: string]>([
  ["not HTTP", "hello\r\n\r\n", "400 Bad Request", "badRequest"],
  [
    "headers too large",
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    "431 Request Header Fields Too Large",
    "headersTooLarge",
  ],
])("broken requests are answered in our form, and counted: %s", async ([, text, status, code]) => {
  const { bench, port } = await listening();
  const answer = await raw(port, text);
  expect(refusals(bench)).toEqual({ [code]: 1 });
  expect(answer.split("\r\n")[0]).toBe(`HTTP/1.1 ${status}`);
  expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ code });
});

/** Refused requests by code. */
const refusals = ({ telemetry }: ApiBench): Record<string, number> =>
  Object.fromEntries(
    [...telemetry.counts].flatMap(([key, count]) => {
      const code = /^tocsin_http_refused_total\{code=(.*)\}$/.exec(key)?.[1];
      return code === undefined ? [] : [[code, count]];
    }),
  );

const HEAD = "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

test.for<[situation: string, text: string, answer: string]>([
  ["the sender hangs up", `${HEAD}Content-Length: 100\r\n\r\n[{`, ""],
  ["the sender hangs up between chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n[{\r\n`, ""],
  ["a chunk has no size", `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n[{\r\nzz\r\n`, "HTTP/1.1 400 Bad Request"],
])("a body that breaks off is the sender's affair, counted once and no fault of ours: %s", async ([, text, status]) => {
  const { bench, port } = await listening();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(text));
  socket.on("data", (chunk) => (answer += chunk.toString()));
  socket.on("error", () => undefined);
  if (status === "") {
    await vi.waitFor(() => expect(bench.telemetry.gauges.get("tocsin_http_body_bytes")?.()).toBeGreaterThan(0));
    socket.destroy();
  }
  await vi.waitFor(() => expect(refusals(bench)).toEqual({ aborted: 1 }));
  await vi.waitFor(() => expect(answer.split("\r\n")[0]).toBe(status));
  expect(bench.log.lines).toEqual([]);
});

test("a body without an end stops at the limit, and the sender hears it", async () => {
  const { bench, port } = await listening();
  const head =
    "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const answer = await raw(port, head, () => chunk);
  expect(answer).toContain("HTTP/1.1 413");
  expect(answer).toContain('"bodyTooLarge"');
  expect(bench.telemetry.gauges.get("tocsin_http_body_bytes")?.()).toBe(0);
});

test("a body that is declared too large is refused unread, and the connection lives on", async () => {
  const { url } = await listening();
  const body = "x".repeat(9 * 1024 * 1024);
  const answer = await fetch(`${url}/api/v1/events`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({ code: "bodyTooLarge" });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test("what is left of a refused body is drained, and the next request on the connection is answered", async () => {
  const { port } = await listening();
  const size = 9 * 1024 * 1024;
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    let isSent = false;
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(
        `POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
      );
    });
    socket.on("data", (bytes) => {
      text += bytes.toString();
      if (isSent || !text.includes("bodyTooLarge")) return;
      isSent = true;
      socket.write(Buffer.alloc(size, " "));
      socket.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
});

test("a sender that goes away in the middle gives its memory back", async () => {
  const { bench, port } = await listening();
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[1,2,3",
      );
      setTimeout(() => socket.destroy(), 50);
    });
    socket.on("close", () => setTimeout(resolve, 50));
  });
  expect(bench.telemetry.gauges.get("tocsin_http_body_bytes")?.()).toBe(0);
});

/** Reads the stream until `wanted` stands in it. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  let text = "";
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

test("the stream tells changes, heartbeats, and what a reader has missed", async () => {
  const { bench, url } = await listening({ auth: TOKENS });
  const headers = { authorization: "Bearer viewer-secret" };
  expect((await fetch(`${url}/api/v1/stream`)).status).toBe(401);
  const first = await fetch(`${url}/api/v1/stream`, { headers });
  expect(first.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  bench.feed.send({ kind: "incident", id: "inc-1", revision: 2 });
  bench.clock.advance(15_000);
  const text = await readUntil(first, ": still here");
  expect(text).toContain("event: ready\nid: 0\ndata: {}\n\n");
  expect(text).toContain('event: change\nid: 1\ndata: {"kind":"incident","id":"inc-1","revision":2}\n\n');
  bench.feed.send({ kind: "alert", id: "a-1", revision: 1 });
  const again = await fetch(`${url}/api/v1/stream`, { headers: { ...headers, "last-event-id": "1" } });
  expect(await readUntil(again, "a-1")).not.toContain("inc-1");
  for (const unknown of ["99", "nonsense", "-1"]) {
    const reset = await fetch(`${url}/api/v1/stream`, { headers: { ...headers, "last-event-id": unknown } });
    expect(await readUntil(reset, "event: "), unknown).toContain("event: reset\nid: 2\n");
  }
});

test("the stream has a limit on readers, and drops one that does not read", async () => {
  const { bench, url, port } = await listening({ limits: { streamClientsMax: 1, streamBehindBytesMax: 1000 } });
  const socket = connect(port, "127.0.0.1", () =>
    socket.write("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  );
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  expect((await fetch(`${url}/api/v1/stream`)).status).toBe(503);
  const long = "x".repeat(10_000);
  for (let index = 0; index < 2000 && bench.telemetry.gauges.get("tocsin_stream_clients")?.() === 1; index++) {
    bench.feed.send({ kind: "incident", id: long, revision: index });
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(bench.telemetry.counts.get("tocsin_stream_dropped_total{reason=tooSlow}")).toBe(1);
  expect(bench.telemetry.gauges.get("tocsin_stream_clients")?.()).toBe(0);
  socket.resume();
  await closed;
});

test("closing ends the streams and refuses what still comes", async () => {
  const { bench, url } = await listening();
  const stream = await fetch(`${url}/api/v1/stream`);
  await bench.server.close();
  expect(await readUntil(stream, "never")).toContain("event: ready");
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});

test("a scrape of many series does not block, and ends when the scraper goes away", async () => {
  const { bench, url } = await listening();
  for (let host = 0; host < 200; host++)
    bench.series.store.write(
      {
        ci: `h-${host}`,
        source: "agent",
        labels: {},
        samples: Array.from({ length: 100 }, (_, index) => ({
          name: `m.${index}`,
          labels: {},
          value: index,
          at: bench.clock.now(),
          type: "gauge",
          unit: "",
        })),
      },
      bench.clock.now(),
    );
  const text = await (await fetch(`${url}/metrics/agents`)).text();
  expect(text.split("\n").filter((line) => line.startsWith("m_"))).toHaveLength(20_000);
  const gone = new AbortController();
  const partial = await fetch(`${url}/metrics/agents`, { signal: gone.signal });
  gone.abort();
  await expect(partial.text()).rejects.toThrow();
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});
