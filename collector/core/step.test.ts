import { expect, test } from "vitest";
import { ciOf, cmdbOf, CoreDriver, minutes, ONE_ROUTE, seconds, T0 } from "../../test/support/core-driver.ts";
import { createCorrelator } from "./correlate/correlator.ts";
import type { CmdbDocument } from "./model/ci.ts";
import type { Event } from "./model/event.ts";
import type { Silence } from "./model/silence.ts";
import { severityRank } from "./model/severity.ts";
import { createRootRanker } from "./root-cause/ranker.ts";
import { nextWakeAt, step } from "./step.ts";

const silence = (id: string, from: number, to: number, ci = "web-01"): Silence => ({
  id,
  matchers: [{ name: "ci", value: ci, isRegex: false, isEqual: true }],
  startsAt: from,
  endsAt: to,
  createdBy: "anna",
  comment: "known",
  createdAt: from,
  updatedAt: from,
});

const byName = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

test("one fault rings once, and its end is told", () => {
  const core = new CoreDriver();
  core.event();
  core.to(seconds(9));
  expect(core.told()).toBe("");
  core.to(seconds(60));
  core.event({ summary: "CPU is busier" });
  core.event({ check: "load", severity: "major" });
  core.to(minutes(5));
  core.event({ status: "resolved" });
  core.event({ status: "resolved", check: "load" });
  core.to(minutes(10));
  expect(core.told()).toBe("OPENED resolved");
  expect(core.notifications().map((notification) => notification.at)).toEqual([seconds(10), minutes(6)]);
  expect(core.incident(1)).toMatchObject({ status: "resolved", resolvedAt: minutes(6) });
  core.to(minutes(70));
  expect(core.incident(1)?.status).toBe("closed");
  expect(core.state.incidents.size).toBe(0);
});

test("a repeat of the transport is told apart from a re-notification", () => {
  const core = new CoreDriver();
  expect(core.event({ id: "e-1" })).toMatchObject({ status: "accepted" });
  expect(core.event({ id: "e-1" })).toEqual({ status: "duplicate" });
  expect(core.event({ id: "e-1", source: "other" })).toMatchObject({ status: "accepted" });
  expect(core.event({ id: "e-2", idGiven: false })).toMatchObject({ status: "accepted" });
  expect(core.event({ id: "e-2", idGiven: false })).toMatchObject({ status: "accepted" });
  expect(core.alert()?.count).toBe(3);
});

test("of two words on since when an alert holds the earlier counts", () => {
  const core = new CoreDriver();
  core.to(minutes(10));
  core.event({ since: minutes(9) });
  core.event({ since: minutes(8) });
  expect(core.alert()).toMatchObject({ count: 2, occurredAt: minutes(8) });
  core.event({ since: minutes(9) });
  expect(core.alert()).toMatchObject({ count: 3, occurredAt: minutes(8) });
});

test("a re-notification that changes nothing is a touch and an outcome, nothing else", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  const before = core.effects.length;
  core.event();
  expect(core.effects.slice(before).map((effect) => effect.kind)).toEqual(["touch", "outcome"]);
  expect(core.incident(1)?.members[0]).toMatchObject({ count: 2, lastSeenAt: minutes(2) });
});

test.for([
  { situation: "never heard of before", before: false },
  { situation: "known and clear", before: true },
])("a clear that overtakes its firing, of an alert $situation: nothing opens", ({ before }) => {
  const core = new CoreDriver();
  if (before) {
    core.event();
    core.to(seconds(5));
    core.event({ status: "resolved" });
  }
  core.to(minutes(30));
  const told = core.told();
  core.event({ status: "resolved", occurredAt: seconds(1800) });
  core.event({ occurredAt: seconds(1790) });
  core.to(minutes(40));
  expect(core.told()).toBe(told);
  expect([undefined, "resolved"]).toContain(core.alert()?.status);
  expect(core.ledger("alert.late")).toMatchObject([{ rule: "older-than-clear" }]);
  core.event();
  core.to(minutes(41));
  expect(core.alert()?.status).toBe("firing");
});

test("names of one CI are one alert", () => {
  const core = new CoreDriver({ cmdb: cmdbOf([], [ciOf("web-01", { aliases: ["web-01.example.net", "10.0.0.7"] })]) });
  core.event({ ci: "WEB-01.example.net" });
  core.event({ ci: "10.0.0.7" });
  expect(core.alert()).toMatchObject({ ci: "web-01", count: 2 });
  expect(core.state.alerts.size).toBe(1);
});

test("what heals during the hold wakes nobody; an urgent fault leaves a message without a page", () => {
  const quick = { ...ONE_ROUTE, correlation: { ...ONE_ROUTE.correlation, resolveAfterMs: 5000 } };
  const minor = new CoreDriver({ settings: quick });
  minor.event();
  minor.to(seconds(2));
  minor.event({ status: "resolved" });
  minor.to(minutes(5));
  expect(minor.told()).toBe("");
  expect(minor.ledger("notification.withheld").map((record) => record.rule)).toEqual(["healed"]);

  const cmdb = cmdbOf(["shop dependsOn web-01"], [ciOf("shop", { type: "businessService", criticality: 1 })]);
  const urgent = new CoreDriver({ settings: quick, cmdb });
  urgent.event({ ci: "shop" });
  urgent.to(seconds(2));
  urgent.event({ ci: "shop", status: "resolved" });
  urgent.to(minutes(5));
  expect(urgent.told()).toBe("resolved");
});

test("a fault that comes back after its end was told rings again; before that it does not", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  core.event({ status: "resolved" });
  core.to(minutes(2) + 30_000);
  core.event();
  core.to(minutes(4));
  expect(core.told()).toBe("OPENED");
  core.event({ status: "resolved" });
  core.to(minutes(45));
  expect(core.told()).toBe("OPENED resolved");
  core.event();
  core.to(minutes(58));
  expect(core.told()).toBe("OPENED resolved REOPENED");
  // It has come back once: it must stay clear for twice as long.
  core.event({ status: "resolved" });
  core.to(minutes(59) + 30_000);
  expect(core.incident(1)?.status).toBe("open");
  core.to(minutes(61));
  expect(core.told()).toBe("OPENED resolved REOPENED resolved");
});

