import { expect, test } from "vitest";
import { submission } from "../../test/support/event.ts";
import { settle, world } from "../../test/support/partition-world.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Input } from "../core/model/input.ts";
import type { Lane } from "../port/intake.ts";
import type { Change } from "../port/query.ts";

const incidentsOf = (inputs: readonly Input[]): string[] =>
  inputs.flatMap((input) => (input.kind === "event" ? [input.event.ci] : []));

test("nobody is answered before the commit, and everybody after it", async () => {
  const { partition, store, send, statuses, outbox } = world();
  await partition.start();
  store.isHolding = true;
  send("a");
  send("b");
  await settle();
  expect(store.held).toBe(1);
  expect(statuses()).toEqual([]);
  expect(outbox).toEqual([]);
  store.release();
  await settle();
  expect(statuses()).toEqual(["a committed", "b committed"]);
  expect(outbox.map(({ kind }) => kind)).toEqual(["opened", "opened"]);
  await partition.stop();
});

test("what arrives while a commit is on its way shares the next one", async () => {
  const { partition, store, send, statuses } = world();
  await partition.start();
  store.isHolding = true;
  send("first");
  await settle();
  for (let index = 0; index < 50; index += 1) {
    send(`later-${index}`);
    await settle(1);
  }
  store.release();
  await settle();
  expect(store.commits.map(({ eventIds }) => eventIds.length)).toEqual([1, 50]);
  expect(statuses()).toHaveLength(51);
  await partition.stop();
});

test("the sequence rises by the inputs, and the journal has them in order", async () => {
  const { partition, store, send } = world();
  await partition.start();
  store.isHolding = true;
  send("a", "event", submission({ ci: "a" }), submission({ ci: "b" }));
  await settle();
  send("c", "event", submission({ ci: "c" }));
  await settle();
  store.release();
  await settle();
  expect(store.commits.map(({ sequence }) => sequence)).toEqual([2, 3]);
  const journal = store.commits.flatMap(({ journal }) => JSON.parse(journal) as Input[]);
  expect(incidentsOf(journal)).toEqual(["a", "b", "c"]);
  await partition.stop();
});

test("lanes go by rank: heartbeat, command, critical, event", async () => {
  const { partition, inputs } = world({ limits: { batchInputsMax: 1 } });
  await partition.start();
  const command = { type: "note", incident: "x", text: "t" } as const;
  const answers = [
    partition.submit([submission({ ci: "event" })], "event"),
    partition.submit([submission({ ci: "critical" })], "critical"),
    partition.submit([{ kind: "command", actor: "me", command }], "command"),
    partition.submit([{ kind: "heartbeat", ci: "h", agent: "a", missingAfterMs: 1 }], "heartbeat"),
  ];
  await Promise.all(answers);
  const order = inputs().map((input) => (input.kind === "event" ? input.event.ci : input.kind));
  expect(order).toEqual(["heartbeat", "command", "critical", "event"]);
  await partition.stop();
});

test("a full inbox refuses events first, heartbeats last, and says when to come again", async () => {
  const { partition, store, send, statuses, answers, telemetry } = world({
    limits: { inputsMax: 20, batchInputsMax: 1 },
  });
  await partition.start();
  store.isHolding = true;
  send("in-flight");
  await settle();
  send("open batch");
  await settle();
  const refused = new Map<Lane, number>();
  for (const lane of ["event", "critical", "command", "heartbeat"] as const) {
    let taken = 0;
    for (; taken < 30; taken += 1) {
      const before = answers.length;
      send(lane, lane);
      await settle(1);
      if (answers.length > before) break;
    }
    refused.set(lane, taken);
  }
  // 20 places: events up to 14, critical up to 17, commands up to 19, heartbeats up to 20.
  expect([...refused]).toEqual([
    ["event", 14],
    ["critical", 3],
    ["command", 2],
    ["heartbeat", 1],
  ]);
  expect(statuses()).toEqual(["event overloaded", "critical overloaded", "command overloaded", "heartbeat overloaded"]);
  expect(answers[0]?.[1]).toEqual({ status: "overloaded", retryAfterMs: 1000 });
  expect(telemetry.counts.get("tocsin_inbox_refused_total{lane=event,reason=overloaded}")).toBe(1);
  store.release();
  await settle(100);
  expect(statuses().filter((text) => text.endsWith("committed"))).toHaveLength(22);
  await partition.stop();
});

