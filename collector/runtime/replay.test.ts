import { expect, test } from "vitest";
import { cmdbOf, ONE_ROUTE } from "../../test/support/core-driver.ts";
import { NeighbourCorrelator } from "../../test/support/neighbour-correlator.ts";
import type { Event } from "../core/model/event.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import { DEFAULT_SETTINGS } from "../core/model/settings.ts";
import { diffReplays, isSame } from "./replay-diff.ts";
import type { ReplayResult } from "./replay-result.ts";
import { REPLAY_RECEIVER, type ReplayOptions, replayEvents } from "./replay.ts";

const CMDB = cmdbOf(["app-1 dependsOn db", "app-2 dependsOn db"]);

/** `"10:05:00 fire db"`: a line of a recording. */
function line(text: string, more: Record<string, unknown> = {}): string {
  const [time = "", what = "", ci = ""] = text.split(" ");
  return JSON.stringify({
    receivedAt: `2026-03-01T${time}Z`,
    id: text,
    source: "agent",
    ci,
    check: "down",
    status: what === "clear" ? "resolved" : "firing",
    severity: "critical",
    summary: `${ci} is down`,
    time: `2026-03-01T${time}Z`,
    ...more,
  });
}

function run(lines: readonly string[], more: Partial<ReplayOptions> = {}): ReturnType<typeof replayEvents> {
  return replayEvents({
    cmdb: CMDB,
    settings: DEFAULT_SETTINGS,
    correlator: new NeighbourCorrelator(),
    lines,
    ...more,
  });
}

const STORY = [
  line("10:00:00 fire db"),
  line("10:00:02 fire app-1"),
  line("10:01:00 fire db"),
  line("10:01:00 fire db"),
  line("10:02:00 fire app-1", { time: "2026-03-01T09:50:00Z" }),
  line("10:05:00 clear db"),
  line("10:05:10 clear app-1"),
];

test("the result has every firing event once, the times of virtual time, and who was told what", async () => {
  const { incidents, stats } = await run(STORY);
  expect(incidents).toHaveLength(1);
  const [incident] = incidents;
  expect(incident).toMatchObject({
    status: "resolved",
    openedAt: "2026-03-01T10:00:00.000Z",
    resolvedAt: "2026-03-01T10:06:10.000Z",
    mergedInto: null,
    rootCause: { ci: "db" },
  });
  expect(incident?.alerts.map(({ ci, eventIds }) => [ci, eventIds])).toEqual([
    ["db", ["10:00:00 fire db", "10:01:00 fire db"]],
    ["app-1", ["10:00:02 fire app-1", "10:02:00 fire app-1"]],
  ]);
  expect(incident?.notifications).toMatchObject([
    { at: "2026-03-01T10:00:10.000Z", kind: "opened", page: true, receiver: REPLAY_RECEIVER, rootCause: "db" },
    { at: "2026-03-01T10:06:10.000Z", kind: "resolved", page: false },
  ]);
  expect(stats).toMatchObject({ lines: 7, events: 6, duplicates: 1, alerts: 2, incidents: 1, pages: 1, suppressed: 0 });
});

test("two runs are byte-equal", async () => {
  const [first, second] = [await run(STORY), await run(STORY)];
  expect(JSON.stringify(second)).toBe(JSON.stringify(first));
});

test("virtual time goes on for five minutes after the last line, or to `until`, which also ends the recording", async () => {
  const lines = [line("10:00:00 fire db"), line("10:01:00 clear db"), line("11:00:00 fire app-1")];
  const to = (time: string): Promise<ReplayResult> => run(lines, { until: Date.parse(`2026-03-01T${time}Z`) });
  expect((await to("10:01:30")).incidents[0]?.status).toBe("open");
  expect((await to("10:03:00")).incidents[0]?.status).toBe("resolved");
  expect((await to("10:30:00")).stats.lines).toBe(2);
  expect((await run(lines.slice(0, 2))).incidents[0]?.resolvedAt).toBe("2026-03-01T10:02:00.000Z");
  expect((await run(lines)).incidents.at(-1)?.notifications[0]?.at).toBe("2026-03-01T11:00:10.000Z");
});

test("an episode that comes again is a line of its own, in the incident it belongs to", async () => {
  const { incidents } = await run([
    line("10:00:00 fire db"),
    line("10:01:00 clear db"),
    line("10:30:00 fire db"),
    line("10:31:00 clear db"),
  ]);
  expect(incidents[0]?.alerts.map(({ episode, eventIds }) => [episode, eventIds.length])).toEqual([
    [1, 1],
    [2, 1],
  ]);
});

