import { isCreeping, isSensed, type Unit } from "../model/evidence.ts";
import { type Alarmed, aliveCost, aloneCost, openingCost, quietDependents } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead, faultKey, type Influence } from "../model/influence.ts";
import { stemOf } from "../model/kinship.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Door } from "./door.ts";
import { shows } from "./doors.ts";
import { beginningOf, inOrder, waitCost } from "./in-time.ts";
import { keeperOf } from "./kept.ts";
import { joinPeers } from "./peers.ts";
import {
  ANCHOR_PRICE,
  lateness,
  MARGIN,
  OWN_EVIDENCE,
  propose,
  SETTLED_PRICE,
  type Anchor,
  type Choice,
  type Claim,
  type Hypothesis,
  type Proposals,
} from "./propose.ts";
import type { Group } from "./group.ts";
import { joinSurges } from "./surges.ts";
import { joinSatellites } from "./satellites.ts";

export interface SolveContext {
  topology: Topology;
  influence: Influence;
  at: UnixMillis;
  /** See `Heard.alarmed`. */
  alarmed: (around: UnixMillis) => Alarmed;
  /** Whether this CI itself was heard around that time: traps, its agent, its own metrics. */
  speaks: (ci: number, around: UnixMillis) => boolean;
  incidentOf: (unit: Unit) => IncidentId | null;
  doorsOf: (unit: Unit) => readonly Door[];
}

/** Effects of one fault do not come in two waves further apart than this. */
const WAVE_GAP_MS: Milliseconds = 10 * 60_000;
const CREEP_GAP_MS: Milliseconds = 22 * 60_000;
/**
 * Explains a set of units by as few and as likely faults as possible: uncapacitated facility location, where a fault
 * costs its prior and the quiet of those that should fail, and a unit costs its distance from the fault. Greedy by
 * gain with lazy evaluation (Minoux 1978), then each unit goes to the cheapest of the chosen faults. The cost is that
 * of the units times their possible causes; nothing else of the graph is looked at.
 */
export function solve(units: readonly Unit[], anchors: readonly Anchor[], context: SolveContext): Group[] {
  const alone = units.map((unit) => aloneCost(unit));
  const proposals = propose(units, alone, anchors, context);
  const setting = { units, alone, context };
  let chosen = greedy(proposals, setting, null);
  if (units.length <= IMPROVED_UNITS_MAX) chosen = improve(proposals, setting, chosen);
  return settle(units, chosen, { alone, context });
}

interface Setting {
  units: readonly Unit[];
  alone: readonly number[];
  context: SolveContext;
}

function greedy(proposals: Proposals, setting: Setting, without: Hypothesis | null): Choice[] {
  const taken: (Choice | undefined)[] = setting.units.map(() => undefined);
  const held = Float64Array.from(setting.alone);
  const { hypotheses } = proposals;
  const open: Open = {
    hypotheses,
    without,
    caps: new Float64Array(hypotheses.length).fill(Number.POSITIVE_INFINITY),
    left: new Float64Array(hypotheses.map((hypothesis) => hypothesis.cap)),
    weighed: new Int32Array(hypotheses.length),
    round: 0,
  };
  const chosen: Choice[] = [];
  for (;;) {
    const best = pick(open, { ...setting, taken, held });
    if (best === null) return chosen;
    chosen.push(best);
    for (const claim of best.claims) {
      taken[claim.unit] = best;
      held[claim.unit] = claim.cost + MARGIN;
      proposals.table.takeUnit(claim.unit, open.left, proposals.at);
    }
  }
}

/** What is still to be chosen from, best bound first. */
interface Open {
  hypotheses: readonly Hypothesis[];
  without: Hypothesis | null;
  /** What each was worth when it was weighed last. */
  caps: Float64Array;
  /** What each could save at most of what is not taken; of incidents that there are, of all. */
  left: Float64Array;
  /** The round in which each was weighed last. */
  weighed: Int32Array;
  round: number;
}

const IMPROVED_UNITS_MAX = 80;
const IMPROVED_CHOICES_MAX = 4;

/** The greedy first choice can stand in the way of two better ones: what if it were not there? */
function improve(proposals: Proposals, setting: Setting, first: Choice[]): Choice[] {
  let best = first;
  for (const choice of first.slice(0, IMPROVED_CHOICES_MAX)) {
    if (choice.claims.length < 3 || choice.hypothesis.anchor?.settled === true) continue;
    const other = greedy(proposals, setting, choice.hypothesis);
    if (worth(other) > worth(best) + 0.5) best = other;
  }
  return best;
}

function worth(chosen: readonly Choice[]): number {
  return chosen.reduce((sum, choice) => sum + choice.gain, 0);
}

interface Round {
  units: readonly Unit[];
  alone: readonly number[];
  /** Which of the faults chosen so far has claimed each unit. */
  taken: readonly (Choice | undefined)[];
  /** What each unit costs as it is: alone, or by that fault. */
  held: Float64Array;
  context: SolveContext;
}

