import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { ciOf, cmdbOf, T0 } from "./core-driver.ts";

/** A small shop: two hypervisors behind a switch, a pool, a database, a business service, and a host nobody relates. */
export const SMALL_CMDB: CmdbDocument = {
  ...cmdbOf(
    [
      "hv-1 connectsTo sw-1",
      "hv-2 connectsTo sw-1",
      "web-1 runsOn hv-1",
      "web-2 runsOn hv-2",
      "pool hasMember web-1",
      "pool hasMember web-2",
      "pool dependsOn db",
      "db runsOn hv-2",
      "shop dependsOn pool",
    ],
    [
      ciOf("shop", { type: "businessService", criticality: 1, owner: "team-shop" }),
      ciOf("web-1", { aliases: ["web-1.example.net", "10.0.0.1"], owner: "team-web" }),
      ciOf("lone"),
    ],
    ["sw-1"],
  ),
  maintenance: [
    {
      id: "mw-1",
      cis: ["hv-2"],
      from: T0 + 30 * 60_000,
      to: T0 + 60 * 60_000,
      includeDependents: true,
      reason: "firmware",
      owner: null,
    },
  ],
};

export const SMALL_SETTINGS: CoreSettings = {
  ...DEFAULT_SETTINGS,
  inhibitions: [
    {
      source: [{ name: "check", value: "down", isRegex: false, isEqual: true }],
      target: [{ name: "severity", value: "warning|minor", isRegex: true, isEqual: true }],
      equal: ["ci"],
    },
  ],
  routes: [
    { match: { priorities: ["P1", "P2"] }, receivers: ["pager"], continue: true },
    { match: { owners: ["team-shop"] }, receivers: ["shop"], continue: true },
    { match: {}, receivers: ["chat"], continue: false },
  ],
  limits: { alertsMax: 12, eventIdsMax: 40, resolvedAlertsMax: 3 },
};

const HOUR_MS = 3_600_000;

/** What an administrator may make of them while the collector runs. */
export const OTHER_SETTINGS: Readonly<Record<string, CoreSettings>> = {
  same: SMALL_SETTINGS,
  hasty: {
    ...SMALL_SETTINGS,
    correlation: {
      settleMinMs: 0,
      settleMaxMs: 1000,
      resolveAfterMs: 5000,
      reopenWithinMs: 60_000,
      alertTtlMs: HOUR_MS,
      suppressMaxMs: 60_000,
      recoverySettleMs: 10_000,
    },
  },
  patient: {
    ...SMALL_SETTINGS,
    inhibitions: [],
    correlation: { ...SMALL_SETTINGS.correlation, resolveAfterMs: 600_000, reopenWithinMs: 6 * HOUR_MS },
  },
  nobody: { ...SMALL_SETTINGS, routes: [] },
  nights: {
    ...SMALL_SETTINGS,
    routes: [{ match: { times: ["nights"] }, receivers: ["pager"], continue: false }],
    timeIntervals: [
      {
        name: "nights",
        spans: [0, 1, 2, 3].map((day) => ({ from: T0 + (day * 24 + 1) * HOUR_MS, to: T0 + (day * 24 + 3) * HOUR_MS })),
      },
    ],
  },
  narrow: { ...SMALL_SETTINGS, limits: { alertsMax: 3, eventIdsMax: 5, resolvedAlertsMax: 1 } },
};
