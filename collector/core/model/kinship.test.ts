import { expect, test } from "vitest";
import { ciOf, relationOf } from "../../../test/support/core-driver.ts";
import type { Ci, CmdbDocument } from "./ci.ts";
import { stemOf } from "./kinship.ts";
import { Topology } from "./topology.ts";

test.for([
  ["cart-app-svc-2", "cart-app-svc-#"],
  ["cart-app-02.ams1.example.net", "cart-app-#"],
  ["order-2-71a67-c9b7e", "order-2-#-#"],
  ["catalog2-app-1", "catalog2-app-#"],
  ["acc-02-3", "acc-02-#"],
  ["dc-tor-02a", "dc-tor-#"],
  ["web01", "web#"],
  ["10.0.3.7", "#"],
])("%s is of the series %s", ([name = "", stem = ""]) => {
  expect(stemOf(name)).toBe(stem);
});

function document(): CmdbDocument {
  const ci = (id: string, type: string): Ci => ciOf(id, { type, criticality: 2 });
  return {
    vantage: [],
    cis: [
      ...[1, 2, 3, 4].map((n) => ci(`cart-app-${n}`, "application")),
      ...[1, 2, 3, 4, 5].map((n) => ci(`cart-vm-${n}`, "vm")),
      ci("cart-db", "database"),
      ci("cart-api", "service"),
    ],
    relations: [
      ...[1, 2, 3].map((n) => relationOf(`cart-app-${n} dependsOn cart-db`)),
      ...[1, 2, 3].map((n) => relationOf(`cart-app-${n} runsOn cart-vm-${n}`)),
      ...[1, 2, 3, 4].map((n) => relationOf(`cart-api hasMember cart-app-${n}`)),
    ],
    maintenance: [],
  };
}

function needs(topology: Topology, name: string): string[] {
  return topology.needs(topology.register(name)).map((edge) => `${edge.type} ${topology.id(edge.ci)} ${edge.source}`);
}

test("what three of four siblings have, the fourth is taken to have, with doubt", () => {
  const topology = new Topology(document());
  expect(needs(topology, "cart-app-4")).toEqual(["dependsOn cart-db siblings", "runsOn cart-vm-4 siblings"]);
  const inferred = topology.needs(topology.register("cart-app-4"))[0];
  expect(inferred?.confidence).toBeGreaterThan(0.3);
  expect(inferred?.confidence).toBeLessThan(0.7);
});

test("what the CMDB says is never changed", () => {
  const topology = new Topology(document());
  expect(needs(topology, "cart-app-1")).toEqual(["dependsOn cart-db cmdb", "runsOn cart-vm-1 cmdb"]);
});

test("a CI that nobody declared is what its siblings are, and still unknown", () => {
  const topology = new Topology(document());
  const stranger = topology.ci(topology.register("cart-app-5"));
  expect(stranger).toMatchObject({ type: "application", criticality: 2, known: false });
  expect(needs(topology, "cart-app-5")).toContain("runsOn cart-vm-5 siblings");
  expect(topology.neededBy(topology.register("cart-app-5")).map((edge) => topology.id(edge.ci))).toEqual(["cart-api"]);
});

test("a stranger like nothing else stays one", () => {
  const topology = new Topology(document());
  expect(topology.ci(topology.register("who-is-this"))).toMatchObject({
    type: "host",
    criticality: null,
    known: false,
  });
});
