import { expect, test } from "vitest";
import { cmdbOf, CoreDriver, minutes, T0 } from "../../../test/support/core-driver.ts";
import type { WaitingMessage } from "../model/notification.ts";
import { DEFAULT_SETTINGS } from "../model/settings.ts";
import { storyText, tellCi, tellIncident } from "./tell.ts";

test("why was I paged: who, when, the root with its reasons, the hold, and what would have kept it quiet", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["web-01 runsOn hv-1"]) });
  core.event({ ci: "hv-1" });
  core.event({ ci: "web-01" });
  core.to(minutes(2));
  const story = tellIncident(core.ledger(), "incident 1");
  expect(story.question).toBe("Why was somebody paged for incident 1?");
  expect(story.answer).toBe("oncall was paged at 2026-01-01T00:00:10.000Z.");
  expect(story.because).toContain("root cause: hv-1 (90 %): 1 others need it");
  expect(story.otherwise).toContain(
    "with a silence or a maintenance window on its alerts nobody would have been paged",
  );
  expect(story.otherwise).toContain("without the hold it would have been told at once");
  expect(story.steps.map((step) => step.text)).toContain("paged oncall (opened): a major condition");
});

test("why was I not paged: the silence, and that it would have paged", () => {
  const core = new CoreDriver();
  const matchers = [{ name: "ci", value: "web-01", isRegex: false, isEqual: true }];
  core.command({
    type: "silence.put",
    silence: {
      id: "s-17",
      matchers,
      startsAt: T0,
      endsAt: minutes(60),
      createdBy: "tom",
      comment: "new disk",
      createdAt: T0,
      updatedAt: T0,
    },
  });
  core.event();
  core.to(minutes(2));
  const incident = core.incident(1)?.id ?? "";
  const story = tellIncident(
    core.ledger().filter((record) => record.incident === incident),
    "incident 1",
  );
  expect(story).toMatchObject({
    question: "Why was nobody paged for incident 1?",
    answer: "Nobody was told: silence s-17.",
    because: ["silence s-17 of tom mutes its alerts until 2026-01-01T01:00:00.000Z: new disk"],
  });
  expect(story.otherwise[0]).toBe("without it, a person would have been paged");
  expect(tellCi(core.ledger(), "web-01", minutes(2)).answer).toBe("Nobody was told: silence s-17.");
});

test("why was I not paged: a silence, but nobody would have been told anyway", () => {
  const core = new CoreDriver({ settings: { ...DEFAULT_SETTINGS, routes: [] } });
  core.command({
    type: "maintenance.put",
    window: {
      id: "mw-1",
      cis: ["web-01"],
      from: T0,
      to: minutes(60),
      includeDependents: false,
      reason: "firmware",
      owner: "net",
    },
  });
  core.event();
  core.to(minutes(2));
  const story = tellIncident(core.ledger(), "incident 1");
  expect(story.because).toEqual([
    "maintenance window mw-1 of net covers its alerts until 2026-01-01T01:00:00.000Z: firmware",
  ]);
  expect(story.otherwise[0]).toBe(
    "without it, nobody would have been told either: no route of the configuration matches it",
  );
});

test("why was I not paged: a silence, until it healed", () => {
  const core = new CoreDriver();
  const matchers = [{ name: "ci", value: "web-01", isRegex: false, isEqual: true }];
  const times = { startsAt: T0, endsAt: minutes(60), createdAt: T0, updatedAt: T0 };
  core.command({ type: "silence.put", silence: { id: "s-17", matchers, ...times, createdBy: "tom", comment: "" } });
  core.event();
  core.to(minutes(2));
  core.event({ status: "resolved" });
  core.to(minutes(10));
  const incident = core.incident(1)?.id ?? "";
  const records = core.ledger().filter((record) => record.incident === incident);
  const { answer, because, otherwise } = tellIncident(records, "incident 1");
  expect(answer).toBe("Nobody was told: silence s-17.");
  expect(because).toEqual([
    "silence s-17 of tom mutes its alerts until 2026-01-01T01:00:00.000Z",
    "it healed by itself before anyone was told",
  ]);
  expect(otherwise[0]).toMatch(/^without it, /);
});

