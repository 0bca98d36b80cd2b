import { expect, test } from "vitest";
import { ciOf, cmdbOf } from "../../../test/support/core-driver.ts";
import { Topology } from "./topology.ts";

/** Systems that are built alike; each line is `from type to`, and every name in it is a CI. */
function build(relations: readonly string[], others: readonly string[] = []): Topology {
  const names = new Set([
    ...relations.flatMap((line) => [line.split(" ")[0] ?? "", line.split(" ")[2] ?? ""]),
    ...others,
  ]);
  const cis = [...names].map((id) => ciOf(id, { type: id.includes("cache") ? "cache" : "vm" }));
  return new Topology(cmdbOf(relations, cis));
}

function needs(topology: Topology, name: string): string[] {
  return topology.needs(topology.register(name)).map((edge) => `${edge.type} ${topology.id(edge.ci)} ${edge.source}`);
}

const CACHES = ["cart", "search", "returns"].map((system) => `${system}-cache runsOn ${system}-redis-01`);

test("where every cache runs on the machine of its name, so does the one of which the CMDB does not say it", () => {
  const topology = build(CACHES, ["account-cache", "account-redis-01"]);
  expect(needs(topology, "account-cache")).toEqual(["runsOn account-redis-01 siblings"]);
  expect(topology.needs(topology.register("account-cache"))[0]?.confidence).toBeLessThan(1);
});

test("numbers go along: the second program runs on the second machine", () => {
  const apps = ["cart", "search", "returns"].map((system) => `${system}-app-svc-2 runsOn ${system}-app-02`);
  const topology = build(apps, ["account-app-svc-3", "account-app-02", "account-app-03"]);
  expect(needs(topology, "account-app-svc-3")).toEqual(["runsOn account-app-03 siblings"]);
});

test.for<[situation: string, relations: string[], others: string[]]>([
  ["two systems are no custom", CACHES.slice(0, 2), ["account-cache", "account-redis-01"]],
  [
    "what half of them do not is no custom",
    CACHES,
    ["aa", "bb", "cc", "account"].flatMap((system) => [`${system}-cache`, `${system}-redis-01`]),
  ],
  ["what it would run on does not exist", CACHES, ["account-cache", "account-db-01"]],
  ["it runs elsewhere, says the CMDB", [...CACHES, "account-cache runsOn big-host"], ["account-redis-01"]],
])("nothing is made up: %s", ([, relations, others]) => {
  const topology = build(relations, others);
  expect(needs(topology, "account-cache").filter((text) => text.endsWith("siblings"))).toEqual([]);
});

test("a name that the CMDB does not have is the machine of the program that lacks one", () => {
  const servers = ["lms", "mail", "print"].map((system) => `${system}-srv-1 runsOn ${system}-01`);
  const topology = build(servers, ["library-srv-1"]);
  const machine = topology.ci(topology.register("library-01.example.net"));
  expect(machine).toMatchObject({ type: "vm", known: false, criticality: null });
  expect(needs(topology, "library-srv-1")).toEqual(["runsOn library-01.example.net siblings"]);
  expect(topology.ci(topology.register("shop-01")).type).toBe("host");
});
