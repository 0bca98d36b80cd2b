import { expect, test } from "vitest";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Json } from "../core/model/ledger.ts";
import type { Connector, Delivery as Attempt, DeliveryResult } from "../port/connector.ts";
import type { DeliveryFailure } from "../port/delivery-failure.ts";
import type { OutboxRow } from "../port/store.ts";
import type { DeliveryReport } from "./batch.ts";
import { Delivery } from "./delivery.ts";
import type { DeliveryLimits } from "./delivery-options.ts";

const SUCCESS: DeliveryResult = { status: "success" };
const retryable = (reason: DeliveryFailure, retryInMs?: number): DeliveryResult => ({
  status: "retryable",
  reason,
  detail: "test",
  ...(retryInMs !== undefined && { retryInMs }),
});

/** What it is told to do next, then what it does always. */
class Receiver implements Connector {
  readonly kind = "test";
  readonly attempts: { at: number; attempt: Attempt }[] = [];
  readonly script: DeliveryResult[] = [];
  always: DeliveryResult | "hang" | "hang deaf" = SUCCESS;
  open = 0;
  openMax = 0;
  private readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  async deliver(attempt: Attempt): Promise<DeliveryResult> {
    this.attempts.push({ at: this.clock.monotonic(), attempt });
    this.open += 1;
    this.openMax = Math.max(this.openMax, this.open);
    const result = this.script.shift() ?? this.always;
    if (result === "hang deaf") return new Promise(() => undefined);
    if (result === "hang")
      await new Promise<void>((resolve) => {
        attempt.signal.addEventListener("abort", () => resolve());
      });
    this.open -= 1;
    return result === "hang" ? retryable("timeout") : result;
  }

