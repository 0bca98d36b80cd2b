import { expect, test } from "vitest";
import { cmdbOf, CoreDriver, minutes, ONE_ROUTE, seconds, T0 } from "../../test/support/core-driver.ts";
import { createCorrelator } from "./correlate/correlator.ts";
import type { CoreSettings } from "./model/settings.ts";
import { createRootRanker } from "./root-cause/ranker.ts";

const MANY = 250;

const withTimes = (times: Partial<CoreSettings["correlation"]>): CoreSettings => ({
  ...ONE_ROUTE,
  correlation: { ...ONE_ROUTE.correlation, ...times },
});

const statusesOf = (core: CoreDriver): string[] => [
  ...new Set([...core.state.incidents.live()].map(({ status }) => status)),
];

/** What was stopped, started again with what it had stored. */
function startedAgain(before: CoreDriver, settings: CoreSettings = ONE_ROUTE): CoreDriver {
  const core = new CoreDriver({ after: before, settings, cmdb: before.state.cmdb });
  core.input({ kind: "restarted", at: before.now, from: before.now });
  return core;
}

function withMany(): CoreDriver {
  const core = new CoreDriver();
  for (let host = 0; host < MANY; host += 1) core.event({ ci: `host-${host}` });
  return core;
}

/** One step, which does as much as one step does. */
function tickAt(core: CoreDriver, at: number): CoreDriver {
  core.input({ kind: "tick", at });
  return core;
}

test("who was to be told when the core was stopped is told after the restart", () => {
  const before = tickAt(withMany(), seconds(10));
  const told = before.notifications().length;
  expect(told).toBeLessThan(MANY);
  expect(startedAgain(before).to(seconds(11)).notifications()).toHaveLength(MANY - told);
});

test("what was to be resolved when the core was stopped is resolved after the restart", () => {
  const core = withMany().to(seconds(100));
  for (let host = 0; host < MANY; host += 1) core.event({ ci: `host-${host}`, status: "resolved" });
  expect(statusesOf(tickAt(core, seconds(160)))).toContain("open");
  expect(statusesOf(startedAgain(core).to(seconds(161)))).toEqual(["resolved"]);
});

test("a time that an incident waits for no more wakes it no more, with and without a restart", () => {
  const options = { settings: { ...ONE_ROUTE, routes: [] }, cmdb: cmdbOf(["shop dependsOn sw-1"]) };
  const core = new CoreDriver({ ...options, correlator: createCorrelator(createRootRanker()) });
  core.event({ ci: "sw-1" });
  core.to(seconds(60)).event({ ci: "sw-1", status: "resolved" });
  // All was clear, which would have been its end a minute later.
  core.to(seconds(61)).event({ ci: "sw-1" });
  core.to(seconds(119));
  const restarted = new CoreDriver({ ...options, after: core, correlator: createCorrelator(createRootRanker()) });
  for (const each of [core, restarted]) expect(each.input({ kind: "tick", at: seconds(120) })).toEqual([]);
});

const matcher = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
const INHIBITION = { source: [matcher("check", "down")], target: [matcher("check", "slow")], equal: ["ci"] };

test.for<[situation: string, before: CoreSettings, after: CoreSettings, told: string, muted: string[]]>([
  ["a shorter quiet time", withTimes({ resolveAfterMs: 600_000 }), ONE_ROUTE, "OPENED resolved", []],
  ["a longer one", ONE_ROUTE, withTimes({ resolveAfterMs: 600_000 }), "OPENED", []],
  ["an inhibition more", ONE_ROUTE, { ...ONE_ROUTE, inhibitions: [INHIBITION] }, "OPENED resolved", ["slow"]],
  ["an inhibition less", { ...ONE_ROUTE, inhibitions: [INHIBITION] }, ONE_ROUTE, "OPENED resolved", []],
])("other settings hold at once, be they loaded again or read at the start: %s", ([, before, after, told, muted]) => {
  const prepared = (): CoreDriver => {
    const core = new CoreDriver({ settings: before });
    core.event({ ci: "web-01" });
    for (const check of ["down", "slow"]) core.event({ ci: "db-01", check, severity: "info" });
    core.to(seconds(30));
    core.event({ ci: "web-01", status: "resolved" });
    core.now = seconds(95);
    return before === ONE_ROUTE && told === "OPENED" ? core : core.to(seconds(95));
  };
  const reloaded = prepared();
  reloaded.input({ kind: "settings", at: reloaded.now, settings: after });
  const stopped = prepared();
  const restarted = startedAgain(stopped, after);
  for (const [core, said] of [
    [reloaded.to(seconds(96)), reloaded.told()],
    [restarted.to(seconds(96)), `${stopped.told()} ${restarted.told()}`.trim()],
  ] as const) {
    expect(said).toBe(told);
    const checks = [...core.state.alerts.all()].filter(({ suppressedBy }) => suppressedBy.length > 0);
    expect(checks.map(({ check }) => check)).toEqual(muted);
  }
});

test("a child that has been unobserved for longer than new settings let it is observed", () => {
  const cmdb = cmdbOf(["vm-1 runsOn hv-1"]);
  const core = new CoreDriver({ cmdb });
  core.event({ ci: "hv-1" });
  core.event({ ci: "vm-1" });
  core.to(minutes(5));
  expect(core.alert({ ci: "vm-1" })?.status).toBe("unobserved");
  core.input({ kind: "settings", at: core.now, settings: withTimes({ suppressMaxMs: 60_000 }) });
  expect(core.alert({ ci: "vm-1" })?.status).toBe("firing");
  expect(core.now).toBe(T0 + 300_000);
});

test("an agent whose absence was told long ago is not told as missing by each restart", () => {
  const core = new CoreDriver();
  const hear = (each: CoreDriver, missingAfterMs: number): unknown =>
    each.input({ kind: "heartbeat", at: each.now, ci: "web-01", agent: "ag", missingAfterMs });
  hear(core, 30_000);
  core.to(minutes(60 * 26));
  expect(core.told()).toBe("OPENED");
  const again = startedAgain(core).to(minutes(60 * 27));
  expect(again.told()).toBe("");
  hear(again, minutes(40) - T0);
  expect(again.to(minutes(60 * 27 + 30)).told()).toBe("resolved");
  expect(again.to(minutes(60 * 28)).told()).toBe("resolved REOPENED");
});
