import { isCreeping, isSensed, type Unit } from "../model/evidence.ts";
import { aloneCost } from "../model/hypothesis.ts";
import { grown } from "../model/grown.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead, faultKey } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import { stemOf } from "../model/kinship.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds } from "../model/time.ts";
import { choose, type Setting, type Weighing } from "./choose.ts";
import type { Door } from "./door.ts";
import { shows } from "./doors.ts";
import { beginningOf, waitCost } from "./in-time.ts";
import { joinPeers } from "./peers.ts";
import { MARGIN } from "./prices.ts";
import { lateness, propose, type Proposals } from "./propose.ts";
import type { Group } from "./group.ts";
import type { Anchor, Choice } from "./hypotheses.ts";
import { joinSurges } from "./surges.ts";
import { joinSatellites } from "./satellites.ts";

export interface SolveContext extends Weighing {
  incidentOf: (unit: Unit) => IncidentId | null;
  doorsOf: (unit: Unit) => readonly Door[];
}

/**
 * Explains a set of units by as few and as likely faults as possible: uncapacitated facility location, where a fault
 * costs its prior and the quiet of those that should fail, and a unit costs its distance from the fault. Greedy by
 * gain with lazy evaluation (Minoux 1978), then each unit goes to the cheapest of the chosen faults. The cost is that
 * of the units times their possible causes; nothing else of the graph is looked at.
 */
export function solve(units: readonly Unit[], anchors: readonly Anchor[], context: SolveContext): Group[] {
  const alone = units.map((unit) => aloneCost(unit));
  const homes = units.map((unit) => context.incidentOf(unit));
  const { influence, at, doorsOf } = context;
  const proposals = propose({ units, alone, anchors, homes, traits: influence.traits, at, doorsOf });
  const onsets = units.map((unit) => unit.onset);
  const setting = {
    units,
    onsets,
    alone,
    homes,
    creeping: units.map(isCreeping),
    sensed: units.map(isSensed),
    context,
  };
  return settle(choose(proposals, setting), proposals, setting);
}

/** Each unit to the cheapest of the chosen faults, or left alone. */
function settle(
  chosen: readonly Choice[],
  { hypotheses, table }: Proposals,
  { units, alone, homes, context }: Setting,
): Group[] {
  const by = roomFor(units.length).fill(-1, 0, units.length);
  const cheapest = CHEAPEST.fill(Number.POSITIVE_INFINITY, 0, units.length);
  for (let index = 0; index < chosen.length; index += 1) {
    const choice = chosen[index];
    if (choice === undefined) continue;
    const { hypothesis, fault, anchor } = choice;
    const { units: claimed, costs } = table;
    const to = hypotheses.to[hypothesis] ?? 0;
    const firstOnset = beginningOf(fault, choice.claims, units);
    const span = anchor ?? { firstOnset, lastOnset: choice.last };
    for (let at = hypotheses.from[hypothesis] ?? 0; at < to; at += 1) {
      const place = claimed[at] ?? -1;
      const unit = units[place];
      if (unit === undefined) continue;
      const cost = (costs[at] ?? 0) + (anchor === null ? lateness(unit.onset, span) : 0);
      if (cost + MARGIN >= (alone[place] ?? 0)) continue;
      const waited = cost + waitCost(unit, span.firstOnset);
      if (waited >= (cheapest[place] ?? 0)) continue;
      cheapest[place] = waited;
      by[place] = index;
    }
  }
  const groups: Group[] = chosen.map((choice) => ({
    fault: choice.fault,
    anchor: choice.anchor?.incident ?? null,
    units: [],
  }));
  for (let index = 0; index < units.length; index += 1) {
    const unit = units[index];
    if (unit === undefined) continue;
    const group = groups[by[index] ?? -1];
    if (group === undefined)
      groups.push({ fault: faultKey(unit.ci, false), anchor: homes[index] ?? null, units: [unit] });
    else group.units.push(unit);
  }
  return united(groups, context);
}

/** Work space of one call. */
let BY = new Int32Array(256);
let CHEAPEST = new Float64Array(256);

function roomFor(units: number): Int32Array {
  while (BY.length < units) {
    BY = grown(BY, Int32Array);
    CHEAPEST = grown(CHEAPEST, Float64Array);
  }
  return BY;
}

/** What belongs together beyond what the graph says. */
function united(groups: readonly Group[], context: Weighing): Group[] {
  const { topology, influence } = context;
  const absorbed = absorb(
    groups.filter((group) => group.units.length > 0),
    context,
  );
  const joined = joinSatellites(absorbed, topology, influence.systems);
  return joinSurges(sweep(joinPeers(joined, topology), topology), topology);
}

/** A storm: so many CIs in one group. */
const STORM = 8;
/** So many of them with the same symptom within this time of a stray one make chance unlikely. */
const ALIKE = 4;
const ALIKE_MS: Milliseconds = 60_000;

/**
 * What begins in the middle of a storm, in the same way as much of it, and has no explanation of its own, belongs to it:
 * the CMDB lacks a relation. Two strangers that only share a moment do not.
 */
function sweep(groups: Group[], topology: Topology): Group[] {
  const series = groups.filter((group) => group.units.length > SIBLINGS);
  if (series.length === 0 || groups.length === 1) return groups;
  const storms = series.filter((group) => group.units.length >= STORM);
  return groups.filter((group) => {
    const unit = group.units[0];
    if (group.units.length > 1 || unit === undefined) return true;
    const home =
      storms.find((storm) => isLike(unit, storm)) ?? series.find((other) => hasSiblings(unit, other, topology));
    home?.units.push(unit);
    return home === undefined;
  });
}