test("a request larger than a batch is answered once, when its last part is durable", async () => {
  const { partition, store } = world({ limits: { batchInputsMax: 10 } });
  await partition.start();
  const many = Array.from({ length: 95 }, (_, index) => submission({ ci: `ci-${index}` }));
  const result = await partition.submit(many, "event");
  expect(result.status === "committed" && result.outcomes).toHaveLength(95);
  expect(store.commits.length).toBeGreaterThan(2);
  expect(Math.max(...store.commits.map(({ eventIds }) => eventIds.length))).toBeLessThanOrEqual(42);
  await partition.stop();
});

test("a repeat is told apart, is not journaled, and is answered only after the first is durable", async () => {
  const { partition, store, send, statuses, answers } = world();
  await partition.start();
  store.isHolding = true;
  const one = submission({ ci: "a", id: "same" });
  send("first", "event", one);
  await settle();
  send("repeat", "event", one);
  await settle();
  expect(statuses()).toEqual([]);
  store.release();
  await settle();
  expect(statuses()).toEqual(["first committed", "repeat committed"]);
  expect(answers[1]?.[1]).toEqual({ status: "committed", outcomes: [{ status: "duplicate" }] });
  expect(store.commits).toHaveLength(1);
  await partition.stop();
});

test("after a restart the state, the ids and the outbox are there, and the core hears of the time without us", async () => {
  const first = world();
  await first.partition.start();
  const repeated = submission({ ci: "a", id: "known" });
  first.send("a", "event", repeated, submission({ ci: "a", check: "other" }));
  await settle();
  const committedAt = first.store.commits.at(-1)?.at;
  // kill -9
  first.disk.isHeld = false;
  const clock = new VirtualClock(first.clock.now() + 60_000);
  const second = world({ clock, disk: first.disk });
  await second.partition.start();
  expect(second.outbox.map(({ key }) => key)).toEqual(first.outbox.map(({ key }) => key));
  expect(second.inputs()[0]).toEqual({ kind: "restarted", at: clock.now(), from: committedAt });
  expect([...second.partition.core.alerts()]).toHaveLength(2);
  const result = await second.partition.submit([repeated], "event");
  expect(result).toEqual({ status: "committed", outcomes: [{ status: "duplicate" }] });
  await second.partition.stop();
  await first.partition.stop();
});

test("time does not go back across a restart", async () => {
  const clock = new VirtualClock();
  const first = world({ clock });
  await first.partition.start();
  first.send("a");
  await settle();
  await first.partition.stop();
  const before = first.store.commits.at(-1)?.at ?? 0;
  clock.step(-3_600_000);
  const second = world({ clock, disk: first.disk });
  await second.partition.start();
  clock.advance(1_000);
  second.send("b");
  await settle();
  const ats = second.inputs().map(({ at }) => at);
  expect(ats.every((at) => at >= before)).toBe(true);
  expect(ats.at(-1)).toBeGreaterThan(before);
  await second.partition.stop();
});

test("the core is woken when it wants to be, not before", async () => {
  const { partition, clock, send, inputs } = world();
  await partition.start();
  send("a");
  await settle();
  send("a", "event", submission({ ci: "a", status: "resolved" }));
  await settle();
  for (let second = 0; second < 59; second += 1) clock.advance(1_000);
  expect(inputs().filter(({ kind }) => kind === "tick")).toEqual([]);
  clock.advance(1_000);
  await settle();
  expect(inputs().filter(({ kind }) => kind === "tick")).toHaveLength(1);
  expect([...partition.core.incidents()]).toEqual([]);
  await partition.stop();
});

test("a process that was stopped tells the core before anything is concluded from it", async () => {
  const { partition, clock, send, inputs } = world();
  await partition.start();
  send("a", "event", submission({ ci: "a" }), submission({ ci: "a", status: "resolved" }));
  await settle();
  const before = inputs().length;
  clock.advance(2_500);
  // SIGSTOP for an hour: no timer runs, then all at once.
  clock.step(3_600_000);
  clock.advance(1_000);
  await settle();
  const [restarted, tick] = inputs().slice(before);
  expect(restarted).toMatchObject({ kind: "restarted" });
  expect(restarted?.kind === "restarted" && restarted.at - restarted.from).toBeGreaterThan(3_600_000);
  expect(tick).toMatchObject({ kind: "tick" });
  await partition.stop();
});

