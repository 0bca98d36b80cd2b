import * as fc from "fast-check";
import { refsOf } from "../../collector/core/model/alert-ref.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Input } from "../../collector/core/model/input.ts";
import { OTHER_SETTINGS, SMALL_CMDB, SMALL_SETTINGS } from "./core-world.ts";

const CIS = [
  "sw-1",
  "hv-1",
  "hv-2",
  "web-1",
  "WEB-1.example.net",
  "10.0.0.1",
  "web-2",
  "pool",
  "db",
  "shop",
  "lone",
  "stranger",
];

/** What happens next; `after` milliseconds later than the thing before. */
export interface Happening {
  after: number;
  /** Nobody looked at the clock meanwhile: what was due in that time comes with this. */
  isStalled: boolean;
  what:
    | { type: "event"; event: Omit<Event, "occurredAt">; endsInMs: number; behindMs: number }
    | { type: "again"; pick: number; forMs: number; isSaid: boolean; behindMs: number }
    | { type: "tick" }
    | {
        type: "command";
        pick: number;
        command: "acknowledge" | "resolve" | "note" | "merge" | "split" | "rootCause" | "assign";
      }
    | { type: "silence"; id: string; ci: string; forMs: number }
    | { type: "expire"; id: string }
    | { type: "window"; id: string; ci: string; forMs: number }
    | { type: "delivery"; status: "delivered" | "failed" }
    | { type: "topology"; without: string }
    | { type: "settings"; name: string }
    | { type: "heard"; ci: string; missingAfterMs: number }
    | { type: "forget"; ci: string }
    | { type: "removeWindow"; id: string }
    | { type: "sample"; ci: string; value: number }
    | { type: "restarted"; gapMs: number };
}

const event: fc.Arbitrary<Happening["what"]> = fc.record({
  type: fc.constant("event" as const),
  event: fc.record({
    id: fc.integer({ min: 0, max: 400 }).map((number) => `e-${number}`),
    idGiven: fc.boolean(),
    source: fc.constantFrom("agent", "prometheus"),
    ci: fc.constantFrom(...CIS),
    check: fc.constantFrom("down", "slow", "errors"),
    instance: fc.constantFrom("", "", "eth0"),
    kind: fc.constantFrom("alert" as const, "alert" as const, "alert" as const, "alert" as const, "change" as const),
    status: fc.constantFrom("firing" as const, "firing" as const, "resolved" as const),
    severity: fc.constantFrom(
      "critical" as const,
      "major" as const,
      "minor" as const,
      "warning" as const,
      "info" as const,
    ),
    summary: fc.constantFrom("it is down", "latency 20 ms", "latency 30 ms"),
    labels: fc.constantFrom({}, { site: "a" }, { site: "b" }),
    annotations: fc.constant({}),
    links: fc.constant([]),
    expiresAfterMs: fc.constantFrom(null, null, null, 300_000, 0),
  }),
  /** With it, an end of 0 is a moment that is given. */
  endsInMs: fc.constantFrom(60_000, 300_000, 1_200_000),
  behindMs: fc.constantFrom(0, 0, 0, 0, 2000, 25_000, -20_000, 45_000, 400_000, 3_000_000),
});

const other: fc.Arbitrary<Happening["what"]> = fc.oneof(
  fc.record({
    type: fc.constant("again" as const),
    pick: fc.nat(20),
    forMs: fc.constantFrom(1, 60_000, 300_000),
    isSaid: fc.boolean(),
    behindMs: fc.constantFrom(0, 0, 0, -1, 2000, 400_000),
  }),
  fc.record({ type: fc.constant("tick" as const) }),
  fc.record({
    type: fc.constant("command" as const),
    pick: fc.nat(20),
    command: fc.constantFrom(
      "acknowledge" as const,
      "resolve" as const,
      "note" as const,
      "merge" as const,
      "split" as const,
      "rootCause" as const,
      "assign" as const,
    ),
  }),
  fc.record({
    type: fc.constant("silence" as const),
    id: fc.constantFrom("s-1", "s-2"),
    ci: fc.constantFrom(...CIS),
    forMs: fc.constantFrom(60_000, 1_200_000),
  }),
  fc.record({ type: fc.constant("expire" as const), id: fc.constantFrom("s-1", "s-2") }),
  fc.record({
    type: fc.constant("window" as const),
    id: fc.constantFrom("w-1", "mw-1"),
    ci: fc.constantFrom(...CIS),
    forMs: fc.constantFrom(60_000, 1_200_000),
  }),
  fc.record({
    type: fc.constant("delivery" as const),
    status: fc.constantFrom("delivered" as const, "failed" as const),
  }),
  fc.record({ type: fc.constant("topology" as const), without: fc.constantFrom("db", "lone", "web-1", "nothing") }),
  fc.record({ type: fc.constant("settings" as const), name: fc.constantFrom(...Object.keys(OTHER_SETTINGS)) }),
  fc.record({ type: fc.constant("forget" as const), ci: fc.constantFrom(...CIS) }),
  fc.record({ type: fc.constant("removeWindow" as const), id: fc.constantFrom("w-1", "mw-1") }),
  fc.record({ type: fc.constant("restarted" as const), gapMs: fc.constantFrom(10_000, 600_000) }),
);

/** What a core remembers only as long as it lives. */
const unstored: fc.Arbitrary<Happening["what"]> = fc.oneof(
  fc.record({
    type: fc.constant("heard" as const),
    ci: fc.constantFrom(...CIS),
    missingAfterMs: fc.constantFrom(30_000, 600_000),
  }),
  fc.record({
    type: fc.constant("sample" as const),
    ci: fc.constantFrom(...CIS),
    value: fc.constantFrom(1, 1, 2, 1000),
  }),
);

