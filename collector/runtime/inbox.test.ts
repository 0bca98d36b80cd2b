import { expect, test } from "vitest";
import type { Lane } from "../port/intake.ts";
import { Inbox } from "./inbox.ts";
import { type Deposit, type Ticket, createTicket } from "./ticket.ts";

const LIMITS = { inputsMax: 100, sizeBytesMax: 1e6 };

/** Of so many inputs; what it is shows in its arrival. */
function ticket(arrivedAt: number, inputs = 1, lane: Lane = "event"): Ticket {
  const submissions = Array.from({ length: inputs }, () => ({ kind: "leftOut" }) as const);
  return createTicket(submissions, lane, arrivedAt);
}

const deposit = (...of: Parameters<typeof ticket>): Ticket => ({ ...ticket(...of), deposit: {} as Deposit });

function taken(inbox: Inbox): number[] {
  const found: number[] = [];
  for (let next = inbox.first(); next !== undefined; next = inbox.first()) {
    found.push(next.arrivedAt);
    inbox.shift(next);
  }
  return found;
}

test("for whom somebody waits takes turns with what was deposited before, in a more important lane first", () => {
  const inbox = new Inbox(LIMITS);
  for (const at of [1, 2, 3, 4]) inbox.offer(deposit(at));
  for (const at of [11, 12]) inbox.offer(ticket(at));
  inbox.offer(ticket(21, 1, "command"));
  expect(taken(inbox)).toEqual([21, 1, 11, 2, 12, 3, 4]);
});

test("a ticket that was begun stays the next one until it is over", () => {
  const inbox = new Inbox(LIMITS);
  inbox.offer(deposit(1));
  inbox.offer(ticket(11));
  const first = inbox.first();
  expect([inbox.first(), inbox.first()]).toEqual([first, first]);
});

test("the more important a lane, the fuller the inbox may be; what is larger than all of it is let into an empty one", () => {
  const inbox = new Inbox(LIMITS);
  expect(inbox.offer(ticket(1, 500))).toBe(true);
  expect([inbox.offer(ticket(2)), inbox.offer(ticket(2, 1, "heartbeat"))]).toEqual([false, false]);
  taken(inbox);
  expect([inbox.offer(ticket(3, 70)), inbox.offer(ticket(4))]).toEqual([true, false]);
  expect([inbox.offer(ticket(5, 15, "critical")), inbox.offer(ticket(6, 1, "critical"))]).toEqual([true, false]);
  expect(inbox.inputs).toBe(85);
});
