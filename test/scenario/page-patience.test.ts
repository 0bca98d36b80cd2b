import { expect, test } from "vitest";
import type { MaintenanceWindow } from "../../collector/core/model/ci.ts";
import { cmdb, each, play, window, type Told } from "./story.ts";

/** How long a page waits: what has come just now may be chance or heal; what much speaks for needs no waiting. */

const SHOP = cmdb(
  {
    "shop-api": ["service", { criticality: 1 }],
    "shop-app-1": "application",
    "shop-app-2": "application",
    "shop-app-3": "application",
    "shop-db": ["database", { criticality: 2 }],
  },
  ["1", "2", "3"].flatMap((n) => [`shop-api hasMember shop-app-${n}`, `shop-app-${n} dependsOn shop-db`]),
);

const HOSTS = ["a", "b", "c", "d", "e", "f"];
const RACKS = cmdb(
  {
    core: "switch",
    "sw-r3": "switch",
    "sw-r4": "switch",
    ...Object.fromEntries(HOSTS.flatMap((name) => [`r3-${name}`, `r4-${name}`].map((host) => [host, "host"]))),
  },
  [
    "sw-r3 connectsTo core",
    "sw-r4 connectsTo core",
    ...HOSTS.flatMap((name) => [`r3-${name} connectsTo sw-r3`, `r4-${name} connectsTo sw-r4`]),
  ],
  { vantage: ["core"] },
);

const slow = (at: number, ci: string, severity = "warning", check = "response_time"): Told => ({
  at,
  ci,
  check,
  severity,
  summary: "slow",
});

test.for<[situation: string, story: Told[], notBefore: number, pagedBy: number]>([
  ["two CIs of one fault in the same minute", [slow(10, "shop-db", "major"), slow(40, "shop-app-1")], 60, 100],
  [
    "the second comes six minutes after the first: that it is chance is likelier, so it has to stay for a while",
    [slow(10, "shop-db", "major"), slow(370, "shop-app-1")],
    385,
    430,
  ],
  [
    "four tools call both of them serious: nothing to wait for but the settle time",
    [
      slow(10, "shop-db", "major"),
      slow(15, "shop-db", "critical", "query_time"),
      slow(20, "shop-app-1", "major"),
      slow(25, "shop-app-1", "critical", "http_5xx_rate"),
    ],
    20,
    50,
  ],
  [
    "nobody calls it serious, but four CIs fail together and everything needs one of them",
    [slow(10, "shop-app-1"), slow(20, "shop-app-2"), slow(30, "shop-app-3"), slow(40, "shop-api")],
    60,
    180,
  ],
])("%s", async ([, story, notBefore, pagedBy]) => {
  expect((await play(SHOP, story, notBefore)).pages).toBe(0);
  expect((await play(SHOP, story, pagedBy)).pages).toBe(1);
});

test("two applications in mild trouble wake nobody", async () => {
  const { pages } = await play(SHOP, [slow(10, "shop-app-1"), slow(20, "shop-app-2")], 900);
  expect(pages).toBe(0);
});

test.for([
  ["nothing feels it: nobody is woken", false, 0],
  ["a host answers late: somebody must look", true, 1],
] as const)("eleven CIs behind a switch lose packets, and %s", async ([, isFelt, expected]) => {
  const hosts = Array.from({ length: 11 }, (_, n) => `h-${n + 1}`);
  const document = cmdb(
    { core: "switch", "sw-1": "switch", ...Object.fromEntries(hosts.map((host) => [host, "host"])) },
    ["sw-1 connectsTo core", ...hosts.map((host) => `${host} connectsTo sw-1`)],
    { vantage: ["core"] },
  );
  const loss = hosts.map((ci, n): Told => ({ at: 10 + 3 * n, ci, check: "packet_loss", severity: "warning" }));
  const { pages } = await play(document, isFelt ? [...loss, slow(40, "h-3")] : loss, 900);
  expect(pages).toBe(expected);
});

test("a trap from an old incident that was paged comes again, and a storm follows: it pages", async () => {
  const trap = { check: "linkDown", severity: "major", source: "snmptrap", summary: "port down" };
  const story: Told[] = [
    { ...trap, at: 10, ci: "sw-r3", instance: "Gi0/1" },
    ...each(["r3-a", "r3-b", "r3-c", "r3-d", "r3-e"], { at: 12, check: "ping" }),
    { ...trap, at: 600, ci: "sw-r3", instance: "Gi0/1", status: "resolved" },
    { ...trap, at: 3000, ci: "sw-r3", instance: "Gi0/1" },
    ...each(["r4-a", "r4-b", "r4-c", "r4-d", "r4-e", "r4-f"], { at: 3002, check: "ping" }),
  ];
  const { pages } = await play(RACKS, story, 3200);
  expect(pages).toBe(2);
});

test("planned work some steps below: what could come from it waits longer, mild as it is", async () => {
  const relations = [
    "web-1 dependsOn api",
    "web-2 dependsOn api",
    ...["app-1", "app-2", "app-3"].flatMap((app) => [`api hasMember ${app}`, `${app} uses jobs`]),
    "jobs runsOn mq",
  ];
  const cis = { "web-1": "application", "web-2": "application", api: "service", jobs: "queue", mq: "vm" } as const;
  const apps = { "app-1": "application", "app-2": "application", "app-3": "application" } as const;
  const story = [slow(100, "web-1", "major", "http_5xx_rate"), slow(110, "web-2"), slow(120, "api")];
  const pagesWith = async (maintenance: MaintenanceWindow[]): Promise<number> =>
    (await play(cmdb({ ...cis, ...apps }, relations, { maintenance }), story, 400)).pages;
  expect(await pagesWith([])).toBe(1);
  expect(await pagesWith([window("mw-1", ["mq"], 0, 3600)])).toBe(0);
});

const GONE: Told[] = ["r3-a", "r3-b", "r3-c", "r3-d", "r3-e", "r3-f"].map((ci, n) => ({
  at: 12 + n,
  ci,
  check: "ping",
  summary: "no answer",
}));
const HALF_BACK: Told[] = GONE.slice(0, 3).map((told, n) => ({ ...told, at: 22 + n, status: "resolved" }));

test("what begins to clear within its hold is no sooner told for that", async () => {
  expect((await play(RACKS, [...GONE, ...HALF_BACK], 38)).pages).toBe(0);
  expect((await play(RACKS, [...GONE, ...HALF_BACK], 60)).pages).toBe(1);
  const back = GONE.slice(3).map((told, n): Told => ({ ...told, at: 30 + n, status: "resolved" }));
  expect((await play(RACKS, [...GONE, ...HALF_BACK, ...back], 300)).pages).toBe(0);
});

test("what begins to clear within its hold waits beside a page that came meanwhile", async () => {
  const stranger: Told = { at: 0, ci: "who-is-this", check: "something", summary: "bad" };
  expect((await play(RACKS, [stranger, ...GONE, ...HALF_BACK], 100)).pages).toBe(1);
  expect((await play(RACKS, [stranger, ...GONE, ...HALF_BACK], 200)).pages).toBe(2);
});
