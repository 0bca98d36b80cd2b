import { expect, test } from "vitest";
import type { Ci, CmdbDocument, Relation } from "../../collector/core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";
import { ciOf, relationOf } from "../support/core-driver.ts";

/**
 * When a lone condition wakes a person: what the on-call engineer and the administrator expect, whatever the scenarios' score
 * would like. A storm has its own tests; here there is one alert, and it stays.
 */

const ci = (id: string, type: string, more: Partial<Ci> = {}): Ci => ciOf(id, { type, ...more });
const needs = (from: string, type: string, to: string): Relation => relationOf(`${from} ${type} ${to}`);

const CMDB: CmdbDocument = {
  vantage: [],
  cis: [
    ci("shop", "businessService", { criticality: 1 }),
    ci("shop-db", "database", { criticality: 1 }),
    ci("db-host", "host", { criticality: 1 }),
    ci("pool", "loadBalancer", { criticality: 1, minHealthy: 1 }),
    ci("web-1", "host", { criticality: 2 }),
    ci("web-2", "host", { criticality: 2 }),
    ci("web-3", "host", { criticality: 2 }),
    ci("build-7", "host", { criticality: 4 }),
    ci("plain-host", "host"),
    ci("payroll", "businessService"),
    ci("payroll-db", "database"),
    ci("lunch-menu", "businessService", { criticality: 4 }),
    ci("menu-db", "database", { criticality: 4 }),
    ci("stock-list", "businessService", { criticality: 3 }),
    ci("stock-db", "database", { criticality: 3 }),
    ci("vault", "database", { criticality: 1 }),
    ci("vault-host", "host", { criticality: 3 }),
  ],
  relations: [
    needs("shop", "dependsOn", "shop-db"),
    needs("shop-db", "runsOn", "db-host"),
    needs("shop", "dependsOn", "pool"),
    needs("payroll", "dependsOn", "payroll-db"),
    needs("lunch-menu", "dependsOn", "menu-db"),
    needs("stock-list", "dependsOn", "stock-db"),
    needs("vault", "runsOn", "vault-host"),
    needs("pool", "hasMember", "web-1"),
    needs("pool", "hasMember", "web-2"),
    needs("pool", "hasMember", "web-3"),
  ],
  maintenance: [],
};

const START = Date.parse("2026-03-01T03:12:00.000Z");

/** Fires one alert at 03:12, again each minute, for ten minutes; gives the first page's delay in seconds, or null. */
async function firstPage(
  event: { ci: string; check: string; severity: string; summary: string },
  cmdb = CMDB,
): Promise<{ pagedAfterS: number | null; told: boolean }> {
  const lines = Array.from({ length: 10 }, (_, minute) => {
    const at = new Date(START + minute * 60_000).toISOString();
    return JSON.stringify({
      receivedAt: at,
      id: `e-${minute}`,
      source: "agent",
      instance: "",
      status: "firing",
      time: at,
      kind: "alert",
      ...event,
    });
  });
  const { incidents } = await replayEvents({
    cmdb,
    settings: DEFAULT_SETTINGS,
    lines,
    until: START + 15 * 60_000,
  });
  const notifications = incidents.flatMap((incident) => incident.notifications);
  const page = notifications.find((notification) => notification.page);
  return {
    pagedAfterS: page === undefined ? null : (Date.parse(page.at) - START) / 1000,
    told: notifications.length > 0,
  };
}

test.for<
  [
    situation: string,
    event: { ci: string; check: string; severity: string; summary: string },
    pagesWithinS: number | null,
  ]
