import { expect, test } from "vitest";
import { submission } from "../../test/support/event.ts";
import { MemoryDisk } from "../../test/support/memory-store.ts";
import { settle, world } from "../../test/support/partition-world.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Input } from "../core/model/input.ts";
import type { Submission } from "../port/intake.ts";

const burst = (name: string, count = 600): Submission[] =>
  Array.from({ length: count }, (_, index) => submission({ id: `${name}-${index}`, ci: `${name}-${index}` }));
const cisOf = (inputs: readonly Input[]): string[] =>
  inputs.flatMap((input) => (input.kind === "event" ? [input.event.ci] : []));
const [one, many] = [1, 600];

/** The process after one that was killed when it had acknowledged a burst and stepped nothing of it. */
async function afterKill(): Promise<ReturnType<typeof world>> {
  const { partition, read, deposit, store, disk, clock } = world();
  await partition.start();
  read();
  deposit("burst", burst("burst"));
  await settle();
  store.isDead = true;
  disk.isHeld = false;
  return world({ clock: new VirtualClock(clock.now() + 60_000), disk });
}

test("few deposits are stepped at once, and answered with what became of them", async () => {
  const { partition, read, deposit, answers, inputs, store } = world();
  await partition.start();
  read();
  deposit("few", burst("few", 3));
  await settle();
  expect(cisOf(inputs())).toEqual(["few-0", "few-1", "few-2"]);
  expect(answers.map(([, { status }]) => status)).toEqual(["committed"]);
  expect(store.commits.flatMap(({ deposits }) => deposits)).toEqual([]);
  await partition.stop();
});

test("a burst is answered as soon as it is durable, and stepped when there is a pause", async () => {
  const { partition, read, clock, store, deposit, statuses, answers, inputs, disk } = world();
  await partition.start();
  read();
  store.isHolding = true;
  deposit("burst", burst("burst"));
  await settle();
  expect(statuses()).toEqual([]);
  store.release();
  await settle();
  expect(statuses()).toEqual(["burst deposited"]);
  expect(cisOf(inputs())).toEqual([]);
  expect(disk.deposits.size).toBe(one);
  clock.advance(100);
  await settle(40);
  expect(cisOf(inputs())).toHaveLength(many);
  expect(disk.deposits.size).toBe(0);
  const [, answer] = answers[0] ?? [];
  expect(answer?.status === "deposited" && (await answer.stepped)).toHaveLength(many);
  await partition.stop();
});

test("a burst that does not end is worked off after two seconds", async () => {
  const { partition, read, clock, deposit, inputs } = world();
  await partition.start();
  read();
  for (let round = 0; round < 60; round += 1) {
    deposit(`round ${round}`, burst(`round-${round}`, round === 0 ? many : 1));
    await settle();
    clock.advance(40);
    if (clock.monotonic() < 2_000) expect(cisOf(inputs())).toEqual([]);
  }
  await settle();
  expect(cisOf(inputs()).length).toBeGreaterThan(0);
  await partition.stop();
});

test("what is not deposited does not wait for a burst", async () => {
  const { partition, read, deposit, send, statuses, inputs } = world();
  await partition.start();
  read();
  deposit("burst", burst("burst"));
  send("lone");
  await settle();
  expect(cisOf(inputs())).toEqual(["lone"]);
  expect(statuses().toSorted()).toEqual(["burst deposited", "lone committed"]);
  await partition.stop();
});

test("a reader who must see what was acknowledged waits, and makes the core begin", async () => {
  const { partition, read, deposit, inputs } = world();
  await partition.start();
  read();
  expect(partition.deposited()).toBeUndefined();
  deposit("burst", burst("burst"));
  await settle();
  expect(cisOf(inputs())).toEqual([]);
  let isSeen = false;
  void partition.deposited()?.then(() => (isSeen = true));
  expect(isSeen).toBe(false);
  await settle(40);
  expect(isSeen).toBe(true);
  expect(cisOf(inputs())).toHaveLength(many);
  expect(partition.deposited()).toBeUndefined();
  await partition.stop();
});

test("a reader does not wait longer than he has patience", async () => {
  const { partition, read, clock, store, deposit } = world({ limits: { batchInputsMax: 100, patienceMs: 3_000 } });
  await partition.start();
  read();
  deposit("burst", burst("burst"));
  await settle();
  store.isHolding = true;
  let isSeen = false;
  void partition.deposited()?.then(() => (isSeen = true));
  await settle(40);
  expect(isSeen).toBe(false);
  clock.advance(3_000);
  await settle();
  expect(isSeen).toBe(true);
  store.release();
  await partition.stop();
});

