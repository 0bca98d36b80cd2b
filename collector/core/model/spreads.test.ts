import { expect, test } from "vitest";
import { ciOf } from "../../../test/support/core-driver.ts";
import { Reachability } from "./reachability.ts";
import { Spreads } from "./spreads.ts";
import { Topology } from "./topology.ts";

const APPS = 700;

const apps = Array.from({ length: APPS }, (_, index) => `app-${index}`);
const topology = new Topology({
  vantage: [],
  cis: [
    ...["db", "ntp-1"].map((id) => ciOf(id, { type: "database" })),
    ...apps.map((id) => ciOf(id, { type: "application" })),
  ],
  relations: apps.flatMap((from) => [
    { from, type: "runsOn", to: "db", source: "cmdb", confidence: 0.5, lastSeenAt: null },
    { from, type: "uses", to: "ntp-1", source: "cmdb", confidence: 1, lastSeenAt: null },
  ]),
  maintenance: [],
});

/** Whom trouble of this CI reaches, with what is known of the first and the last. */
function row(spreads: Spreads, id: string): unknown {
  const ci = topology.find(id) ?? -1;
  const end = spreads.end(ci, topology.version);
  const places = Array.from({ length: end - spreads.begin(ci) }, (_, index) => spreads.begin(ci) + index);
  const seen = [places[0] ?? 0, places.at(-1) ?? 0].map((at) => [
    topology.id(spreads.to(at)),
    spreads.confidence(at),
    spreads.ifDead(at),
    spreads.staysDead(at),
    spreads.ifBad(at),
  ]);
  return [places.length, ...seen];
}

test("rows keep what was written though others are written after them, and are written anew when the graph has changed", () => {
  const spreads = new Spreads(topology, new Reachability(topology));
  const onDb = [APPS, ["app-0", 0.5, 0.95, true, 0.5], ["app-699", 0.5, 0.95, true, 0.5]];
  expect(row(spreads, "db")).toEqual(onDb);
  expect(row(spreads, "ntp-1")).toEqual([APPS, ["app-0", 1, 0.08, false, 0.12], ["app-699", 1, 0.08, false, 0.12]]);
  expect(row(spreads, "db")).toEqual(onDb);
  topology.learn({ from: topology.register("late"), to: topology.find("db") ?? -1, confidence: 0.25 });
  expect(row(spreads, "db")).toEqual([APPS + 1, ["app-0", 0.5, 0.95, true, 0.5], ["late", 0.25, 0.75, false, 0.6]]);
});
