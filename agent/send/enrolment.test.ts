import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type EnrolmentWire, enrolmentWire } from "../../test/support/enrolment-wire.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Enrolment } from "./enrolment.ts";
import type { HttpAnswer, HttpRequest } from "./transport.ts";

const DAY_MS = 86_400_000;
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-enrolment-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

function agent(
  from: EnrolmentWire,
  clock: VirtualClock,
  options: { folder?: string; agentId?: string; ci?: string; token: string | null },
) {
  const folder = options.folder ?? newFolder();
  const lines: { level: string; message: string; reason?: string }[] = [];
  const given = { token: options.token };
  const enrolment = new Enrolment({
    path: join(folder, "credential.json"),
    urls: ["http://c"],
    transport: from.transport,
    clock,
    random: () => 0.5,
    log: createLog(
      "info",
      (line) => lines.push(JSON.parse(line)),
      () => 0,
    ),
    agentId: options.agentId ?? "agent-1",
    ci: options.ci ?? "web-1",
    enrolmentToken: () => given.token,
    timeoutMs: 1000,
    userAgent: "test",
  });
  onTestFinished(() => enrolment.stop());
  return { enrolment, folder, lines, given };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise<void>((done) => setImmediate(done));
};

test("an enrolment token becomes a token of its own and a pinned key, both known after a restart", async () => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment, folder, lines, given } = agent(collector, clock, { token: collector.make() });
  expect(enrolment.current).toBe(null);
  await enrolment.enrol();
  expect(collector.real.identify(enrolment.current ?? "")).toMatchObject({ ci: "web-1", agentId: "agent-1" });
  expect(enrolment.signingKey).toContain("BEGIN PUBLIC KEY");
  expect(JSON.stringify(lines)).not.toContain(enrolment.current);
  given.token = null;
  const again = agent(collector, clock, { folder, token: null });
  expect(again.enrolment.current).toBe(enrolment.current);
  expect(again.enrolment.signingKey).toBe(enrolment.signingKey);
});

test.for(["request", "answer"] as const)(
  "the %s is lost on the way: it is sent again, also after a crash",
  async (cut) => {
    const clock = new VirtualClock();
    const collector = enrolmentWire(clock);
    const token = collector.make();
    collector.wire.cut = cut;
    const first = agent(collector, clock, { token });
    await first.enrolment.enrol();
    expect(first.enrolment.current).toBe(null);
    await first.enrolment.enrol();
    expect(collector.wire.requests).toBe(1);
    collector.wire.cut = "none";
    const second = agent(collector, clock, { folder: first.folder, token });
    await second.enrolment.enrol();
    expect(collector.real.identify(second.enrolment.current ?? "")).toMatchObject({ ci: "web-1" });
    clock.advance(20_000);
    await first.enrolment.enrol();
    expect(first.enrolment.current).toBe(second.enrolment.current);
  },
);

test("the sender asks for another token while it is refused: enrolled by then, it gets one", async () => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment, given } = agent(collector, clock, { token: null });
  expect(enrolment.refresh()).toBe(false);
  given.token = collector.make();
  await settled();
  expect(enrolment.refresh()).toBe(false);
  await settled();
  expect(enrolment.refresh()).toBe(true);
  expect(enrolment.refresh()).toBe(false);
});

test.for<[string, (collector: EnrolmentWire) => string, string]>([
  ["nonsense", () => "hello", "is none"],
  ["for another CI", (collector) => collector.make("db-1"), "this enrolment token is for db-1"],
  ["that names another key", (collector) => collector.make().replace(/.{22}$/, "x".repeat(22)), "is not known"],
])("a token %s: told once, asked again after a minute at the earliest", async ([, tokenFrom, reason]) => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment, lines } = agent(collector, clock, { token: tokenFrom(collector) });
  for (let round = 0; round < 3; round++) await enrolment.enrol();
  expect(collector.wire.requests).toBeLessThanOrEqual(1);
  clock.advance(61_000);
  await enrolment.enrol();
  expect(enrolment.current).toBe(null);
  expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
  expect(lines[0]?.reason).toContain(reason);
});