test("a fault that is back minutes after its end rings again only if it stays", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(10));
  core.event({ status: "resolved" });
  core.to(minutes(14));
  core.event();
  core.to(minutes(18));
  expect(core.told()).toBe("OPENED resolved reopened");
  core.to(minutes(20));
  expect(core.told()).toBe("OPENED resolved reopened ESCALATED");
  core.event({ status: "resolved" });
  core.to(minutes(30));
  expect(core.told()).toBe("OPENED resolved reopened ESCALATED resolved");
});

test("an acknowledged incident does not page again, and those who know hear of it", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["app dependsOn web-01"]) });
  core.event({ severity: "major" });
  core.to(minutes(1));
  core.command({ type: "acknowledge", incident: core.incident(1)?.id ?? "", note: "on it" });
  core.to(minutes(3));
  core.event({ ci: "app", severity: "critical" });
  core.to(minutes(6));
  expect(core.told()).toMatch(/^OPENED acknowledged( updated| escalated)*$/);
  expect(core.incident(1)).toMatchObject({ status: "acknowledged", owner: "anna" });
});

test("two incidents that turn out to be one: nobody is paged twice, and the absorbed one ends", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["app-1 dependsOn db", "app-2 dependsOn db"]) });
  core.event({ ci: "app-1" });
  core.event({ ci: "app-2" });
  core.to(minutes(1));
  expect(core.told()).toBe("OPENED OPENED");
  core.event({ ci: "db" });
  core.to(minutes(3));
  expect(core.notifications().filter((notification) => notification.page)).toHaveLength(2);
  expect(core.incident(2)).toMatchObject({ status: "closed", mergedInto: core.incident(1)?.id });
  expect(
    core.notifications().find(({ incident }) => incident === core.incident(2)?.id && core.incident(2)),
  ).toBeDefined();
  expect(
    core
      .incident(1)
      ?.members.map((member) => member.ci)
      .sort(),
  ).toEqual(["app-1", "app-2", "db"]);
  const absorbed = core.notifications().filter((notification) => notification.incident === core.incident(2)?.id);
  expect(absorbed.map((notification) => notification.kind)).toEqual(["opened", "resolved"]);
});

test("a receiver that knew only the absorbed incident hears of the surviving one, without a page", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["app-1 dependsOn db", "app-2 dependsOn db"]) });
  core.event({ ci: "app-1", severity: "minor" });
  core.event({ ci: "app-2", severity: "critical" });
  const [first, second] = [core.incident(1), core.incident(2)];
  core.to(minutes(1));
  core.event({ ci: "db", severity: "minor" });
  core.to(minutes(3));
  const kinds = core.notifications().map(({ incident, kind, page }) => [incident === first?.id ? 1 : 2, kind, page]);
  expect(kinds.filter(([, , page]) => page)).toEqual([[2, "opened", true]]);
  expect(second?.mergedInto).toBe(first?.id);
});

test("a silence keeps the page back and the resolve passes; when it ends, what still fires is told", () => {
  const core = new CoreDriver();
  core.command({ type: "silence.put", silence: silence("s-1", T0, minutes(10)) });
  core.event();
  core.to(minutes(5));
  expect(core.told()).toBe("");
  expect(core.alert()?.suppressedBy).toEqual(["silence:s-1"]);
  expect(core.ledger("notification.withheld")).toMatchObject([{ rule: "silence:s-1" }]);
  core.to(minutes(11));
  expect(core.told()).toBe("OPENED");
  core.command({ type: "silence.put", silence: silence("s-2", minutes(11), minutes(60)) });
  core.event({ status: "resolved" });
  core.to(minutes(20));
  expect(core.told()).toBe("OPENED resolved");
});

test("a silence that a person ends early lets the alert speak", () => {
  const core = new CoreDriver();
  core.command({ type: "silence.put", silence: silence("s-1", T0, minutes(100)) });
  core.event();
  core.to(minutes(5));
  expect(core.command({ type: "silence.expire", id: "s-1" })).toMatchObject({ status: "accepted" });
  expect(core.told()).toBe("OPENED");
  expect(core.command({ type: "silence.expire", id: "nope" })).toMatchObject({ code: "silenceNotFound" });
});

test("a silence with a regex that cannot be matched safely is refused", () => {
  const core = new CoreDriver();
  const bad = {
    ...silence("s", T0, minutes(1)),
    matchers: [{ name: "ci", value: "(a)\\1", isRegex: true, isEqual: true }],
  };
  expect(core.command({ type: "silence.put", silence: bad })).toMatchObject({
    status: "rejected",
    code: "badMatcher",
    message: "ci: back-references are not supported, at character 4 of (a)\\1",
  });
});

test("maintenance covers the CI, those that cannot work without it, and what overruns a little", () => {
  const cmdb = {
    ...cmdbOf(["vm-1 runsOn hv-1", "pool hasMember vm-1", "pool hasMember vm-2", "vm-2 runsOn hv-2"]),
    maintenance: [
      { id: "mw", cis: ["hv-1"], from: minutes(0), to: minutes(30), includeDependents: true, reason: "", owner: null },
    ],
  };
  const core = new CoreDriver({ cmdb });
  core.event({ ci: "vm-1" });
  core.to(minutes(1));
  expect(core.told()).toBe("");
  core.event({ ci: "pool", severity: "major" });
  core.to(minutes(2));
  // One of two members is enough for the pool: its alert is its own.
  expect(core.told()).toBe("OPENED");
  expect(core.alert({ ci: "vm-1" })?.suppressedBy).toEqual(["maintenance:mw"]);
  core.to(minutes(34));
  expect(core.alert({ ci: "vm-1" })?.suppressedBy).toEqual(["maintenance:mw"]);
  core.to(minutes(36));
  expect(core.alert({ ci: "vm-1" })?.suppressedBy).toEqual([]);
});

test("a window that a person ends early lets what still fires speak", () => {
  const core = new CoreDriver({ correlator: createCorrelator(createRootRanker()) });
  const window = { id: "mw", cis: ["hv-1"], from: T0, to: minutes(60), reason: "swap", owner: null };
  core.command({ type: "maintenance.put", window: { ...window, includeDependents: true } });
  core.event({ ci: "hv-1", check: "ping" });
  core.to(minutes(5));
  expect([core.told(), core.alert({ ci: "hv-1", check: "ping" })?.withheld]).toEqual(["", "maintenance"]);
  core.command({ type: "maintenance.remove", id: "mw" });
  core.to(minutes(7));
  expect(core.told()).toBe("OPENED");
});