>([
  [
    "the host of the shop's only database is down",
    { ci: "db-host", check: "host_down", severity: "critical", summary: "no answer to ping" },
    60,
  ],
  [
    "the shop's only database does not run",
    { ci: "shop-db", check: "process_missing", severity: "critical", summary: "postgres is not running" },
    60,
  ],
  [
    "the agent of the shop's database host has gone silent",
    { ci: "db-host", check: "agent_missing", severity: "critical", summary: "not heard for 30 s" },
    60,
  ],
  [
    "the file system of the database host is full",
    { ci: "db-host", check: "filesystem_full", severity: "critical", summary: "/var is 99 % full" },
    60,
  ],
  [
    "the business service itself is down",
    { ci: "shop", check: "synthetic_probe", severity: "critical", summary: "checkout fails" },
    60,
  ],
  [
    "a CI that nobody knows calls itself critical",
    { ci: "who-is-this", check: "something", severity: "critical", summary: "bad" },
    60,
  ],
  [
    "a known host of which the CMDB says nothing else is down",
    { ci: "plain-host", check: "host_down", severity: "critical", summary: "no answer to ping" },
    60,
  ],
  [
    "a watched process on such a host does not run",
    { ci: "plain-host", check: "process_missing", severity: "critical", summary: "nginx is not running" },
    60,
  ],
  [
    "the only database of a business service, of which nobody has said how important it is, does not run",
    { ci: "payroll-db", check: "process_missing", severity: "critical", summary: "postgres is not running" },
    60,
  ],
  [
    "the only database of a business service that does not matter does not run",
    { ci: "menu-db", check: "process_missing", severity: "critical", summary: "postgres is not running" },
    null,
  ],
  [
    "the only database of a service of less weight does not run, and goes on doing so",
    { ci: "stock-db", check: "process_missing", severity: "critical", summary: "postgres is not running" },
    330,
  ],
  [
    "what is said to matter most does not run, and the CMDB does not say who needs it",
    { ci: "vault", check: "process_missing", severity: "critical", summary: "vault is not running" },
    330,
  ],
  [
    "its host, of which nobody says that",
    { ci: "vault-host", check: "process_missing", severity: "critical", summary: "cron is not running" },
    null,
  ],
  [
    "the shop's only database answers with errors and goes on doing so: nobody may watch the shop itself",
    { ci: "shop-db", check: "http_5xx_rate", severity: "critical", summary: "71 % of the queries fail" },
    330,
  ],
  [
    "the clock of the shop's only database is wrong",
    { ci: "shop-db", check: "ntp_offset", severity: "critical", summary: "84 ms" },
    null,
  ],
  [
    "one of three web servers answers with errors",
    { ci: "web-1", check: "http_5xx_rate", severity: "critical", summary: "71 % of the requests fail" },
    null,
  ],
  [
    "one of three web servers is down and one is enough",
    { ci: "web-1", check: "host_down", severity: "critical", summary: "no answer to ping" },
    null,
  ],
  [
    "an unimportant host is down",
    { ci: "build-7", check: "host_down", severity: "critical", summary: "no answer to ping" },
    null,
  ],
  [
    "a warning on an important host",
    { ci: "db-host", check: "cpu_util", severity: "warning", summary: "CPU 91 %" },
    null,
  ],
])("%s", async ([, event, pagesWithinS]) => {
  const { pagedAfterS } = await firstPage(event);
  if (pagesWithinS === null) expect(pagedAfterS).toBeNull();
  else {
    expect(pagedAfterS).not.toBeNull();
    expect(pagedAfterS).toBeLessThanOrEqual(pagesWithinS);
  }
});

test.for<[situation: string, events: { ci: string; check: string }[], page: boolean]>([
  [
    "what a service cannot do without pages when the configured settle time is over",
    [{ ci: "shop-db", check: "process_missing" }],
    true,
  ],
  [
    "what may still heal or grow is told when the settle time is over, and pages later",
    [
      { ci: "web-1", check: "host_down" },
      { ci: "web-2", check: "http_5xx_rate" },
    ],
    false,
  ],
])("the configured settle time is kept: %s", async ([, events, page]) => {
  const settings = {
    ...DEFAULT_SETTINGS,
    correlation: { ...DEFAULT_SETTINGS.correlation, settleMinMs: 1_000, settleMaxMs: 2_000 },
  };
  const at = new Date(START).toISOString();
  const lines = events.map((event, index) =>
    JSON.stringify({
      receivedAt: at,
      id: `e-${index}`,
      source: "agent",
      status: "firing",
      severity: "critical",
      summary: "it is bad",
      time: at,
      kind: "alert",
      ...event,
    }),
  );
  const { incidents } = await replayEvents({ cmdb: CMDB, settings, lines, until: START + 60_000 });
  const first = incidents.flatMap(({ notifications }) => notifications)[0];
  expect(first).toBeDefined();
  expect(Date.parse(first!.at) - START).toBeLessThanOrEqual(2_000);
  expect(first!.page).toBe(page);
});