test("a hold is told with its reason, whatever was held", () => {
  const core = new CoreDriver();
  core.event();
  const record = { ...core.ledger()[0]!, decision: "notification.held", reasons: [""], facts: { holdMs: 2000 } };
  expect(tellIncident([record], "incident 1").steps[0]?.text).toBe(
    "first word held for 2 s: to see what else belongs to it",
  );
});

test("what is not held is not told as held for 0 s", () => {
  const core = new CoreDriver();
  core.event();
  const record = { ...core.ledger()[0]!, decision: "notification.held", reasons: ["it may still heal"] };
  const story = tellIncident([{ ...record, facts: { holdMs: 0 } }], "incident 1");
  expect(story.steps[0]?.text).toBe("first word not held back");
});

test("a change that explains it is told by what it changed, never by its id", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  const changed = "web-01 was changed 40 s before it began: port 25 new";
  const records = core
    .ledger()
    .map((record) =>
      record.decision === "notification.decided"
        ? { ...record, facts: { ...record.facts, rootReasons: [changed], change: "e6f4ee94-1795357029004" } }
        : record,
    );
  const text = storyText(tellIncident(records, "incident 1"));
  expect(text).toContain(changed);
  expect(text).not.toContain("e6f4ee94");
});

test("about a CI: what ended or was muted after somebody was told does not read as if nobody had been", () => {
  const core = new CoreDriver();
  core.event({ ci: "drill-1", expiresAfterMs: 60_000 });
  core.event({ ci: "web-01" });
  core.to(minutes(2));
  const matchers = [{ name: "ci", value: "web-01", isRegex: false, isEqual: true }];
  const times = { startsAt: minutes(2), endsAt: minutes(60), createdAt: minutes(2), updatedAt: minutes(2) };
  core.command({ type: "silence.put", silence: { id: "s-17", matchers, ...times, createdBy: "tom", comment: "" } });
  core.to(minutes(3));
  expect(core.ledger().map(({ decision }) => decision)).toEqual(
    expect.arrayContaining(["alert.expired", "alert.muted"]),
  );
  const expired = tellCi(core.ledger(), "drill-1", minutes(4));
  expect(expired.answer).toMatch(/^oncall was paged at /);
  expect(expired.because).toContainEqual(expect.stringMatching(/^drill-1 expired: not heard for /));
  const muted = tellCi(core.ledger(), "web-01", minutes(4));
  expect(muted.answer).toMatch(/^oncall was paged at /);
  expect(muted.because).toContain("web-01 muted by silence s-17");
});

test.each([
  { page: true, answer: /^oncall was paged at [^ ]+\. But oncall could not be told \(opened\): HTTP 404\.$/ },
  {
    page: false,
    answer: /^oncall was told at [^ ]+, without a page\. But oncall could not be told \(opened\): HTTP 404\.$/,
  },
])("a message that never arrived is told with the answer: page $page", ({ page, answer }) => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  const records = core
    .ledger()
    .map((record) =>
      record.decision === "notification.decided" ? { ...record, facts: { ...record.facts, page } } : record,
    );
  const failed = { ...records.at(-1)!, decision: "notification.failed", rule: "oncall", facts: {} };
  const reasons = ["oncall could not be told (opened): HTTP 404"];
  const other = { ...failed, rule: "elsewhere", reasons: ["elsewhere could not be told (opened): HTTP 500"] };
  expect(tellIncident([...records, { ...failed, reasons }, other], "incident 1").answer).toMatch(answer);
});