/** So many of its siblings in the same trouble, at about the same time, are no chance either. */
const SIBLINGS = 2;
const SIBLINGS_MS: Milliseconds = 4 * 60_000;
/** Programs in a series do the same work; machines in a series share only their names. */
const SERIAL_TYPES: ReadonlySet<string> = new Set(["application", "container", "service", "cluster"]);

function hasSiblings(unit: Unit, group: Group, topology: Topology): boolean {
  if (!SERIAL_TYPES.has(topology.ci(unit.ci).type)) return false;
  const symptom = unit.notes[0]?.symptom;
  let stem: string | null = null;
  let found = 0;
  for (const other of group.units) {
    if (other.ci === unit.ci || Math.abs(other.onset - unit.onset) > SIBLINGS_MS || !hasSymptom(other, symptom))
      continue;
    stem ??= knownStem(topology.id(unit.ci));
    if (knownStem(topology.id(other.ci)) !== stem) continue;
    found += 1;
    if (found === SIBLINGS) return true;
  }
  return false;
}

/** Stems that were asked for lately: those of CIs in trouble are, again and again. */
const STEMS = new Map<string, string>();
const STEMS_MAX = 4096;

function knownStem(name: string): string {
  const known = STEMS.get(name);
  if (known !== undefined) return known;
  if (STEMS.size >= STEMS_MAX) STEMS.clear();
  const stem = stemOf(name);
  STEMS.set(name, stem);
  return stem;
}

function isLike(unit: Unit, storm: Group): boolean {
  const symptom = unit.notes[0]?.symptom;
  let found = 0;
  for (const other of storm.units) {
    if (Math.abs(other.onset - unit.onset) > ALIKE_MS || !hasSymptom(other, symptom)) continue;
    found += 1;
    if (found === ALIKE) return true;
  }
  return false;
}

function hasSymptom({ notes }: Unit, symptom: Symptom | undefined): boolean {
  for (const note of notes) if (note.symptom === symptom) return true;
  return false;
}

/** How cheaply a group's root must be explained by a member of another group for both to be one fault. */
const ABSORB_COST = 1.3;
/** The same for a root that sends nothing itself: it was only inferred. */
const ABSORB_SILENT = 1.9;
/** The same for a root that is seen to be dead: that is rarely the effect of something else nearby. */
const ABSORB_DEAD = 0.6;
/** How much later, or earlier, than that member it may begin. */
const ABSORB_AFTER_MS: Milliseconds = 8 * 60_000;
const ABSORB_BEFORE_MS: Milliseconds = 90_000;

/** Where some unit is. */
interface Place {
  group: Group;
  unit: Unit;
}

/** Work space; empty between calls: the CIs on which a unit is. */
const OCCUPIED = new Keys();

/** A fault whose root is itself an effect of another group is no fault of its own. Small groups go first. */
function absorb(groups: Group[], context: Weighing): Group[] {
  if (groups.length < 2) return groups;
  const home = new Map<number, Place[]>();
  OCCUPIED.begin();
  for (const group of groups) {
    for (const unit of group.units) {
      if (OCCUPIED.add(unit.ci)) home.set(unit.ci, [{ group, unit }]);
      else home.get(unit.ci)?.push({ group, unit });
    }
  }
  const into = new Map<Group, Group>();
  for (const group of [...groups].sort((a, b) => a.units.length - b.units.length)) {
    const parent = parentOf(group, home, into, context);
    if (parent === null) continue;
    into.set(group, parent);
    parent.units.push(...group.units);
    parent.anchor ??= group.anchor;
  }
  return into.size === 0 ? groups : groups.filter((group) => !into.has(group));
}

function final(group: Group, into: ReadonlyMap<Group, Group>): Group {
  let at = group;
  for (let next = into.get(at); next !== undefined; next = into.get(at)) at = next;
  return at;
}

function parentOf(
  group: Group,
  home: ReadonlyMap<number, readonly Place[]>,
  into: ReadonlyMap<Group, Group>,
  { influence }: Weighing,
): Group | null {
  const root = faultCi(group.fault);
  const own = group.units.find((unit) => unit.ci === root);
  const dead = own !== undefined && own.notes.some((note) => note.symptom === "gone" && note.rank >= 4);
  const { keys, costs } = own?.causes ?? influence.causes(root, "errors");
  const onset = own?.onset ?? group.units[0]?.onset ?? 0;
  const limit = own === undefined ? ABSORB_SILENT : dead ? ABSORB_DEAD : ABSORB_COST;
  let best: Group | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < keys.length; at += 1) {
    const fault = keys[at] ?? -1;
    if (!OCCUPIED.has(faultCi(fault))) continue;
    const cost = costs[at] ?? 9;
    if (cost > limit || cost >= least) continue;
    for (const { group: near, unit } of home.get(faultCi(fault)) ?? NOWHERE) {
      const apart = onset - unit.onset;
      if (apart < -ABSORB_BEFORE_MS || apart > ABSORB_AFTER_MS || !showsAny(unit, faultDead(fault))) continue;
      const target = final(near, into);
      if (target === group) continue;
      best = target;
      least = cost;
    }
  }
  return best;
}

const NOWHERE: readonly Place[] = [];

function showsAny({ notes }: Unit, dead: boolean): boolean {
  for (const note of notes) if (shows(note, dead)) return true;
  return false;
}
