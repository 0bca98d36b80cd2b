import { expect, test } from "vitest";
import type { RootEvidence, CorrelationView } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import { faultKey, Influence } from "../model/influence.ts";
import { DEFAULT_SETTINGS } from "../model/settings.ts";
import { Topology } from "../model/topology.ts";
import { groundsOf } from "./grounds.ts";
import { sceneOf } from "./scene.ts";

const MINUTE_MS = 60_000;
const topology = new Topology({
  vantage: [],
  cis: ["db", "app", "printer"].map((id) => ({
    id,
    type: "host",
    name: id,
    aliases: [],
    labels: {},
    owner: null,
    criticality: id === "printer" ? 4 : 2,
    minHealthy: null,
    known: true,
  })),
  relations: [],
  maintenance: [],
});

/** One alert on the CI, since so many milliseconds. */
function alarms(id: string, rank: number, onset: number): Unit {
  const ci = topology.find(id) ?? -1;
  const note = {
    alert: { id: `${id} ${onset}`, check: "http", lastSeenAt: onset },
    ci,
    symptom: "errors",
    rank,
    onset,
    seriousSince: rank >= 4 ? onset : null,
    resolvedAt: null,
  } as Note;
  return { ci, notes: [note], onset, self: 0, causes: { keys: [], costs: [] } };
}

const evidence = { strayRate: 0, storm: false, planned: () => false, influence: new Influence(topology) };
const view = { topology, settings: DEFAULT_SETTINGS.correlation };

test.for<[situation: string, units: Unit[], explained: number, pages: boolean]>([
  ["two CIs, and one fault explains both", [alarms("db", 4, 0), alarms("app", 2, 10_000)], 2, true],
  ["two CIs, and the best fault explains one of them", [alarms("db", 4, 0), alarms("app", 2, 10_000)], 1, false],
  ["one of the two is a printer", [alarms("db", 4, 0), alarms("printer", 2, 10_000)], 2, false],
  ["neither of the two is serious", [alarms("db", 2, 0), alarms("app", 2, 10_000)], 2, false],
])("%s", ([, units, count, pages]) => {
  const best = {
    root: topology.find("db") ?? -1,
    fault: faultKey(topology.find("db") ?? -1, false),
    cost: 4,
    explained: units.slice(0, count),
    units: units.length,
    silent: false,
    dead: false,
    dependents: { expected: 0, failing: 0, cost: 0, isLeast: false, doubt: 0 },
    through: null,
  };
  const scene = sceneOf(
    { evidence: evidence as unknown as RootEvidence, units, best, impact: { services: [], cis: [] } },
    units,
    view as unknown as CorrelationView,
  );
  expect(groundsOf(scene, 2 * MINUTE_MS).length > 0).toBe(pages);
});