test("inhibition: two sources with one key; one resolves, the other still inhibits", () => {
  const matcher = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
  const settings = {
    ...ONE_ROUTE,
    inhibitions: [{ source: [matcher("check", "down")], target: [matcher("severity", "major")], equal: ["site"] }],
  };
  const core = new CoreDriver({ settings });
  const labels = { site: "ams1" };
  core.event({ ci: "a", check: "down", labels });
  core.event({ ci: "b", check: "down", labels });
  core.event({ ci: "c", severity: "major", labels });
  core.event({ ci: "d", severity: "major", labels: { site: "fra2" } });
  core.to(minutes(1));
  expect(
    core
      .notifications()
      .map((notification) => notification.document.alerts[0]?.ci)
      .sort(byName),
  ).toEqual(["a", "b", "d"]);
  core.event({ ci: "a", check: "down", labels, status: "resolved" });
  core.to(minutes(10));
  expect(core.alert({ ci: "c" })?.suppressedBy).toEqual([`inhibition:${core.alert({ ci: "b", check: "down" })?.id}`]);
  core.event({ ci: "b", check: "down", labels, status: "resolved" });
  expect(core.alert({ ci: "c" })?.suppressedBy).toEqual([]);
  expect(core.notifications().at(-1)?.document.alerts[0]?.ci).toBe("c");
});

test("a late burst completes the timeline and pages nobody; what still holds does", () => {
  const core = new CoreDriver();
  core.to(minutes(60));
  core.event({ occurredAt: minutes(10) });
  core.event({ occurredAt: minutes(12), check: "load" });
  core.event({ occurredAt: minutes(20), status: "resolved" });
  core.to(minutes(63));
  expect(core.told()).toBe("");
  expect(core.alert({ check: "load" })?.late).toBe(true);
  core.event({ check: "load" });
  core.to(minutes(65));
  expect(core.told()).toBe("OPENED");
  expect(core.alert({ check: "load" })?.late).toBe(false);
});

test("flapping is one state: no page a change, one resolve at the end", () => {
  const core = new CoreDriver();
  for (let minute = 0; minute < 40; minute += 2) {
    core.to(minutes(minute));
    core.event();
    core.to(minutes(minute + 1));
    core.event({ status: "resolved" });
  }
  expect(core.alert()).toMatchObject({ flapping: true, status: "firing", sourceStatus: "resolved", episode: 3 });
  expect(core.notifications().filter((notification) => notification.page).length).toBeLessThanOrEqual(2);
  core.to(minutes(90));
  expect(core.alert()).toMatchObject({ flapping: false, status: "resolved" });
  expect(core.incident(1)?.status).toBe("resolved");
  expect(core.told()).toBe("OPENED resolved reopened ESCALATED resolved");
});

test.for<[situation: string, upS: number, downS: number, told: string]>([
  ["every 20 s", 20, 20, "OPENED resolved"],
  [
    "every minute: its end was told, so an hour of it pages again",
    60,
    60,
    "OPENED resolved reopened ESCALATED resolved",
  ],
  ["every second: it is known after ten minutes, and pages after an hour", 1, 1, "opened ESCALATED resolved"],
])("what is critical and flaps for two hours, %s, is one incident, and no storm of pages", ([, upS, downS, told]) => {
  const cmdb = cmdbOf(["shop dependsOn db"], [ciOf("shop", { type: "businessService", criticality: 1 })]);
  const core = new CoreDriver({ cmdb, correlator: createCorrelator(createRootRanker()) });
  const fields = { ci: "db", check: "InstanceDown", summary: "db is down" };
  for (let atS = 0; atS < 7200; atS += upS + downS) {
    core.to(seconds(atS));
    core.event(fields);
    core.to(seconds(atS + upS));
    core.event({ ...fields, status: "resolved" });
  }
  const flapping = [...core.state.incidents.live()].filter(({ status }) => status === "open");
  expect(flapping.map(({ title, rootCause }) => [title, rootCause.ci])).toEqual([["db is down (flapping)", "db"]]);
  core.to(minutes(180));
  expect(core.told()).toBe(told);
});

test("a critical condition that bounces as it begins, and then stays, is held, and pages in the end", () => {
  const cmdb = cmdbOf(
    ["shop dependsOn db"],
    [ciOf("shop", { type: "businessService", criticality: 1 }), ciOf("db", { type: "database", criticality: 1 })],
  );
  const core = new CoreDriver({ cmdb, correlator: createCorrelator(createRootRanker()) });
  for (let change = 0; change < 13; change += 1) {
    core.to(T0 + change * 400);
    const status = change % 2 === 0 ? "firing" : "resolved";
    core.event({ ci: "db", check: "process_missing", summary: "postgres is not running", status });
  }
  core.to(seconds(9));
  expect(core.told()).toBe("");
  core.to(minutes(3));
  expect(core.incident(1)?.timeline.at(-1)?.text).toContain("or left out as noise: db process_missing (flapping)");
  core.to(minutes(7));
  expect(core.notifications().filter(({ page }) => page)).toHaveLength(1);
  expect(core.alert({ ci: "db", check: "process_missing" })).toMatchObject({ status: "firing", flapping: true });
});

test("an alert expires: by its own word, by its missed repetitions, by the time to live", () => {
  const core = new CoreDriver();
  core.event({ check: "own", expiresAfterMs: 120_000 });
  core.event({ ci: "lone", check: "once" });
  for (let minute = 0; minute <= 20; minute += 5) {
    core.to(minutes(minute));
    core.event({ check: "often" });
    core.event({ ci: "other", check: "noise", status: minute % 10 === 0 ? "firing" : "resolved" });
  }
  expect(core.alert({ check: "own" })?.resolvedAt).toBe(minutes(2));
  core.to(minutes(49));
  core.event({ ci: "other", check: "noise" });
  expect(core.alert({ check: "often" })?.status).toBe("firing");
  core.to(minutes(60));
  expect(core.alert({ check: "often" })?.resolvedAt).toBe(minutes(50));
  expect(core.alert({ ci: "lone", check: "once" })?.status).toBe("firing");
  core.to(minutes(24 * 60));
  expect(core.alert({ ci: "lone", check: "once" })?.resolvedAt).toBe(minutes(24 * 60));
  expect(core.ledger("alert.expired").map((record) => record.rule)).toContain("missed repetitions");
});

