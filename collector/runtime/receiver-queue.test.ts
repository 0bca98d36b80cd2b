import { expect, test } from "vitest";
import type { OutboxRow } from "../port/store.ts";
import { ReceiverQueue } from "./receiver-queue.ts";

type Kind = "opened" | "updated" | "acknowledged" | "escalated" | "resolved" | "reopened";

let revision = 0;

function row(kind: Kind, parts: { incident?: string; page?: boolean; priority?: string; at?: number } = {}): OutboxRow {
  revision += 1;
  const { incident = "inc", page = kind === "opened", priority = "P3", at = 0 } = parts;
  const head = {
    idempotencyKey: `${kind}-${revision}`,
    incident,
    revision,
    receiver: "hook",
    kind,
    page,
    at,
    reason: "",
  };
  const status = kind === "resolved" || kind === "acknowledged" ? kind : "open";
  const document = { id: incident, status, priority, title: `state ${revision}` };
  return {
    key: head.idempotencyKey,
    receiver: "hook",
    incident,
    kind,
    revision,
    page,
    createdAt: at,
    body: JSON.stringify({ ...head, document }),
    attempts: 0,
    nextAttemptAt: at,
  };
}

/** Plays messages into a queue of which nothing goes out, and then sends all that is left. `kind(of which state)`. */
function play(kinds: readonly (Kind | OutboxRow)[], before: (queue: ReceiverQueue) => void = () => undefined) {
  const queue = new ReceiverQueue();
  revision = 0;
  const superseded: string[] = [];
  for (const kind of kinds) {
    const next = typeof kind === "string" ? row(kind) : kind;
    superseded.push(...queue.add(next, 0).map((gone) => gone.key));
    before(queue);
  }
  const sent: string[] = [];
  for (let unit = queue.next(0); unit !== undefined; unit = queue.next(0)) {
    const { kind, page, document } = unit.notification;
    sent.push(`${kind}${page ? "!" : ""} ${document.title}`);
    superseded.push(...unit.absorbed.map(({ key }) => key));
    queue.finish(unit, [unit.row, ...unit.absorbed], 0);
  }
  expect(queue.rows).toBe(0);
  expect(queue.incidentCount).toBe(0);
  return { sent, superseded };
}

test.each<{ situation: string; kinds: Kind[]; sent: string[] }>([
  { situation: "a single opening", kinds: ["opened"], sent: ["opened! state 1"] },
  { situation: "an opening and updates", kinds: ["opened", "updated", "updated"], sent: ["opened! state 3"] },
  { situation: "updates alone", kinds: ["updated", "updated", "updated"], sent: ["updated state 3"] },
  { situation: "somebody acknowledged before it went", kinds: ["opened", "acknowledged"], sent: ["opened state 2"] },
  { situation: "it is over before it went", kinds: ["opened", "updated", "resolved"], sent: [] },
  {
    situation: "it is over, and the opening was told long ago",
    kinds: ["updated", "resolved"],
    sent: ["resolved state 2"],
  },
  { situation: "over and back, told long ago", kinds: ["resolved", "reopened"], sent: ["reopened state 2"] },
  {
    situation: "over, back and over, told long ago",
    kinds: ["resolved", "reopened", "resolved"],
    sent: ["resolved state 3"],
  },
  { situation: "an escalation and an update", kinds: ["escalated", "updated"], sent: ["escalated state 2"] },
  { situation: "back, with an update", kinds: ["reopened", "updated", "updated"], sent: ["reopened state 3"] },
  { situation: "a resolve to someone who was never told", kinds: ["resolved"], sent: ["resolved state 1"] },
])("$situation → $sent", ({ kinds, sent }) => {
  const result = play(kinds);
  expect(result.sent).toEqual(sent);
  expect(result.superseded).toHaveLength(kinds.length - sent.length);
});

test("an opening without a page takes the page of an escalation along", () => {
  revision = 0;
  const rows = [row("opened", { page: false }), row("escalated", { page: true }), row("updated")];
  const queue = new ReceiverQueue();
  for (const next of rows) queue.add(next, 0);
  const unit = queue.next(0);
  expect(unit?.notification).toMatchObject({ kind: "opened", page: true, document: { title: "state 3" } });
  expect(unit?.absorbed).toHaveLength(2);
});

test("the rows that an opening takes along come to the same after a restart", () => {
  const queue = new ReceiverQueue();
  revision = 0;
  const rows = [row("opened"), row("updated"), row("updated"), row("escalated"), row("updated")];
  const gone = new Set(rows.flatMap((next) => queue.add(next, 0)).map(({ key }) => key));
  const kept = rows.filter(({ key }) => !gone.has(key));
  expect(kept.map(({ key }) => key)).toEqual(["opened-1", "escalated-4", "updated-5"]);
  const again = new ReceiverQueue();
  for (const next of kept) expect(again.add(next, 0)).toEqual([]);
  expect(again.next(0)?.notification).toEqual(queue.next(0)?.notification);
});