test("an idle collector commits that it was there", async () => {
  const { partition, clock, store } = world();
  await partition.start();
  for (let second = 0; second < 31; second += 1) {
    clock.advance(1_000);
    await settle(2);
  }
  expect(store.commits.map(({ sequence, journal }) => [sequence, journal])).toEqual([
    [1, ""],
    [2, ""],
  ]);
  expect(store.commits[1]?.at).toBeGreaterThan(store.commits[0]?.at ?? 0);
  await partition.stop();
});

test("heartbeats that change nothing cost no commit", async () => {
  const { partition, store } = world();
  await partition.start();
  const beat = { kind: "heartbeat", ci: "a", agent: "x", missingAfterMs: 30_000 } as const;
  expect((await partition.submit([beat], "heartbeat")).status).toBe("committed");
  expect(store.commits).toEqual([]);
  await partition.stop();
});

test("a full disk: the same commit is tried until it succeeds, and meanwhile nobody is kept waiting", async () => {
  const { partition, clock, store, send, statuses, inputs, log } = world({ limits: { patienceMs: 10_000 } });
  await partition.start();
  store.answers = Array.from({ length: 8 }, () => ({ status: "retryable", reason: "full" }) as const);
  send("taken");
  await settle();
  send("while full");
  await settle();
  expect(statuses()).toEqual(["while full unavailable"]);
  expect(partition.readiness()).toEqual({ ready: false, reason: "the disk is full" });
  const steps = inputs().length;
  for (let second = 0; second < 11; second += 1) {
    clock.advance(1_000);
    await settle(2);
  }
  expect(statuses()).toEqual(["while full unavailable", "taken unavailable"]);
  expect(inputs()).toHaveLength(steps);
  for (let second = 0; second < 30; second += 1) {
    clock.advance(1_000);
    await settle(2);
  }
  expect(store.commits.map(({ entities }) => entities.length > 0)).toContain(true);
  expect(partition.readiness()).toEqual({ ready: true });
  // The time without commits was not observed.
  expect(inputs()[steps]).toMatchObject({ kind: "restarted" });
  send("after");
  await settle();
  expect(statuses().at(-1)).toBe("after committed");
  expect(log.lines.map(({ message }) => message)).toEqual([
    "commits fail and are tried again; nothing is taken until one succeeds",
    "commits succeed again",
  ]);
  await partition.stop();
});

test("a full disk: who reads is answered with what the core has, and not kept waiting for a commit", async () => {
  const { partition, clock, store, send } = world();
  await partition.start();
  store.isHolding = true;
  store.answers = Array.from({ length: 8 }, () => ({ status: "retryable", reason: "full" }) as const);
  send("taken");
  await settle();
  const answered: string[] = [];
  void partition.settled().then(() => answered.push("before it was known"));
  await settle();
  expect(answered).toEqual([]);
  store.release();
  await settle();
  expect(partition.readiness()).toEqual({ ready: false, reason: "the disk is full" });
  void partition.settled().then(() => answered.push("while full"));
  await settle();
  expect(answered).toEqual(["before it was known", "while full"]);
  store.isHolding = false;
  for (let second = 0; second < 40; second += 1) {
    clock.advance(1_000);
    await settle(2);
  }
  expect(partition.readiness()).toEqual({ ready: true });
  await partition.stop();
});

test("a failed sync: nothing is acknowledged any more, and the process is told to end, once", async () => {
  const { partition, store, send, statuses, fatal, answers } = world();
  await partition.start();
  store.isHolding = true;
  store.answers = [{ status: "fatal", reason: "disk I/O error" }];
  send("in the commit");
  await settle();
  send("in the open batch");
  await settle();
  const report = partition.report({ changes: [], outcomes: [] });
  const settled = partition.settled();
  store.release();
  await expect(report).rejects.toThrow("disk I/O error");
  await expect(settled).rejects.toThrow("disk I/O error");
  await settle();
  expect(statuses()).toEqual(["in the commit unavailable", "in the open batch unavailable"]);
  expect(answers[0]?.[1]).toEqual({ status: "unavailable", reason: "disk I/O error" });
  send("later");
  await settle();
  expect(statuses().at(-1)).toBe("later unavailable");
  expect(fatal).toEqual(["disk I/O error"]);
  await partition.stop();
});

test("a store that throws is as bad as a failed sync", async () => {
  const { partition, store, send, fatal } = world();
  await partition.start();
  store.commit = async () => {
    throw new Error("the store's thread has ended");
  };
  send("a");
  await settle();
  expect(fatal).toEqual(["the store's thread has ended"]);
});

