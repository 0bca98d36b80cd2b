import { getTasks } from "node-cron";
import { expect, test, vi } from "vitest";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Housekeeping } from "./housekeeping.ts";

const MIB = 2 ** 20;
const DAY = 86_400_000;

interface WorldOptions {
  freeBytes?: number | null;
  diskBytes?: number | null;
  steps?: number;
  oldestIncidentAt?: number;
}

function world(options: WorldOptions = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const telemetry = new RecordingTelemetry();
  const size = {
    sizeBytes: 5 * MIB,
    rows: { ledger: 3 },
    freeBytes: 1e12 as number | null,
    diskBytes: 2e12 as number | null,
  };
  Object.assign(size, options);
  const horizons: Record<string, number>[] = [];
  const shed: (string | undefined)[] = [];
  let steps = options.steps ?? 1;
  const housekeeping = new Housekeeping({
    store: {
      size: async () => ({ ...size }),
      compact: async (before) => {
        horizons.push({ ...before });
        steps -= 1;
        return steps > 0;
      },
    },
    retention: { journalMs: 7 * DAY, ledgerMs: 90 * DAY, incidentsMs: 400 * DAY, deliveriesMs: 30 * DAY },
    clock,
    telemetry,
    log,
    shed: (reason) => shed.push(reason),
    oldestIncidentAt: () => options.oldestIncidentAt ?? null,
    dataDir: "/data",
  });
  return { clock, log, telemetry, size, horizons, shed, housekeeping };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

test("compaction goes to the end, with pauses for commits", async () => {
  const { housekeeping, horizons, clock, telemetry } = world({ steps: 5 });
  const done = housekeeping.compact();
  const now = clock.now();
  for (let step = 0; step < 5; step += 1) {
    await settle();
    expect(horizons).toHaveLength(step + 1);
    clock.advance(20);
  }
  await done;
  expect(horizons[0]).toEqual({
    journal: now - 7 * DAY,
    ledger: now - 90 * DAY,
    outbox: now - 30 * DAY,
    entities: now - 400 * DAY,
    alerts: now - 400 * DAY,
  });
  expect(telemetry.counts.get("tocsin_compactions_total{result=finished}")).toBe(1);
});

test("alerts are kept as long as an incident is open that they may be in", async () => {
  const { housekeeping, horizons } = world({ oldestIncidentAt: 77 });
  await housekeeping.compact();
  expect(horizons[0]).toMatchObject({ alerts: 77 });
});

test("compaction that finds no end stops and goes on with the next run", async () => {
  const { housekeeping, clock, telemetry } = world({ steps: 1e9 });
  const done = housekeeping.compact();
  for (let step = 0; step < 100; step += 1) {
    await settle();
    clock.advance(3_000);
  }
  await done;
  expect(telemetry.counts.get("tocsin_compactions_total{result=unfinished}")).toBe(1);
});

test("a disk that is nearly full: events are refused, the journal is cut, and taken again only with room to spare", async () => {
  const { housekeeping, size, shed, horizons, clock, log } = world();
  await housekeeping.look();
  expect(shed).toEqual([]);
  size.freeBytes = 63 * MIB;
  await housekeeping.look();
  expect(shed).toEqual(["the collector's disk is nearly full (63 MiB left)"]);
  expect(horizons[0]?.journal).toBe(clock.now() - 3_600_000);
  size.freeBytes = 90 * MIB;
  await housekeeping.look();
  expect(shed).toHaveLength(1);
  size.freeBytes = 97 * MIB;
  await housekeeping.look();
  expect(shed.at(-1)).toBeUndefined();
  expect(log.lines.map(({ level }) => level)).toEqual(["error", "warn"]);
});

test("on a small disk the reserve is small, and without a disk there is none", async () => {
  const small = world({ freeBytes: 4 * MIB, diskBytes: 64 * MIB });
  await small.housekeeping.look();
  expect(small.shed).toEqual([]);
  small.size.freeBytes = 3 * MIB;
  await small.housekeeping.look();
  expect(small.shed).toHaveLength(1);
  const none = world({ freeBytes: null, diskBytes: null });
  await none.housekeeping.look();
  expect(none.shed).toEqual([]);
});

test("the schedule begins after a moment and ends, and writes nothing to standard output", async () => {
  const { housekeeping, telemetry, clock } = world();
  const written: unknown[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: unknown) => written.push(text) > 0;
  try {
    await housekeeping.start();
    expect(getTasks().size).toBe(0);
    clock.advance(1_000);
    await vi.waitUntil(() => getTasks().size === 2);
    await housekeeping.stop();
    expect(getTasks().size).toBe(0);
  } finally {
    process.stdout.write = write;
  }
  expect(written).toEqual([]);
  expect(telemetry.gauges.get("tocsin_store_bytes")?.()).toBe(5 * MIB);
});
