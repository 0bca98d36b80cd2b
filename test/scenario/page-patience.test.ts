import { expect, test } from "vitest";
import { cmdb, play, type Told } from "./story.ts";

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