test.for([
  { name: "nothing of it was stepped", isBegun: false },
  { name: "a part of it was stepped", isBegun: true },
])("after a kill what was acknowledged is stepped exactly once, when $name", async ({ isBegun }) => {
  const first = world({ limits: { batchInputsMax: 100 } });
  const kept = (): string[] =>
    cisOf(first.disk.journal.flatMap(({ journal }) => (journal === "" ? [] : (JSON.parse(journal) as Input[]))));
  await first.partition.start();
  first.read();
  first.deposit("burst", burst("burst"));
  await settle();
  expect(first.statuses()).toEqual(["burst deposited"]);
  if (isBegun) {
    first.clock.advance(100);
    for (let turn = 0; kept().length === 0 && turn < 99; turn += 1) await settle(1);
  }
  first.store.isDead = true;
  first.disk.isHeld = false;
  const stepped = kept().length;
  expect(stepped > 0 && stepped < many).toBe(isBegun);
  const second = world({ clock: new VirtualClock(first.clock.now() + 60_000), disk: first.disk });
  await second.partition.start();
  second.read();
  second.clock.advance(1_000);
  await settle(40);
  const all = Array.from({ length: many }, (_, index) => `burst-${index}`);
  expect(cisOf(second.inputs())).toEqual(all.slice(stepped));
  expect(second.disk.deposits.size).toBe(0);
  expect(second.disk.eventIds).toHaveLength(many);
  await second.partition.stop();
});

test("a deposit that was half stepped when it was stored goes on where it was, however often the process dies", async () => {
  const all = ["commit on its way", ...Array.from({ length: 400 }, (_, index) => `part-${index}`)];
  const disk = new MemoryDisk();
  const journaled = (): string[] =>
    cisOf(disk.journal.flatMap(({ journal }) => (journal === "" ? [] : (JSON.parse(journal) as Input[]))));
  const clock = new VirtualClock();
  const liveFor = async (commits: number): Promise<ReturnType<typeof world>> => {
    disk.isHeld = false;
    const life = world({ clock, disk, limits: { batchInputsMax: 100 } });
    const { store } = life;
    const commit = store.commit.bind(store);
    store.commit = async (item) => {
      const result = await commit(item);
      store.isDead = store.commits.length >= commits;
      return result;
    };
    await life.partition.start();
    life.read();
    return life;
  };
  const first = await liveFor(2);
  first.store.isHolding = true;
  first.send("commit on its way");
  await settle();
  first.deposit("parts", burst("part", 400));
  await settle();
  first.store.release();
  await settle(40);
  expect([...disk.deposits.values()].map(({ taken }) => taken)).toEqual([128]);
  const lives: number[] = [];
  for (; lives.length < 9 && disk.deposits.size > 0; lives.push(journaled().length)) {
    const life = await liveFor(1);
    expect(cisOf(life.inputs())).toEqual([]);
    const { length } = journaled();
    clock.advance(1_000);
    await settle(40);
    // Nothing is stepped again, nothing is left out.
    expect(cisOf(life.inputs()).slice(0, 9)).toEqual(all.slice(length, length + 9));
  }
  expect(lives.length).toBeGreaterThan(2);
  expect(journaled()).toEqual(all);
});

test.each(["before", "after"])(
  "what was deposited before a kill is all stepped, in order, read %s the start; what comes now takes turns with it",
  async (when) => {
    const second = await afterKill();
    if (when === "before") second.read();
    await second.partition.start();
    if (when === "after") second.read();
    second.clock.advance(10);
    second.send("later");
    await settle(40);
    const cis = cisOf(second.inputs());
    expect(cis).toHaveLength(many + 1);
    expect(cis.indexOf("later")).toBeLessThan(many);
    const [left, inOrder] = [
      cis.filter((ci) => ci !== "later"),
      Array.from({ length: many }, (_, at) => `burst-${at}`),
    ];
    expect(left).toEqual(inOrder);
    await second.partition.stop();
  },
);

test.for([
  { name: "the core has no room for so many alerts", room: 599, limits: {} },
  { name: "too much waits", room: Number.POSITIVE_INFINITY, limits: { depositedInputsMax: 500 } },
])("a burst is answered only when it is stepped, when $name", async ({ room, limits }) => {
  const { partition, read, cores, clock, store, deposit, statuses } = world({ limits });
  await partition.start();
  read();
  Object.assign(cores[0] ?? {}, { alertRoom: () => room });
  deposit("burst", burst("burst"));
  await settle();
  expect(statuses()).toEqual([]);
  clock.advance(100);
  await settle(40);
  expect(statuses()).toEqual(["burst committed"]);
  expect(store.commits.flatMap(({ deposits }) => deposits)).toEqual([]);
  await partition.stop();
});

test("a full inbox refuses deposits as it refuses everything", async () => {
  const { partition, read, deposit, statuses, telemetry } = world({ limits: { inputsMax: 1_000 } });
  await partition.start();
  read();
  deposit("first", burst("first"));
  deposit("second", burst("second"));
  await settle();
  expect(statuses()).toEqual(["second overloaded", "first deposited"]);
  expect(telemetry.counts.get("tocsin_inbox_refused_total{lane=event,reason=overloaded}")).toBe(many);
  await partition.stop();
});

