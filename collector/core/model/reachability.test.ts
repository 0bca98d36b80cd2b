import { expect, test } from "vitest";
import type { Ci, Relation } from "./ci.ts";
import { EffectsOf } from "./effects.ts";
import { faultCi, faultDead, Influence } from "./influence.ts";
import { Reachability } from "./reachability.ts";
import { Topology } from "./topology.ts";

function graph(relations: readonly string[], vantage: string[] = [], types: Record<string, string> = {}): Topology {
  const parsed = relations.map((text): Relation => {
    const [from = "", type = "", to = ""] = text.split(" ");
    return { from, type, to, source: "cmdb", confidence: 1, lastSeenAt: null };
  });
  const names = [...new Set(parsed.flatMap(({ from, to }) => [from, to]))];
  const cis = names.map(
    (id): Ci => ({
      id,
      type: types[id] ?? "host",
      name: id,
      aliases: [],
      labels: {},
      owner: null,
      criticality: null,
      minHealthy: null,
      known: true,
    }),
  );
  return new Topology({ vantage, cis, relations: parsed, maintenance: [] });
}

function before(topology: Topology, name: string): string[] {
  const reach = new Reachability(topology);
  return reach
    .before(topology.find(name) ?? -1)
    .map((point) => topology.id(point))
    .sort();
}

test("behind one line, everything on it is a single point of failure", () => {
  const topology = graph(["tor connectsTo core", "hv connectsTo tor", "vm runsOn hv"], ["core"]);
  expect(before(topology, "vm")).toEqual(["core", "hv", "tor"]);
});

test("of two lines neither is, but what both share is", () => {
  const topology = graph(
    [
      "a connectsTo core",
      "b connectsTo core",
      "hv connectsTo a",
      "hv connectsTo b",
      "a containedIn room",
      "b containedIn room",
    ],
    ["core"],
  );
  expect(before(topology, "hv")).toEqual(["core", "room"]);
});

test("in a ring that is given in both directions, no line away from us is anyone's need", () => {
  const ring = [
    "core connectsTo c2",
    "c2 connectsTo core",
    "tor connectsTo core",
    "tor connectsTo c2",
    "hv connectsTo tor",
  ];
  expect(before(graph(ring, ["core"]), "hv")).toEqual(["core", "tor"]);
});

test("an island without a way to us is seen from its own top", () => {
  const topology = graph(
    ["i1 connectsTo i2", "i2 connectsTo i1", "x connectsTo i1", "x connectsTo i2", "y connectsTo x"],
    [],
  );
  expect(before(topology, "y")).toEqual(["x"]);
});

test("what a fault makes likely and what a symptom makes suspect are two sides of one table", () => {
  const topology = graph(
    [
      "app-1 dependsOn db",
      "app-2 dependsOn db",
      "db runsOn vm",
      "vm runsOn hv",
      "api hasMember app-1",
      "api hasMember app-2",
    ],
    [],
    { db: "database", api: "service", "app-1": "application", "app-2": "application" },
  );
  const influence = new Influence(topology);
  const reach = new Reachability(topology);
  const effects = new EffectsOf(topology, reach);
  for (const ci of topology.all()) {
    const { keys } = influence.causes(topology.find(ci.id) ?? -1, "errors");
    for (const key of keys) {
      const root = faultCi(key);
      if (topology.id(root) === ci.id || topology.id(root) === "api") continue;
      const { cis } = effects.of(root, faultDead(key));
      expect([...cis].map((other) => topology.id(other))).toContain(ci.id);
    }
  }
});

test("a line to a foreign place that no peer has is a mistake of the CMDB; one that peers share is not", () => {
  const hosts = ["h1", "h2", "h3"];
  const rack = hosts.flatMap((host) => [`${host} connectsTo tor-1`, `${host} containedIn rack-1`]);
  const rest = [
    "tor-1 connectsTo core",
    "tor-2 connectsTo core",
    "tor-1 containedIn rack-1",
    "tor-2 containedIn rack-2",
  ];
  const odd = graph([...rack, ...rest, "h3 connectsTo tor-2"], ["core"]);
  expect(before(odd, "h3")).toContain("tor-1");
  const shared = graph([...rack, ...rest, "h2 connectsTo tor-2", "h3 connectsTo tor-2"], ["core"]);
  expect(before(shared, "h3")).not.toContain("tor-1");
});