test("an agent that stays away is not told as well again because nobody says so any more", () => {
  const core = new CoreDriver();
  core.input({ kind: "heartbeat", at: core.now, ci: "web-01", agent: "ag", missingAfterMs: 30_000 });
  core.to(minutes(60 * 100));
  expect(core.alert({ source: "collector", check: "agent_missing" })?.status).toBe("firing");
  expect(core.told()).toBe("OPENED");
  core.input({ kind: "heartbeat", at: core.now, ci: "web-01", agent: "ag", missingAfterMs: 3_600_000 });
  core.to(minutes(60 * 100 + 50));
  expect(core.told()).toBe("OPENED resolved");
});

test.for<[situation: string, meanwhile: (core: CoreDriver) => void]>([
  [
    "most of its incident is clear, and nothing new was heard for long",
    (core) => {
      for (const status of ["firing", "resolved"] as const)
        for (const check of ["cpu", "disk", "memory", "load"]) core.to(core.now + 10_000).event({ check, status });
    },
  ],
  [
    "somebody else says in our name that it is over",
    (core) => {
      const outcome = core.event({ source: "collector", check: "agent_missing", status: "resolved" });
      expect(outcome).toMatchObject({ status: "rejected", code: "ownFinding" });
    },
  ],
  [
    "somebody else says in our name that it holds for a minute",
    (core) => {
      core.event({ source: "collector", check: "agent_missing", expiresAfterMs: 60_000 });
    },
  ],
])("an agent that stays away is missing for as long as it does, though %s", ([, meanwhile]) => {
  const core = new CoreDriver();
  const beat = (missingAfterMs: number): void =>
    void core.input({ kind: "heartbeat", at: core.now, ci: "web-01", agent: "ag", missingAfterMs });
  beat(30_000);
  core.to(seconds(40));
  meanwhile(core);
  core.to(minutes(12 * 60));
  expect(core.alert({ source: "collector", check: "agent_missing" })?.status).toBe("firing");
  expect(core.incident(1)?.status).toBe("open");
  beat(3_600_000);
  core.to(minutes(12 * 60 + 20));
  expect(core.incident(1)?.status).toBe("resolved");
});

test("an agent that is not heard raises an alert of ours, which ends with its next word", () => {
  const core = new CoreDriver();
  const beat = (): void =>
    void core.input({ kind: "heartbeat", at: core.now, ci: "web-01", agent: "ag", missingAfterMs: 30_000 });
  beat();
  core.to(seconds(20));
  beat();
  core.to(seconds(49));
  expect(core.alert({ source: "collector", check: "agent_missing" })).toBeUndefined();
  core.to(seconds(50));
  expect(core.alert({ source: "collector", check: "agent_missing" })).toMatchObject({
    status: "firing",
    severity: "critical",
  });
  core.to(minutes(3));
  beat();
  expect(core.alert({ source: "collector", check: "agent_missing" })?.status).toBe("resolved");
  core.to(minutes(3) + 10_000);
  core.input({ kind: "restarted", at: minutes(60), from: minutes(3) + 10_000 });
  core.to(minutes(60) + 40_000);
  expect(core.alert({ source: "collector", check: "agent_missing" })?.status).not.toBe("firing");
  core.to(minutes(60) + 50_000);
  expect(core.alert({ source: "collector", check: "agent_missing" })?.status).toBe("firing");
});

const ALIASED = cmdbOf([], [ciOf("web-01", { aliases: ["shop-a"] })]);
const NAMELESS = cmdbOf([]);

/** The agent names itself by the CI's alias, and is heard every ten seconds until then. */
function beatByAlias(core: CoreDriver, until: number): void {
  for (let at = core.now; at <= until; at += 10_000)
    core.to(at).input({ kind: "heartbeat", at, ci: "shop-a", agent: "ag", missingAfterMs: 30_000 });
}

const isToldMissing = (core: CoreDriver, ci: string): string | undefined =>
  core.alert({ ci, source: "collector", check: "agent_missing" })?.status;

test.for([
  { situation: "", restarts: false },
  { situation: ", across a restart", restarts: true },
])(
  "an agent that names itself by an alias is not missed by the CI's name when the CMDB loses that$situation",
  ({ restarts }) => {
    const first = new CoreDriver({ cmdb: ALIASED });
    beatByAlias(first, seconds(60));
    first.input({ kind: "topology", at: first.now, cmdb: NAMELESS });
    const core = restarts ? new CoreDriver({ cmdb: NAMELESS, after: first }) : first;
    beatByAlias(core, minutes(10));
    expect(isToldMissing(core, "web-01")).toBeUndefined();
    expect(core.state.heartbeats.list()).toMatchObject([{ ci: "shop-a", agent: "ag" }]);
    core.to(minutes(11));
    expect(isToldMissing(core, "shop-a")).toBe("firing");
    expect(core.told()).toBe("OPENED");
  },
);

test("an agent that was missing as the CMDB lost its CI, and is back by an alias of it, is missing no more", () => {
  const core = new CoreDriver({ cmdb: ALIASED });
  beatByAlias(core, seconds(10));
  core.to(minutes(2)).input({ kind: "topology", at: core.now, cmdb: NAMELESS });
  expect(isToldMissing(core, "web-01")).toBe("firing");
  core.to(minutes(3));
  beatByAlias(core, minutes(10));
  expect(isToldMissing(core, "web-01")).toBe("resolved");
  expect(core.told()).toBe("OPENED resolved");
});

test("of two agents of one CI, each by a name of its own, both go on by theirs when the CMDB loses that", () => {
  const core = new CoreDriver({ cmdb: ALIASED });
  const beat = (at: number): void => {
    for (const ci of ["shop-a", "web-01"])
      core.to(at).input({ kind: "heartbeat", at, ci, agent: `on ${ci}`, missingAfterMs: 30_000 });
  };
  for (let at = T0; at <= seconds(60); at += 10_000) beat(at);
  core.input({ kind: "topology", at: core.now, cmdb: NAMELESS });
  for (let at = core.now; at <= minutes(5); at += 10_000) beat(at);
  expect(core.state.heartbeats.list().map(({ ci }) => ci)).toEqual(["shop-a", "web-01"]);
  expect(core.told()).toBe("");
});

