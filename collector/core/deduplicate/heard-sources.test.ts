import { expect, test } from "vitest";
import { CoreDriver, minutes, ONE_ROUTE } from "../../../test/support/core-driver.ts";
import type { CoreSettings } from "../model/settings.ts";

/** So few that what is over is soon forgotten. */
const FORGETFUL: CoreSettings = { ...ONE_ROUTE, limits: { ...ONE_ROUTE.limits, resolvedAlertsMax: 1 } };

/** At these minutes, events of the source `zabbix`; those of `other` put its resolved alerts out of memory. */
type Told = readonly [minute: number, ci: string, status: "firing" | "resolved", source?: "other"];

const HELD: readonly Told[] = [
  [0, "web-01", "firing"],
  [1, "web-01", "firing"],
];
const FORGOTTEN: readonly Told[] = [
  [15, "db-01", "firing"],
  [16, "db-01", "resolved"],
  [17, "lone", "firing", "other"],
  [18, "lone", "resolved", "other"],
];

function told(events: readonly Told[]): CoreDriver {
  const core = new CoreDriver({ settings: FORGETFUL });
  for (const [minute, ci, status, source] of events)
    core.to(minutes(minute)).event({ ci, status, source: source ?? "zabbix" });
  return core;
}

const metaOf = (core: CoreDriver): string[] => core.stored().flatMap(({ kind, id }) => (kind === "meta" ? [id] : []));

test.for<[situation: string, events: readonly Told[], status: string]>([
  ["whose alerts are all there", [...HELD, [15, "db-01", "firing"]], "resolved"],
  ["whose last word came with an alert that is forgotten", [...HELD, ...FORGOTTEN], "resolved"],
  [
    "that has cleared a second time what is over, and is forgotten then",
    [
      ...HELD,
      [2, "db-01", "firing"],
      [3, "db-01", "resolved"],
      [16, "db-01", "resolved"],
      [17, "lone", "firing", "other"],
      [18, "lone", "resolved", "other"],
    ],
    "resolved",
  ],
  ["that has said nothing since", HELD, "firing"],
])("of a source %s, a core that was stopped thinks as one that lives on", ([, events, status]) => {
  const [alive, stopped] = [told(events), told(events)];
  const restarted = new CoreDriver({ settings: FORGETFUL, after: stopped });
  // It was repeated each minute, and has not been for 20.
  for (const core of [alive, restarted])
    expect(core.to(minutes(22)).alert({ ci: "web-01", source: "zabbix" })?.status).toBe(status);
});

test("the last word of a source is kept no longer than anybody asks for it", () => {
  expect(metaOf(told([...HELD, ...FORGOTTEN]))).toContain("heard zabbix");
  const later: readonly Told[] = [
    [40, "lone", "firing", "other"],
    [41, "lone", "resolved", "other"],
  ];
  expect(metaOf(told([...HELD, ...FORGOTTEN, ...later]))).toEqual(["counters"]);
});
