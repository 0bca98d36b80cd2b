import { expect, test } from "vitest";
import { ciOf, cmdbOf } from "../../../test/support/core-driver.ts";
import { dependentsOf } from "./dependents.ts";
import { Topology } from "./topology.ts";

interface Row {
  situation: string;
  relations: string[];
  cis?: ReturnType<typeof ciOf>[];
  vantage?: string[];
  fallen: string[];
  expected: string[];
}

const ROWS: Row[] = [
  {
    situation: "what runs on a host, and what calls that, falls with it",
    relations: ["vm runsOn hv", "app runsOn vm", "web dependsOn app", "other runsOn hv-2"],
    fallen: ["hv"],
    expected: ["app", "hv", "vm", "web"],
  },
  {
    situation: "what is only used is missed, not needed",
    relations: ["app uses cache", "site dependsOn app"],
    fallen: ["cache"],
    expected: ["cache"],
  },
  {
    situation: "a pool stands while enough members do",
    relations: ["pool hasMember a", "pool hasMember b", "shop dependsOn pool"],
    fallen: ["a"],
    expected: ["a"],
  },
  {
    situation: "a pool that needs two of two falls with one",
    relations: ["pool hasMember a", "pool hasMember b", "shop dependsOn pool"],
    cis: [ciOf("pool", { minHealthy: 2 })],
    fallen: ["a"],
    expected: ["a", "pool", "shop"],
  },
  {
    situation: "a pool falls when its members fall together",
    relations: ["pool hasMember a", "pool hasMember b", "a runsOn hv", "b runsOn hv"],
    fallen: ["hv"],
    expected: ["a", "b", "hv", "pool"],
  },
  {
    situation: "one uplink of two is enough",
    relations: ["host connectsTo sw-1", "host connectsTo sw-2", "sw-1 connectsTo core", "sw-2 connectsTo core"],
    vantage: ["core"],
    fallen: ["sw-1"],
    expected: ["sw-1"],
  },
  {
    situation: "the only switch cuts off its hosts and what runs there",
    relations: ["host connectsTo sw", "sw connectsTo core", "app runsOn host", "far connectsTo core"],
    vantage: ["core"],
    fallen: ["sw"],
    expected: ["app", "host", "sw"],
  },
  {
    situation: "a ring is cut in two places",
    relations: [
      "a connectsTo core",
      "core connectsTo a",
      "b connectsTo a",
      "a connectsTo b",
      "b connectsTo core",
      "core connectsTo b",
      "host connectsTo b",
    ],
    vantage: ["core"],
    fallen: ["a"],
    expected: ["a"],
  },
  {
    situation: "a loop of needs ends",
    relations: ["a dependsOn b", "b dependsOn a"],
    fallen: ["a"],
    expected: ["a", "b"],
  },
];

test.for(ROWS)("$situation", ({ relations, cis = [], vantage = [], fallen, expected }) => {
  const topology = new Topology(cmdbOf(relations, cis, vantage));
  const found = dependentsOf(
    topology,
    fallen.map((id) => topology.register(id)),
  );
  expect([...found].map((index) => topology.id(index)).sort((a, b) => (a < b ? -1 : 1))).toEqual(expected);
});
