import { expect, test } from "vitest";
import { cmdb, each, play } from "./story.ts";

const NAMES = ["shop", "search"];
const SHOP = cmdb(
  {
    ...Object.fromEntries(NAMES.map((name) => [name, ["businessService", { criticality: 1 }]] as const)),
    ...Object.fromEntries(NAMES.map((name) => [`${name}-front`, "cluster"])),
    ...Object.fromEntries(NAMES.flatMap((name) => [1, 2, 3].map((n) => [`${name}-web-${n}`, "application"]))),
    ...Object.fromEntries(NAMES.flatMap((name) => [1, 2, 3].map((n) => [`${name}-vm-${n}`, "vm"]))),
    ...Object.fromEntries(NAMES.map((name) => [`${name}-db`, "database"])),
    "hv-1": "hypervisor",
    "hv-2": "hypervisor",
  },
  NAMES.flatMap((name, side) => [
    `${name} dependsOn ${name}-front`,
    ...[1, 2, 3].flatMap((n) => [
      `${name}-front hasMember ${name}-web-${n}`,
      `${name}-web-${n} dependsOn ${name}-db`,
      `${name}-web-${n} runsOn ${name}-vm-${n}`,
      `${name}-vm-${n} runsOn hv-${((n + side) % 2) + 1}`,
    ]),
  ]),
);
const WEBS = NAMES.flatMap((name) => [1, 2, 3].map((n) => `${name}-web-${n}`));

test("more comes in than usual, at both entrances: one incident, nobody at fault, and it says why", async () => {
  const story = [
    ...each(WEBS, { at: 20, check: "RequestRateHigh", severity: "major", source: "prometheus" }, 9),
    ...each(WEBS.slice(0, 2), { at: 70, check: "HighLatencyP99", severity: "warning", source: "prometheus" }, 9),
    { at: 120, ci: "shop", check: "txn_slow", severity: "major", source: "synthetic" },
  ];
  const { incidents, pages } = await play(SHOP, story, 500);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause).toMatchObject({ ci: null, inferred: false, change: null });
  expect(incidents[0]?.rootCause.rootless).toContain("more work than usual");
  const said = incidents[0]?.timeline.filter(({ kind }) => kind === "root").at(-1);
  expect(said?.text).toMatch(/^no single CI: \d+ CIs are under load at once .* more work than usual/);
  expect(incidents[0]?.impact.services.map(({ ci }) => ci)).toContain("shop");
  expect(pages).toBe(1);
});

test("its database is slow and says so: that is the database, however busy everyone is", async () => {
  const story = [
    { at: 10, ci: "shop-db", check: "query_time", severity: "major", source: "dbmon" },
    ...each(WEBS.slice(0, 3), { at: 40, check: "thread_pool_busy", severity: "major", source: "apm" }, 9),
    ...each(WEBS.slice(0, 3), { at: 60, check: "HighLatencyP99", severity: "warning", source: "prometheus" }, 9),
  ];
  const { incidents } = await play(SHOP, story, 500);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("shop-db");
});

test("a deployment a minute before explains the load: that is no rush", async () => {
  const story = [
    { at: 0, ci: "shop-front", check: "deployment", kind: "change" as const, severity: "info", source: "cd" },
    ...each(WEBS.slice(0, 3), { at: 60, check: "cpu_util", severity: "major", source: "agent" }, 9),
  ];
  const { incidents } = await play(SHOP, story, 500);
  expect(incidents[0]?.rootCause.ci).not.toBeNull();
});
