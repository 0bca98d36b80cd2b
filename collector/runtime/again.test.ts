import { expect, test } from "vitest";
import { event } from "../../test/support/event.ts";
import { createMemoryStore, MemoryDisk } from "../../test/support/memory-store.ts";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { EMPTY_CMDB } from "../core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../core/model/settings.ts";
import { refsOf } from "../core/model/alert-ref.ts";
import type { Submission } from "../port/intake.ts";
import { createLiveCores } from "./live-core.ts";
import { Partition } from "./partition.ts";

async function started(on: MemoryDisk, clock: VirtualClock): Promise<Partition> {
  const partition = new Partition({
    store: createMemoryStore(on),
    createCore: createLiveCores({ settings: DEFAULT_SETTINGS, cmdb: EMPTY_CMDB }),
    clock,
    random: () => 0.5,
    telemetry: new RecordingTelemetry(),
    log: new RecordingLog(),
    onOutbox: () => undefined,
    onFatal: (reason) => {
      throw new Error(reason);
    },
  });
  await partition.start();
  return partition;
}

/** The next one, after kill -9: what was committed, and nothing else. */
function killed(on: MemoryDisk, clock: VirtualClock): Promise<Partition> {
  on.isHeld = false;
  return started(on, clock);
}

const firing = (name: string, at: number): Submission => ({
  kind: "event",
  event: event({ id: name, idGiven: false, ci: name, occurredAt: at, expiresAfterMs: 60_000, expiresAt: at + 60_000 }),
});

test("a repetition is durable when it is answered: a restart knows the new end and the count", async () => {
  const clock = new VirtualClock();
  const memory = new MemoryDisk();
  const first = await started(memory, clock);
  const result = await first.submit([firing("a", clock.now()), firing("b", clock.now())], "event");
  if (result.status !== "committed") throw new Error(result.status);
  const ids = result.outcomes.map((outcome) => (outcome.status === "accepted" ? (outcome.alert ?? "") : ""));
  clock.advance(30_000);
  const now = clock.now();
  const again = {
    kind: "again",
    alerts: refsOf([...ids, "a-0000000000000001"]),
    occurredAt: now,
    expiresAt: now + 3_600_000,
    expiresAfterMs: 0,
  } as const;
  expect(await first.submit([again], "event")).toMatchObject({
    status: "committed",
    outcomes: [{ status: "accepted", missed: [2] }],
  });
  const second = await killed(memory, clock);
  for (const id of ids)
    expect(second.core.alert(id)).toMatchObject({ count: 2, lastSeenAt: now, expiresAt: now + 3_600_000 });
  await second.stop();
});

test("a repetition and an event of one alert in one commit: the event's state is what is stored", async () => {
  const clock = new VirtualClock();
  const memory = new MemoryDisk();
  const first = await started(memory, clock);
  const result = await first.submit([firing("a", clock.now())], "event");
  if (result.status !== "committed") throw new Error(result.status);
  const [outcome] = result.outcomes;
  const id = outcome?.status === "accepted" ? (outcome.alert ?? "") : "";
  clock.advance(10_000);
  const now = clock.now();
  await first.submit(
    [
      { kind: "again", alerts: refsOf([id]), occurredAt: now, expiresAt: now + 3_600_000, expiresAfterMs: 0 },
      { kind: "event", event: event({ id: "r", idGiven: false, ci: "a", occurredAt: now, status: "resolved" }) },
    ],
    "event",
  );
  const second = await killed(memory, clock);
  expect(second.core.alert(id)).toMatchObject({ status: "resolved", expiresAt: null, count: 2 });
  await second.stop();
});