test("a host that is forgotten is no longer expected, and its alerts resolve", () => {
  const core = new CoreDriver();
  core.input({ kind: "heartbeat", at: core.now, ci: "web-01", agent: "ag", missingAfterMs: 30_000 });
  core.to(minutes(1));
  core.event();
  expect(core.command({ type: "agent.forget", ci: "web-01" })).toMatchObject({ status: "accepted" });
  core.to(minutes(10));
  expect(core.state.alerts.activeCount).toBe(0);
  expect(core.incident(1)?.status).toBe("resolved");
  expect(core.command({ type: "agent.forget", ci: "web-01" })).toMatchObject({ code: "agentNotFound" });
});

test("children of a failed root are unobserved, and speak again when it is well and they are not", () => {
  const cmdb = cmdbOf(["vm-1 runsOn hv-1", "vm-2 runsOn hv-1", "vm-3 runsOn hv-1"]);
  const core = new CoreDriver({ cmdb });
  for (const ci of ["hv-1", "vm-1", "vm-2", "vm-3"]) core.event({ ci, expiresAfterMs: 86_400_000 });
  core.to(minutes(1));
  expect(core.told()).toBe("OPENED");
  expect(core.alert({ ci: "vm-1" })).toMatchObject({ status: "unobserved", suppressedBy: ["dependency:hv-1"] });
  expect(core.alert({ ci: "hv-1" })?.status).toBe("firing");
  core.event({ ci: "vm-1", status: "resolved" });
  expect(core.alert({ ci: "vm-1" })?.status).toBe("resolved");
  core.to(minutes(10));
  core.event({ ci: "hv-1", status: "resolved" });
  core.to(minutes(14));
  expect(core.alert({ ci: "vm-2" })?.status).toBe("unobserved");
  core.event({ ci: "vm-3", status: "resolved" });
  core.to(minutes(16));
  expect(core.alert({ ci: "vm-2" })).toMatchObject({ status: "firing", suppressedBy: [] });
  expect(core.incident(1)?.status).toBe("open");
});

test("suppression has a limit", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["vm-1 runsOn hv-1"]) });
  core.event({ ci: "hv-1", expiresAfterMs: 86_400_000 });
  core.event({ ci: "vm-1", expiresAfterMs: 86_400_000 });
  core.to(minutes(239));
  expect(core.alert({ ci: "vm-1" })?.status).toBe("unobserved");
  core.to(minutes(241));
  expect(core.alert({ ci: "vm-1" })?.status).toBe("firing");
});

test("a clear that was lost does not keep an incident open for ever", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["a dependsOn sw", "b dependsOn sw", "c dependsOn sw"]) });
  for (const ci of ["sw", "a", "b", "c"]) core.event({ ci });
  core.to(minutes(10));
  for (const ci of ["sw", "a", "b"]) core.event({ ci, status: "resolved" });
  core.to(minutes(60));
  expect(core.incident(1)?.status).toBe("resolved");
  expect(core.ledger("alert.presumed")).toMatchObject([{ ci: "c" }]);
});

test("routes: first match, continue, union over the life, and none at all", () => {
  const settings = {
    ...ONE_ROUTE,
    routes: [
      { match: { severities: ["critical" as const] }, receivers: ["pager"], continue: true },
      { match: { owners: ["team-db"] }, receivers: ["dba"], continue: false },
      { match: { severities: ["critical" as const, "major" as const] }, receivers: ["chat"], continue: false },
    ],
  };
  const core = new CoreDriver({ settings, cmdb: cmdbOf([], [ciOf("db-1", { owner: "team-db" })]) });
  core.event({ ci: "web-1", severity: "major" });
  core.event({ ci: "db-1", severity: "major" });
  core.event({ ci: "lamp-1", severity: "minor" });
  core.to(minutes(2));
  expect(
    core
      .notifications()
      .map(({ receiver, document }) => [receiver, document.alerts[0]?.ci])
      .sort(byName),
  ).toEqual([
    ["chat", "web-1"],
    ["dba", "db-1"],
  ]);
  expect(core.ledger("notification.withheld")).toMatchObject([{ rule: "no-route" }]);
  core.event({ ci: "web-1", severity: "critical" });
  core.to(minutes(5));
  expect(core.told("pager")).toBe("OPENED");
  expect(core.told("chat")).toMatch(/^OPENED/);
  core.event({ ci: "web-1", status: "resolved" });
  core.to(minutes(10));
  expect(core.told("pager")).toBe("OPENED resolved");
});

test("an incident that no route matches at night is told when the day's route begins", () => {
  const settings = {
    ...ONE_ROUTE,
    routes: [{ match: { times: ["day"] }, receivers: ["oncall"], continue: false }],
    timeIntervals: [
      {
        name: "day",
        spans: [
          { from: minutes(-600), to: minutes(-60) },
          { from: minutes(120), to: minutes(600) },
        ],
      },
    ],
  };
  const core = new CoreDriver({ settings });
  core.event();
  core.to(minutes(119));
  expect(core.told()).toBe("");
  core.to(minutes(121));
  expect(core.told()).toBe("OPENED");
});

test("a problem remembers what fixed it: a person's words, or else the change", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(5));
  core.event({ kind: "change", check: "deployment", severity: "info", summary: "v7.2 rolled back to v7.1" });
  core.event({ status: "resolved" });
  core.to(minutes(120));
  expect(core.incident(1)?.problem).toBeNull();
  core.event();
  expect(core.incident(2)?.timeline.find((entry) => entry.kind === "problem")?.text).toBe(
    "web-01 was the root of 1 earlier incident; last time: deployment: v7.2 rolled back to v7.1",
  );
});

test("a person resolves: a source that repeats itself is believed again only if it goes on", () => {
  const core = new CoreDriver();
  core.event();
  core.to(seconds(30));
  core.event();
  core.to(minutes(1));
  core.command({ type: "resolve", incident: core.incident(1)?.id ?? "", note: "restarted the daemon" });
  expect(core.told()).toBe("OPENED resolved");
  core.to(minutes(3));
  core.event();
  expect(core.incident(1)?.status).toBe("resolved");
  core.to(minutes(8));
  core.event();
  expect(core.incident(1)?.status).toBe("open");
  expect(core.incident(1)?.problem).not.toBeNull();
  expect(core.incident(1)?.timeline.find((entry) => entry.kind === "problem")?.text).toContain("restarted the daemon");
});

