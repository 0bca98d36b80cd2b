import * as fc from "fast-check";
import { refsOf } from "../../collector/core/model/alert-ref.ts";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Input } from "../../collector/core/model/input.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { ciOf, cmdbOf, T0 } from "./core-driver.ts";

/** A small shop: two hypervisors behind a switch, a pool, a database, a business service, and a host nobody relates. */
export const SMALL_CMDB: CmdbDocument = {
  ...cmdbOf(
    [
      "hv-1 connectsTo sw-1",
      "hv-2 connectsTo sw-1",
      "web-1 runsOn hv-1",
      "web-2 runsOn hv-2",
      "pool hasMember web-1",
      "pool hasMember web-2",
      "pool dependsOn db",
      "db runsOn hv-2",
      "shop dependsOn pool",
    ],
    [
      ciOf("shop", { type: "businessService", criticality: 1, owner: "team-shop" }),
      ciOf("web-1", { aliases: ["web-1.example.net", "10.0.0.1"], owner: "team-web" }),
      ciOf("lone"),
    ],
    ["sw-1"],
  ),
  maintenance: [
    {
      id: "mw-1",
      cis: ["hv-2"],
      from: T0 + 30 * 60_000,
      to: T0 + 60 * 60_000,
      includeDependents: true,
      reason: "firmware",
      owner: null,
    },
  ],
};

export const SMALL_SETTINGS: CoreSettings = {
  ...DEFAULT_SETTINGS,
  inhibitions: [
    {
      source: [{ name: "check", value: "down", isRegex: false, isEqual: true }],
      target: [{ name: "severity", value: "warning|minor", isRegex: true, isEqual: true }],
      equal: ["ci"],
    },
  ],
  routes: [
    { match: { priorities: ["P1", "P2"] }, receivers: ["pager"], continue: true },
    { match: { owners: ["team-shop"] }, receivers: ["shop"], continue: true },
    { match: {}, receivers: ["chat"], continue: false },
  ],
  limits: { alertsMax: 12, eventIdsMax: 40, resolvedAlertsMax: 3 },
};

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
  fc.record({ type: fc.constant("restarted" as const), gapMs: fc.constantFrom(10_000, 600_000) }),
);

/** Mostly events, close together; now and then a pause, a person, a reload. */
export const happenings = (options: { max: number }): fc.Arbitrary<Happening[]> =>
  fc.array(
    fc.record({
      after: fc.constantFrom(0, 1, 500, 1000, 5000, 20_000, 61_000, 400_000, 1_800_000),
      what: fc.oneof({ weight: 6, arbitrary: event }, { weight: 1, arbitrary: other }),
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
