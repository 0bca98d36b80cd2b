import { expect, test } from "vitest";
import { ciOf, cmdbOf, CoreDriver } from "../../../test/support/core-driver.ts";
import { Topology } from "../model/topology.ts";
import type { Incident, Member } from "../model/incident.ts";
import { emptyIncident } from "./attach.ts";
import { titleOf } from "./title.ts";

const CIS = [
  ...["web-1", "web-2", "web-3"].map((id) => ciOf(id)),
  ciOf("sw-r3", { type: "switch", name: "switch r3" }),
  ciOf("shop", { type: "businessService" }),
];

function member(ci: string, fields: Partial<Member> = {}): Member {
  return {
    alert: `a-${ci}`,
    episode: 1,
    ci,
    source: "agent",
    check: "ping",
    instance: "",
    severity: "critical",
    summary: `${ci} does not respond`,
    status: "firing",
    firstSeenAt: 0,
    lastSeenAt: 0,
    resolvedAt: null,
    occurredAt: 0,
    count: 1,
    joinedAt: 0,
    reason: "",
    ...fields,
  };
}

function titled(root: string | null, members: Member[]): string {
  const core = new CoreDriver();
  core.event();
  const alert = core.alert();
  if (alert === undefined) throw new Error("no alert");
  const incident: Incident = { ...emptyIncident(1, alert, 0), members };
  incident.rootCause = { ...incident.rootCause, ci: root };
  const counted = (list: readonly Member[]): Map<string, number> => new Map(list.map((one) => [one.ci, 1]));
  const active = counted(members.filter((one) => one.status !== "resolved"));
  return titleOf(incident, members, new Topology(cmdbOf([], CIS)), { active, all: counted(members) });
}

test.for([
  {
    situation: "one alert",
    root: "web-1",
    members: [member("web-1", { summary: "Disk / is 97 % full" })],
    title: "web-1: Disk / is 97 % full",
  },
  {
    situation: "the summary has the name already",
    root: "web-1",
    members: [member("web-1")],
    title: "web-1 does not respond",
  },
  {
    situation: "a silent root",
    root: "sw-r3",
    members: ["web-1", "web-2", "web-3"].map((ci) => member(ci)),
    title: "switch r3 suspected: 3 hosts unreachable",
  },
  {
    situation: "a root that speaks, and those that need it",
    root: "sw-r3",
    members: [member("sw-r3", { summary: "Fan failed" }), member("web-1"), member("web-2")],
    title: "switch r3: Fan failed; 2 more hosts unreachable",
  },
  {
    situation: "one dependent of another type",
    root: "web-1",
    members: [member("web-1"), member("shop", { check: "txn", summary: "Checkout is slow" })],
    title: "web-1 does not respond; 1 more business service slow",
  },
  {
    situation: "no single cause",
    root: null,
    members: [
      member("web-1", { check: "cpu", summary: "CPU busy" }),
      member("shop", { check: "x", summary: "odd", firstSeenAt: 1 }),
    ],
    title: "2 CIs affected, no single cause: CPU busy",
  },
  {
    situation: "what is clear no longer counts",
    root: "sw-r3",
    members: [member("web-1"), member("web-2", { status: "resolved" })],
    title: "switch r3 suspected: 1 host unreachable",
  },
  {
    situation: "an unknown CI",
    root: "stranger",
    members: [member("stranger", { summary: "?" })],
    title: "stranger: ?",
  },
])("$situation", ({ root, members, title }) => {
  expect(titled(root, members)).toBe(title);
});

test("a long text is cut, its end is not", () => {
  const long = titled("sw-r3", [member("sw-r3", { summary: "x".repeat(300) }), member("web-1"), member("web-2")]);
  expect(long.length).toBe(120);
  expect(long).toMatch(/…; 2 more hosts unreachable$/);
});
