import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { signedBytes, SIGNATURE_HEADER } from "../../protocol/agent-document.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Collectors } from "../send/collectors.ts";
import { DocumentVerifier } from "../send/document-verifier.ts";
import { TokenSource } from "../send/token.ts";
import type { HttpAnswer, HttpRequest } from "../send/transport.ts";
import { defaultAgentConfig } from "./agent-config.ts";
import { chooseRemote } from "./choose-remote.ts";
import { RemoteSource } from "./remote-source.ts";
import { readRemoteState } from "./remote-state.ts";

const KEYS = generateKeyPairSync("ed25519");
const PEM = KEYS.publicKey.export({ type: "spki", format: "pem" }) as string;

interface Served {
  version: number;
  configuration: string;
  ci?: string;
  kind?: "rules" | "configuration";
  signature?: string | null;
}

function answerOf({ version, configuration, ci = "web-1", kind = "configuration", signature }: Served): HttpAnswer {
  const body = Buffer.from(JSON.stringify({ version, ci, configuration }));
  const own = sign(null, signedBytes(kind, body), KEYS.privateKey).toString("base64");
  const header = signature === null ? {} : { [SIGNATURE_HEADER]: signature ?? own };
  return { kind: "answer", status: 200, headers: { etag: `"${version}"`, ...header }, body };
}

/** An agent that begins anew whenever it wants to, as the real one does by execve. */
class Life {
  readonly clock = new VirtualClock();
  readonly path: string;
  readonly lines: { level: string; message: string; reason?: string }[] = [];
  served: Served | HttpAnswer | null = null;
  /** Whether anything can be sent under a configuration. */
  canSend: (intervalMs: number) => boolean = () => true;
  begun: { intervalMs: number; kind: string }[] = [];
  requests: HttpRequest[] = [];
  pinned: string | null = PEM;
  #source: RemoteSource | null = null;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-remote-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    this.path = join(folder, "remote.json");
  }

  begin(): void {
    this.#source?.stop();
    const { config, use } = chooseRemote(defaultAgentConfig(), readRemoteState(this.path), undefined);
    this.begun.push({ intervalMs: config.intervalMs, kind: use.kind });
    const at = this.clock.now();
    const collectors = new Collectors({
      urls: ["http://c"],
      transport: { send: (request) => Promise.resolve(this.#answer(request)), close: () => undefined },
      token: new TokenSource({ token: null, file: null }),
      clock: this.clock,
      timeoutMs: 1000,
      userAgent: "test",
    });
    this.#source = new RemoteSource({
      collectors,
      verifier: new DocumentVerifier(() => this.pinned),
      clock: this.clock,
      random: () => 0.5,
      log: createLog(
        "info",
        (line) => this.lines.push(JSON.parse(line)),
        () => 0,
      ),
      path: this.path,
      ci: "web-1",
      everyMs: 60_000,
      use,
      lastAcceptedAt: () => (this.canSend(config.intervalMs) ? at : 0),
      restart: () => this.begin(),
    });
    this.#source.begin();
  }

  stop(): void {
    this.#source?.stop();
  }

  /** Minutes pass. */
  async minutes(count: number): Promise<void> {
    for (let second = 0; second < count * 60; second += 10) {
      this.clock.advance(10_000);
      for (let turn = 0; turn < 8; turn++) await new Promise<void>((done) => setImmediate(done));
    }
  }

  get state() {
    return readRemoteState(this.path);
  }

  get last() {
    return this.begun.at(-1);
  }

  #answer(request: HttpRequest): HttpAnswer {
    this.requests.push(request);
    if (this.served === null) return { kind: "failed", reason: "ECONNREFUSED" };
    if ("kind" in this.served && this.served.kind === "answer") return this.served;
    const served = this.served as Served;
    if (request.headers["if-none-match"] === `"${served.version}"`)
      return { kind: "answer", status: 304, headers: {}, body: Buffer.alloc(0) };
    return answerOf(served);
  }
}

function live(served: Served | HttpAnswer | null): Life {
  const life = new Life();
  onTestFinished(() => life.stop());
  life.served = served;
  life.begin();
  return life;
}

test("a new configuration: begun anew with it, in use once something was sent, and asked for by tag from then on", async () => {
  const life = live({ version: 1, configuration: "interval: 30s\n" });
  await life.minutes(2);
  expect(life.begun).toEqual([
    { intervalMs: 10_000, kind: "none" },
    { intervalMs: 30_000, kind: "trial" },
  ]);
  expect(life.state).toMatchObject({ current: "interval: 30s\n", version: 1, trial: null, etag: '"1"' });
  await life.minutes(2);
  expect(life.requests.at(-1)?.headers["if-none-match"]).toBe('"1"');
  life.begin();
  expect(life.last).toEqual({ intervalMs: 30_000, kind: "current" });
  // Taken away again.
  life.served = { version: 2, configuration: "" };
  await life.minutes(3);
  expect(life.last).toEqual({ intervalMs: 10_000, kind: "trial" });
  expect(life.state).toMatchObject({ current: "", version: 2, trial: null });
});