test("bad lines are told with their number and change nothing", async () => {
  const bad = [
    "{",
    "[]",
    '"text"',
    line("10:00:01 fire x", { receivedAt: "yesterday" }),
    line("10:00:01 fire x", { status: "on" }),
  ];
  const worse = [line("10:00:01 fire x", { labels: { a: {} } }), line("10:00:01 fire x", { ci: "" }), "", "  "];
  const { problems, stats, incidents } = await run([STORY[0] ?? "", ...bad, ...worse, ...STORY.slice(1)]);
  expect(problems.map(({ line: number }) => number)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  expect(problems[3]?.message).toBe('receivedAt must be a time as RFC 3339 has it, not "yesterday"');
  expect(problems[4]?.message).toBe('status must be one of firing, resolved, not "on"');
  expect(stats).toMatchObject({ badLines: 7, events: 6 });
  expect(JSON.stringify(incidents)).toBe(JSON.stringify((await run(STORY)).incidents));
});

test("metric values are counted, and are nothing without rules", async () => {
  const sample = {
    kind: "sample",
    receivedAt: "2026-03-01T10:00:00Z",
    time: "2026-03-01T10:00:00Z",
    ci: "db",
    metric: "m",
    value: 1,
  };
  const { stats, incidents } = await run([JSON.stringify(sample), JSON.stringify({ ...sample, value: "x" })]);
  expect(stats).toMatchObject({ samples: 1, badLines: 1, events: 0 });
  expect(incidents).toEqual([]);
});

test("rules change, drop and make events", async () => {
  const made = (ci: string, at: number): Event => ({
    ...(JSON.parse(line("10:00:00 fire db")) as Event),
    id: `rule ${ci} ${at}`,
    idGiven: true,
    ci,
    instance: "",
    kind: "alert",
    occurredAt: at,
    labels: {},
    annotations: {},
    links: [],
    expiresAfterMs: null,
  });
  const sample = JSON.stringify({
    kind: "sample",
    receivedAt: "2026-03-01T10:00:00Z",
    ci: "db",
    metric: "m",
    value: 9,
  });
  const ledger: LedgerRecord[] = [];
  const lines = [sample, line("10:00:20 fire app-1"), line("10:01:00 fire app-2"), line("10:02:00 fire app-2")];
  const { stats, incidents } = await run(lines, {
    onLedger: (record) => void ledger.push(record),
    rules: {
      event: (event) =>
        event.ci === "app-2" ? { dropped: { rule: "quiet", reason: "known" } } : { ...event, severity: "minor" },
      sample: ({ ci }, receivedAt) => [made(ci, receivedAt)],
      tick: () => [],
    },
  });
  expect(stats).toMatchObject({ samples: 1, dropped: 2, events: 2 });
  expect(ledger.filter(({ decision }) => decision === "alert.dropped")).toMatchObject([
    { ci: "app-2", rule: "event rule quiet", reasons: [expect.stringContaining(": known")], facts: { count: 1 } },
  ]);
  expect(incidents[0]?.alerts.map(({ ci, severity }) => [ci, severity])).toEqual([
    ["db", "critical"],
    ["app-1", "minor"],
  ]);
});

test("configured routes are used as they are", async () => {
  const { incidents } = await run(STORY, { settings: ONE_ROUTE });
  expect(new Set(incidents[0]?.notifications.map(({ receiver }) => receiver))).toEqual(new Set(["oncall"]));
});

test("a comparison with itself says nothing", async () => {
  const result = await run(STORY);
  const diff = diffReplays(result, result);
  expect(isSame(diff)).toBe(true);
  expect(diff).toMatchObject({ pages: { unchanged: 1 }, incidents: { unchanged: 1 } });
});

test("another CMDB: what was one is several, and back; pages come and go", async () => {
  const lines = [line("10:00:00 fire app-1"), line("10:00:05 fire app-2"), line("10:00:07 fire db")];
  const joined = await run(lines);
  const apart = await run(lines, { cmdb: cmdbOf([]) });
  const diff = diffReplays(joined, apart);
  expect(diff.incidents).toMatchObject({
    split: [{ before: { number: 1 }, after: [{}, {}, {}] }],
    merged: [],
    unchanged: 0,
  });
  expect([diff.pages.added.length, diff.pages.removed.length]).toEqual([2, 0]);
  const back = diffReplays(apart, joined);
  expect(back.incidents.merged).toHaveLength(1);
  expect([back.pages.added.length, back.pages.removed.length]).toEqual([0, 2]);
});

test("other settings: a page at another time is moved, not removed and added", async () => {
  const later = { ...DEFAULT_SETTINGS, correlation: { ...DEFAULT_SETTINGS.correlation, settleMinMs: 20_000 } };
  const diff = diffReplays(await run(STORY), await run(STORY, { settings: later }));
  expect(diff.pages).toMatchObject({
    added: [],
    removed: [],
    moved: [{ before: { at: "2026-03-01T10:00:10.000Z" }, after: { at: "2026-03-01T10:00:20.000Z" } }],
  });
});

test("other receivers: the page of a fault moves to whoever gets it now", async () => {
  const [route] = ONE_ROUTE.routes;
  if (route === undefined) throw new Error("no route");
  const settings = { ...ONE_ROUTE, routes: [{ ...route, receivers: ["desk"] }] };
  const diff = diffReplays(await run(STORY, { settings: ONE_ROUTE }), await run(STORY, { settings }));
  expect(diff.pages).toMatchObject({
    added: [],
    removed: [],
    moved: [{ before: { receiver: "oncall" }, after: { receiver: "desk" } }],
    unchanged: 0,
  });
});

test("one receiver more: its page is added, and that of the other stays", async () => {
  const [route] = ONE_ROUTE.routes;
  if (route === undefined) throw new Error("no route");
  const settings = { ...ONE_ROUTE, routes: [{ ...route, receivers: ["desk", "oncall"] }] };
  const diff = diffReplays(await run(STORY, { settings: ONE_ROUTE }), await run(STORY, { settings }));
  expect(diff.pages).toMatchObject({ added: [{ receiver: "desk" }], removed: [], moved: [], unchanged: 1 });
});