test.for<[situation: string, before: number, again: Partial<Event>, told: string]>([
  ["its source speaks again, which had told it once", 1, {}, "OPENED resolved REOPENED"],
  ["it is repeated, and says the same with another figure", 2, { summary: "CPU is busy" }, "OPENED resolved"],
  ["it is worse", 2, { severity: "critical" }, "OPENED resolved REOPENED"],
  ["its text says something else", 2, { summary: "the CPU has gone" }, "OPENED resolved reopened"],
  ["its source says that it began after that", 2, { since: seconds(150) }, "OPENED resolved reopened"],
  ["its source says that it is the same as before", 1, { since: seconds(1) }, "OPENED resolved"],
  ["another check of the same CI fires", 2, { check: "host_down", severity: "critical" }, "OPENED resolved REOPENED"],
])("a person resolves, and two minutes later %s", ([, before, again, told]) => {
  const core = new CoreDriver();
  const severity = before === 1 ? "critical" : "major";
  for (let time = 0; time < before; time += 1) {
    core.to(seconds(time));
    core.event({ severity });
  }
  core.to(minutes(1));
  core.command({ type: "resolve", incident: core.incident(1)?.id ?? "", note: "restarted" });
  core.to(minutes(3));
  core.event({ severity, ...again });
  core.to(minutes(4));
  expect(core.told()).toBe(told);
  const reopened = core.notifications().find(({ kind }) => kind === "reopened");
  if (reopened !== undefined) expect(reopened.reason).toMatch(/^it is back after anna resolved it: /);
  if (told === "OPENED resolved") expect(core.ledger("alert.late")).toMatchObject([{ rule: "resolved-by-person" }]);
  else expect(core.ledger("alert.anew")).toHaveLength(again.check === undefined ? 1 : 0);
});

test.for<[situation: string, severity: "critical" | "major", told: string]>([
  ["critical, and nobody was told of it: it pages if the split lasts", "critical", "OPENED opened ESCALATED"],
  ["not critical: who was paged for the whole is told", "major", "OPENED opened"],
])("what is split off is %s", ([, severity, told]) => {
  const core = new CoreDriver({ cmdb: cmdbOf(["app dependsOn db"]) });
  core.event({ ci: "db" });
  core.to(minutes(2));
  core.event({ ci: "app", severity });
  expect(core.incident(1)?.alertCount).toBe(2);
  const alerts = [core.alert({ ci: "app" })?.id ?? ""];
  core.command({ type: "split", incident: core.incident(1)?.id ?? "", alerts });
  core.to(minutes(2) + 50_000);
  expect(core.told()).toBe("OPENED opened");
  core.to(minutes(5));
  expect(core.told()).toBe(told);
});

test("the end of a merged incident says where its story goes on", () => {
  const core = new CoreDriver({ cmdb: cmdbOf([], [ciOf("a"), ciOf("b")]) });
  core.event({ ci: "a" });
  core.event({ ci: "b" });
  core.to(minutes(1));
  core.command({ type: "merge", incident: core.incident(2)?.id ?? "", into: core.incident(1)?.id ?? "" });
  const end = core.notifications().find(({ kind }) => kind === "resolved");
  expect(end?.reason).toBe("merged, not over: it is part of incident 1: anna says that it is one fault");
  expect(end?.document.mergedInto).toBe(core.incident(1)?.id);
  expect(end?.document.timeline.at(-1)?.text).toBe("merged: told oncall");
});

test("a business service in critical trouble rings at once when it is back minutes after its end", () => {
  const cmdb = cmdbOf(["shop dependsOn web-01"], [ciOf("shop", { type: "businessService", criticality: 1 })]);
  const core = new CoreDriver({ cmdb });
  core.event({ ci: "shop" });
  core.to(minutes(10));
  core.event({ ci: "shop", status: "resolved" });
  core.to(minutes(14));
  core.event({ ci: "shop" });
  core.to(minutes(15));
  expect(core.incident(1)?.priority).toBe("P1");
  expect(core.told()).toBe("OPENED resolved REOPENED");
});

test("a person splits, merges, pins the root, assigns and notes", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["app dependsOn db"]) });
  core.event({ ci: "app" });
  core.event({ ci: "db" });
  core.to(minutes(1));
  const id = core.incident(1)?.id ?? "";
  const alert = core.alert({ ci: "app" })?.id ?? "";
  core.command({ type: "split", incident: id, alerts: [alert] });
  expect(core.incident(2)?.members.map((member) => member.ci)).toEqual(["app"]);
  expect(core.alert({ ci: "app" })?.incident).toBe(core.incident(2)?.id);
  // A person said so: correlation does not undo it.
  core.event({ ci: "app", severity: "major" });
  expect(core.incident(2)?.members.map((member) => member.ci)).toEqual(["app"]);
  core.command({ type: "merge", incident: core.incident(2)?.id ?? "", into: id });
  expect(
    core
      .incident(1)
      ?.members.map((member) => member.ci)
      .sort(),
  ).toEqual(["app", "db"]);
  core.command({ type: "rootCause", incident: id, ci: "app" });
  core.event({ ci: "db", severity: "major" });
  expect(core.incident(1)).toMatchObject({ rootPinned: true, rootCause: { ci: "app", confidence: 1 } });
  core.command({ type: "assign", incident: id, owner: "team-db" });
  core.command({ type: "note", incident: id, text: "looking" });
  expect(core.incident(1)?.owner).toBe("team-db");
  expect(core.command({ type: "note", incident: "inc-none", text: "" })).toMatchObject({ code: "incidentNotFound" });
  expect(core.command({ type: "split", incident: id, alerts: ["nope"] })).toMatchObject({ code: "alertsNotFound" });
  expect(core.command({ type: "merge", incident: id, into: id })).toMatchObject({ code: "sameIncident" });
});

