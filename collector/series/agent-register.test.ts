import { expect, test } from "vitest";
import { RecordingIntake, RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Detection, Detector } from "../../rules/detect/detector.ts";
import { createSeriesRoom, type SeriesRoom } from "./series-room.ts";
import { type DiscoveredTarget, discovery } from "./service-discovery.ts";

interface Bench {
  room: SeriesRoom;
  clock: VirtualClock;
  intake: RecordingIntake;
  telemetry: RecordingTelemetry;
  heard: (ci: string, agentId: string, run?: string, isOnce?: boolean) => void;
}

function bench(detector: Detector | null = null): Bench {
  const clock = new VirtualClock();
  const intake = new RecordingIntake();
  const telemetry = new RecordingTelemetry();
  const room = createSeriesRoom({
    intake,
    clock,
    telemetry,
    log: new RecordingLog(),
    resolveCi: (name) => name.toLowerCase(),
    detector,
  });
  const heard = (ci: string, agentId: string, run = "", isOnce = false): void =>
    room.agents.heard({ ci, agentId, run, isOnce, version: "1.0", intervalMs: 10_000, at: clock.now() });
  room.start();
  return { room, clock, intake, telemetry, heard };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

test("agents are listed by CI, and are silent after three intervals", () => {
  const { room, clock, heard, telemetry } = bench();
  heard("web-02", "b");
  heard("WEB-01", "a");
  clock.advance(20_000);
  heard("web-01", "a");
  clock.advance(20_000);
  expect(room.agents.list().map(({ ci, agentId, status, duplicate }) => [ci, agentId, status, duplicate])).toEqual([
    ["web-01", "a", "reporting", false],
    ["web-02", "b", "silent", false],
  ]);
  expect(telemetry.gauges.get("tocsin_agents")?.()).toEqual([
    { labels: { status: "reporting" }, value: 1 },
    { labels: { status: "silent" }, value: 1 },
  ]);
  room.stop();
});

test("an agent that was installed anew is not a duplicate", async () => {
  const { clock, intake, heard } = bench();
  for (let round = 0; round < 5; round++) {
    heard("web-01", "old");
    clock.advance(10_000);
  }
  for (let round = 0; round < 5; round++) {
    heard("web-01", "new");
    clock.advance(10_000);
  }
  await settled();
  expect(intake.events).toEqual([]);
});

test("two agents on one CI are told once, and cleared when one has stopped", async () => {
  const { clock, intake, heard, room } = bench();
  for (let round = 0; round < 5; round++) {
    heard("web-01", "a");
    clock.advance(5000);
    heard("web-01", "b");
    clock.advance(5000);
    await settled();
  }
  expect(intake.events).toMatchObject([
    {
      source: "collector",
      ci: "web-01",
      check: "duplicate_agent",
      status: "firing",
      severity: "warning",
      summary: "Two agents speak for web-01 at the same time: a and b. Give one of them another ci.",
    },
  ]);
  expect(room.agents.list().every((agent) => agent.duplicate)).toBe(true);
  for (let round = 0; round < 12; round++) {
    heard("web-01", "a");
    clock.advance(10_000);
    await settled();
  }
  expect(intake.events.map((event) => event.status)).toEqual(["firing", "resolved"]);
});

test.for<[situation: string, ci: string, agentId: string]>([
  ["of an identity of its own", "web-01", "by hand"],
  ["of the same identity", "web-01", "a"],
  ["of the same identity on another CI", "web-02", "a"],
])("a process that sends once and ends is nobody's rival: %s", async ([, ci, agentId]) => {
  const { clock, intake, heard, room } = bench();
  for (let round = 0; round < 6; round++) {
    heard("web-01", "a", "service");
    clock.advance(5000);
    heard(ci, agentId, `by hand ${round}`, true);
    clock.advance(5000);
    await settled();
  }
  expect(intake.events).toEqual([]);
  expect(room.agents.list().map(({ duplicate }) => duplicate)).not.toContain(true);
});

test("an agent that was tried once by hand, and runs since then, may have a rival", async () => {
  const { clock, intake, heard } = bench();
  heard("web-01", "a", "by hand", true);
  for (let round = 0; round < 3; round++) {
    clock.advance(5000);
    heard("web-01", "a", "service");
    clock.advance(5000);
    heard("web-01", "b");
    await settled();
  }
  expect(intake.events.map(({ check, status }) => [check, status])).toEqual([["duplicate_agent", "firing"]]);
});

test("one identity on two CIs is a copied data directory", async () => {
  const { clock, intake, heard } = bench();
  for (let round = 0; round < 3; round++) {
    heard("web-01", "a");
    clock.advance(5000);
    heard("web-02", "a");
    clock.advance(5000);
    await settled();
  }
  expect(intake.events.map((event) => [event.ci, event.check])).toEqual([
    ["web-01", "duplicate_agent"],
    ["web-02", "duplicate_agent"],
  ]);
  expect(intake.events[0]?.summary).toContain("web-01 and web-02");
});

test("an agent that was silent for a day is forgotten", () => {
  const { clock, heard, room } = bench();
  heard("web-01", "a");
  clock.advance(25 * 3_600_000);
  expect(room.agents.list()).toEqual([]);
});

async function discovered(cis: readonly string[]): Promise<DiscoveredTarget[]> {
  let text = "";
  for await (const piece of discovery(cis, "collector:8430", "https")) text += piece;
  return JSON.parse(text) as DiscoveredTarget[];
}

test("service discovery has one target for each CI, the collector itself", async () => {
  const { heard, room } = bench();
  heard("web 01/x", "a");
  heard("web 01/x", "b");
  expect(await discovered(room.agents.cis())).toEqual([
    {
      targets: ["collector:8430"],
      labels: {
        __metrics_path__: "/metrics/agents/web%2001%2Fx",
        __scheme__: "https",
        ci: "web 01/x",
        instance: "web 01/x",
      },
    },
  ]);
});

test.each([
  { name: "nobody", cis: [] },
  { name: "more than go out at once", cis: Array.from({ length: 1201 }, (_, index) => `host-${index}`) },
  { name: "a name with half a surrogate pair", cis: ["a", "b\ud800", "c"] },
])("service discovery of $name is one JSON list", async ({ cis }) => {
  expect((await discovered(cis)).map((target) => target.labels["ci"])).toEqual(cis);
});

test("who is asked by an agent's identity is found without a walk over all", () => {
  const { heard, room } = bench();
  heard("web-02", "a");
  heard("web-01", "a");
  expect(room.agents.ciOf("a")).toBe("web-01");
  expect(room.agents.ciOf("b")).toBeUndefined();
  expect([room.agents.speaksFor("web-02"), room.agents.speaksFor("web-03")]).toEqual([true, false]);
  expect(room.agents.cis()).toEqual(["web-01", "web-02"]);
  expect(room.agents.reporting()).toBe(2);
});

const detection: Detection = {
  rule: "disk_full",
  ci: "web-02",
  instance: "/var",
  status: "firing",
  severity: "major",
  summary: "/var is 97 % full",
  at: Date.UTC(2026, 2, 1, 10),
  since: Date.UTC(2026, 2, 1, 9, 55),
  value: 0.97,
  labels: { mountpoint: "/var" },
  runbook: "https://example.net/disk",
};

test("detections become events, wait while the intake has no room, and are told again each hour", async () => {
  let now = true;
  const detector: Detector = {
    observe: () => (now ? [detection] : []),
    tick: () => [],
    firing: () => [detection],
  };
  const { clock, intake, room } = bench(detector);
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 2000 });
  const sample = { name: "a", labels: {}, value: 1, at: clock.now(), type: "gauge" as const, unit: "" };
  room.store.write({ ci: "web-02", source: "otlp", labels: {}, samples: [sample] }, clock.now());
  now = false;
  clock.advance(100);
  await settled();
  expect(intake.batches).toHaveLength(1);
  intake.answer = undefined;
  clock.advance(2000);
  await settled();
  expect(intake.batches).toHaveLength(2);
  expect(intake.events.at(-1)).toEqual({
    id: "web-02|disk_full|/var|firing|1772359200000",
    idGiven: true,
    source: "rules",
    ci: "web-02",
    check: "disk_full",
    instance: "/var",
    kind: "alert",
    status: "firing",
    severity: "major",
    summary: "/var is 97 % full",
    occurredAt: detection.at,
    labels: { mountpoint: "/var" },
    since: detection.since,
    annotations: { value: "0.97" },
    links: [{ href: "https://example.net/disk", text: "runbook" }],
    expiresAfterMs: null,
  });
  clock.advance(3_600_000);
  await settled();
  clock.advance(3_600_000);
  await settled();
  expect(intake.events.length).toBeGreaterThan(2);
  expect(intake.events.at(-1)?.id).not.toBe(intake.events[1]?.id);
});

test("two processes with one identity and one CI, as a copied disk makes them, are told; a restart is not", async () => {
  const { room, clock, intake, heard } = bench();
  const told = (): string[] =>
    intake.events.filter(({ check }) => check === "duplicate_agent").map(({ status }) => status);
  heard("web-01", "a", "first");
  clock.advance(10_000);
  heard("web-01", "a", "second");
  // A request of the one that ended was still on its way.
  heard("web-01", "a", "first");
  for (let round = 0; round < 6; round++) {
    clock.advance(10_000);
    heard("web-01", "a", "second");
    await settled();
  }
  expect(told()).toEqual([]);
  for (let round = 0; round < 6; round++) {
    clock.advance(5000);
    heard("web-01", "a", round % 2 === 0 ? "third" : "second");
    await settled();
  }
  expect(told()).toEqual(["firing"]);
  expect(room.agents.list()).toMatchObject([{ ci: "web-01", duplicate: true }]);
  for (let round = 0; round < 20; round++) {
    clock.advance(10_000);
    heard("web-01", "a", "second");
    await settled();
  }
  expect(told()).toEqual(["firing", "resolved"]);
});
