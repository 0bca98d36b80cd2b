import type { Watched } from "./effects.ts";
import { nextEpoch } from "./epoch.ts";
import type { Unit } from "./evidence.ts";
import type { FaultTraits } from "./fault-traits.ts";
import { faultCi, faultDead, type FaultKey, type Influence } from "./influence.ts";
import { grownTo } from "./grown.ts";
import { Keys } from "./keys.ts";
import type { Topology } from "./topology.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";
import { IS_CERTAIN, IS_EXPECTED, LEVEL } from "./watched.ts";

/**
 * The price of believing that a CI is at fault, in nats (−ln of a probability): what one pays before it explains
 * anything. Two alerts are put down to one fault when that is cheaper than two faults.
 */
const FAULT = 4;
/** More when the CI itself is quiet … */
const SILENT = 1.8;
/** … and much more for what only shows the faults of others. */
const OUTCOME = 2.5;

/** Checks run every minute or so: for the first minutes, quiet says little. */
const CHECK_DELAY_MS: Milliseconds = 110_000;
/** Who alarms this long before a fault began counts as failing with it. */
export const ALARM_BEFORE_MS: Milliseconds = 3 * 60_000;
/** Above this, quiet dependents settle the matter: not this CI. */
const QUIET_MAX = 5000;
/** When the CI itself alarms, quiet dependents argue less against it. */
const QUIET_WITH_OWN_EVIDENCE = 0.4;

/** A place that only works badly is hot, and says so; one that says nothing is not it. */
const MILD_PLACE = 3;
/** Power that fails is mostly reported by what measures it. */
const DEAD_PLACE = 1.2;

/** What speaks for itself is not dead; and were the place from which we look dead, nobody could tell us. */
const SPEAKS = 9;
const VANTAGE = 25;
/** Who would certainly be dead with it, and speaks. */
const DEPENDENT_SPEAKS = 2.5;

/** What argues against a death: the CI itself was heard since, or everything is seen through it. */
export function aliveCost(topology: Topology, fault: FaultKey, speaks: boolean): number {
  if (!faultDead(fault)) return 0;
  return (speaks ? SPEAKS : 0) + (topology.vantage.includes(faultCi(fault)) ? VANTAGE : 0);
}

/** @param sensed whether sensors (power, temperature) are among what it explains: then a place is no far-fetched root */
export function openingCost(traits: FaultTraits, fault: FaultKey, silent: boolean, sensed = false): number {
  const ci = faultCi(fault);
  const isPlace = traits.isPlace(ci);
  const mildPlace = silent && !sensed && isPlace ? (faultDead(fault) ? DEAD_PLACE : MILD_PLACE) : 0;
  // A place has no voice but the sensors in it.
  return FAULT + (silent && !(sensed && isPlace) ? SILENT : 0) + (traits.isOutcome(ci) ? OUTCOME : 0) + mildPlace;
}

/** What it is at least, whatever the fault. */
export const LEAST_OPENING = FAULT;

/** What `openingCost` is at least; `quiet`: the CI itself sends nothing. */
export function leastOpening(traits: FaultTraits, fault: FaultKey, quiet: boolean): number {
  const ci = faultCi(fault);
  return FAULT + (quiet && !traits.isPlace(ci) ? SILENT : 0) + (traits.isOutcome(ci) ? OUTCOME : 0);
}

/** The price of an alert that nothing else has to do with, by its worst severity: mild ones come and go all day. */
const LONE: readonly number[] = [2, 2, 2.2, 2.5, 3.4, 4];
/** Several checks that agree on one CI are less likely to be a passing thing. */
const LONE_AGAIN = 0.4;

/**
 * What it costs to leave a unit a matter of its own CI, its distance from itself included. Nothing more for what only shows
 * the faults of others: nothing flukes more than a probe of a whole service.
 */
export function aloneCost(unit: Unit): number {
  const worst = unit.notes.reduce((rank, note) => Math.max(rank, note.rank), 0);
  const again = Math.min(3, unit.notes.length - 1) * LONE_AGAIN;
  return unit.self + (LONE[worst] ?? FAULT) + again;
}