test("nothing can be sent under it: after a minute what was before comes back; it is tried again later and later", async () => {
  const life = live({ version: 1, configuration: "interval: 20s\n" });
  await life.minutes(2);
  life.canSend = (intervalMs) => intervalMs !== 30_000;
  life.served = { version: 2, configuration: "interval: 30s\n" };
  const trials = (): number => life.begun.filter(({ intervalMs }) => intervalMs === 30_000).length;
  await life.minutes(4);
  expect(life.last).toEqual({ intervalMs: 20_000, kind: "current" });
  expect(life.lines.find(({ level }) => level === "error")?.reason).toContain("nothing could be sent within 60 s");
  expect(life.state).toMatchObject({ current: "interval: 20s\n", trial: null, rejected: { version: 2, tries: 1 } });
  expect(trials()).toBe(1);
  await life.minutes(14);
  expect(trials()).toBe(2);
  await life.minutes(40);
  expect(trials()).toBe(2);
  await life.minutes(40);
  expect(trials()).toBe(3);
  expect(life.last).toEqual({ intervalMs: 20_000, kind: "current" });
  // It was the network.
  life.canSend = () => true;
  await life.minutes(60 * 7);
  expect(life.state).toMatchObject({ current: "interval: 30s\n", rejected: null });
});

test("one with mistakes never runs, and is not tried again; the next version is", async () => {
  const life = live({ version: 1, configuration: "interval: soon\n" });
  await life.minutes(60 * 24);
  expect(life.begun.map(({ kind }) => kind)).toEqual(["none", "none"]);
  expect(life.state).toMatchObject({ current: "", rejected: { version: 1, retryAt: null } });
  expect(life.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  life.served = { version: 2, configuration: "interval: 30s\n" };
  await life.minutes(2);
  expect(life.last).toEqual({ intervalMs: 30_000, kind: "trial" });
});

test("an agent that crashes under it three times begins with what was before", async () => {
  const life = live({ version: 1, configuration: "interval: 20s\n" });
  await life.minutes(2);
  life.canSend = () => false;
  life.served = { version: 2, configuration: "interval: 30s\n" };
  await life.minutes(1);
  for (let crash = 0; crash < 3; crash++) life.begin();
  expect(life.begun.slice(-4).map(({ intervalMs }) => intervalMs)).toEqual([30_000, 30_000, 30_000, 20_000]);
  expect(life.state.rejected).toMatchObject({ version: 2, reason: "the agent ended 3 times with it" });
});

test.for<[string, Served | HttpAnswer, string | null]>([
  ["not signed", { version: 1, configuration: "interval: 30s\n", signature: null }, "it is not signed"],
  ["signed by another", { version: 1, configuration: "interval: 30s\n", signature: "AAAA" }, "not by the key"],
  ["a signature for rules", { version: 1, configuration: "interval: 30s\n", kind: "rules" }, "not by the key"],
  ["for another host", { version: 1, configuration: "interval: 30s\n", ci: "web-2" }, "it is for web-2"],
  ["endless", { version: 1, configuration: "#".repeat(60_000) }, "60000 characters"],
  ["an error", { kind: "answer", status: 403, headers: {}, body: Buffer.alloc(0) }, "HTTP 403"],
  ["of an older collector", { kind: "answer", status: 404, headers: {}, body: Buffer.alloc(0) }, null],
])("a document that is %s: told once at most, and nothing changes", async ([, served, reason]) => {
  const life = live(served);
  await life.minutes(5);
  expect(life.begun).toHaveLength(1);
  expect(life.lines).toHaveLength(reason === null ? 0 : 1);
  if (reason !== null) expect(life.lines[0]?.reason).toContain(reason);
});

test("an old document that is played again is refused", async () => {
  const life = live({ version: 5, configuration: "interval: 30s\n" });
  await life.minutes(2);
  life.served = { version: 4, configuration: "interval: 1s\n" };
  await life.minutes(3);
  expect(life.begun).toHaveLength(2);
  expect(life.lines.at(-1)?.reason).toContain("it is older (4) than the one that is known (5)");
});

test("without a pinned key nothing is asked", async () => {
  const life = new Life();
  onTestFinished(() => life.stop());
  life.pinned = null;
  life.served = { version: 1, configuration: "interval: 30s\n" };
  life.begin();
  await life.minutes(5);
  expect(life.requests).toEqual([]);
});