test("an opening that may have arrived is repeated as it was, and the news follows", () => {
  const queue = new ReceiverQueue();
  revision = 0;
  queue.add(row("opened"), 0);
  queue.add(row("updated"), 0);
  const first = queue.next(0);
  expect(first?.notification.document.title).toBe("state 2");
  if (first === undefined) return;
  expect(queue.retry(first, 0, 0, true)).toEqual([]);
  queue.add(row("updated"), 0);
  const second = queue.next(0);
  expect(second?.notification).toEqual(first.notification);
  if (second === undefined) return;
  queue.finish(second, [second.row, ...second.absorbed], 0);
  expect(queue.next(0)?.notification).toMatchObject({ kind: "updated", document: { title: "state 3" } });
});

test("an opening that surely did not arrive carries the newest state", () => {
  const queue = new ReceiverQueue();
  revision = 0;
  queue.add(row("opened"), 0);
  const first = queue.next(0);
  if (first === undefined) return;
  queue.add(row("updated"), 0);
  expect(queue.retry(first, 0, 0, false)).toEqual([]);
  expect(queue.next(0)?.notification).toMatchObject({ kind: "opened", document: { title: "state 2" } });
  expect(queue.next(0)).toBeUndefined();
});

test.each([
  { mayHaveArrived: true, sent: "resolved", superseded: ["opened-1"] },
  { mayHaveArrived: false, sent: undefined, superseded: ["opened-1", "resolved-2"] },
])("over while the opening was on its way, which failed (may have arrived: $mayHaveArrived)", (row_) => {
  const queue = new ReceiverQueue();
  revision = 0;
  queue.add(row("opened"), 0);
  const first = queue.next(0);
  expect(queue.add(row("resolved"), 0)).toEqual([]);
  expect(queue.next(0)).toBeUndefined();
  if (first === undefined) return;
  expect(queue.retry(first, 0, 0, row_.mayHaveArrived).map(({ key }) => key)).toEqual(row_.superseded);
  expect(queue.next(0)?.notification.kind).toBe(row_.sent);
});

test("after a restart an opening with attempts may have arrived: its resolve goes", () => {
  const queue = new ReceiverQueue();
  revision = 0;
  queue.add({ ...row("opened"), attempts: 2 }, 0);
  expect(queue.add(row("resolved"), 0).map(({ key }) => key)).toEqual(["opened-1"]);
  expect(queue.next(0)?.notification.kind).toBe("resolved");
});

test("one message of an incident at a time, others meanwhile", () => {
  const queue = new ReceiverQueue();
  queue.add(row("opened", { incident: "a" }), 0);
  const a = queue.next(0);
  queue.add(row("updated", { incident: "a" }), 0);
  queue.add(row("opened", { incident: "b" }), 0);
  expect(queue.next(0)?.row.incident).toBe("b");
  expect(queue.next(0)).toBeUndefined();
  if (a !== undefined) queue.finish(a, [a.row], 0);
  expect(queue.next(0)?.row.incident).toBe("a");
});

test("pages before updates, then by priority, then by age", () => {
  const queue = new ReceiverQueue();
  queue.add(row("updated", { incident: "old update", priority: "P1", at: 1 }), 0);
  queue.add(row("opened", { incident: "young P2 page", priority: "P2", at: 9 }), 0);
  queue.add(row("opened", { incident: "old P2 page", priority: "P2", at: 2 }), 0);
  queue.add(row("opened", { incident: "P1 page", priority: "P1", at: 10 }), 0);
  queue.add(row("opened", { incident: "P4, no page", priority: "P4", page: false, at: 0 }), 0);
  const order: string[] = [];
  for (let unit = queue.next(0); unit !== undefined; unit = queue.next(0)) order.push(unit.row.incident);
  expect(order).toEqual(["P1 page", "old P2 page", "young P2 page", "old update", "P4, no page"]);
});

test("what failed waits for its time, unless the receiver is tried ahead of it or is back", () => {
  const queue = new ReceiverQueue();
  queue.add(row("opened"), 0);
  const fail = (dueAt: number): void => {
    const unit = queue.next(0, true);
    if (unit === undefined) throw new Error("nothing to try");
    queue.retry(unit, 0, dueAt, false);
  };
  fail(1_000);
  expect(queue.nextDueAt()).toBe(1_000);
  expect(queue.next(999)).toBeUndefined();
  fail(2_000);
  expect(queue.next(1_999)).toBeUndefined();
  queue.hurry(1_500);
  expect(queue.next(1_500)).toBeDefined();
});

test("text that looks like a priority does not move a message forward", () => {
  const queue = new ReceiverQueue();
  revision = 0;
  const forged = row("opened", { incident: "forged", priority: "P5" });
  const body = JSON.stringify({ ...(JSON.parse(forged.body) as object), reason: '"priority":"P1"' });
  queue.add({ ...forged, body }, 0);
  queue.add(row("opened", { incident: "real", priority: "P4", at: 5 }), 0);
  expect(queue.next(0)?.row.incident).toBe("real");
});