test("what a person needs to know at once waits for nobody else's page: each of six strangers, two seconds apart", async () => {
  const names = ["alpha", "bravo", "carol", "delta", "eagle", "golf"];
  const checks = ["disk_full", "http_5xx", "cert_expired", "replication_lag", "raid_degraded", "queue_depth"];
  const lines = names.map((ci, index) => {
    const at = new Date(START + index * 2_000).toISOString();
    return JSON.stringify({
      receivedAt: at,
      id: `e-${index}`,
      source: "agent",
      ci: `box-${ci}`,
      check: checks[index],
      status: "firing",
      severity: "critical",
      summary: `${checks[index]} on box-${ci}`,
      time: at,
      kind: "alert",
    });
  });
  const { incidents } = await replayEvents({
    cmdb: CMDB,
    settings: DEFAULT_SETTINGS,
    lines,
    until: START + 15 * 60_000,
  });
  expect(incidents).toHaveLength(6);
  for (const { openedAt, notifications } of incidents) {
    const [first] = notifications;
    expect(first).toMatchObject({ kind: "opened", page: true });
    expect(Date.parse(first!.at) - Date.parse(openedAt)).toBeLessThanOrEqual(DEFAULT_SETTINGS.correlation.settleMaxMs);
  }
});

type Step = [minute: number, ci: string, status: "firing" | "resolved"];

/** Members of one pool, minutes apart: each is a fault of its own. */
const hostsDown = (steps: readonly Step[]): string[] =>
  steps.map(([minute, name, status], index) => {
    const at = new Date(START + minute * 60_000).toISOString();
    return JSON.stringify({
      receivedAt: at,
      id: `e-${index}`,
      source: "nagios",
      ci: name,
      check: "host_down",
      status,
      severity: "critical",
      summary: "no answer to ping",
      time: at,
      kind: "alert",
    });
  });

test.for<[situation: string, steps: Step[], pagedFor: string | null]>([
  [
    "the third of three web servers goes while the other two are down",
    [
      [0, "web-1", "firing"],
      [5, "web-2", "firing"],
      [10, "web-3", "firing"],
    ],
    "web-3",
  ],
  [
    "the third goes when the first has come back",
    [
      [0, "web-1", "firing"],
      [5, "web-2", "firing"],
      [8, "web-1", "resolved"],
      [10, "web-3", "firing"],
    ],
    null,
  ],
])("redundancy is what is left of it, whoever took the rest: %s", async ([, steps, pagedFor]) => {
  const { incidents } = await replayEvents({
    cmdb: CMDB,
    settings: DEFAULT_SETTINGS,
    lines: hostsDown(steps),
    until: START + 15 * 60_000,
  });
  const paged = incidents.filter(({ notifications }) => notifications.some(({ page }) => page));
  expect(paged.map(({ rootCause }) => rootCause.ci)).toEqual(pagedFor === null ? [] : [pagedFor]);
  if (pagedFor === null) return;
  expect(paged[0]).toMatchObject({ priority: "P1", impact: { services: [{ ci: "shop", redundancyLeft: 0 }] } });
  const page = paged[0]!.notifications.find(({ page: isPage }) => isPage);
  expect(Date.parse(page!.at) - Date.parse(paged[0]!.openedAt)).toBeLessThanOrEqual(
    DEFAULT_SETTINGS.correlation.settleMaxMs,
  );
});

/** Nobody has called anything a business service. */
const WITHOUT: CmdbDocument = {
  ...CMDB,
  cis: [
    ci("checkout", "service", { criticality: 1 }),
    ci("db-1", "database"),
    ci("web-1", "host", { criticality: 2 }),
    ci("web-2", "host", { criticality: 2 }),
    ci("pool", "loadBalancer", { minHealthy: 1 }),
    ci("build-7", "host", { criticality: 4 }),
  ],
  relations: [
    needs("checkout", "dependsOn", "db-1"),
    needs("checkout", "dependsOn", "pool"),
    needs("pool", "hasMember", "web-1"),
    needs("pool", "hasMember", "web-2"),
  ],
};
const NAMELESS: CmdbDocument = { ...WITHOUT, cis: WITHOUT.cis.filter(({ id }) => id !== "checkout"), relations: [] };

test.for<[situation: string, cmdb: CmdbDocument, ci: string, pages: boolean]>([
  ["a service that somebody calls important stands for one: what it cannot do without pages", WITHOUT, "db-1", true],
  ["it itself", WITHOUT, "checkout", true],
  ["one of two that stand in for each other does not", WITHOUT, "web-1", false],
  ["no service and no relation at all: what somebody calls important matters", NAMELESS, "web-1", true],
  ["what is called minor does not", NAMELESS, "build-7", false],
])("a CMDB that declares no business service: %s", async ([, cmdb, name, pages]) => {
  const down = { ci: name, check: "host_down", severity: "critical", summary: "no answer" };
  const { pagedAfterS } = await firstPage(down, cmdb);
  expect(pagedAfterS === null ? null : pagedAfterS <= 60).toBe(pages ? true : null);
});
