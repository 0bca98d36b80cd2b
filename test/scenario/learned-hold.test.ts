import { expect, test } from "vitest";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import { createCorrelator } from "../../collector/core/correlate/correlator.ts";
import { createRootRanker } from "../../collector/core/root-cause/ranker.ts";
import { ciOf, cmdbOf, CoreDriver, minutes, T0 } from "../support/core-driver.ts";

const NIGHTS = 6;
const nightAt = (night: number): number => T0 + night * 24 * 3_600_000;
const PLAIN = cmdbOf([], [ciOf("backup-host")]);
const NEEDED = cmdbOf(
  ["shop dependsOn backup-host"],
  [ciOf("backup-host"), ciOf("shop", { type: "businessService", criticality: 1 })],
);

function driver(cmdb: CmdbDocument, after?: CoreDriver): CoreDriver {
  const correlator = createCorrelator(createRootRanker());
  return new CoreDriver({ cmdb, correlator, ...(after === undefined ? {} : { after }) });
}

const FULL = { ci: "backup-host", check: "filesystem_full", summary: "/backup is full" };

/** Some nights in which the disk is full for six minutes and then is not. */
function nights(core: CoreDriver, count: number): CoreDriver {
  for (let night = 0; night < count; night += 1) {
    core.to(nightAt(night));
    core.event(FULL);
    core.to(nightAt(night) + 6 * 60_000);
    core.event({ ...FULL, status: "resolved" });
    core.to(nightAt(night) + 3 * 3_600_000);
  }
  return core;
}

/** Seconds from when the night began to the first page of it; null = nobody was woken. */
function pagedAfterS(core: CoreDriver, from: number): number | null {
  const page = core.notifications().find((notification) => notification.page && notification.at >= from);
  return page === undefined ? null : (page.at - from) / 1000;
}

test("a condition that nobody knows pages at once; after some nights it is given the time that it usually takes", () => {
  const core = nights(driver(PLAIN), NIGHTS);
  expect(pagedAfterS(core, nightAt(0))).toBeLessThanOrEqual(60);
  expect(pagedAfterS(core, nightAt(NIGHTS - 1))).toBeNull();
});

test("when it does not clear this time, a page follows a minute after it usually does, and says why it waited", () => {
  const core = nights(driver(PLAIN), NIGHTS);
  const from = nightAt(NIGHTS);
  core.to(from);
  core.event(FULL);
  core.to(from + 20 * 60_000);
  expect(pagedAfterS(core, from)).toBe(7 * 60);
  const reasons = core.ledger("notification.held").flatMap((record) => record.reasons);
  expect(reasons.at(-1)).toBe(
    `it usually clears by itself within 6 min (so the last ${NIGHTS} times); if it does not, a page follows at 00:07 UTC`,
  );
});

test("what was learned outlives a restart", () => {
  const before = nights(driver(PLAIN), NIGHTS);
  const core = driver(PLAIN, before);
  const from = nightAt(NIGHTS);
  core.to(from);
  core.event(FULL);
  core.to(from + 5 * 60_000);
  expect(pagedAfterS(core, from)).toBeNull();
  core.to(from + 20 * 60_000);
  expect(pagedAfterS(core, from)).toBe(7 * 60);
});

test("a service that has nothing else is not made to wait for a habit", () => {
  const core = nights(driver(NEEDED), NIGHTS);
  const from = nightAt(NIGHTS);
  core.to(from);
  core.event(FULL);
  core.to(from + 20 * 60_000);
  expect(pagedAfterS(core, from)).toBeLessThanOrEqual(60);
});

test("where a person took it, it did not end by itself: nothing is learned", () => {
  const core = driver(PLAIN);
  for (let night = 0; night < NIGHTS; night += 1) {
    core.to(nightAt(night));
    core.event(FULL);
    core.to(nightAt(night) + 2 * 60_000);
    const open = core.state.alerts.get(core.alert(FULL)?.id ?? "")?.incident ?? "";
    core.command({ type: "acknowledge", incident: open });
    core.to(nightAt(night) + 6 * 60_000);
    core.event({ ...FULL, status: "resolved" });
    core.to(nightAt(night) + 3 * 3_600_000);
  }
  const from = nightAt(NIGHTS);
  core.to(from);
  core.event(FULL);
  core.to(minutes(NIGHTS * 24 * 60 + 20));
  expect(pagedAfterS(core, from)).toBeLessThanOrEqual(60);
});

test("three months later nobody relies on it any more", () => {
  const core = nights(driver(PLAIN), NIGHTS);
  const from = nightAt(100);
  core.to(from);
  core.event(FULL);
  core.to(from + 20 * 60_000);
  expect(pagedAfterS(core, from)).toBeLessThanOrEqual(60);
});
