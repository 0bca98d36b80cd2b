import { expect, test } from "vitest";
import type { ChangeRecord } from "../model/correlation.ts";
import { Topology } from "../model/topology.ts";
import { ChangeLog } from "./change-log.ts";

const HOUR_MS = 3_600_000;
const START = 1000 * HOUR_MS;

function change(ci: string, hours: number): ChangeRecord {
  return { event: `${ci} ${hours}`, ci, at: START + hours * HOUR_MS, check: "deployment", summary: "" };
}

test("counts the changes that are known, over the time since the first of them", () => {
  const log = new ChangeLog();
  expect(log.lately(START).count).toBe(0);
  for (const [ci, hours] of [
    ["a", 0],
    ["b", 1],
    ["a", 3],
  ] as const)
    log.add(change(ci, hours));
  expect(log.lately(START + 4 * HOUR_MS)).toEqual({ count: 3, withinMs: 4 * HOUR_MS });
});

test("one change in the first minutes is one within an hour, not within a minute", () => {
  const log = new ChangeLog();
  log.add(change("a", 0.01));
  expect(log.lately(START + 0.02 * HOUR_MS)).toEqual({ count: 1, withinMs: HOUR_MS });
});

test("what is older than a week does not count", () => {
  const log = new ChangeLog();
  for (const [ci, hours] of [
    ["a", 0],
    ["b", 200],
  ] as const)
    log.add(change(ci, hours));
  expect(log.lately(START + 210 * HOUR_MS)).toEqual({ count: 1, withinMs: 10 * HOUR_MS });
});

test("the count is the same after a restart and under new names", () => {
  const log = new ChangeLog();
  for (let turn = 0; turn < 120; turn += 1) log.add(change(turn % 2 === 0 ? "a" : `b${turn}`, turn / 3));
  const again = new ChangeLog();
  for (const list of log.all()) again.restore(list[0]?.ci ?? "", list);
  const at = START + 50 * HOUR_MS;
  expect(again.lately(at)).toEqual(log.lately(at));
  again.rename((ci) => (ci === "a" ? "web-1" : ci));
  expect(again.lately(at)).toEqual(log.lately(at));
});

function graph(cis: Record<string, string>): Topology {
  const one = { aliases: [], labels: {}, owner: null, criticality: null, minHealthy: null, known: true };
  return new Topology({
    vantage: [],
    maintenance: [],
    relations: [],
    cis: Object.entries(cis).map(([id, type]) => ({ ...one, id, type, name: id })),
  });
}

test("counts by type of CI, however graph and changes come in turn", () => {
  const log = new ChangeLog();
  const at = START + 10 * HOUR_MS;
  const topology = graph({ "web-1": "application", "web-2": "application", "rack-1": "rack" });
  log.add(change("web-1", 1));
  expect(log.ofType("application", topology, at)).toEqual({ count: 1, cis: 2 });
  log.add(change("web-2", 2));
  log.add(change("unknown-9", 3));
  expect(log.ofType("application", topology, at)).toEqual({ count: 2, cis: 2 });
  expect(log.ofType("rack", topology, at)).toEqual({ count: 0, cis: 1 });
  expect(log.ofType("printer", topology, at)).toEqual({ count: 0, cis: 0 });

  const unknown = topology.ci(topology.register("unknown-9")).type;
  expect(log.ofType(unknown, topology, at)).toEqual({ count: 1, cis: 1 });

  const other = graph({ "web-1": "rack", "web-2": "application" });
  expect(log.ofType("rack", other, at)).toEqual({ count: 1, cis: 1 });
  expect(log.ofType("application", other, at)).toEqual({ count: 1, cis: 1 });
  expect(log.ofType("application", other, START + 300 * HOUR_MS)).toEqual({ count: 0, cis: 1 });
});

test("tells by the number of a CI whether it may have changed, also one that the graph gains later, and after a new graph", () => {
  const empty = { vantage: [], cis: [], relations: [], maintenance: [] };
  const topology = new Topology(empty);
  const log = new ChangeLog();
  const [a, b] = [topology.register("a"), topology.register("b")];
  expect([a, b].map((ci) => log.mayBeOn(ci, topology))).toEqual([false, false]);
  log.add(change("a", 0));
  log.add(change("c", 0));
  const c = topology.register("c");
  expect([a, b, c].map((ci) => log.mayBeOn(ci, topology))).toEqual([true, false, true]);
  const other = new Topology(empty);
  const ids = ["b", "c", "a"].map((id) => other.register(id));
  expect(ids.map((ci) => log.mayBeOn(ci, other))).toEqual([false, true, true]);
});
