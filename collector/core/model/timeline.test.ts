import { expect, test } from "vitest";
import { CoreDriver, minutes, T0 } from "../../../test/support/core-driver.ts";
import { tellJoined, tellTimeline } from "./timeline.ts";

function incident() {
  const core = new CoreDriver();
  core.event();
  const found = core.incident(1);
  if (found === undefined) throw new Error("no incident");
  found.timeline = [];
  return found;
}

test("alerts that join within a minute are one line", () => {
  const one = incident();
  tellJoined(one, T0, "a is down");
  tellJoined(one, T0 + 1000, "b is down");
  tellJoined(one, T0 + 2000, "c is down");
  tellJoined(one, minutes(5), "d is down");
  expect(one.timeline.map((entry) => entry.text)).toEqual(["3 alerts, the last: c is down", "d is down"]);
});

test("a long timeline keeps how it began and what is new", () => {
  const one = incident();
  for (let index = 0; index < 700; index += 1) tellTimeline(one, T0 + index, "note", `note ${index}`);
  expect(one.timeline).toHaveLength(500);
  expect([one.timeline[0]?.text, one.timeline[49]?.text, one.timeline[50]?.text, one.timeline.at(-1)?.text]).toEqual([
    "note 0",
    "note 49",
    "note 250",
    "note 699",
  ]);
});
