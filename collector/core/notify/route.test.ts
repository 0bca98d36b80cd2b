import { expect, test } from "vitest";
import { ciOf, cmdbOf, CoreDriver, minutes, ONE_ROUTE, T0 } from "../../../test/support/core-driver.ts";
import type { RouteMatch, TimeInterval } from "../model/settings.ts";
import { receiversOf } from "./route.ts";

const CMDB = cmdbOf(
  ["shop dependsOn db"],
  [
    ciOf("shop", { type: "businessService", criticality: 1, owner: "team-shop", aliases: ["the-shop"] }),
    ciOf("db", { owner: "team-db", labels: { site: "ams1", tier: "data" } }),
  ],
);
const INTERVALS: TimeInterval[] = [
  {
    name: "office",
    spans: [
      { from: T0, to: minutes(60) },
      { from: minutes(120), to: minutes(180) },
    ],
  },
  { name: "night", spans: [{ from: minutes(60), to: minutes(120) }] },
];
const equals = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });

test.for<{ situation: string; match: RouteMatch; at?: number; matches: boolean }>([
  { situation: "anything", match: {}, matches: true },
  { situation: "a business service that is hit", match: { services: ["shop"] }, matches: true },
  { situation: "the service by another of its names", match: { services: ["The-Shop"] }, matches: true },
  { situation: "a service that is not hit", match: { services: ["bank"] }, matches: false },
  { situation: "the owner of the root", match: { owners: ["team-db"] }, matches: true },
  { situation: "the owner of a member that is not the root", match: { owners: ["team-shop"] }, matches: false },
  { situation: "its priority", match: { priorities: ["P1", "P2"] }, matches: true },
  { situation: "another priority", match: { priorities: ["P5"] }, matches: false },
  { situation: "its severity", match: { severities: ["critical"] }, matches: true },
  { situation: "a label of the root", match: { matchers: [equals("site", "ams1")] }, matches: true },
  { situation: "a label of a member's alert", match: { matchers: [equals("team", "web")] }, matches: true },
  {
    situation: "two labels that nothing has together",
    match: { matchers: [equals("site", "ams1"), equals("team", "web")] },
    matches: false,
  },
  { situation: "a pseudo label", match: { matchers: [equals("check", "latency")] }, matches: true },
  {
    situation: "the check of a member, by Alertmanager's name for it",
    match: { matchers: [equals("alertname", "latency"), equals("team", "web")] },
    matches: true,
  },
  {
    situation: "a member that came from Alertmanager without a severity",
    match: { matchers: [equals("severity", ""), equals("alertname", "Odd")] },
    matches: true,
  },
  {
    situation: "what we take its severity for",
    match: { matchers: [equals("severity", "major"), equals("alertname", "Odd")] },
    matches: false,
  },
  {
    situation: "a regex",
    match: { matchers: [{ name: "tier", value: "da.*", isRegex: true, isEqual: true }] },
    matches: true,
  },
  { situation: "in a time interval", match: { times: ["office"] }, matches: true },
  { situation: "between two spans of it", match: { times: ["office"] }, at: minutes(90), matches: false },
  { situation: "in its second span", match: { times: ["office"] }, at: minutes(130), matches: true },
  { situation: "any of two intervals", match: { times: ["office", "night"] }, at: minutes(90), matches: true },
  { situation: "after all spans", match: { times: ["office"] }, at: minutes(999), matches: false },
  { situation: "an interval that does not exist", match: { times: ["weekend"] }, matches: false },
  { situation: "all conditions must hold", match: { owners: ["team-db"], priorities: ["P5"] }, matches: false },
])("$situation", ({ match, at = minutes(5), matches }) => {
  const settings = { ...ONE_ROUTE, timeIntervals: INTERVALS, routes: [{ match, receivers: ["x"], continue: false }] };
  const core = new CoreDriver({ settings, cmdb: CMDB });
  core.event({ ci: "db" });
  core.event({ ci: "shop", check: "latency", labels: { team: "web" } });
  const posted = { source: "alertmanager", check: "Odd", instance: "0123456789abcdef", labels: { alertname: "Odd" } };
  core.event({ ci: "shop", ...posted, severity: "major" });
  core.to(minutes(5));
  const incident = core.incident(1);
  if (incident === undefined) throw new Error("no incident");
  expect(receiversOf(core.state, incident, at)).toEqual(matches ? ["x"] : []);
});
