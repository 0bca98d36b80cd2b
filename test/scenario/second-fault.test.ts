import { expect, test } from "vitest";
import { cmdb, each, play, type Told } from "./story.ts";

const HOSTS = Array.from({ length: 8 }, (_, number) => `r1-h${number}`);
const HOUSE = cmdb(
  {
    core: "switch",
    "sw-1": "switch",
    ...Object.fromEntries(HOSTS.map((name) => [name, "host"])),
    shop: "application",
    users: "application",
    "users-db": "database",
  },
  [
    "sw-1 connectsTo core",
    ...HOSTS.map((name) => `${name} connectsTo sw-1`),
    "shop runsOn r1-h0",
    "shop dependsOn users",
    "users dependsOn users-db",
  ],
  { vantage: ["core"] },
);

/** The same line again and again, every `apart` seconds up to `until`. */
function repeated(told: Told, apart: number, until: number): Told[] {
  const lines: Told[] = [];
  for (let at = told.at; at <= until; at += apart) lines.push({ ...told, at });
  return lines;
}

test("the clear of a storm's alert was lost; what it says half an hour later is of the fault of then", async () => {
  const shop: Told = { at: 50, ci: "shop", check: "http_errors", severity: "major" };
  const story = [
    ...each(HOSTS, { at: 20, check: "hostalive" }, 2),
    ...each(HOSTS.slice(0, -1), { at: 1200, check: "hostalive", status: "resolved" }, 2),
    // One host never comes back, so that the incident stays open.
    ...repeated({ at: 200, ci: "r1-h7", check: "hostalive" }, 180, 3000),
    ...repeated(shop, 180, 1190),
    { at: 2420, ci: "users-db", check: "db_down" },
    { at: 2440, ci: "users", check: "http_errors" },
    { ...shop, at: 2460 },
  ];
  const { of, incidents } = await play(HOUSE, story, 3000);
  expect(of("r1-h7")?.rootCause.ci).toBe("sw-1");
  const second = of("users-db");
  expect(second?.rootCause.ci).toBe("users-db");
  expect(second?.alerts.map(({ ci }) => ci).sort()).toEqual(["shop", "users", "users-db"]);
  expect(incidents).toHaveLength(2);
});

const PODS = Array.from({ length: 10 }, (_, number) => `pod-${number}`);
const SERVICES = Array.from({ length: 10 }, (_, number) => `svc-${number}`);
const MESH = cmdb(
  {
    core: "switch",
    resolver: "service",
    "node-1": "host",
    "node-2": "host",
    ...Object.fromEntries(PODS.map((name) => [name, "container"])),
    ...Object.fromEntries(SERVICES.map((name) => [name, "service"])),
  },
  [
    "node-1 connectsTo core",
    "node-2 connectsTo core",
    ...SERVICES.map((name) => `${name} uses resolver`),
    ...SERVICES.map((name, number) => `${name} hasMember pod-${number}`),
    ...PODS.map((name, number) => `${name} runsOn ${number < 6 ? "node-1" : "node-2"}`),
  ],
  { vantage: ["core"] },
);

const RESOLVER_FAILS: readonly Told[] = [
  { at: 20, ci: "resolver", check: "HighErrorRate", summary: "5xx ratio is 80%" },
  ...each(SERVICES, { at: 40, check: "HighErrorRate", severity: "warning", summary: "5xx ratio is 12%" }, 5),
];

test("services that have long had errors turn slow as a node dies: that is the node", async () => {
  const story = [
    ...RESOLVER_FAILS,
    { at: 500, ci: "node-1", check: "NodeNotReady" },
    ...each(PODS.slice(0, 6), { at: 505, check: "PodNotReady", severity: "major" }, 2),
    ...each(SERVICES.slice(0, 6), { at: 540, check: "HighLatencyP99", severity: "warning" }, 10),
  ];
  const { of, incidents } = await play(MESH, story, 900);
  expect(of("resolver")?.rootCause.ci).toBe("resolver");
  const node = of("node-1");
  expect(node?.rootCause.ci).toBe("node-1");
  expect(node?.alerts.filter(({ check }) => check === "HighLatencyP99")).toHaveLength(6);
  expect(of("resolver")?.alerts.filter(({ check }) => check === "HighErrorRate")).toHaveLength(11);
  expect(incidents).toHaveLength(2);
});

test("a disk that has filled up breaks its program a quarter of an hour later: one incident", async () => {
  const story = [
    { at: 20, ci: "users-db", check: "disk_used", severity: "major", summary: "disk 95% full" },
    { at: 900, ci: "users-db", check: "db_down" },
    { at: 930, ci: "users", check: "http_errors" },
  ];
  const { incidents } = await play(HOUSE, story, 1500);
  expect(incidents).toHaveLength(1);
});

test("a database that was down minutes before the switch died keeps its incident", async () => {
  const story = [
    { at: 20, ci: "users-db", check: "db_down" },
    { at: 25, ci: "users-db", check: "PostgresqlDown" },
    { at: 60, ci: "users", check: "http_errors" },
    ...each(HOSTS, { at: 300, check: "hostalive" }, 3),
    { at: 330, ci: "shop", check: "http_errors" },
  ];
  const house = {
    ...HOUSE,
    relations: [...HOUSE.relations, ...cmdb({}, ["users-db runsOn r1-h1", "users runsOn r1-h2"]).relations],
  };
  const { of, incidents } = await play(house, story, 900);
  expect(of("r1-h3")?.rootCause.ci).toBe("sw-1");
  expect(of("users-db")?.rootCause.ci).toBe("users-db");
  expect(of("users-db")?.alerts.map(({ ci }) => ci)).not.toContain("r1-h3");
  expect(incidents).toHaveLength(2);
});

test("a machine is long back but for one program; another program on it fails: a fault of its own", async () => {
  const house = cmdb(
    {
      core: "switch",
      "node-1": "host",
      ...Object.fromEntries(PODS.map((name) => [name, "application"])),
      front: "application",
    },
    ["node-1 connectsTo core", ...PODS.map((name) => `${name} runsOn node-1`), "front dependsOn pod-1"],
    { vantage: ["core"] },
  );
  const story = [
    { at: 20, ci: "node-1", check: "hostalive" },
    ...each(PODS, { at: 30, check: "http_errors" }, 2),
    { at: 600, ci: "node-1", check: "hostalive", status: "resolved" as const },
    ...each(PODS.slice(1), { at: 610, check: "http_errors", status: "resolved" }, 2),
    // The first one does not come back, so that the incident stays open.
    ...repeated({ at: 200, ci: "pod-0", check: "http_errors" }, 170, 2400),
    { at: 1500, ci: "pod-1", check: "process_down" },
    { at: 1510, ci: "pod-1", check: "TargetDown", summary: "pod-1 is down" },
    { at: 1530, ci: "front", check: "http_errors" },
  ];
  const { of, incidents } = await play(house, story, 2400);
  expect(of("node-1")?.rootCause.ci).toBe("node-1");
  expect(of("front")?.rootCause.ci).toBe("pod-1");
  expect(incidents).toHaveLength(2);
});
