import { expect, test } from "vitest";
import { event } from "../../test/support/event.ts";
import { MemoryDisk, createMemoryStore } from "../../test/support/memory-store.ts";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { ToyCore } from "../../test/support/toy-core.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { HeldStore } from "../../test/support/held-store.ts";
import { EMPTY_CMDB } from "../core/model/ci.ts";
import type { Event } from "../core/model/event.ts";
import type { IncidentStatus } from "../core/model/incident.ts";
import { DEFAULT_SETTINGS } from "../core/model/settings.ts";
import type { Page } from "../port/query.ts";
import type { Core, StoredState } from "./core.ts";
import { createLiveCores } from "./live-core.ts";
import { Partition } from "./partition.ts";
import { createQuery } from "./query.ts";

async function world(createCore: (stored: StoredState) => Core = (stored) => new ToyCore(stored)) {
  const clock = new VirtualClock();
  const store = new HeldStore(createMemoryStore(new MemoryDisk()));
  const partition = new Partition({
    store,
    clock,
    random: () => 0,
    telemetry: new RecordingTelemetry(),
    log: new RecordingLog(),
    createCore,
    onOutbox: () => undefined,
    onFatal: (reason) => {
      throw new Error(reason);
    },
  });
  await partition.start();
  const query = createQuery({ partition, store, receivers: () => ["hook"] });
  const say = async (...events: Partial<Event>[]): Promise<void> => {
    const result = await partition.submit(
      events.map((parts) => ({ kind: "event", event: event(parts) })),
      "event",
    );
    expect(result.status).toBe("committed");
    clock.advance(10);
  };
  const pass = async (spanMs: number): Promise<void> => {
    for (let passed = 0; passed < spanMs; passed += 1_000) {
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
    await partition.settled();
  };
  return { clock, store, partition, query, say, pass };
}

/** All pages of a list, and the sizes of the pages. */
async function walk<T>(list: (cursor: string | null) => Promise<Page<T>>): Promise<{ items: T[]; sizes: number[] }> {
  const items: T[] = [];
  const sizes: number[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await list(cursor);
    items.push(...page.items);
    sizes.push(page.items.length);
    cursor = page.next;
  } while (cursor !== null);
  return { items, sizes };
}

/** Seven incidents: 1 and 4 are closed, 2 is resolved, the others are open. */
async function sevenIncidents() {
  const made = await world();
  const { say, pass } = made;
  for (const number of [1, 2, 3, 4, 5]) await say({ ci: `ci-${number}` });
  await say({ ci: "ci-1", status: "resolved" }, { ci: "ci-4", status: "resolved" });
  await pass(61_000);
  await say({ ci: "ci-6" }, { ci: "ci-7", severity: "critical" }, { ci: "ci-2", status: "resolved" });
  return made;
}

test.each<{ statuses: IncidentStatus[] | "all" | undefined; numbers: number[] }>([
  { statuses: undefined, numbers: [7, 6, 5, 3] },
  { statuses: ["resolved"], numbers: [2] },
  { statuses: ["closed"], numbers: [4, 1] },
  { statuses: ["closed", "open"], numbers: [7, 6, 5, 4, 3, 1] },
  { statuses: "all", numbers: [7, 6, 5, 4, 3, 2, 1] },
])(
  "incidents with status $statuses, newest first, from memory and store, page after page",
  async ({ statuses, numbers }) => {
    const { query, partition } = await sevenIncidents();
    for (const limit of [1, 2, 3, 100]) {
      const { items, sizes } = await walk(async (cursor) => query.incidents({ statuses, limit, cursor }));
      // 6 and 7 came in the same millisecond: their ids decide.
      const found = items.map(({ number }) => number);
      expect(found.toSorted((a, b) => b - a)).toEqual(numbers);
      expect(found.filter((number) => number < 6)).toEqual(numbers.filter((number) => number < 6));
      expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
    }
    await partition.stop();
  },
);

test("incidents of a CI, also when they are long closed", async () => {
  const { query, partition } = await sevenIncidents();
  const of = async (ci: string) =>
    (await query.incidents({ statuses: "all", ci, limit: 10, cursor: null })).items.map(({ number }) => number);
  expect(await of("ci-1")).toEqual([1]);
  expect(await of("ci-5")).toEqual([5]);
  expect(await of("ci-99")).toEqual([]);
  await partition.stop();
});

test("what comes in front of a page does not move the next one", async () => {
  const { query, say, partition } = await sevenIncidents();
  const first = await query.incidents({ statuses: undefined, limit: 2, cursor: null });
  await say({ ci: "ci-8" }, { ci: "ci-9" });
  const second = await query.incidents({ statuses: undefined, limit: 2, cursor: first.next });
  expect(second.items.map(({ number }) => number)).toEqual([5, 3]);
  expect(second.next).toBeNull();
  await partition.stop();
});

test("one incident, by id or number, live or closed", async () => {
  const { query, partition } = await sevenIncidents();
  const live = await query.incident("5");
  expect(live?.status).toBe("open");
  expect(await query.incident(live?.id ?? "")).toEqual(live);
  const closed = await query.incident("1");
  expect(closed?.status).toBe("closed");
  expect(await query.incident(closed?.id ?? "")).toEqual(closed);
  expect(await query.incident("99")).toBeUndefined();
  expect(await query.incident("no such")).toBeUndefined();
  await partition.stop();
});

test("alerts by status and CI, newest first, page after page", async () => {
  const { query, say, partition } = await world();
  for (let index = 0; index < 30; index += 1) await say({ ci: `ci-${index % 3}`, instance: String(index) });
  await say({ ci: "ci-0", instance: "0", status: "resolved" });
  const active = await walk(async (cursor) => query.alerts({ statuses: undefined, limit: 7, cursor }));
  expect(active.items.map(({ instance }) => Number(instance))).toEqual(
    Array.from({ length: 29 }, (_, index) => 29 - index),
  );
  expect(active.sizes).toEqual([7, 7, 7, 7, 1]);
  const of = await query.alerts({ statuses: "all", ci: "ci-0", limit: 100, cursor: null });
  expect(of.items).toHaveLength(10);
  const resolved = await query.alerts({ statuses: ["resolved"], limit: 100, cursor: null });
  expect(resolved.items.map(({ instance }) => instance)).toEqual(["0"]);
  expect([...query.liveAlerts()]).toHaveLength(29);
  await partition.stop();
});

test("a problem is what comes back, not every root that once failed", async () => {
  const { query, say, pass, partition } = await world(
    createLiveCores({ settings: DEFAULT_SETTINGS, cmdb: EMPTY_CMDB }),
  );
  const problems = async (): Promise<string[]> =>
    (await query.problems({ limit: 10, cursor: null })).items.map(({ rootCause }) => rootCause);
  const failAndHeal = async (ci: string): Promise<void> => {
    await say({ ci, severity: "critical" });
    await pass(60_000);
    await say({ ci, status: "resolved" });
    await pass(120_000);
  };
  await failAndHeal("db-1");
  await failAndHeal("db-2");
  expect(await problems()).toEqual([]);
  await say({ ci: "db-1", severity: "critical" });
  await pass(60_000);
  expect(await problems()).toEqual(["db-1"]);
  await partition.stop();
});

test("the ledger, page after page", async () => {
  const { query, say, partition } = await world();
  for (let index = 0; index < 5; index += 1) await say({ ci: `ci-${index}` });
  const first = await query.ledger({ limit: 3 });
  expect(first.items.map(({ ci }) => ci)).toEqual(["ci-4", "ci-3", "ci-2"]);
  const second = await query.ledger({ limit: 3, before: Number(first.next) });
  expect(second.items.map(({ ci }) => ci)).toEqual(["ci-1", "ci-0"]);
  expect(second.next).toBeNull();
  await partition.stop();
});

test("nothing is shown before it is durable, and it is shown as it was asked for", async () => {
  const { query, store, partition } = await world();
  store.isHolding = true;
  const answer = partition.submit([{ kind: "event", event: event({ ci: "ci-1" }) }], "event");
  await new Promise(setImmediate);
  let isAnswered = false;
  const page = query.incidents({ statuses: undefined, limit: 10, cursor: null }).then((items) => {
    isAnswered = true;
    return items;
  });
  await new Promise(setImmediate);
  expect(isAnswered).toBe(false);
  store.release();
  await answer;
  expect((await page).items.map(({ title }) => title)).toEqual(["ci-1"]);
  await partition.stop();
});

test.each(["", "p1", "%%%", Buffer.from("abc:def").toString("base64url")])(
  "a cursor that we did not make (%s) is refused",
  async (cursor) => {
    const { query, partition } = await world();
    await expect(query.incidents({ statuses: "all", limit: 1, cursor })).rejects.toMatchObject({
      status: 400,
      code: "badCursor",
    });
    await partition.stop();
  },
);
