import { expect, test } from "vitest";
import { cmdb, each, play, window } from "./story.ts";

/** Two racks of hosts behind a switch each, and a shop whose programs run on them. */
const NETWORK = cmdb(
  {
    core: "switch",
    "sw-r3": "switch",
    "sw-r4": "switch",
    ...Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [`r3-${name}`, "host"])),
    ...Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [`r4-${name}`, "host"])),
  },
  [
    "sw-r3 connectsTo core",
    "sw-r4 connectsTo core",
    ...["a", "b", "c", "d", "e", "f"].flatMap((name) => [`r3-${name} connectsTo sw-r3`, `r4-${name} connectsTo sw-r4`]),
  ],
  { vantage: ["core"] },
);
const R3 = ["r3-a", "r3-b", "r3-c", "r3-d", "r3-e", "r3-f"];
const R4 = ["r4-a", "r4-b", "r4-c", "r4-d", "r4-e", "r4-f"];

const SHOP = cmdb(
  {
    shop: ["businessService", { criticality: 1 }],
    search: ["businessService", { criticality: 1 }],
    "shop-api": "service",
    "shop-app-1": "application",
    "shop-app-2": "application",
    "shop-app-3": "application",
    "shop-db": ["database", { criticality: 1 }],
    "search-api": "service",
    "search-app-1": "application",
    "search-app-2": "application",
    "search-app-3": "application",
    "search-db": ["database", { criticality: 1 }],
  },
  ["shop", "search"].flatMap((name) => [
    `${name} dependsOn ${name}-api`,
    ...[1, 2, 3].flatMap((n) => [`${name}-api hasMember ${name}-app-${n}`, `${name}-app-${n} dependsOn ${name}-db`]),
  ]),
);
const SHOP_APPS = ["shop-app-1", "shop-app-2", "shop-app-3"];
const SEARCH_APPS = ["search-app-1", "search-app-2", "search-app-3"];

test("a switch dies without a word: one incident, on the switch, inferred, one page", async () => {
  const { incidents, pages } = await play(NETWORK, each(R3, { at: 10, check: "ping", summary: "no answer" }), 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause).toMatchObject({ ci: "sw-r3", inferred: true });
  expect(incidents[0]?.rootCause.candidates[0]?.reasons[0]).toMatch(/6 of 6 CIs that need sw-r3/);
  expect(pages).toBe(1);
});

test("one host of six does not answer: that is the host, and nobody suspects the switch", async () => {
  const { incidents } = await play(NETWORK, [{ at: 10, ci: "r3-a", check: "ping", summary: "no answer" }], 400);
  expect(incidents[0]?.rootCause.ci).toBe("r3-a");
});

test("two switches die at the same moment: two incidents", async () => {
  const story = [...each(R3, { at: 10, check: "ping" }), ...each(R4, { at: 11, check: "ping" })];
  const { of } = await play(NETWORK, story, 300);
  expect(of("r3-a")?.rootCause.ci).toBe("sw-r3");
  expect(of("r4-a")?.rootCause.ci).toBe("sw-r4");
});

test("a switch that sends traps about a neighbour is not dead", async () => {
  const story = [
    {
      at: 9,
      ci: "sw-r3",
      check: "linkDown",
      source: "snmptrap",
      severity: "major",
      summary: "linkDown Gi0/1 (to r3-a)",
    },
    { at: 12, ci: "r3-a", check: "ping", summary: "no answer" },
    { at: 40, ci: "r3-a", check: "agent_missing", source: "collector", severity: "major" },
  ];
  const { incidents } = await play(NETWORK, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("r3-a");
});

test("one of two uplinks is lost: told, but nobody behind it is suspected and nobody is woken", async () => {
  const document = cmdb(
    {
      core: "switch",
      "tor-a": ["switch", { criticality: 3 }],
      "tor-b": ["switch", { criticality: 3 }],
      "hv-1": "hypervisor",
      "hv-2": "hypervisor",
    },
    [
      "tor-a connectsTo core",
      "tor-b connectsTo core",
      ...["hv-1", "hv-2"].flatMap((hv) => [`${hv} connectsTo tor-a`, `${hv} connectsTo tor-b`]),
    ],
    { vantage: ["core"] },
  );
  const { incidents, pages } = await play(
    document,
    [{ at: 10, ci: "tor-a", check: "ping", summary: "no answer" }],
    600,
  );
  expect(incidents[0]?.rootCause.ci).toBe("tor-a");
  expect(incidents[0]?.impact.cis).toEqual(["tor-a"]);
  expect(pages).toBe(0);
});

test("a slow database makes its programs slow and its service late: the database, one page, named with the service", async () => {
  const story = [
    { at: 5, ci: "shop-db", check: "query_time", severity: "major", source: "dbmon" },
    ...each(SHOP_APPS, { at: 40, check: "HighLatencyP99", severity: "warning" }, 15),
    { at: 90, ci: "shop-api", check: "HighErrorRate", severity: "warning" },
    { at: 120, ci: "shop", check: "txn_failed", severity: "critical", source: "synthetic" },
  ];
  const { incidents, pages } = await play(SHOP, story, 400);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("shop-db");
  expect(incidents[0]?.impact.services.map(({ ci }) => ci)).toContain("shop");
  expect(pages).toBe(1);
});

test("two databases fail within the same minute: two incidents with their own roots", async () => {
  const story = [
    { at: 5, ci: "shop-db", check: "db_unavailable" },
    { at: 20, ci: "search-db", check: "db_unavailable" },
    ...each(SHOP_APPS, { at: 30, check: "HighErrorRate" }, 7),
    ...each(SEARCH_APPS, { at: 33, check: "HighErrorRate" }, 7),
  ];
  const { of } = await play(SHOP, story, 400);
  expect(of("shop-app-1")?.rootCause.ci).toBe("shop-db");
  expect(of("search-app-2")?.rootCause.ci).toBe("search-db");
});

test("a deployment breaks one program: the program, and the deployment is named", async () => {
  const story = [
    { at: 0, ci: "shop-app-2", check: "deployment", kind: "change" as const, severity: "info", source: "cd" },
    { at: 0, ci: "search-app-1", check: "deployment", kind: "change" as const, severity: "info", source: "cd" },
    { at: 100, ci: "shop-app-2", check: "log_errors", severity: "major", source: "agent" },
    { at: 130, ci: "shop-app-2", check: "check_http" },
    { at: 170, ci: "shop-app-2", check: "failure_rate", source: "apm" },
  ];
  const { incidents } = await play(SHOP, story, 500);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause).toMatchObject({ ci: "shop-app-2", change: "e-0" });
});

