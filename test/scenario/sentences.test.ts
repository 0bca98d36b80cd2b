import { expect, test } from "vitest";
import { cmdb, each, play, type Told } from "./story.ts";

/** What a person reads at night says which CI it is about. */

const SHOP = cmdb(
  {
    shop: ["businessService", { criticality: 1 }],
    "shop-api": "service",
    "shop-app-1": "application",
    "shop-app-2": "application",
    "shop-app-3": "application",
    "shop-db": ["database", { criticality: 1 }],
    "wiki-app": ["application", { criticality: 3 }],
  },
  [
    "shop dependsOn shop-api",
    "shop-api hasMember shop-app-1",
    "shop-api hasMember shop-app-2",
    "shop-api hasMember shop-app-3",
    "shop-app-1 dependsOn shop-db",
    "shop-app-2 dependsOn shop-db",
    "shop-app-3 dependsOn shop-db",
  ],
);

const release: Told = {
  at: 600,
  ci: "shop-db",
  check: "config_change",
  kind: "change",
  severity: "info",
  summary: "max_connections set to 20",
};
const locked: Told[] = [
  { at: 690, ci: "shop-db", check: "query_time", severity: "major", summary: "statements take 84 times as long" },
  ...each(["shop-app-1", "shop-app-2", "shop-app-3"], { at: 700, check: "http_errors", severity: "major" }, 5),
];

test.for<[situation: string, story: Told[], sentence: RegExp]>([
  [
    "a change is told by what it changed, not by its number",
    [release, ...locked],
    /^shop-db was changed 90 s before it began: max_connections set to 20$/,
  ],
  ["all that need the root fail", locked, /^3 of 3 CIs that directly need shop-db alarm within/],
  [
    "one of three that need the root is quiet",
    locked.slice(0, 3),
    /^2 of 3 CIs that directly need shop-db alarm within/,
  ],
])("the first reason: %s", async ([, story, sentence]) => {
  const { of } = await play(SHOP, story, 1000);
  expect(of("shop-db")?.rootCause.candidates[0]?.reasons[0]).toMatch(sentence);
});

test.for([
  ["host", /^a program on shop-1 does not run: mydaemon is not running$/],
  ["application", /^shop-1 itself does not run: mydaemon is not running$/],
])("a program that stopped is not said of the machine: seen on a %s", async ([type, sentence]) => {
  const program: Told = { at: 10, ci: "shop-1", check: "process_missing", summary: "mydaemon is not running" };
  const { of } = await play(cmdb({ "shop-1": type as string }, []), [program], 1000);
  expect(of("shop-1")?.rootCause.candidates[0]?.reasons[0]).toMatch(sentence as RegExp);
});

test.for<[situation: string, story: Told[], sentence: RegExp]>([
  [
    "what a service cannot do without is named",
    [{ at: 10, ci: "shop-db", check: "process_missing", summary: "postgres is not running" }],
    /shop-db is critical, and shop has nothing else to stand on/,
  ],
  [
    "a stranger is named",
    [{ at: 10, ci: "who-is-this", check: "something", summary: "bad" }],
    /who-is-this is critical, and the CMDB does not say what depends on it/,
  ],
  [
    "two that fail together are named",
    [
      { at: 10, ci: "shop-db", check: "query_time", severity: "major", summary: "slow" },
      { at: 20, ci: "shop-app-1", check: "response_time", severity: "warning", summary: "slow" },
    ],
    /shop-db and shop-app-1 fail together, and shop-db matters/,
  ],
  [
    "one CI in mild trouble wakes nobody",
    [{ at: 10, ci: "wiki-app", check: "response_time", severity: "warning", summary: "slow" }],
    /no page: one CI, in mild trouble/,
  ],
  [
    "one CI in serious trouble that nobody needs wakes nobody",
    [{ at: 10, ci: "wiki-app", check: "http_errors", severity: "major", summary: "30 % of requests fail" }],
    /no page: one CI alone, and nothing important is known to stop with it/,
  ],
])("the message: %s", async ([, story, sentence]) => {
  const { incidents } = await play(SHOP, story, 300);
  expect(incidents[0]?.notifications.map(({ reason }) => reason).join("\n")).toMatch(sentence);
});
