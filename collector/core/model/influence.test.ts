import { beforeEach, describe, expect, test } from "vitest";
import { ciOf, relationOf } from "../../../test/support/core-driver.ts";
import type { Ci } from "./ci.ts";
import { faultCi, Influence } from "./influence.ts";
import { Topology } from "./topology.ts";

const ci = (id: string, type: string): Ci => ciOf(id, { type, criticality: 2 });

/** Three of a series that need one database, are members of one pool, and run each on the machine of its number. */
function seriesOf(numbers: readonly number[]): Topology {
  return new Topology({
    vantage: ["core"],
    cis: [
      ci("core", "switch"),
      ci("cart-db", "database"),
      ci("cart-pool", "service"),
      ...numbers.map((n) => ci(`cart-app-${n}`, "application")),
      ...[...numbers, 4].map((n) => ci(`cart-vm-${n}`, "vm")),
    ],
    relations: [
      ...[...numbers, 4].map((n) => relationOf(`cart-vm-${n} connectsTo core`)),
      ...numbers.flatMap((n) => [
        relationOf(`cart-app-${n} dependsOn cart-db`),
        relationOf(`cart-app-${n} runsOn cart-vm-${n}`),
        relationOf(`cart-pool hasMember cart-app-${n}`),
      ]),
    ],
    maintenance: [],
  });
}

/** An alert names a CI that the CMDB lacks; by its name it is one more of a series, and wired like them. */
describe("when a fourth of a series becomes known", () => {
  let topology: Topology;
  let influence: Influence;
  let fourth: number;
  const effectsOn = (id: string, dead: boolean): string[] =>
    [...influence.effects.of(topology.find(id) ?? -1, dead).cis].map((other) => topology.id(other));

  beforeEach(() => {
    topology = seriesOf([1, 2, 3]);
    influence = new Influence(topology);
    // Asked before, so that the answers are kept.
    for (const { id } of topology.all()) {
      influence.causes(topology.register(id), "errors");
      for (const dead of [true, false]) influence.effects.of(topology.register(id), dead);
    }
    fourth = topology.register("cart-app-4");
  });

  test("what it needs is expected to hit it", () => {
    expect(effectsOn("cart-db", false)).toContain("cart-app-4");
    expect(effectsOn("cart-vm-4", true)).toContain("cart-app-4");
  });

  test("what cuts its machine off cuts it off", () => {
    expect(influence.reach.before(fourth).map((point) => topology.id(point))).toEqual(["core", "cart-vm-4"]);
    expect(effectsOn("core", true)).toContain("cart-app-4");
  });

  test("it can be the cause of its pool's trouble", () => {
    const { keys } = influence.causes(topology.find("cart-pool") ?? -1, "errors");
    expect([...keys].map(faultCi)).toContain(fourth);
  });
});