test.for<[situation: string, routes: string[], waiting: Partial<WaitingMessage>[], answer: string]>([
  [
    "its receiver does not answer",
    ["oncall"],
    [{ attempts: 3, failure: "connection" }],
    "oncall is being paged since 2026-01-01T00:00:10.000Z. oncall has not got it yet after 3 attempts (connection); it is still being tried.",
  ],
  [
    "it is on its way for the first time",
    ["oncall"],
    [{}],
    "oncall is being paged since 2026-01-01T00:00:10.000Z. oncall has not got it yet; it is still being tried.",
  ],
  [
    "another receiver has it",
    ["oncall", "boss"],
    [{ attempts: 1, failure: "timeout" }],
    "oncall, boss were paged at 2026-01-01T00:00:10.000Z. oncall has not got it yet after 1 attempt (timeout); it is still being tried.",
  ],
  [
    "only a later word waits",
    ["oncall"],
    [{ kind: "updated", page: false, attempts: 2, failure: "timeout" }],
    "oncall was paged at 2026-01-01T00:00:10.000Z.",
  ],
])("why was I paged, while %s", ([, receivers, waiting, answer]) => {
  const routes = [{ match: {}, receivers, continue: false }];
  const core = new CoreDriver({ settings: { ...DEFAULT_SETTINGS, routes } });
  core.event();
  core.to(minutes(2));
  const message = { receiver: "oncall", kind: "opened" as const, page: true, at: T0, attempts: 0, failure: null };
  const late = waiting.map((each) => ({ ...message, ...each }));
  expect(tellIncident(core.ledger(), "incident 1", late).answer).toBe(answer);
  expect(tellCi(core.ledger(), "web-01", minutes(2), { waiting: late }).answer).toBe(answer);
  // What was decided later than the time that is asked for did not wait then.
  expect(tellCi(core.ledger(), "web-01", T0 - 1, { waiting: late }).answer).not.toContain("not got it");
});

test("all who were told without a page are named", () => {
  const core = new CoreDriver();
  core.event({ severity: "warning" });
  core.to(minutes(2));
  const records = core.ledger();
  const told = records.find(({ decision }) => decision === "notification.decided")!;
  const both = [...records, { ...told, facts: { ...told.facts, page: false, receiver: "mail" } }].map((record) =>
    record.decision === "notification.decided" ? { ...record, facts: { ...record.facts, page: false } } : record,
  );
  expect(tellIncident(both, "incident 1").answer).toMatch(/^oncall, mail were told at .*, without a page\.$/);
});

test("about a CI: kept out, part of another fault, unknown", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["web-01 runsOn hv-1"]) });
  core.event({ ci: "quiet", severity: "info" });
  core.event({ ci: "hv-1" });
  core.event({ ci: "web-01" });
  core.to(minutes(2));
  const at = minutes(3);
  expect(tellCi(core.ledger(), "quiet", at).answer).toBe(
    "Nobody was told: quiet kept out of incidents (info): it only informs.",
  );
  const child = tellCi(core.ledger(), "web-01", at);
  expect(child.answer).toBe("oncall was paged at 2026-01-01T00:00:10.000Z.");
  expect(child.because[0]).toMatch(/^its alert is part of incident 1: /);
  const first = tellCi(core.ledger(), "hv-1", at);
  expect(first.because[0]).toMatch(/^its alert opened incident 1: /);
  expect(first.otherwise).not.toContain("alone, it would have opened an incident of its own");
  expect(child.otherwise).toContain("alone, it would have opened an incident of its own");
  expect(child.because[1]).toMatch(/^web-01 cannot work without hv-1, which has failed/);
  expect(tellCi(core.ledger(), "nobody", at).answer).toBe("Nothing is recorded about it in the day before.");
  expect(tellCi(core.ledger(), "web-01", T0 - 1).steps).toEqual([]);
});

test("a first word that is held for no reason but to see more says so", () => {
  const core = new CoreDriver();
  core.event();
  const record = { ...core.ledger()[0]!, decision: "notification.held", reasons: [""], facts: { holdMs: 2000 } };
  expect(tellIncident([record], "incident 1").because).toEqual([
    "first word held for 2 s: to see what else belongs to it",
  ]);
});

