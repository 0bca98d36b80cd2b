import { expect, test } from "vitest";
import { ciOf } from "../../../test/support/core-driver.ts";
import { quietDependents, type Alarmed, type Dependents } from "./hypothesis.ts";
import { faultKey, Influence } from "./influence.ts";
import { Topology } from "./topology.ts";

const hosts = Array.from({ length: 400 }, (_, at) => `host-${at}`);
const topology = new Topology({
  vantage: [],
  cis: [ciOf("switch-1", { type: "switch" }), ...hosts.map((id) => ciOf(id))],
  // Each says another thing by being quiet: then the order of a sum shows.
  relations: hosts.map((from, at) => ({
    from,
    type: "connectsTo",
    to: "switch-1",
    source: "cmdb",
    confidence: 0.4 + (at % 37) / 70,
    lastSeenAt: null,
  })),
  maintenance: [],
});
const influence = new Influence(topology);
const indexOf = (id: string): number => topology.find(id) ?? -1;

/** Those that alarm, told as a list or one by one. */
function alarmed(cis: readonly number[], isListed: boolean): Alarmed {
  return { has: (ci) => cis.includes(ci), all: () => (isListed ? cis : null) };
}

test.for<[situation: string, alarming: number, members: number]>([
  ["nobody alarms", 0, 0],
  ["some alarm", 20, 0],
  ["more alarm than are put in order by hand", 70, 0],
  ["alerts that are explained began at another time", 3, 40],
  ["nearly all alarm", 390, 10],
])("what the quiet say is the same however those that alarm were found: %s", ([, alarming, count]) => {
  // In no order, and with one that has nothing to do with it.
  const alarms = hosts.slice(0, alarming).map(indexOf).reverse();
  const members = hosts.slice(alarming, alarming + count).map(indexOf);
  const weighed = [true, false].map((isListed) =>
    quietDependents(
      influence,
      faultKey(indexOf("switch-1"), true),
      {
        members: [...members, ...members.slice(0, 2)],
        alarmed: () => alarmed([...alarms, 100_000], isListed),
        speaks: (ci) => ci % 7 === 0,
      },
      { onset: 0, at: 60_000, silent: true, enough: Number.POSITIVE_INFINITY },
    ),
  );
  expect(weighed[0]).toEqual(weighed[1]);
  expect([weighed[0]?.expected, weighed[0]?.failing]).toEqual([hosts.length, alarming + count]);
});

test("what the quiet cost at least is never more than they cost, and is told only where that is enough", () => {
  const weigh = (alarming: number, enough: number): Dependents =>
    quietDependents(
      influence,
      faultKey(indexOf("switch-1"), true),
      {
        members: [indexOf("switch-1")],
        alarmed: () => alarmed(hosts.slice(0, alarming).map(indexOf), true),
        speaks: () => false,
      },
      { onset: 0, at: 60_000, silent: true, enough },
    );
  const costs = [0, 20, 200, 400].map((alarming) => {
    const [exact, soon] = [weigh(alarming, Number.POSITIVE_INFINITY), weigh(alarming, 1)];
    expect(soon.cost).toBeLessThanOrEqual(exact.cost);
    return [exact.isLeast, soon.isLeast];
  });
  // Where nearly all of them alarm they have to be asked.
  expect(costs).toEqual([
    [false, true],
    [false, true],
    [false, true],
    [false, false],
  ]);
});
