import { expect, test } from "vitest";
import type { Ci, Relation } from "./ci.ts";
import { faultKey, Influence } from "./influence.ts";
import { Topology } from "./topology.ts";

const ci = (id: string): Ci => ({
  id,
  type: "host",
  name: id,
  aliases: [],
  labels: {},
  owner: null,
  criticality: null,
  minHealthy: null,
  known: true,
});
const needs = (from: string, to: string, confidence: number): Relation => ({
  from,
  type: "dependsOn",
  to,
  source: confidence < 1 ? "observed:web" : "cmdb",
  confidence,
  lastSeenAt: null,
});

/** What it costs that this CI's fault shows itself on web; undefined where it explains nothing. */
function costOf(relations: Relation[], suspect: string): number | undefined {
  const topology = new Topology({ vantage: [], cis: ["web", "db", "mq"].map(ci), relations, maintenance: [] });
  const { keys, costs } = new Influence(topology).causes(topology.find("web")!, "errors");
  const at = keys.indexOf(faultKey(topology.find(suspect)!, false));
  return at === -1 ? undefined : costs[at];
}

test("a relation that was only seen explains, and explains less the less sure it is", () => {
  const declared = costOf([needs("web", "db", 1)], "db")!;
  const seen = costOf([needs("web", "db", 0.6)], "db")!;
  const fading = costOf([needs("web", "db", 0.3)], "db")!;
  expect(seen - declared).toBeCloseTo(-Math.log(0.6), 6);
  expect(fading).toBeGreaterThan(seen);
  expect(costOf([], "db")).toBeUndefined();
});

test("of two suspects the declared one is the likelier", () => {
  const relations = [needs("web", "db", 1), needs("web", "mq", 0.7)];
  expect(costOf(relations, "db")!).toBeLessThan(costOf(relations, "mq")!);
});