/**
 * The hypothesis that saves most now; of equal ones the first. Gains only fall as units are taken, so an old gain is a
 * bound for the new, and those that could be worth most are weighed first.
 */
function pick(open: Open, round: Round): Choice | null {
  open.round += 1;
  let best: Choice | null = null;
  let at = -1;
  for (let next = promising(open, 0, at); next >= 0; next = promising(open, best?.gain ?? 0, at)) {
    const found = evaluate(open.hypotheses[next], round, best?.gain ?? 0);
    open.weighed[next] = open.round;
    open.caps[next] = typeof found === "number" ? found : found.gain;
    if (typeof found === "number" || found.gain <= 0) continue;
    if (best !== null && (found.gain < best.gain || (found.gain === best.gain && next > at))) continue;
    best = found;
    at = next;
  }
  return best;
}

/** The one not weighed yet that could be worth most, if that is more than `least`, or as much and it stands before `at`; or −1. */
function promising({ hypotheses, without, caps, left, weighed, round }: Open, least: number, at: number): number {
  let found = -1;
  let most = least;
  for (let index = 0; index < hypotheses.length; index += 1) {
    const cap = Math.min(left[index] ?? 0, caps[index] ?? 0);
    if (cap < most || weighed[index] === round || hypotheses[index] === without) continue;
    if (cap === most && (found >= 0 || index >= at)) continue;
    found = index;
    most = cap;
  }
  return found;
}

/** What it is worth now; a number where that cannot be more than `least`, and then no more than this number. */
function evaluate(hypothesis: Hypothesis | undefined, round: Round, least: number): Choice | number {
  if (hypothesis === undefined) return 0;
  const isWhole = hypothesis.claims.every((claim) => round.taken[claim.unit] === undefined);
  if (isWhole && hypothesis.whole !== undefined) return hypothesis.whole;
  const found = evaluateOpen(hypothesis, round, least);
  if (isWhole && typeof found !== "number") hypothesis.whole = found;
  return found;
}

function evaluateOpen(hypothesis: Hypothesis, round: Round, least: number): Choice | number {
  const { held, taken, units, context } = round;
  const keeps = keeperOf(hypothesis.anchor, { units, incidentOf: context.incidentOf });
  // Claims are in order of onset, since units are.
  let wave: Claim[] = [];
  let best: { claims: Claim[]; gain: number } = { claims: [], gain: 0 };
  let gain = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const claim of hypothesis.claims) {
    const own = held[claim.unit] ?? 0;
    const unit = units[claim.unit];
    if (unit === undefined || own <= claim.cost + MARGIN) continue;
    const by = taken[claim.unit];
    if (by !== undefined && !keeps(claim, by)) continue;
    const gap = isCreeping(unit) ? CREEP_GAP_MS : WAVE_GAP_MS;
    if (hypothesis.anchor === null && unit.onset - last > gap) {
      wave = [];
      gain = 0;
    }
    wave.push(claim);
    gain += own - claim.cost - MARGIN;
    last = unit.onset;
    if (gain > best.gain) best = { claims: wave, gain };
  }
  const { claims } = best;
  return price(
    hypothesis,
    hypothesis.anchor === null ? inOrder(claims, hypothesis.fault, round) : claims,
    round,
    least,
  );
}

function price(hypothesis: Hypothesis, claims: Claim[], round: Round, least: number): Choice | number {
  const { fault, anchor } = hypothesis;
  const root = faultCi(fault);
  const { topology, influence, at, alarmed } = round.context;
  if (claims.length === 0 || (claims.length === 1 && anchor === null)) return 0;
  const units = claims.map((claim) => round.units[claim.unit]).filter((unit) => unit !== undefined);
  const first = units[0]?.onset ?? at;
  const last = units[units.length - 1]?.onset ?? at;
  const gain = claims.reduce((sum, claim) => sum + (round.held[claim.unit] ?? 0) - claim.cost - MARGIN, 0);
  if (anchor?.settled === true) return { hypothesis, gain: gain - SETTLED_PRICE, claims, first, last };
  const silent = !claims.some((claim) => round.units[claim.unit]?.ci === root && claim.cost <= OWN_EVIDENCE);
  const opening = openingCost(topology, fault, silent, units.some(isSensed)) * (anchor === null ? 1 : ANCHOR_PRICE);
  const alive = aliveCost(topology, fault, faultDead(fault) && round.context.speaks(root, first));
  const atMost = gain - opening - alive;
  if (atMost <= 0 || atMost < least) return Math.max(0, atMost);
  const members = units.map((unit) => unit.ci);
  const { speaks } = round.context;
  const asked = { onset: first, at, silent, enough: atMost - least };
  const quiet = quietDependents(influence, fault, { members, alarmed, speaks }, asked);
  if (quiet.isLeast) return Math.max(0, atMost - quiet.cost);
  return { hypothesis, gain: gain - opening - alive - quiet.cost, claims, first, last };
}