export interface Dependents {
  /** Dependents that should fail and be seen to, by direct relation. */
  expected: number;
  /** Of those, the ones that alarm. */
  failing: number;
  /** What the quiet ones cost. */
  cost: number;
  /** They cost no less than that, which is more than was asked for: the rest was not looked at. */
  isLeast: boolean;
  /** How many alarms one would have expected by now, over how many there are, as a cost of one more; 0 = as expected. */
  doubt: number;
}

/** The CIs that sent an alert around some time. */
export interface Alarmed {
  has(ci: number): boolean;
  /** All of them, each once; null = too many to tell. */
  all(): readonly number[] | null;
}

/** Who was heard around the time of a fault, for whoever weighs silence. */
export interface Heard {
  /** CIs that count as failing whatever was heard of them: those of the alerts that are explained. */
  members: readonly number[];
  /** The CIs that sent an alert around that time; until it is asked of another time. */
  alarmed: (around: UnixMillis) => Alarmed;
  /** Whether that CI was heard of around that time, and so is not dead. */
  speaks: (ci: number, around: UnixMillis) => boolean;
}

/** Work space; empty between calls. */
let LOGS = new Float64Array(64);
let LOUD = new Int32Array(64);
const STRANGERS = new Keys();

/**
 * Who is not quiet, marked by CI: those that alarmed around the time, and those that count as failing. Many faults are weighed
 * by the same ones, one after the other, and these are marked once.
 */
class NotQuiet {
  private epochs: Int32Array = new Int32Array(1024);
  private epoch = 0;
  private alarms: readonly number[] = NOBODY;
  private members: readonly number[] = NOBODY;

  /** @param size of the graph */
  mark(alarms: readonly number[], members: readonly number[], size: number): this {
    if (alarms === this.alarms && members === this.members && size <= this.epochs.length) return this;
    if (size > this.epochs.length) this.epochs = grownTo(this.epochs, size);
    this.alarms = alarms;
    this.members = members;
    this.epoch = nextEpoch(this.epoch, this.epochs);
    const { epochs, epoch } = this;
    for (let at = 0; at < alarms.length; at += 1) epochs[alarms[at] ?? 0] = epoch;
    for (let at = 0; at < members.length; at += 1) epochs[members[at] ?? 0] = epoch;
    return this;
  }

  /** Puts the places of those among these into `LOUD`, in order; how many. */
  among(cis: Int32Array): number {
    const { epochs, epoch } = this;
    const loud = LOUD;
    let size = 0;
    for (let place = 0; place < cis.length; place += 1) {
      if (epochs[cis[place] ?? 0] !== epoch) continue;
      loud[size] = place;
      size += 1;
    }
    return size;
  }
}

const NOBODY: readonly number[] = [];
const NOT_QUIET = new NotQuiet();

/**
 * What the quiet dependents of a CI say against its being at fault since `onset`. Cost: one mark for each dependent.
 *
 * @param enough whether it is more than this is all that matters beyond it
 */
