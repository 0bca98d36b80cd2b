import { expect, test } from "vitest";
import { createCorrelator } from "../../collector/core/correlate/correlator.ts";
import { createRootRanker } from "../../collector/core/root-cause/ranker.ts";
import { ciOf, cmdbOf, CoreDriver, T0 } from "../support/core-driver.ts";

const APPS = [1, 2, 3, 4].map((n) => `till-${n}`);
const SHOPS = cmdbOf(
  APPS.map((name) => `${name} dependsOn tilldb`),
  [
    ciOf("tilldb", { type: "database", criticality: 1 }),
    ...APPS.map((name) => ciOf(name, { type: "application" })),
    ciOf("kiosk", { type: "application", criticality: 2 }),
  ],
);

function driver(after?: CoreDriver): CoreDriver {
  const correlator = createCorrelator(createRootRanker());
  return new CoreDriver({ cmdb: SHOPS, correlator, ...(after === undefined ? {} : { after }) });
}

const dayAt = (day: number): number => T0 + day * 24 * 3_600_000;

/** The database stops for ten minutes; the kiosk, which the CMDB knows nothing of, fails with it. A person may merge the two. */
function day(core: CoreDriver, number: number, isMerged: boolean): string | null {
  const from = dayAt(number);
  core.to(from);
  core.event({ ci: "tilldb", check: "db_unavailable", summary: "cannot connect" });
  for (const name of APPS) core.event({ ci: name, check: "http_errors", severity: "major", summary: "500" });
  core.to(from + 60_000);
  core.event({ ci: "kiosk", check: "screen_blank", severity: "major", summary: "shows nothing" });
  core.to(from + 180_000);
  const homeOf = (ci: string, check: string): string => core.alert({ ci, check })?.incident ?? "";
  const [own, others] = [homeOf("kiosk", "screen_blank"), homeOf("tilldb", "db_unavailable")];
  if (isMerged && own !== others) core.command({ type: "merge", incident: own, into: others });
  core.to(from + 600_000);
  for (const name of APPS) core.event({ ci: name, check: "http_errors", status: "resolved" });
  core.event({ ci: "tilldb", check: "db_unavailable", status: "resolved" });
  core.to(from + 700_000);
  core.event({ ci: "kiosk", check: "screen_blank", status: "resolved" });
  core.to(from + 5 * 3_600_000);
  return own === others ? own : null;
}

test("what a person has put together twice comes together the third time, and the reason says so", () => {
  const core = driver();
  expect([day(core, 0, true), day(core, 1, true)]).toEqual([null, null]);
  const third = day(core, 2, false);
  expect(third).not.toBeNull();
  const told = core.ledger("root.changed").flatMap(({ reasons }) => reasons);
  const candidates = core.effects.flatMap((effect) =>
    effect.kind === "put" && effect.entity.kind === "incident" ? effect.entity.value.rootCause.candidates : [],
  );
  expect([...told, ...candidates.flatMap(({ reasons }) => reasons)].join("\n")).toContain(
    "kiosk failed with tilldb before, though the CMDB does not relate them",
  );
});

test("it outlives a restart", () => {
  const before = driver();
  day(before, 0, true);
  day(before, 1, true);
  expect(day(driver(before), 2, false)).not.toBeNull();
});

test("once is chance, and what was not seen for months is forgotten, with a restart in between and without", () => {
  const once = driver();
  day(once, 0, true);
  expect(day(once, 1, false)).toBeNull();
  const long = driver();
  day(long, 0, true);
  day(long, 1, true);
  long.to(dayAt(99));
  expect(day(driver(long), 100, false)).toBeNull();
  expect(day(long, 100, false)).toBeNull();
});