test("a change is recorded and is never an alert", () => {
  const core = new CoreDriver();
  core.event({ kind: "change", id: "c-1", check: "deployment", severity: "info", summary: "v2" });
  expect(core.event({ kind: "change", id: "c-1" })).toEqual({ status: "duplicate" });
  expect(core.state.changes.on("web-01")).toMatchObject([{ event: "c-1", summary: "v2" }]);
  expect(core.state.alerts.size).toBe(0);
});

test("a change keeps the first pages that its source names, and has no such key without any", () => {
  const core = new CoreDriver();
  const links = [1, 2, 3, 4].map((index) => ({ href: `https://git.example.net/${index}`, text: "compare" }));
  core.event({ kind: "change", id: "c-1", check: "deployment", severity: "info", links });
  core.event({ kind: "change", id: "c-2", check: "deployment", severity: "info" });
  const [first, second] = core.state.changes.on("web-01");
  expect(first?.links).toEqual(links.slice(0, 3));
  expect(second).not.toHaveProperty("links");
});

test("an alert that was forgotten and is back keeps the incident open into which its own is merged", () => {
  const core = new CoreDriver({ settings: { ...ONE_ROUTE, limits: { ...ONE_ROUTE.limits, resolvedAlertsMax: 1 } } });
  const idOf = (number: number): string => core.incident(number)?.id ?? "";
  core.event({ ci: "stays" });
  core.event({ ci: "returns" });
  core.command({ type: "merge", incident: idOf(2), into: idOf(1) });
  core.to(seconds(20)).event({ ci: "returns", status: "resolved" });
  core.event({ ci: "lone" });
  core.to(seconds(25)).event({ ci: "lone", status: "resolved" });
  expect(core.alert({ ci: "returns" })).toBeUndefined();
  core.event({ ci: "returns" });
  core.command({ type: "merge", incident: core.alert({ ci: "returns" })?.incident ?? "", into: idOf(1) });
  core.event({ ci: "stays", status: "resolved" });
  core.to(minutes(10));
  expect(core.alert({ ci: "returns" })).toMatchObject({ status: "firing", incident: idOf(1) });
  expect(core.incident(1)?.status).toBe("open");
});

const FORGETFUL = { ...ONE_ROUTE, limits: { ...ONE_ROUTE.limits, resolvedAlertsMax: 1 } };

/** `web-01 cpu` has had so many episodes in incident 1, and is forgotten; `staying` is in it still. */
function withForgotten(episodes: number, staying: Partial<Event>): CoreDriver {
  const core = new CoreDriver({ settings: FORGETFUL });
  core.event();
  core.event(staying);
  if (core.incident(2) !== undefined)
    core.command({ type: "merge", incident: core.incident(2)?.id ?? "", into: core.incident(1)?.id ?? "" });
  for (let episode = 1; episode <= episodes; episode += 1) {
    if (episode > 1) core.to(core.now + 600_000).event();
    core.to(core.now + 20_000).event({ status: "resolved" });
  }
  core.event({ ci: "lone" });
  core.to(core.now + 5000).event({ ci: "lone", status: "resolved" });
  expect(core.alert()).toBeUndefined();
  return core;
}

test.for([
  { situation: "", restarts: false, episodes: 1 },
  { situation: ", across a restart", restarts: true, episodes: 1 },
  { situation: ", with fewer episodes than in its first life", restarts: false, episodes: 2 },
])("an alert that was forgotten and is back in its incident keeps it open$situation", ({ restarts, episodes }) => {
  const first = withForgotten(episodes, { check: "load" });
  const core = restarts ? new CoreDriver({ settings: FORGETFUL, after: first }) : first;
  core.event();
  expect(core.alert()).toMatchObject({ episode: 1, incident: first.incident(1)?.id });
  core.to(core.now + 20_000).event({ check: "load", status: "resolved" });
  core.to(core.now + 600_000);
  expect(core.alert()?.status).toBe("firing");
  expect(core.incident(1)).toMatchObject({ status: "open", quietSince: null });
  expect(core.told()).not.toContain("resolved");
});

test("an alert that was forgotten and is back reopens its incident that has resolved", () => {
  const core = withForgotten(1, { check: "load" });
  core.event({ check: "load", status: "resolved" });
  core.to(core.now + 600_000);
  expect(core.incident(1)?.status).toBe("resolved");
  core.event();
  core.to(core.now + 600_000);
  expect(core.incident(1)).toMatchObject({ status: "open", reopened: 1, quietSince: null });
});

test.for([{ episodes: 1 }, { episodes: 2 }])(
  "an alert that was forgotten after $episodes episodes and is back: its incident stays open when the old one is merged into it",
  ({ episodes }) => {
    const core = withForgotten(episodes, { ci: "stays" });
    core.event();
    const home = core.alert()?.incident ?? "";
    expect(home).not.toBe(core.incident(1)?.id);
    core.command({ type: "merge", incident: core.incident(1)?.id ?? "", into: home });
    core.event({ ci: "stays", status: "resolved" });
    core.to(core.now + 600_000);
    expect(core.alert()).toMatchObject({ status: "firing", incident: home });
    expect(core.state.incidents.get(home)).toMatchObject({ status: "open", quietSince: null });
  },
);

test("an alert that was forgotten and is back reopens its incident also after the old one, with more episodes, is part of it", () => {
  const core = withForgotten(2, { ci: "stays" });
  core.event();
  const home = core.alert()?.incident ?? "";
  core.to(core.now + 20_000).event({ status: "resolved" });
  core.command({ type: "merge", incident: core.incident(1)?.id ?? "", into: home });
  core.event({ ci: "stays", status: "resolved" });
  core.to(core.now + 600_000);
  expect(core.state.incidents.get(home)?.status).toBe("resolved");
  core.event();
  core.to(core.now + 600_000);
  expect(core.alert()).toMatchObject({ status: "firing", incident: home });
  expect(core.state.incidents.get(home)).toMatchObject({ status: "open", reopened: 1 });
});

test("who resolves the incident of an alert's first life does not end the alert that is back in another", () => {
  const core = withForgotten(1, { ci: "stays" });
  core.event();
  const home = core.alert()?.incident ?? "";
  core.command({ type: "resolve", incident: core.incident(1)?.id ?? "" });
  core.to(core.now + 600_000);
  expect(core.alert()).toMatchObject({ status: "firing", incident: home });
  expect(core.state.incidents.get(home)?.status).toBe("open");
});