/** hv-1 and far-1 fail apart, are told, and the second incident becomes part of the first. */
function merged(): CoreDriver {
  const core = new CoreDriver({ cmdb: cmdbOf(["web-01 runsOn hv-1", "far-1 runsOn far-2"]) });
  core.event({ ci: "hv-1" });
  core.event({ ci: "far-1" });
  core.command({ type: "merge", incident: core.incident(2)?.id ?? "", into: core.incident(1)?.id ?? "" }, "anna");
  core.to(minutes(2));
  return core;
}

test("about a CI whose incident became part of another: what was decided about that one", () => {
  const core = merged();
  const { answer, because } = tellCi(core.ledger(), "far-1", minutes(3));
  expect(answer).toBe("oncall was paged at 2026-01-01T00:00:10.000Z.");
  expect(because[0]).toMatch(/^its alert is part of incident 1: .*anna/);
});

test("about a CI that itself said nothing: the root of an incident, or hit by one", () => {
  const core = merged();
  const [, ...rest] = core.ledger();
  const record = rest.find(({ decision, ci }) => decision === "root.changed" && ci === "hv-1");
  const silent = core.ledger().map((each) => (each === record ? { ...each, ci: "sw-1" } : each));
  const root = tellCi(silent, "sw-1", minutes(3));
  expect(root.because[0]).toMatch(/^(it is|for a time it was) taken for the root cause of incident 1$/);
  expect(root.answer).toBe("oncall was paged at 2026-01-01T00:00:10.000Z.");
  const hit = tellCi(core.ledger(), "shop", minutes(3), { hit: core.incident(1)?.id ?? "" });
  expect([hit.because[0], hit.answer]).toEqual(["incident 1 hits it", root.answer]);
});

test("every decision of the core has a phrase of its own", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(["web-01 runsOn hv-1", "web-02 runsOn hv-1"]) });
  for (const ci of ["hv-1", "web-01", "web-02"]) core.event({ ci });
  core.to(minutes(5));
  core.command({ type: "acknowledge", incident: core.incident(1)?.id ?? "" });
  core.command({ type: "note", incident: core.incident(1)?.id ?? "", text: "on it" });
  core.event({ ci: "hv-1", status: "resolved" });
  core.to(minutes(24 * 60));
  const text = storyText(tellIncident(core.ledger(), "incident 1"));
  for (const record of core.ledger()) expect(text).not.toContain(`${record.decision} (`);
});

test("what a person did without a word is told once", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  const incident = core.incident(1)?.id ?? "";
  core.command({ type: "acknowledge", incident }, "anna");
  core.command({ type: "note", incident, text: "on it" }, "anna");
  const steps = tellIncident(core.ledger(), "incident 1").steps.map(({ text }) => text);
  expect(steps).toContain("anna acknowledged it");
  expect(steps).toContain("anna noted: on it");
});

test("a storm is told by its first alerts and a count", () => {
  const core = new CoreDriver({ cmdb: cmdbOf(Array.from({ length: 40 }, (_, index) => `vm-${index} runsOn hv-1`)) });
  core.event({ ci: "hv-1" });
  for (let index = 0; index < 40; index += 1) core.event({ ci: `vm-${index}` });
  core.to(minutes(1));
  const joins = tellIncident(core.ledger(), "incident 1").steps.filter((step) => step.text.includes("joined"));
  expect(joins.length).toBeLessThan(10);
});

test("why was I not paged: an event rule left it out before it could become an alert", () => {
  const core = new CoreDriver();
  core.command(
    {
      type: "events.dropped",
      rule: "known_noise",
      reason: "the vendor says that it means nothing",
      ci: "web-01",
      source: "nagios",
      check: "ntp",
      instance: "",
      severity: "critical",
      summary: "offset",
      count: 7,
    },
    "event rules",
  );
  const story = tellCi(core.ledger(), "web-01", T0);
  expect(story.answer).toBe(
    "Nobody was told: web-01: the event rule known_noise leaves out ntp of nagios: the vendor says that it means nothing (7 times).",
  );
  expect(story.otherwise).toEqual(["without the rule it would have become an alert"]);
  expect(core.alert()).toBeUndefined();
});
