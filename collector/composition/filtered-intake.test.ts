import { expect, test } from "vitest";
import type { Event } from "../core/model/event.ts";
import type { IntakeResult, IntakeWithDeposit, LetterReader, Submission } from "../port/intake.ts";
import { createEventFilter } from "../../rules/detect/event-filter.ts";
import type { EventRule } from "../../rules/detect/rule.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { filteredIntake } from "./filtered-intake.ts";

const rule = (check: string, action: EventRule["action"]): EventRule => ({
  kind: "event",
  name: `r_${check}`,
  pack: "test",
  match: { source: null, check: [check], ci: null, instance: null, summary: null, severity: null, labels: [] },
  action,
  runbook: "",
  reason: "",
  source: null,
});

const event = (check: string): Event => ({
  id: check,
  idGiven: true,
  source: "nagios",
  ci: "web-01",
  check,
  instance: "",
  kind: "alert",
  status: "firing",
  severity: "critical",
  summary: "",
  occurredAt: 0,
  labels: { env: "prod" },
  annotations: {},
  links: [],
  expiresAfterMs: null,
});

const filter = createEventFilter([
  rule("noise", { type: "drop" }),
  rule("ntp", { type: "rewrite", severity: "warning", labels: { team: "time" } }),
]);

function rig(answer?: IntakeResult): {
  intake: IntakeWithDeposit;
  taken: Submission[];
  counted: string[];
  clock: VirtualClock;
} {
  const taken: Submission[] = [];
  const counted: string[] = [];
  const readers = new Map<string, LetterReader>();
  const inner: IntakeWithDeposit = {
    deposit: (letter, lane) => inner.submit(readers.get(letter.reader)?.(letter) ?? [], lane),
    readLetters: (reader, read) => void readers.set(reader, read),
    submit: (submissions) => {
      taken.push(...submissions);
      const outcomes = submissions.map((each) => ({
        status: "accepted" as const,
        alert: each.kind === "event" ? each.event.check : null,
        incident: null,
      }));
      return Promise.resolve(answer ?? { status: "committed", outcomes });
    },
  };
  const telemetry = {
    count: (_: string, labels = {}) => void counted.push(JSON.stringify(labels)),
    observe: () => {},
    gauge: () => {},
  };
  const clock = new VirtualClock();
  return { intake: filteredIntake(inner, () => filter, { telemetry, clock }), taken, counted, clock };
}

const submit = (...checks: string[]): Submission[] => checks.map((check) => ({ kind: "event", event: event(check) }));

test("what is left out keeps its place among the outcomes, and the others keep theirs", async () => {
  const { intake, taken, counted } = rig();
  const result = await intake.submit(submit("disk", "noise", "cpu"), "event");
  expect(taken.map((each) => (each.kind === "event" ? each.event.check : each.kind))).toEqual([
    "disk",
    "command",
    "cpu",
  ]);
  expect(result).toEqual({
    status: "committed",
    outcomes: ["disk", null, "cpu"].map((alert) => ({ status: "accepted", alert, incident: null })),
  });
  expect(counted).toEqual(['{"action":"drop"}']);
});

test("a rewrite changes severity and labels, and nothing else", async () => {
  const { intake, taken } = rig();
  await intake.submit(submit("ntp"), "event");
  expect(taken).toEqual([
    { kind: "event", event: { ...event("ntp"), severity: "warning", labels: { env: "prod", team: "time" } } },
  ]);
});

test("what is left out reaches the core as a record only: the first at once, then once an hour with how many", async () => {
  const { intake, taken, clock } = rig();
  expect(await intake.submit(submit("noise", "noise"), "event")).toMatchObject({
    status: "committed",
    outcomes: [{ alert: null }, { alert: null }],
  });
  await intake.submit(submit("noise"), "event");
  clock.advance(3_600_000);
  await intake.submit(submit("noise", "noise"), "event");
  expect(taken.filter(({ kind }) => kind !== "leftOut")).toMatchObject([
    { kind: "command", command: { type: "events.dropped", rule: "r_noise", ci: "web-01", check: "noise", count: 1 } },
    { kind: "command", command: { type: "events.dropped", rule: "r_noise", count: 3 } },
  ]);
});

test("other submissions pass, and a refusal stays one", async () => {
  const overloaded: IntakeResult = { status: "overloaded", retryAfterMs: 1000 };
  const { intake, taken } = rig(overloaded);
  const heartbeat: Submission = { kind: "heartbeat", ci: "a", agent: "b", missingAfterMs: 1 };
  expect(await intake.submit([heartbeat, ...submit("noise")], "heartbeat")).toEqual(overloaded);
  expect(taken).toMatchObject([heartbeat, { kind: "command" }]);
});

test("letters are filtered when they are read, by the rules of then, and stay as many", async () => {
  const { intake, taken } = rig();
  intake.readLetters("test", () => submit("disk", "noise", "noise", "ntp"));
  await intake.deposit({ reader: "test", body: new Uint8Array(), receivedAt: 0, inputs: 4 }, "event");
  expect(taken.map((each) => (each.kind === "event" ? each.event.severity : each.kind))).toEqual([
    event("disk").severity,
    "command",
    "leftOut",
    "warning",
  ]);
});