test("a name that the CMDB learns: inhibitions hold for what was known by it", () => {
  const side = (name: string, value: string) => [{ name, value, isRegex: false, isEqual: true }];
  const inhibition = { source: side("check", "down"), target: side("check", "slow"), equal: ["ci"] };
  const core = new CoreDriver({ settings: { ...ONE_ROUTE, inhibitions: [inhibition] } });
  core.event({ ci: "10.0.0.7", check: "slow" });
  core.event({ ci: "10.0.0.8", check: "down" });
  const known = cmdbOf([], [ciOf("web-01", { aliases: ["10.0.0.7"] }), ciOf("web-02", { aliases: ["10.0.0.8"] })]);
  core.input({ kind: "topology", at: core.now, cmdb: known });
  core.event({ ci: "web-01", check: "down" });
  core.event({ ci: "web-02", check: "slow" });
  const slow = [...core.state.alerts.all()].filter(({ check }) => check === "slow");
  expect(slow.map(({ ci, suppressedBy }) => [ci, suppressedBy.length])).toEqual([
    ["web-01", 1],
    ["web-02", 1],
  ]);
});

test("a name that the CMDB learns: what is known by it goes over to the CI", () => {
  const core = new CoreDriver();
  const missing = { source: "collector", check: "agent_missing" };
  core.event({ ci: "10.0.0.7" });
  core.event({ ci: "10.0.0.7", kind: "change", check: "deployment", severity: "info" });
  core.input({ kind: "heartbeat", at: core.now, ci: "10.0.0.7", agent: "ag", missingAfterMs: 30_000 });
  core.input({ kind: "topology", at: core.now, cmdb: cmdbOf([], [ciOf("web-01", { aliases: ["10.0.0.7"] })]) });
  expect([...core.state.alerts.all()].map(({ ci, status }) => [ci, status])).toEqual([["web-01", "firing"]]);
  expect(core.incident(1)?.members[0]?.ci).toBe("web-01");
  expect(core.state.changes.on("web-01")).toHaveLength(1);
  core.to(seconds(20));
  core.input({ kind: "heartbeat", at: core.now, ci: "10.0.0.7", agent: "ag", missingAfterMs: 30_000 });
  core.to(seconds(45));
  expect([...core.state.alerts.all()].filter(({ check }) => check === missing.check)).toEqual([]);
  core.event({ ci: "web-01", status: "resolved" });
  core.to(minutes(5));
  expect(core.incident(1)?.status).toBe("resolved");
  expect([...core.state.alerts.all()].map(({ ci, check, status }) => [ci, check, status])).toEqual([
    ["web-01", "cpu", "resolved"],
    ["web-01", "agent_missing", "firing"],
  ]);
});

test.for<[situation: string, disturb: (core: CoreDriver, cmdb: CmdbDocument) => CoreDriver]>([
  [
    "agents see something new",
    (core, cmdb) => {
      core.input({ kind: "topology", at: core.now, cmdb: { ...cmdb, cis: [...cmdb.cis, ciOf("nginx@web-01")] } });
      return core;
    },
  ],
  [
    "the collector starts again",
    (core, cmdb) => {
      const next = new CoreDriver({ cmdb, correlator: createCorrelator(createRootRanker()), after: core });
      next.input({ kind: "restarted", at: next.now, from: next.now });
      next.input({ kind: "topology", at: next.now, cmdb: { ...cmdb, cis: [...cmdb.cis] } });
      return next;
    },
  ],
])("what was at fault is not forgotten when all is clear and %s", ([, disturb]) => {
  const cmdb = cmdbOf(["shop dependsOn web-01"], [ciOf("shop", { type: "businessService", criticality: 1 })]);
  const first = new CoreDriver({ cmdb, correlator: createCorrelator(createRootRanker()) });
  first.event();
  first.to(seconds(60));
  const { rootCause, impact, priority, title } = first.incident(1) ?? {};
  expect(rootCause?.ci).toBe("web-01");
  first.event({ status: "resolved" });
  first.to(seconds(90));
  const core = disturb(first, cmdb);
  core.to(minutes(5));
  expect(core.incident(1)).toMatchObject({ status: "resolved", rootCause, impact, priority, title });
});

test("a notification shows the incident as it was, whatever happens later", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(1));
  const before = JSON.stringify(core.notifications()[0]?.document);
  core.event({ check: "load", summary: "more" });
  core.event({ status: "resolved" });
  core.event({ status: "resolved", check: "load" });
  core.to(minutes(5));
  expect(JSON.stringify(core.notifications()[0]?.document)).toBe(before);
});

test("too many active alerts are refused with a reason; those that are known go on", () => {
  const settings = { ...ONE_ROUTE, limits: { ...ONE_ROUTE.limits, alertsMax: 2 } };
  const core = new CoreDriver({ settings });
  core.event({ ci: "a" });
  core.event({ ci: "b" });
  expect(core.event({ ci: "c" })).toMatchObject({ status: "rejected", code: "tooManyAlerts" });
  expect(core.event({ ci: "a", severity: "major" })).toMatchObject({ status: "accepted" });
});

test("resolved alerts beyond the limit leave memory and the store, the oldest first", () => {
  const settings = { ...ONE_ROUTE, limits: { ...ONE_ROUTE.limits, resolvedAlertsMax: 1 } };
  const core = new CoreDriver({ settings });
  for (const ci of ["a", "b", "c"]) {
    core.event({ ci });
    core.event({ ci, status: "resolved" });
    core.to(core.now + 1000);
  }
  expect(core.effects.filter((effect) => effect.kind === "remove")).toHaveLength(2);
  expect([...core.state.alerts.all()].map((alert) => alert.ci)).toEqual(["c"]);
});

test("a tick before anything is due changes nothing", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(1));
  const wake = nextWakeAt(core.state);
  expect(wake).not.toBeNull();
  expect(step(core.state, { kind: "tick", at: (wake ?? 0) - 1 })).toEqual([]);
});

test("the severity of the situation is never lower than what fired", () => {
  const core = new CoreDriver();
  core.event({ severity: "minor" });
  core.event({ check: "load", severity: "critical" });
  expect(severityRank(core.incident(1)?.severity ?? "info")).toBe(severityRank("critical"));
});