test("a full disk: what is on its way is told so after a while, what came later at once, and nothing is taken twice", async () => {
  const { partition, read, clock, store, deposit, statuses, inputs } = world({ limits: { patienceMs: 10_000 } });
  await partition.start();
  read();
  store.answers = Array.from({ length: 4 }, () => ({ status: "retryable", reason: "full" }) as const);
  deposit("on its way", burst("burst"));
  await settle();
  deposit("later", burst("later"));
  await settle();
  expect(statuses()).toEqual(["later unavailable"]);
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1_000);
    await settle(4);
  }
  await settle(40);
  expect(statuses()[1]).toMatch(/^on its way (unavailable|deposited)$/);
  // It became durable all the same: the sender's repeat is recognised by its ids.
  expect(cisOf(inputs())).toHaveLength(many);
  const again = await partition.submit(burst("burst", 1), "event");
  expect(again).toEqual({ status: "committed", outcomes: [{ status: "duplicate" }] });
  await partition.stop();
});

test("stop leaves to the next process what was acknowledged and not stepped", async () => {
  const { partition, read, deposit, statuses, disk, inputs } = world();
  await partition.start();
  read();
  deposit("burst", burst("burst"));
  await settle();
  deposit("waits", burst("waits"));
  await partition.stop();
  await settle();
  expect(statuses()).toEqual(["burst deposited", "waits unavailable"]);
  expect(cisOf(inputs())).toEqual([]);
  expect([...disk.deposits.values()].map(({ taken, lane }) => [taken, lane])).toEqual([[0, "event"]]);
});

test("a failed sync: nobody is told that a deposit is safe, and readers go on", async () => {
  const { partition, read, store, deposit, statuses, fatal } = world();
  await partition.start();
  read();
  store.answers = [{ status: "fatal", reason: "disk I/O error" }];
  deposit("burst", burst("burst"));
  const seen = partition.deposited();
  await settle();
  await seen;
  expect(statuses()).toEqual(["burst unavailable"]);
  expect(fatal).toEqual(["disk I/O error"]);
  await partition.stop();
});

test("a deposit on which the core fails is stepped without what it fails on, also by the process after this one", async () => {
  const bad = (place: number): Submission => submission({ id: `bad-${place}`, ci: `bad-${place}`, summary: "boom" });
  const list = burst("good").flatMap((each, place) => (place % 100 === 0 ? [bad(place), each] : [each]));
  const first = world();
  await first.partition.start();
  first.read();
  first.deposit("burst", list);
  await settle();
  first.clock.advance(100);
  await settle(60);
  expect(first.statuses()).toEqual(["burst deposited"]);
  // Six bad ones are more than a process may fail on within a minute.
  expect(first.fatal).toEqual(["the core failed on event: boom"]);
  expect(first.disk.deposits.size).toBe(one);
  await first.partition.stop();
  const second = world({ clock: new VirtualClock(first.clock.now() + 60_000), disk: first.disk });
  await second.partition.start();
  second.read();
  second.clock.advance(1_000);
  await settle(100);
  expect(second.fatal).toEqual([]);
  expect(second.disk.deposits.size).toBe(0);
  const journaled = second.disk.journal.flatMap(({ journal }) =>
    journal === "" ? [] : (JSON.parse(journal) as Input[]),
  );
  expect(cisOf(journaled)).toHaveLength(many);
  await second.partition.stop();
});

test("what the process before this one has left waits for whoever can read it, and nobody waits for that", async () => {
  const second = await afterKill();
  await second.partition.start();
  second.clock.advance(1_000);
  second.send("other");
  await settle(40);
  expect(cisOf(second.inputs())).toEqual(["other"]);
  expect(second.partition.deposited()).toBeUndefined();
  second.read();
  await settle(40);
  expect(cisOf(second.inputs())).toHaveLength(many + 1);
  expect(second.disk.deposits.size).toBe(0);
  await second.partition.stop();
});

test("what was left is read once: to read it has effects on records of events that are left out", async () => {
  const second = await afterKill();
  await second.partition.start();
  const reads: number[] = [];
  second.partition.readLetters("json", ({ body }) => {
    reads.push(body.byteLength);
    return burst("burst");
  });
  await settle(40);
  expect(cisOf(second.inputs())).toHaveLength(many);
  expect(reads).toHaveLength(one);
  await second.partition.stop();
});

test("a letter that its reader fails on is left out, counted, and gone", async () => {
  const { partition, deposit, clock, disk, log, telemetry, inputs, answers } = world();
  await partition.start();
  partition.readLetters("json", () => {
    throw new Error("not today");
  });
  deposit("burst", burst("burst"));
  await settle();
  clock.advance(100);
  await settle(40);
  expect(cisOf(inputs())).toEqual([]);
  expect(disk.deposits.size).toBe(0);
  expect(answers.map(([, { status }]) => status)).toEqual(["deposited"]);
  expect(log.lines.map(({ message }) => message)).toContain(
    "a stored request cannot be read and is left out, a bug to report; its sender repeats what still fires",
  );
  expect(telemetry.counts.get("tocsin_letters_unread_total{reader=json}")).toBe(one);
  await partition.stop();
});