/** Each unit to the cheapest of the chosen faults, or left alone. */
function settle(
  units: readonly Unit[],
  chosen: readonly Choice[],
  { alone, context }: { alone: readonly number[]; context: SolveContext },
): Group[] {
  const cheapest = units.map(() => ({ choice: -1, cost: Number.POSITIVE_INFINITY }));
  chosen.forEach((choice, index) => {
    const firstOnset = beginningOf(choice.hypothesis.fault, choice.claims, units);
    const span = choice.hypothesis.anchor ?? { firstOnset, lastOnset: choice.last };
    for (const claim of choice.hypothesis.claims) {
      const unit = units[claim.unit];
      const found = cheapest[claim.unit];
      if (unit === undefined || found === undefined) continue;
      const cost = claim.cost + (choice.hypothesis.anchor === null ? lateness(unit.onset, span) : 0);
      if (cost + MARGIN >= (alone[claim.unit] ?? 0)) continue;
      const waited = cost + waitCost(unit, span.firstOnset);
      if (waited < found.cost) cheapest[claim.unit] = { choice: index, cost: waited };
    }
  });
  const groups: Group[] = chosen.map((choice) => ({
    fault: choice.hypothesis.fault,
    anchor: choice.hypothesis.anchor?.incident ?? null,
    units: [],
  }));
  units.forEach((unit, index) => {
    const group = groups[cheapest[index]?.choice ?? -1];
    if (group === undefined)
      groups.push({ fault: faultKey(unit.ci, false), anchor: context.incidentOf(unit), units: [unit] });
    else group.units.push(unit);
  });
  const united = absorb(
    groups.filter((group) => group.units.length > 0),
    context,
  );
  const joined = joinSatellites(united, context.topology, context.influence.systems);
  return joinSurges(sweep(joinPeers(joined, context.topology), context.topology), context.topology);
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
  const storms = groups.filter((group) => group.units.length >= STORM);
  const series = groups.filter((group) => group.units.length > SIBLINGS);
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
  const symptom = unit.notes[0]?.symptom;
  if (!SERIAL_TYPES.has(topology.ci(unit.ci).type)) return false;
  const stem = stemOf(topology.id(unit.ci));
  let found = 0;
  for (const other of group.units) {
    if (other.ci === unit.ci || Math.abs(other.onset - unit.onset) > SIBLINGS_MS) continue;
    if (!other.notes.some((note) => note.symptom === symptom) || stemOf(topology.id(other.ci)) !== stem) continue;
    found += 1;
    if (found === SIBLINGS) return true;
  }
  return false;
}

function isLike(unit: Unit, storm: Group): boolean {
  const symptom = unit.notes[0]?.symptom;
  let found = 0;
  for (const other of storm.units) {
    if (Math.abs(other.onset - unit.onset) > ALIKE_MS || !other.notes.some((note) => note.symptom === symptom))
      continue;
    found += 1;
    if (found === ALIKE) return true;
  }
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

/** A fault whose root is itself an effect of another group is no fault of its own. Small groups go first. */
function absorb(groups: Group[], context: SolveContext): Group[] {
  const home = new Map<number, { group: Group; unit: Unit }[]>();
  for (const group of groups) {
    for (const unit of group.units) {
      const list = home.get(unit.ci);
      if (list === undefined) home.set(unit.ci, [{ group, unit }]);
      else list.push({ group, unit });
    }
  }
  const into = new Map<Group, Group>();
  const final = (group: Group): Group => {
    let at = group;
    for (let next = into.get(at); next !== undefined; next = into.get(at)) at = next;
    return at;
  };
  for (const group of [...groups].sort((a, b) => a.units.length - b.units.length)) {
    const parent = parentOf(group, home, context, final);
    if (parent === null) continue;
    into.set(group, parent);
    parent.units.push(...group.units);
    parent.anchor ??= group.anchor;
  }
  return groups.filter((group) => !into.has(group));
}

function parentOf(
  group: Group,
  home: ReadonlyMap<number, { group: Group; unit: Unit }[]>,
  context: SolveContext,
  final: (group: Group) => Group,
): Group | null {
  const root = faultCi(group.fault);
  const own = group.units.find((unit) => unit.ci === root);
  const dead = own !== undefined && own.notes.some((note) => note.symptom === "gone" && note.rank >= 4);
  const causes = own?.causes ?? context.influence.causes(root, "errors");
  const onset = own?.onset ?? group.units[0]?.onset ?? 0;
  const limit = own === undefined ? ABSORB_SILENT : dead ? ABSORB_DEAD : ABSORB_COST;
  let best: { group: Group; cost: number } | null = null;
  for (let at = 0; at < causes.keys.length; at += 1) {
    const cost = causes.costs[at] ?? 9;
    if (cost > limit || (best !== null && cost >= best.cost)) continue;
    for (const near of home.get(faultCi(causes.keys[at] ?? -1)) ?? []) {
      const apart = onset - near.unit.onset;
      const target = final(near.group);
      if (!near.unit.notes.some((note) => shows(note, faultDead(causes.keys[at] ?? 0)))) continue;
      if (target === group || apart < -ABSORB_BEFORE_MS || apart > ABSORB_AFTER_MS) continue;
      best = { group: target, cost };
    }
  }
  return best?.group ?? null;
}