/**
 * Mostly events, close together; now and then a pause, a person, a reload, a leap of days.
 *
 * @param options.isAllStored nothing that a restart forgets: in which order several things are looked at that were due
 *   while nobody looked at the clock is a part of that
 */
export const happenings = (options: { max: number; isAllStored?: boolean }): fc.Arbitrary<Happening[]> =>
  fc.array(
    fc.record({
      after: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(0, 1, 500, 1000, 5000, 20_000, 61_000, 400_000, 1_800_000) },
        { weight: 1, arbitrary: fc.constantFrom(30 * 3_600_000, 6 * 86_400_000) },
      ),
      isStalled: fc.integer({ min: 0, max: 9 }).map((number) => number === 9 && options.isAllStored !== true),
      what: fc.oneof(
        { weight: 12, arbitrary: event },
        { weight: 3, arbitrary: other },
        { weight: options.isAllStored === true ? 0 : 1, arbitrary: unstored },
      ),
    }),
    { minLength: 5, maxLength: options.max },
  );

/** The input of a happening at `at`. `known`: incidents by number and their alerts, for commands to choose from. */
export function inputOf(
  what: Happening["what"],
  at: number,
  known: readonly { id: string; alerts: readonly string[] }[],
): Input {
  switch (what.type) {
    case "event":
      return {
        kind: "event",
        at,
        event: {
          ...what.event,
          occurredAt: at - what.behindMs,
          ...(what.event.expiresAfterMs === 0 && { expiresAt: at + what.endsInMs }),
        },
      };
    case "again": {
      const occurredAt = at - what.behindMs;
      const alerts = [...(known[what.pick % Math.max(1, known.length)]?.alerts ?? []), "a-0000000000000000"];
      const expiresAfterMs = what.isSaid ? 0 : what.forMs;
      return {
        kind: "again",
        at,
        alerts: refsOf(alerts),
        occurredAt,
        // Who says what is over already resolves: that is an event.
        expiresAt: at + what.forMs,
        expiresAfterMs,
      };
    }
    case "tick":
      return { kind: "tick", at };
    case "command":
      return commandOf(what, at, known);
    case "silence":
      return {
        kind: "command",
        at,
        actor: "anna",
        command: {
          type: "silence.put",
          silence: {
            id: what.id,
            matchers: [{ name: "ci", value: what.ci, isRegex: false, isEqual: true }],
            startsAt: at + 1000,
            endsAt: at + 1000 + what.forMs,
            createdBy: "anna",
            comment: "",
            createdAt: at,
            updatedAt: at,
          },
        },
      };
    case "expire":
      return { kind: "command", at, actor: "anna", command: { type: "silence.expire", id: what.id } };
    case "window":
      return {
        kind: "command",
        at,
        actor: "anna",
        command: {
          type: "maintenance.put",
          window: {
            id: what.id,
            cis: [what.ci],
            from: at,
            to: at + what.forMs,
            includeDependents: true,
            reason: "",
            owner: null,
          },
        },
      };
    case "delivery":
      return {
        kind: "delivery",
        at,
        outcome: {
          idempotencyKey: "k",
          incident: known[0]?.id ?? "none",
          receiver: "chat",
          kind: "opened",
          status: what.status,
          reason: null,
        },
      };
    case "topology":
      return {
        kind: "topology",
        at,
        cmdb: { ...SMALL_CMDB, cis: SMALL_CMDB.cis.filter((ci) => ci.id !== what.without) },
      };
    case "settings":
      return { kind: "settings", at, settings: structuredClone(OTHER_SETTINGS[what.name] ?? SMALL_SETTINGS) };
    case "heard":
      return { kind: "heartbeat", at, ci: what.ci, agent: `agent of ${what.ci}`, missingAfterMs: what.missingAfterMs };
    case "forget":
      return { kind: "command", at, actor: "anna", command: { type: "agent.forget", ci: what.ci } };
    case "removeWindow":
      return { kind: "command", at, actor: "anna", command: { type: "maintenance.remove", id: what.id } };
    case "sample":
      return {
        kind: "sample",
        at,
        sample: { ci: what.ci, metric: "latency_seconds", value: what.value, time: at, labels: {}, unit: null },
      };
    case "restarted":
      return { kind: "restarted", at, from: at - what.gapMs };
  }
}

function commandOf(
  { pick, command }: { pick: number; command: string },
  at: number,
  known: readonly { id: string; alerts: readonly string[] }[],
): Input {
  const target = known[pick % Math.max(1, known.length)];
  const second = known[(pick + 1) % Math.max(1, known.length)];
  const incident = target?.id ?? "inc-none";
  const orders = {
    acknowledge: { type: "acknowledge" as const, incident },
    resolve: { type: "resolve" as const, incident, note: "fixed" },
    note: { type: "note" as const, incident, text: "hm" },
    merge: { type: "merge" as const, incident, into: second?.id ?? "inc-none" },
    split: { type: "split" as const, incident, alerts: (target?.alerts ?? []).slice(0, 1) },
    rootCause: { type: "rootCause" as const, incident, ci: pick % 3 === 0 ? null : "db" },
    assign: { type: "assign" as const, incident, owner: "team-web" },
  };
  return { kind: "command", at, actor: "anna", command: orders[command as keyof typeof orders] };
}