  /** `kind incident` of the messages, in order. */
  get said(): string[] {
    return this.attempts.map(({ attempt }) => `${attempt.notification.kind} ${attempt.notification.incident}`);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
}

let made = 0;

function world(receivers: readonly string[], limits: Partial<DeliveryLimits> = {}) {
  const clock = new VirtualClock();
  const connectors = new Map(receivers.map((name) => [name, new Receiver(clock)]));
  const reports: DeliveryReport[] = [];
  const references = new Map<string, Json>();
  const log = new RecordingLog();
  const telemetry = new RecordingTelemetry();
  let hold: Promise<void> | undefined;
  const delivery = new Delivery({
    store: { reference: async (receiver, incident) => references.get(`${receiver} ${incident}`) },
    report: async (report) => {
      await hold;
      reports.push(report);
      for (const change of report.changes)
        if (change.type === "done" && change.reference !== undefined)
          references.set(`${change.receiver} ${rows.get(change.key)?.incident}`, change.reference);
    },
    connectors,
    clock,
    random: () => 0.5,
    telemetry,
    log,
    limits,
  });
  const rows = new Map<string, OutboxRow>();
  const say = (receiver: string, kind: string, incident: string, parts: Partial<OutboxRow> = {}): OutboxRow => {
    made += 1;
    const key = parts.key ?? `key-${made}`;
    const head = {
      idempotencyKey: key,
      incident,
      revision: made,
      receiver,
      kind,
      page: kind === "opened",
      at: clock.now(),
    };
    const body = JSON.stringify({
      ...head,
      reason: "",
      document: { id: incident, status: "open", priority: "P3", made },
    });
    const row: OutboxRow = {
      key,
      receiver,
      incident,
      kind,
      revision: made,
      page: kind === "opened",
      createdAt: clock.now(),
      body,
      attempts: 0,
      nextAttemptAt: clock.now(),
      ...parts,
    };
    rows.set(key, row);
    delivery.enqueue([row]);
    return row;
  };
  const pass = async (spanMs: number, stepMs = 500): Promise<void> => {
    for (let passed = 0; passed < spanMs; passed += stepMs) {
      clock.advance(stepMs);
      await settle();
    }
  };
  const get = (name: string): Receiver => connectors.get(name) as Receiver;
  const ends = (): string[] =>
    reports.flatMap(({ outcomes }) =>
      outcomes.map(({ kind, incident, status, reason }) => `${kind} ${incident} ${reason ?? status}`),
    );
  return {
    clock,
    delivery,
    reports,
    log,
    telemetry,
    say,
    pass,
    get,
    ends,
    holdReports: (until: Promise<void>): void => {
      hold = until;
    },
  };
}

test("a message goes out, its outcome is recorded and told to the core", async () => {
  const { delivery, say, get, reports, clock } = world(["hook"]);
  const row = say("hook", "opened", "inc-1");
  await settle();
  expect(get("hook").attempts).toEqual([]);
  delivery.start();
  await settle();
  expect(get("hook").said).toEqual(["opened inc-1"]);
  expect(get("hook").attempts[0]?.attempt).toMatchObject({ attempt: 1, reference: undefined });
  expect(reports).toEqual([
    {
      changes: [{ type: "done", key: row.key, receiver: "hook", at: clock.now(), status: "delivered", reason: null }],
      outcomes: [
        {
          idempotencyKey: row.key,
          incident: "inc-1",
          receiver: "hook",
          kind: "opened",
          status: "delivered",
          reason: null,
        },
      ],
    },
  ]);
});

test.each<{ situation: string; bad: Receiver["always"]; openMax?: number }>([
  { situation: "never answers", bad: "hang" },
  // After a minute we count such an attempt no longer, or the receiver would be lost for ever.
  { situation: "never answers and ignores the abort", bad: "hang deaf", openMax: 12 },
  { situation: "answers 500", bad: retryable("serverError") },
  { situation: "resets the connection", bad: retryable("connection") },
  { situation: "asks for a minute", bad: retryable("rateLimited", 60_000) },
])("a receiver that $situation delays no other", async ({ bad, openMax = 4 }) => {
  const good = Array.from({ length: 16 }, (_, index) => `good-${index}`);
  const { delivery, say, get, pass, clock } = world(["bad", ...good]);
  get("bad").always = bad;
  delivery.start();
  for (let round = 0; round < 10; round += 1) {
    for (const receiver of ["bad", ...good]) say(receiver, "opened", `inc-${round}`);
    const at = clock.monotonic();
    await settle();
    for (const receiver of good) expect(get(receiver).attempts.at(-1)?.at).toBe(at);
    await pass(1_000);
  }
  for (const receiver of good) expect(get(receiver).attempts).toHaveLength(10);
  await pass(300_000, 5_000);
  // Four sockets, and far fewer attempts than messages × time.
  expect(get("bad").openMax).toBeLessThanOrEqual(openMax);
  expect(get("bad").attempts.length).toBeLessThan(40);
});

test("after a receiver was away it gets the current state of each incident once, pages first, within a minute", async () => {
  const { delivery, say, get, pass, ends } = world(["hook"]);
  const hook = get("hook");
  hook.always = retryable("dns");
  delivery.start();
  for (let minute = 0; minute < 30; minute += 1) {
    for (let number = 0; number < 20; number += 1) {
      if (minute === 0) say("hook", "opened", `inc-${number}`);
      else if (number >= 15 && minute === 10) say("hook", "resolved", `inc-${number}`);
      else if (number < 15) say("hook", "updated", `inc-${number}`);
    }
    if (minute === 5) say("hook", "updated", "known of old");
    await pass(60_000, 2_000);
  }
  // Probes only, one at a time.
  expect(hook.attempts.length).toBeLessThan(90);
  hook.attempts.length = 0;
  hook.always = SUCCESS;
  await pass(60_000, 1_000);
  const { said } = hook;
  expect(said.slice(0, 15).toSorted()).toEqual(Array.from({ length: 15 }, (_, n) => `opened inc-${n}`).toSorted());
  expect(said.slice(15)).toEqual(["updated known of old"]);
  const newest = hook.attempts.map(
    ({ attempt }) => (attempt.notification.document as unknown as { made: number }).made,
  );
  expect(Math.min(...newest.slice(0, 15))).toBeGreaterThan(made - 16);
  // 20 openings, 15 × 29 updates, 5 resolves, one more: each row has ended, once.
  expect(ends()).toHaveLength(20 + 15 * 29 + 5 + 1);
  expect(ends().filter((text) => text.includes("inc-17"))).toEqual([
    "opened inc-17 superseded",
    "resolved inc-17 superseded",
  ]);
});

test("what has not come to a receiver yet can be asked for, with how often it was tried and why it failed", async () => {
  const { clock, delivery, get, say, pass } = world(["chat", "hook"]);
  get("chat").script.push(retryable("connection"));
  delivery.start();
  const decidedAt = clock.now();
  for (const receiver of ["chat", "hook"]) say(receiver, "opened", "i-1");
  const sent = { kind: "opened", page: true, at: decidedAt, attempts: 0, failure: null };
  expect(delivery.waitingFor("i-1")).toEqual([
    { receiver: "chat", ...sent },
    { receiver: "hook", ...sent },
  ]);
  await settle();
  say("chat", "opened", "i-2");
  const failed = { receiver: "chat", ...sent, failure: "connection" };
  expect(delivery.waitingFor("i-1")).toEqual([{ ...failed, attempts: 1 }]);
  expect(delivery.waitingFor("i-2")).toEqual([failed]);
  await pass(30_000);
  expect(delivery.waitingFor("i-1")).toEqual([]);
});

test("a repeat carries the same key and its number", async () => {
  const { delivery, say, get, pass, reports } = world(["hook"]);
  get("hook").script.push(retryable("serverError"), retryable("timeout"));
  delivery.start();
  const { key } = say("hook", "opened", "inc-1");
  await pass(10_000);
  expect(get("hook").attempts.map(({ attempt }) => [attempt.notification.idempotencyKey, attempt.attempt])).toEqual([
    [key, 1],
    [key, 2],
    [key, 3],
  ]);
  expect(reports.flatMap(({ changes }) => changes).map((change) => change.type)).toEqual([
    "attempted",
    "attempted",
    "done",
  ]);
});

test("back-off doubles, and a receiver's wish counts more", async () => {
  const { delivery, say, get, pass } = world(["hook"]);
  get("hook").script.push(
    retryable("badResponse"),
    retryable("badResponse"),
    retryable("badResponse"),
    retryable("badResponse", 90_000),
  );
  delivery.start();
  say("hook", "opened", "inc-1");
  await settle();
  await pass(200_000);
  expect(get("hook").attempts.map(({ at }) => at)).toEqual([0, 1_000, 3_000, 7_000, 97_000]);
});

test("a message that the receiver refuses for good is recorded with the reason, and the next one goes", async () => {
  const { delivery, say, get, ends, log } = world(["hook"]);
  get("hook").script.push({ status: "permanent", reason: "rejected", detail: "HTTP 400" });
  delivery.start();
  say("hook", "opened", "inc-1");
  say("hook", "opened", "inc-2");
  await settle();
  expect(ends().toSorted()).toEqual(["opened inc-1 rejected", "opened inc-2 delivered"]);
  expect(log.lines.map(({ message }) => message)).toEqual(["a message was refused for good"]);
});

test("messages of one incident go one after the other, each after the last is durable, with its reference", async () => {
  const { delivery, say, get, holdReports } = world(["chat"]);
  const chat = get("chat");
  chat.script.push({ status: "success", reference: { thread: 1 } });
  let release: () => void = () => undefined;
  holdReports(
    new Promise((resolve) => {
      release = resolve;
    }),
  );
  delivery.start();
  say("chat", "opened", "inc-1");
  await settle();
  say("chat", "updated", "inc-1");
  await settle();
  expect(chat.said).toEqual(["opened inc-1"]);
  release();
  await settle();
  expect(chat.said).toEqual(["opened inc-1", "updated inc-1"]);
  expect(chat.attempts[1]?.attempt.reference).toEqual({ thread: 1 });
});

test("after a crash between the receiver's answer and our commit the message is repeated under its key", async () => {
  const first = world(["hook"]);
  first.holdReports(new Promise(() => undefined));
  first.delivery.start();
  const row = first.say("hook", "opened", "inc-1");
  await settle();
  expect(first.get("hook").attempts).toHaveLength(1);
  // The next process finds the row in the outbox.
  const second = world(["hook"]);
  second.delivery.enqueue([row]);
  second.delivery.start();
  await settle();
  expect(second.get("hook").attempts.map(({ attempt }) => attempt.notification.idempotencyKey)).toEqual([row.key]);
});

test("a restart keeps what is left of a back-off, but not the mistakes of a wall clock", async () => {
  const { delivery, say, get, pass, clock } = world(["hook"]);
  say("hook", "opened", "soon", { attempts: 3, nextAttemptAt: clock.now() + 5_000 });
  say("hook", "opened", "far in the future", { attempts: 3, nextAttemptAt: clock.now() + 9e9 });
  delivery.start();
  await pass(4_000);
  expect(get("hook").said).toEqual([]);
  await pass(2_000);
  expect(get("hook").said).toEqual(["opened soon"]);
  await pass(60_000, 5_000);
  expect(get("hook").said).toEqual(["opened soon", "opened far in the future"]);
});

test("a hanging attempt ends after 15 s", async () => {
  const { delivery, say, get, pass } = world(["hook"]);
  const hook = get("hook");
  hook.always = "hang";
  delivery.start();
  say("hook", "opened", "inc-1");
  await pass(14_500);
  expect(hook.open).toBe(1);
  await pass(1_000);
  expect(hook.open).toBe(0);
  expect(hook.attempts[0]?.attempt.signal.aborted).toBe(true);
});

test("a message of a day ago is given up, and the core hears of it", async () => {
  const { delivery, say, get, pass, ends } = world(["hook"], { giveUpAfterMs: 3_600_000 });
  get("hook").always = retryable("serverError");
  delivery.start();
  say("hook", "opened", "inc-1");
  await pass(2 * 3_600_000, 30_000);
  expect(ends()).toEqual(["opened inc-1 exhausted"]);
  const { length } = get("hook").attempts;
  await pass(600_000, 30_000);
  expect(get("hook").attempts).toHaveLength(length);
});

test("a connector that throws is tried again, and the log says so", async () => {
  const { delivery, say, get, pass, ends, log } = world(["hook"]);
  const hook = get("hook");
  let isFirst = true;
  hook.deliver = async () => {
    if (!isFirst) return SUCCESS;
    isFirst = false;
    throw new TypeError("undefined is not a function");
  };
  delivery.start();
  say("hook", "opened", "inc-1");
  await pass(5_000);
  expect(ends()).toEqual(["opened inc-1 delivered"]);
  expect(log.lines[0]?.message).toBe("a connector threw");
});

test("a receiver that is no longer configured: what waits for it is given up, with the reason", async () => {
  const { delivery, say, get, ends } = world(["hook", "gone"]);
  delivery.start();
  get("gone").always = "hang";
  say("gone", "opened", "on its way");
  for (let number = 0; number < 5; number += 1) say("gone", "opened", `inc-${number}`);
  await settle();
  delivery.replaceConnectors(new Map([["hook", get("hook")]]));
  say("gone", "opened", "later");
  await settle();
  expect(ends()).toEqual(["opened inc-3 misconfigured", "opened inc-4 misconfigured", "opened later misconfigured"]);
});

test.each([{ rowsMax: 10 }, { sizeBytesMax: 1_500 }])(
  "updates beyond the limit %j are given up, pages never",
  async (limits) => {
    const { delivery, say, get, ends } = world(["hook"], limits);
    get("hook").always = "hang";
    for (let number = 0; number < 10; number += 1) say("hook", "opened", `inc-${number}`);
    say("hook", "updated", "one too many");
    say("hook", "opened", "a page");
    delivery.start();
    await settle();
    expect(ends()).toEqual(["updated one too many overflow"]);
  },
);

test("stop lets what is on its way end, begins nothing, and aborts what does not end", async () => {
  const { delivery, say, get, clock, ends } = world(["quick", "slow"]);
  let answer: () => void = () => undefined;
  get("quick").deliver = async () =>
    new Promise((resolve) => {
      answer = () => resolve(SUCCESS);
    });
  get("slow").always = "hang";
  delivery.start();
  say("quick", "opened", "inc-1");
  say("slow", "opened", "inc-2");
  await settle();
  let isStopped = false;
  void delivery.stop(5_000).then(() => (isStopped = true));
  say("quick", "opened", "inc-3");
  answer();
  await settle();
  expect(ends()).toEqual(["opened inc-1 delivered"]);
  expect(isStopped).toBe(false);
  clock.advance(5_000);
  await settle();
  expect(isStopped).toBe(true);
  expect(get("slow").attempts[0]?.attempt.signal.aborted).toBe(true);
});

test("health: nothing waits while receivers are served or away", async () => {
  const { delivery, say, get, pass } = world(["hook"]);
  get("hook").always = retryable("connection");
  delivery.start();
  say("hook", "opened", "inc-1");
  await pass(300_000, 10_000);
  expect(delivery.progress.waitingMs()).toBeLessThan(delivery.progress.limitMs);
});