export function quietDependents(
  influence: Influence,
  fault: FaultKey,
  { members, alarmed, speaks }: Heard,
  { onset, at, silent, enough }: { onset: UnixMillis; at: UnixMillis; silent: boolean; enough: number },
): Dependents {
  const sure = faultDead(fault);
  const watched = influence.watched.of(faultCi(fault), sure);
  const ripe = 1 - Math.exp(-Math.max(0, at - onset) / CHECK_DELAY_MS);
  const weight = silent ? 1 : QUIET_WITH_OWN_EVIDENCE;
  const heard = alarmed(onset);
  if (watched.due * ripe * weight > enough) {
    const least = leastCost(watched, ripe, members, heard) * weight;
    if (least > enough) return { expected: watched.expected, failing: 0, cost: least, isLeast: true, doubt: 0 };
  }
  const { cis, level, levels } = watched;
  if (LOGS.length < levels.length) LOGS = new Float64Array(2 * levels.length);
  let cost = 0;
  for (let step = 0; step < levels.length; step += 2) {
    const log = Math.log(1 - (levels[step] ?? 0) * ripe);
    LOGS[step >> 1] = log;
    cost -= (levels[step + 1] ?? 0) * log;
  }
  const loud = loudAmong(watched, members, heard, influence.topology.size);
  let failing = 0;
  let contradiction = 0;
  for (let index = 0; index < loud; index += 1) {
    const place = LOUD[index] ?? 0;
    const said = level[place] ?? 0;
    // More than that does not count, and to ask is dear.
    if (sure && contradiction < SPEAKS && (said & IS_CERTAIN) !== 0 && speaks(cis[place] ?? 0, onset))
      contradiction += DEPENDENT_SPEAKS;
    if ((said & IS_EXPECTED) !== 0) failing += 1;
    cost += LOGS[said & LEVEL] ?? 0;
  }
  cost = Math.min(QUIET_MAX, Math.max(0, cost)) * weight;
  return {
    expected: watched.expected,
    failing,
    cost: cost + Math.min(SPEAKS, contradiction),
    isLeast: false,
    doubt: Math.max(0, Math.log((1 + watched.due * ripe) / (1 + loud))),
  };
}

/** Where a sum of the same terms comes out by another way. */
const ROUNDING = 1e-6;

/** What they cost at least, by how many can be loud at most: nobody is asked who they are. */
function leastCost(watched: Watched, ripe: number, members: readonly number[], alarmed: Alarmed): number {
  const all = alarmed.all();
  if (all === null) return 0;
  // To be quiet costs more than its chance, and no more than that of the likeliest.
  const loud = Math.min(watched.cis.length, all.length + members.length);
  const cost = watched.due * ripe + loud * Math.log(1 - watched.most * ripe);
  return Math.min(QUIET_MAX, Math.max(0, cost - ROUNDING));
}

/** Lists that are this much shorter than all dependents are asked for instead of these: to go through a list costs least. */
const SHORTER = 16;
/** Up to so many, nothing is faster than to insert them one after the other. */
const INSERTED_MAX = 32;

/** Puts the places of those that are not quiet into `LOUD`, in order, so that sums are the same however they were found. */
function loudAmong({ cis, places }: Watched, members: readonly number[], alarmed: Alarmed, graph: number): number {
  if (LOUD.length < cis.length) LOUD = new Int32Array(2 * cis.length);
  const alarms = alarmed.all();
  if (alarms === null) return askedAmong(cis, members, alarmed);
  if (SHORTER * (members.length + alarms.length) > cis.length) return NOT_QUIET.mark(alarms, members, graph).among(cis);
  const strangers = STRANGERS.begin();
  let size = 0;
  for (const ci of alarms) size = takePlace(places.of(ci), size);
  for (const ci of members) if (!alarmed.has(ci) && strangers.add(ci)) size = takePlace(places.of(ci), size);
  if (size > INSERTED_MAX) LOUD.subarray(0, size).sort();
  return size;
}

/** The same, where too many alarm to tell them. */
function askedAmong(cis: Int32Array, members: readonly number[], alarmed: Alarmed): number {
  const strangers = STRANGERS.begin();
  for (const ci of members) strangers.add(ci);
  let size = 0;
  for (let place = 0; place < cis.length; place += 1) {
    const ci = cis[place] ?? 0;
    if (!alarmed.has(ci) && !strangers.has(ci)) continue;
    LOUD[size] = place;
    size += 1;
  }
  return size;
}

/** −1 is no place. */
function takePlace(place: number, size: number): number {
  if (place < 0) return size;
  let to = size;
  if (size < INSERTED_MAX) for (; to > 0 && (LOUD[to - 1] ?? 0) > place; to -= 1) LOUD[to] = LOUD[to - 1] ?? 0;
  LOUD[to] = place;
  return size + 1;
}
