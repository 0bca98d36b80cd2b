import { expect, test } from "vitest";
import { CoreDriver, eventAt, seconds } from "../../test/support/core-driver.ts";
import { SMALL_CMDB, SMALL_SETTINGS } from "../../test/support/core-world.ts";

test("names that nobody speaks of any more do not fill the graph", () => {
  const core = new CoreDriver({ cmdb: SMALL_CMDB, settings: SMALL_SETTINGS });
  core.event({ ci: "kept" });
  const known = core.state.topology.size;
  // More than may be active: they are refused, but their names are looked up.
  for (let number = 0; number < 50_020; number += 1)
    core.input({ kind: "event", at: seconds(2), event: eventAt(seconds(2), { ci: `pod-${number}` }) });
  expect(core.state.topology.size).toBeLessThan(known + 50);
  expect(core.state.topology.find("kept")).toBeDefined();
  expect([...core.state.alerts.all()].map(({ ci }) => ci)).toContain("kept");
});