test("a server in between that has another key is found out, and gets no more", async () => {
  const clock = new VirtualClock();
  const [real, impostor] = [enrolmentWire(clock), enrolmentWire(clock)];
  const token = real.make();
  const transport = {
    send: async (request: HttpRequest): Promise<HttpAnswer> => {
      const answer = await real.transport.send(request);
      if (answer.kind === "failed") return answer;
      const document = JSON.parse(answer.body.toString()) as object;
      const { signingKey } = impostor.real.exchange(impostor.make(), {
        agentId: "a",
        ci: "b",
        token: `tocsin-agent.${"z".repeat(43)}`,
      }) as { signingKey: string };
      return { ...answer, body: Buffer.from(JSON.stringify({ ...document, signingKey })) };
    },
    close: () => undefined,
  };
  const { enrolment, lines } = agent({ ...real, transport }, clock, { token });
  await enrolment.enrol();
  expect(enrolment.current).toBe(null);
  expect(lines[0]?.reason).toContain("signing key is not the one");
});

test("renewed after a third of its life, by itself, and again", async () => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment } = agent(collector, clock, { token: collector.make() });
  await enrolment.enrol();
  enrolment.start();
  const tokens = new Set([enrolment.current]);
  for (let day = 0; day < 100; day++) {
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000);
      await settled();
    }
    tokens.add(enrolment.current);
    expect(collector.real.identify(enrolment.current ?? "")).toMatchObject({ ci: "web-1" });
  }
  expect(tokens.size).toBe(4);
});

test.for(["request", "answer"] as const)(
  "a renewal whose %s is lost: the old token is good, and the next attempt ends it",
  async (cut) => {
    const clock = new VirtualClock();
    const collector = enrolmentWire(clock);
    const first = agent(collector, clock, { token: collector.make() });
    await first.enrolment.enrol();
    const before = first.enrolment.current;
    clock.advance(31 * DAY_MS);
    collector.wire.cut = cut;
    first.enrolment.start();
    clock.advance(2000);
    await settled();
    expect(first.enrolment.current).toBe(before);
    expect(collector.real.identify(before ?? "")).toMatchObject({ ci: "web-1" });
    // Crashed here.
    collector.wire.cut = "none";
    const second = agent(collector, clock, { folder: first.folder, token: null });
    expect(second.enrolment.current).toBe(before);
    second.enrolment.start();
    clock.advance(2000);
    await settled();
    expect(second.enrolment.current).not.toBe(before);
    expect(collector.real.identify(second.enrolment.current ?? "")).toMatchObject({ ci: "web-1" });
  },
);

test.for<[string, { agentId?: string; ci?: string }]>([
  ["a copied data directory", { agentId: "agent-2" }],
  ["another CI", { ci: "web-2" }],
])("%s: what was another's is not used, and it is told", async ([, changed]) => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment, folder } = agent(collector, clock, { token: collector.make() });
  await enrolment.enrol();
  const other = agent(collector, clock, { folder, token: null, ...changed });
  expect(other.enrolment.current).toBe(null);
  expect(other.enrolment.signingKey).toBe(null);
  expect(other.lines).toHaveLength(1);
});

test("a new enrolment token lets a revoked agent in again", async () => {
  const clock = new VirtualClock();
  const collector = enrolmentWire(clock);
  const { enrolment, given, folder } = agent(collector, clock, { token: collector.make() });
  await enrolment.enrol();
  collector.real.revoke("web-1");
  await enrolment.enrol();
  expect(collector.wire.requests).toBe(1);
  given.token = collector.make();
  await enrolment.enrol();
  expect(collector.real.identify(enrolment.current ?? "")).toMatchObject({ ci: "web-1" });
  expect(readFileSync(join(folder, "credential.json"), "utf8")).toContain(given.token.split(".")[1]);
});