test("the relation of one program to its database is missing: its siblings tell", async () => {
  const gap = {
    ...SHOP,
    relations: SHOP.relations.filter(({ from, type }) => !(from === "shop-app-3" && type === "dependsOn")),
  };
  const story = [
    { at: 5, ci: "shop-db", check: "db_unavailable" },
    ...each(SHOP_APPS, { at: 30, check: "HighErrorRate" }, 7),
  ];
  const { of } = await play(gap, story, 400);
  expect(of("shop-app-3")?.rootCause.ci).toBe("shop-db");
});

test("a full name that the CMDB does not have means the host of that short name", async () => {
  const story = [
    { at: 5, ci: "r3-a.dc1.example.net", check: "ping" },
    { at: 9, ci: "r3-a", check: "agent_missing", source: "collector" },
  ];
  const { incidents } = await play(NETWORK, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("r3-a");
});

test("two strangers that nobody knows alarm in the same second: two incidents, and each pages", async () => {
  const story = [
    { at: 5, ci: "stranger", check: "something", summary: "bad" },
    { at: 5, ci: "passer-by", check: "other", summary: "bad, too" },
  ];
  const { incidents, pages } = await play(NETWORK, story, 300);
  expect(incidents).toHaveLength(2);
  expect(pages).toBe(2);
});

test("a condition that its source has known for weeks takes no part in the storm", async () => {
  const story = [
    {
      at: 12,
      ci: "r3-b",
      check: "fs_usage",
      severity: "warning",
      source: "agent",
      annotations: { since: "2026-02-01T00:00:00Z" },
    },
    ...each(R3, { at: 10, check: "ping" }),
  ];
  const { incidents } = await play(NETWORK, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.alerts.map(({ check }) => check)).not.toContain("fs_usage");
});

test("an alert that flaps for an hour is one quiet matter and wakes nobody", async () => {
  const story = Array.from({ length: 20 }, (_, n) => [
    { at: n * 150, ci: "r4-c", check: "cpu_util", severity: "warning", source: "agent" },
    {
      at: n * 150 + 60,
      ci: "r4-c",
      check: "cpu_util",
      severity: "warning",
      source: "agent",
      status: "resolved" as const,
    },
  ]).flat();
  const { incidents, pages } = await play(NETWORK, story, 3600);
  expect(incidents.length).toBeLessThanOrEqual(1);
  expect(pages).toBe(0);
});

test("one of two web servers stops, and the other one has too much to do: one incident, on the one that stopped", async () => {
  const pair = cmdb(
    {
      site: ["businessService", { criticality: 2 }],
      web: "service",
      "web-a": "application",
      "web-b": "application",
      db: "database",
    },
    ["site dependsOn web", "web hasMember web-a", "web hasMember web-b", "web-a dependsOn db", "web-b dependsOn db"],
  );
  const story = [
    { at: 10, ci: "web-a", check: "tcp_port", severity: "critical" as const },
    { at: 80, ci: "web-b", check: "latency", severity: "warning" as const },
    { at: 95, ci: "web", check: "latency", severity: "warning" as const },
  ];
  const { incidents } = await play(pair, story, 400);
  expect(incidents.filter(({ mergedInto }) => mergedInto === null)).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("web-a");
});

test("planned work on a switch: what hangs on it is expected to be silent; when the work overruns, it is not any more", async () => {
  const document = { ...NETWORK, maintenance: [window("mw-1", ["sw-r3"], 0, 1200)] };
  const down = each(R3, { at: 30, check: "ping" });
  const quiet = await play(document, [...down, ...each(R3, { at: 900, check: "ping", status: "resolved" })], 1500);
  expect(quiet.pages).toBe(0);
  const overrun = await play(document, down, 1200 + 20 * 60);
  expect(overrun.pages).toBe(1);
});

test("planned work on one of two core switches: what is reached through the other one is not expected to be silent", async () => {
  const ring = cmdb(
    {
      "core-1": "switch",
      "core-2": "switch",
      shop: ["businessService", { criticality: 1 }],
      db: "database",
      hv: "host",
    },
    [
      "core-1 connectsTo core-2",
      "core-2 connectsTo core-1",
      "hv connectsTo core-1",
      "hv connectsTo core-2",
      "db runsOn hv",
      "shop dependsOn db",
    ],
    { vantage: ["core-1"], maintenance: [window("mw-1", ["core-2"], 0, 3600)] },
  );
  const { pages } = await play(ring, each(["db", "shop"], { at: 60, check: "tcp_port", severity: "critical" }), 900);
  expect(pages).toBe(1);
});

test("an agent that was cut off delivers an hour of old alerts: nobody is paged for the past", async () => {
  const { pages } = await play(
    NETWORK,
    each(R4, { at: 100, check: "cpu_util", severity: "critical", source: "agent", late: 3600 }),
    500,
  );
  expect(pages).toBe(0);
});

test("when everything clears, the incident resolves by itself, and the same fault minutes later is the same incident", async () => {
  const story = [
    ...each(R3, { at: 10, check: "ping" }),
    ...each(R3, { at: 300, check: "ping", status: "resolved" }),
    ...each(R3, { at: 600, check: "ping" }),
  ];
  const { incidents } = await play(NETWORK, story, 800);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.status).not.toBe("resolved");
});