test("stop makes durable what was stepped, refuses the rest, and gives the store free", async () => {
  const { partition, store, send, statuses, disk } = world({ limits: { batchInputsMax: 1 } });
  await partition.start();
  store.isHolding = true;
  send("in flight");
  await settle();
  send("open batch");
  await settle();
  send("waits");
  await settle();
  const stopped = partition.stop();
  send("too late");
  store.release();
  await stopped;
  await settle();
  expect(statuses().toSorted()).toEqual([
    "in flight committed",
    "open batch committed",
    "too late unavailable",
    "waits unavailable",
  ]);
  expect(disk.isHeld).toBe(false);
});

test("stop while the disk is full does not wait for room", async () => {
  const { partition, store, send, statuses, fatal, clock } = world();
  await partition.start();
  store.answers = Array.from({ length: 99 }, () => ({ status: "retryable", reason: "full" }) as const);
  send("a");
  await settle();
  clock.advance(500);
  await settle();
  await partition.stop();
  expect(statuses()).toEqual(["a unavailable"]);
  expect(fatal).toEqual([]);
});

test("a core that throws is built anew, and only the input that it failed on is left out", async () => {
  const { partition, cores, disk, log, answers, send, telemetry } = world();
  await partition.start();
  send("before");
  await settle();
  send(
    "batch",
    "event",
    submission({ ci: "good-1" }),
    submission({ summary: "boom", ci: "bad" }),
    submission({ ci: "good-2" }),
  );
  send("other");
  await settle(20);
  expect(cores).toHaveLength(2);
  expect(answers.map(([name]) => name)).toEqual(["before", "batch", "other"]);
  const batch = answers[1]?.[1];
  expect(batch?.status === "committed" && batch.outcomes.map(({ status }) => status)).toEqual([
    "accepted",
    "rejected",
    "accepted",
  ]);
  const titles = [...partition.core.incidents()].map(({ title }) => title);
  expect(titles).toEqual(["before", "good-1", "good-2", "other"]);
  expect([...disk.entities.values()].filter(({ entity }) => entity.kind === "incident")).toHaveLength(4);
  expect(log.lines.map(({ message }) => message)).toEqual(["the core failed and is built anew from the store"]);
  expect(telemetry.counts.get("tocsin_core_failures_total{kind=event}")).toBe(1);
  expect(partition.readiness()).toEqual({ ready: true });
  await partition.stop();
});

test("a core that keeps throwing ends the process", async () => {
  const { partition, send, fatal, statuses } = world();
  await partition.start();
  for (let round = 0; round < 5; round += 1) {
    send(`round ${round}`, "event", submission({ summary: "boom" }));
    await settle(20);
  }
  expect(fatal).toEqual(["the core failed on event: boom"]);
  expect(statuses()).toEqual([
    "round 0 committed",
    "round 1 committed",
    "round 2 committed",
    "round 3 unavailable",
    "round 4 unavailable",
  ]);
});

test("readers are told of what is committed, and one that throws is dropped", async () => {
  const { partition, store, send, log } = world();
  await partition.start();
  const seen: Change[] = [];
  const end = partition.feed.subscribe((change) => seen.push(change));
  partition.feed.subscribe(() => {
    throw new Error("reader");
  });
  store.isHolding = true;
  send("a");
  await settle();
  expect(seen).toEqual([]);
  store.release();
  await settle();
  expect(seen.map(({ kind }) => kind).toSorted()).toEqual(["alert", "incident", "notification"]);
  expect(log.lines.map(({ message }) => message)).toEqual(["a reader of changes failed and is dropped"]);
  end();
  send("b");
  await settle();
  expect(seen).toHaveLength(3);
  await partition.stop();
});

test("while the disk is nearly full events are refused, and nothing else", async () => {
  const { partition, send, statuses } = world();
  await partition.start();
  partition.shed("the disk is nearly full");
  send("event");
  send("critical", "critical");
  await settle();
  partition.shed(undefined);
  send("after");
  await settle();
  expect(statuses()).toEqual(["event unavailable", "critical committed", "after committed"]);
  await partition.stop();
});

test("settled waits for what was stepped, and not when nothing was", async () => {
  const { partition, store, send } = world();
  await partition.start();
  await partition.settled();
  store.isHolding = true;
  send("a");
  await settle();
  let isSettled = false;
  void partition.settled().then(() => (isSettled = true));
  await settle();
  expect(isSettled).toBe(false);
  store.release();
  await settle();
  expect(isSettled).toBe(true);
  await partition.stop();
});
