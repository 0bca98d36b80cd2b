import { expect, test } from "vitest";
import { CoreDriver, T0 } from "../../../test/support/core-driver.ts";
import type { Incident } from "./incident.ts";
import { IncidentRecord } from "./incident-record.ts";

function incident(): Incident {
  const core = new CoreDriver();
  core.event({ summary: "CPU of web-01 is busy" });
  core.event({ check: "load", severity: "critical" });
  const found = core.incident(1);
  if (found === undefined) throw new Error("no incident");
  return JSON.parse(JSON.stringify(found)) as Incident;
}

const plain = incident();
const [first, second] = plain.members;
if (first === undefined || second === undefined) throw new Error("two members");

const SITUATIONS: [situation: string, with_: Partial<Incident>][] = [
  ["as it was opened", {}],
  ["without a member", { members: [], alertCount: 0 }],
  ["with one member", { members: [first] }],
  ["without an entry, a candidate, a CI", { timeline: [], impact: { services: [], cis: [] } }],
  [
    "with candidates and services",
    {
      rootCause: {
        ci: "db-1",
        confidence: 0.1 + 0.2,
        inferred: true,
        candidates: [
          { ci: "db-1", score: 1 / 3, reasons: ["db-1 is silent", "", first.summary] },
          { ci: first.ci, score: 0, reasons: [] },
        ],
        change: "deploy-7",
      },
      impact: {
        services: [
          { ci: "shop", criticality: 1, redundancyLeft: null },
          { ci: "mail", criticality: 3, redundancyLeft: 2 },
        ],
        cis: ["db-1", first.ci],
      },
    },
  ],
  ["without a root, and why", { rootCause: { ...plain.rootCause, ci: null, rootless: "two at once" } }],
  [
    "with every time, before the opening too",
    {
      acknowledgedAt: T0 + 1,
      closedAt: T0 - 5,
      openingAt: T0 + 7_000_000_000,
      holdUntil: 0,
      quietSince: T0,
      rootClearSince: T0 + 2,
      strayCheckAt: T0 + 3,
      pageHoldUntil: T0 + 4,
      updateDueAt: T0 + 5,
    },
  ],
  ["pinned, owned and withheld", { rootPinned: true, membersPinned: true, owner: "ada", withheld: "", reopened: 3 }],
  [
    "with names within names",
    { members: [{ ...first, ci: "web", check: "web-1", summary: "web-1 on web: web" }], title: "$& web-1 on web: web" },
  ],
  ["with names that are empty or short", { members: [{ ...first, ci: "a", check: "", summary: "aa" }], title: "aaa" }],
  ["with a name in another script", { members: [{ ...first, summary: "サーバー web-01 が遅い 🙂" }], title: "🙂" }],
  [
    "with what people wrote",
    { timeline: [{ at: T0, kind: "note", text: `line\nline\t"${first.ci}"`, actor: "ada" }, ...plain.timeline] },
  ],
];

test.each(SITUATIONS)("at rest it is short, and awake it is what it was: %s", (_, changed) => {
  const before = { ...plain, ...changed };
  const record = new IncidentRecord(before);
  record.rest();
  expect(record.isAtRest).toBe(true);
  expect(record.lastJoinedAt).toBe(new IncidentRecord(before).lastJoinedAt);
  expect(record.isAtRest).toBe(true);
  expect(JSON.stringify(record)).toBe(JSON.stringify(before));
  expect(record.isAtRest).toBe(false);
});

test.each<[situation: string, with_: Partial<Incident>]>([
  ["a text with one of our signs", { owner: "a\u0000b" }],
  ["a name with one of our signs", { members: [{ ...first, summary: "a\u0003b" }] }],
  ["a time that is not whole", { holdUntil: T0 + 0.5 }],
  ["a confidence that is no number", { rootCause: { ...plain.rootCause, confidence: Number.NaN } }],
])("what cannot be kept without loss stays awake: %s", (_, changed) => {
  const before = { ...plain, ...changed };
  const record = new IncidentRecord(before);
  record.rest();
  expect(record.isAtRest).toBe(false);
  expect(JSON.stringify(record)).toBe(JSON.stringify(before));
});

test.each<[text: string, found: boolean, why: string]>([
  ["web-01", true, "its CI"],
  ["db-1", true, "a candidate"],
  ["web-01.example.net", true, "a CI that its own is a part of"],
  ["shop", true, "a service"],
  ["web-02", false, "another CI"],
])("what rests is asked for %s without waking it: %s, %s", (text, found) => {
  const record = new IncidentRecord({
    ...plain,
    rootCause: { ...plain.rootCause, candidates: [{ ci: "db-1", score: 1, reasons: [] }] },
    impact: {
      services: [{ ci: "shop", criticality: 1, redundancyLeft: null }],
      cis: ["web-01", "web-01.example.net"],
    },
  });
  expect(record.mentions(text)).toBe(true);
  record.rest();
  expect(record.mentions(text)).toBe(found);
  expect(record.isAtRest).toBe(true);
});

test("what is said of it while it rests is not lost", () => {
  const record = new IncidentRecord(plain);
  record.rest();
  record.withheld = "silence:7";
  expect(record.isAtRest).toBe(false);
  record.rest();
  expect(JSON.stringify(record)).toBe(JSON.stringify({ ...plain, withheld: "silence:7" }));
});