test("who needs a CI that is still in trouble joins its incident a quarter of an hour later, though the root is far away", async () => {
  const chain = cmdb({ db: "database", a: "service", b: "service", c: "service", d: "service", lone: "service" }, [
    "a dependsOn db",
    "b dependsOn a",
    "c dependsOn b",
    "d dependsOn c",
  ]);
  const story = [
    { at: 10, ci: "db", check: "connections", severity: "critical", summary: "connection refused" },
    ...["a", "b", "c"].map((ci, index) => ({ at: 20 + 20 * index, ci, check: "HighErrorRate", severity: "major" })),
    { at: 900, ci: "d", check: "HighErrorRate", severity: "minor" },
    { at: 900, ci: "lone", check: "HighErrorRate", severity: "minor" },
  ];
  const { of, incidents } = await play(chain, story, 1200);
  expect(of("d")?.id).toBe(of("db")?.id);
  expect(of("lone")?.id).not.toBe(of("db")?.id);
  const told = incidents.flatMap(({ timeline }) => timeline.map((entry) => JSON.stringify(entry))).join("\n");
  expect(told).toMatch(/c, next to it, is in trouble there/);
});

test("what all need fails minutes after the database of one system: the older fault keeps its alerts", async () => {
  const systems = ["one", "two", "three", "four", "five"];
  const programs = (system: string): string[] => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `${system}-app-${n}`);
  const world = cmdb(
    {
      dns: ["dns", { criticality: 1 }],
      ...Object.fromEntries(systems.map((system) => [`${system}-db`, "database"])),
      ...Object.fromEntries(systems.flatMap(programs).map((name) => [name, "application"])),
    },
    systems.flatMap((system) =>
      programs(system).flatMap((name) => [`${name} dependsOn ${system}-db`, `${name} dependsOn dns`]),
    ),
  );
  const story = [
    ...each(programs("one"), { at: 10, check: "latency", severity: "major", summary: "slow" }),
    { at: 400, ci: "dns", check: "dig", severity: "critical", summary: "no answer" },
    ...each(systems.slice(1).flatMap(programs), { at: 405, check: "http_errors", severity: "major" }),
  ];
  const { of } = await play(world, story, 700);
  expect(of("one-app-1")?.rootCause.ci).toBe("one-db");
  expect(of("two-app-1")?.rootCause.ci).toBe("dns");
});

test("much of a large fault has cleared, and what is mild still comes: it belongs to it", async () => {
  const programs = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `app-${n}`);
  const world = cmdb(
    {
      store: "storage",
      batch: "application",
      report: "application",
      ...Object.fromEntries(programs.map((name) => [name, "application"])),
    },
    [...programs, "batch", "report"].map((name) => `${name} dependsOn store`),
  );
  const errors = { check: "http_errors", severity: "major", summary: "errors" };
  const story = [
    { at: 10, ci: "store", check: "array_offline", severity: "critical", summary: "array offline" },
    ...each(programs, { ...errors, at: 12 }),
    { at: 880, ci: "batch", check: "latency", severity: "minor", summary: "slow" },
    ...each(programs.slice(0, 6), { ...errors, at: 900, status: "resolved" }, 2),
    { at: 945, ci: "report", check: "latency", severity: "warning", summary: "slow" },
  ];
  const { of } = await play(world, story, 1100);
  expect(of("report")?.id).toBe(of("store")?.id);
});
