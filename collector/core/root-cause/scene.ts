import type { CorrelationView, RootEvidence } from "../model/correlation.ts";
import type { Unit } from "../model/evidence.ts";
import type { Impact } from "../model/incident.ts";
import { OUTCOME_TYPES } from "../model/fault-traits.ts";
import { SERIOUS_RANK } from "../model/severity.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Verdict } from "./verdict.ts";

/** CIs of this criticality and above matter. */
export const MAJOR_CI = 2;
/** CIs of this criticality and below wake nobody by themselves. */
export const MINOR_CI = 4;

/** What an incident looks like, counted once. */
export interface Scene {
  units: readonly Unit[];
  active: readonly Unit[];
  /** Not only telephones and printers: a floor of these adds up to less than its number says. */
  major: readonly Unit[];
  serious: readonly Unit[];
  important: readonly Unit[];
  /** Of `major` and of `important`, those that one fault explains: others are in the incident, but do not fail with them. */
  together: readonly Unit[];
  vital: readonly Unit[];
  critical: readonly Unit[];
  services: readonly Unit[];
  impact: Impact;
  storm: boolean;
  /** The chance that strays alone, near each other, would look like this; 1 where nothing speaks against it. */
  chance: number;
  /** Planned work could be behind it. */
  planned: boolean;
  topology: Topology;
  settleMaxMs: Milliseconds;
}

/** @param active units that still fire, and were heard of lately */
export function sceneOf(
  {
    evidence,
    units,
    best,
    impact,
  }: { evidence: RootEvidence; units: readonly Unit[]; best: Verdict | null; impact: Impact },
  active: readonly Unit[],
  { topology, settings }: CorrelationView,
): Scene {
  const serious = active.filter((unit) => seriousSince(unit) !== null);
  const matters = (unit: Unit): boolean => criticality(unit.ci, topology) < MINOR_CI;
  const explained = new Set(best === null ? active : best.explained);
  const isOne = (unit: Unit): boolean => explained.has(unit) && matters(unit);
  return {
    units,
    active,
    major: active.filter(matters),
    serious,
    important: serious.filter(matters),
    together: active.filter(isOne),
    vital: serious.filter(isOne),
    critical: active.filter((unit) => unit.notes.some((note) => note.rank === 5 && note.resolvedAt === null)),
    services: active.filter((unit) => OUTCOME_TYPES.has(topology.ci(unit.ci).type)),
    impact,
    storm: evidence.storm,
    chance: chanceOf(active.filter(matters), evidence, best, topology),
    planned: best !== null && evidence.planned(best.root, units[0]?.onset ?? 0),
    topology,
    settleMaxMs: settings.settleMaxMs,
  };
}

/** Strays that come within this time of each other come at the same time. */
const TOGETHER_MS: Milliseconds = 60_000;
/** More units than this are hardly ever chance. */
const COUNTED_MAX = 5;
/** Of all causes that two CIs could share the likeliest is chosen, which makes chance likelier than its reach says. */
const CHOICE = 2;
const REACH_MIN = 0.05;

/** How likely as many strays come as near to the first unit, in the graph and in time, as the others did. */
function chanceOf(units: readonly Unit[], evidence: RootEvidence, best: Verdict | null, topology: Topology): number {
  const first = units[0];
  if (first === undefined || best === null) return 1;
  const hit = evidence.influence.effects.of(best.root, best.dead).cis.length + 1;
  const reach = Math.min(1, Math.max(REACH_MIN, (CHOICE * hit) / Math.max(1, topology.size)));
  let chance = 1;
  units.slice(1, COUNTED_MAX).forEach((unit, index) => {
    const expected = evidence.strayRate * reach * Math.max(TOGETHER_MS, unit.onset - first.onset);
    chance *= Math.min(1, expected / (index + 1));
  });
  return chance;
}

/** When the `count`-th of them began; they are in order of onset. */
export function onsetOf(units: readonly Unit[], count: number): UnixMillis {
  return units[Math.min(count, units.length) - 1]?.onset ?? 0;
}

/** When the `count`-th of them became serious. */
export function seriousFrom(units: readonly Unit[], count: number): UnixMillis {
  const times = units.map((unit) => seriousSince(unit) ?? unit.onset).sort((a, b) => a - b);
  return times[Math.min(count, times.length) - 1] ?? 0;
}

export function earliest(units: readonly Unit[]): UnixMillis | null {
  const serious = units.filter((unit) => seriousSince(unit) !== null);
  return serious.length === 0 ? null : seriousFrom(serious, 1);
}

/** Since when an alert of it that still fires is major or critical; null = none is. */
export function seriousSince(unit: Unit): UnixMillis | null {
  let found: UnixMillis | null = null;
  for (const { rank, resolvedAt, seriousSince: since, onset } of unit.notes) {
    if (rank < SERIOUS_RANK || resolvedAt !== null) continue;
    found = Math.min(found ?? Number.POSITIVE_INFINITY, since ?? onset);
  }
  return found;
}

/** Something has stopped. What only answers badly shows at the service that needs it, if it matters. */
const HARD: ReadonlySet<Symptom> = new Set<Symptom>(["gone", "down", "resource", "certificate", "link", "other"]);

export function isHard(unit: Unit): boolean {
  return unit.notes.some((note) => HARD.has(note.symptom) && note.rank >= SERIOUS_RANK && note.resolvedAt === null);
}

export function checksOf(unit: Unit, rank: number): number {
  const checks = new Set<string>();
  for (const note of unit.notes) if (note.rank >= rank && note.resolvedAt === null) checks.add(note.alert.check);
  return checks.size;
}

export function criticality(ci: number, topology: Topology): number {
  return topology.ci(ci).criticality ?? 3;
}

/**
 * Nobody says how important it is, and the CMDB knows nothing of it, or of what needs it: it may matter to anyone. So
 * may what is called important in a CMDB that relates it to nothing and names no service.
 */
export function isStranger(ci: number, topology: Topology): boolean {
  const { criticality: stated, known } = topology.ci(ci);
  if (stated !== null) return stated <= MAJOR_CI && !topology.namesServices && topology.isAlone(ci);
  return !known || topology.neededBy(ci).length === 0;
}
