import type { Unit } from "../model/evidence.ts";
import { type Alarmed, aliveCost, openingCost, quietDependents } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead, type Influence } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { WorkingClaims } from "./claims.ts";
import { putInOrder } from "./in-time.ts";
import { keeperOf } from "./kept.ts";
import { ANCHOR_PRICE, MARGIN, OWN_EVIDENCE, SETTLED_PRICE } from "./prices.ts";
import type { Choice, Hypothesis, Proposals } from "./propose.ts";

/** What faults are weighed by. */
export interface Weighing {
  topology: Topology;
  influence: Influence;
  at: UnixMillis;
  /** See `Heard.alarmed`. */
  alarmed: (around: UnixMillis) => Alarmed;
  /** Whether this CI itself was heard around that time: traps, its agent, its own metrics. */
  speaks: (ci: number, around: UnixMillis) => boolean;
}

/** What is to be explained. */
export interface Setting {
  units: readonly Unit[];
  /** By unit: what it costs as a matter of its own CI. */
  alone: readonly number[];
  /** By unit: the incident that it is in; null = none that is open. */
  homes: readonly (IncidentId | null)[];
  /** By unit: see `isCreeping`, `isSensed`. */
  creeping: readonly boolean[];
  sensed: readonly boolean[];
  context: Weighing;
}

/** Effects of one fault do not come in two waves further apart than this. */
const WAVE_GAP_MS: Milliseconds = 10 * 60_000;
const CREEP_GAP_MS: Milliseconds = 22 * 60_000;
const IMPROVED_UNITS_MAX = 80;
const IMPROVED_CHOICES_MAX = 4;

/** The faults that explain most, each with what the ones before it have left. */
export function choose(proposals: Proposals, setting: Setting): Choice[] {
  const chosen = greedy(proposals, setting, null);
  return setting.units.length <= IMPROVED_UNITS_MAX ? improve(proposals, setting, chosen) : chosen;
}

/** The greedy first choice can stand in the way of two better ones: what if it were not there? */
function improve(proposals: Proposals, setting: Setting, first: Choice[]): Choice[] {
  let best = first;
  for (const choice of first.slice(0, IMPROVED_CHOICES_MAX)) {
    if (choice.claims.to < 3 || choice.hypothesis.anchor?.settled === true) continue;
    const other = greedy(proposals, setting, choice.hypothesis);
    if (worth(other) > worth(best) + 0.5) best = other;
  }
  return best;
}

function worth(chosen: readonly Choice[]): number {
  return chosen.reduce((sum, choice) => sum + choice.gain, 0);
}

function greedy(proposals: Proposals, setting: Setting, without: Hypothesis | null): Choice[] {
  const open = new Open(proposals, setting, without);
  const chosen: Choice[] = [];
  for (;;) {
    const best = open.pick();
    if (best === null) return chosen;
    chosen.push(best);
    open.take(best);
  }
}

/** What is still to be chosen from, best bound first, and what is still to be explained. */
class Open {
  private readonly proposals: Proposals;
  private readonly setting: Setting;
  private readonly without: Hypothesis | null;
  /** What each was worth when it was weighed last. */
  private readonly caps: Float64Array;
  /** What each could save at most of what is not taken; of incidents that there are, of all. */
  private readonly left: Float64Array;
  /** The round in which each was weighed last. */
  private readonly weighed: Int32Array;
  private round = 0;
  /** By unit: which of the faults chosen so far has claimed it. */
  private readonly taken: (Choice | undefined)[];
  /** By unit: what it costs as it is, alone or by that fault. */
  private readonly held: Float64Array;
  /** Whether the worth that was found last is no more than a bound. */
  private isBound = false;

  constructor(proposals: Proposals, setting: Setting, without: Hypothesis | null) {
    const { hypotheses } = proposals;
    const { units, alone } = setting;
    this.proposals = proposals;
    this.setting = setting;
    this.without = without;
    this.caps = new Float64Array(hypotheses.length).fill(Number.POSITIVE_INFINITY);
    this.left = new Float64Array(hypotheses.length);
    for (let at = 0; at < hypotheses.length; at += 1) this.left[at] = hypotheses[at]?.cap ?? 0;
    this.weighed = new Int32Array(hypotheses.length);
    this.taken = units.map(() => undefined);
    this.held = new Float64Array(alone);
  }

  /**
   * The hypothesis that saves most now; of equal ones the first. Gains only fall as units are taken, so an old gain is a
   * bound for the new, and those that could be worth most are weighed first.
   */
  pick(): Choice | null {
    const { hypotheses } = this.proposals;
    this.round += 1;
    let best: Hypothesis | null = null;
    let gain = 0;
    let at = -1;
    for (let next = this.promising(0, at); next >= 0; next = this.promising(gain, at)) {
      const hypothesis = hypotheses[next];
      if (hypothesis === undefined) break;
      const found = this.evaluate(hypothesis, gain);
      this.weighed[next] = this.round;
      this.caps[next] = found;
      if (this.isBound || found <= 0) continue;
      if (best !== null && (found < gain || (found === gain && next > at))) continue;
      best = hypothesis;
      gain = found;
      at = next;
    }
    return best === null ? null : this.choice(best, gain);
  }

  /** Its units are explained. */
  take(choice: Choice): void {
    const { table, at: placed } = this.proposals;
    const { units, costs, to } = choice.claims;
    for (let at = 0; at < to; at += 1) {
      const unit = units[at] ?? 0;
      this.taken[unit] = choice;
      this.held[unit] = (costs[at] ?? 0) + MARGIN;
      table.takeUnit(unit, this.left, placed);
    }
  }

  /** Most are weighed and not chosen: what they explain is put down only for the one that is. */
  private choice(hypothesis: Hypothesis, gain: number): Choice {
    this.gather(hypothesis);
    const claims = CLAIMS.kept();
    const { units } = this.setting;
    return {
      hypothesis,
      gain,
      claims,
      last: units[claims.units[claims.to - 1] ?? -1]?.onset ?? this.setting.context.at,
    };
  }

  /** The one not weighed yet that could be worth most, if that is more than `least`, or as much and it stands before `at`; or −1. */
  private promising(least: number, at: number): number {
    const { caps, left, weighed, round, without } = this;
    const { hypotheses } = this.proposals;
    let found = -1;
    let most = least;
    for (let index = 0; index < caps.length; index += 1) {
      const cap = Math.min(left[index] ?? 0, caps[index] ?? 0);
      if (cap < most || weighed[index] === round) continue;
      if (cap === most && (found >= 0 || index >= at)) continue;
      if (without !== null && hypotheses[index] === without) continue;
      found = index;
      most = cap;
    }
    return found;
  }

  /** What it is worth now; a bound of that where it cannot be more than `least`: see `isBound`. */
  private evaluate(hypothesis: Hypothesis, least: number): number {
    const isWhole = this.isWhole(hypothesis);
    this.isBound = false;
    if (isWhole && !Number.isNaN(hypothesis.whole)) return hypothesis.whole;
    this.gather(hypothesis);
    const found = this.price(hypothesis, least);
    if (isWhole && !this.isBound) hypothesis.whole = found;
    return found;
  }

  /** Whether none of its units is taken. */
  private isWhole({ units, from, to }: Hypothesis): boolean {
    const { taken } = this;
    for (let at = from; at < to; at += 1) if (taken[units[at] ?? -1] !== undefined) return false;
    return true;
  }

  /** Puts into `CLAIMS` what it would explain better than it is explained now: of a new fault the best wave. */
  private gather(hypothesis: Hypothesis): void {
    const { held, taken } = this;
    const { units, creeping } = this.setting;
    const { anchor, to } = hypothesis;
    const claims = CLAIMS.begin();
    let keeps: ReturnType<typeof keeperOf> | null = null;
    let gain = 0;
    let last = Number.NEGATIVE_INFINITY;
    let begin = 0;
    let bestGain = 0;
    let bestBegin = -1;
    let bestEnd = -1;
    for (let at = hypothesis.from; at < to; at += 1) {
      const index = hypothesis.units[at] ?? -1;
      const cost = hypothesis.costs[at] ?? 0;
      const own = held[index] ?? 0;
      const unit = units[index];
      if (unit === undefined || own <= cost + MARGIN) continue;
      const by = taken[index];
      if (by !== undefined) {
        if (anchor === null) continue;
        keeps ??= keeperOf(anchor, this.setting);
        if (!keeps(index, by)) continue;
      }
      if (anchor === null && unit.onset - last > (creeping[index] === true ? CREEP_GAP_MS : WAVE_GAP_MS)) {
        begin = claims.to;
        gain = 0;
      }
      claims.add(index, cost);
      gain += own - cost - MARGIN;
      last = unit.onset;
      if (gain > bestGain) {
        bestGain = gain;
        bestBegin = begin;
      }
      // A wave is the best one with all that is still to come of it.
      if (bestBegin === begin) bestEnd = claims.to;
    }
    claims.narrow(bestBegin, bestEnd);
    if (anchor === null) putInOrder(claims, hypothesis.fault, { units, held });
  }

  /** What the claims in `CLAIMS` are worth together. */
  private price({ fault, anchor }: Hypothesis, least: number): number {
    const { held } = this;
    const { units, sensed, context } = this.setting;
    const { from, to, units: claimed, costs } = CLAIMS;
    this.isBound = true;
    if (from === to || (to - from === 1 && anchor === null)) return 0;
    const root = faultCi(fault);
    const first = units[claimed[from] ?? -1]?.onset ?? context.at;
    let gain = 0;
    let silent = true;
    let isFelt = false;
    for (let at = from; at < to; at += 1) {
      const index = claimed[at] ?? -1;
      const cost = costs[at] ?? 0;
      gain = gain + (held[index] ?? 0) - cost - MARGIN;
      if (cost <= OWN_EVIDENCE && units[index]?.ci === root) silent = false;
      isFelt ||= sensed[index] === true;
    }
    if (anchor?.settled === true) return this.exactly(gain - SETTLED_PRICE);
    const { topology, influence, at, alarmed, speaks } = context;
    const opening = openingCost(influence.traits, fault, silent, isFelt) * (anchor === null ? 1 : ANCHOR_PRICE);
    const alive = aliveCost(topology, fault, faultDead(fault) && speaks(root, first));
    const atMost = gain - opening - alive;
    if (atMost <= 0 || atMost < least) return Math.max(0, atMost);
    const members: number[] = [];
    for (let claim = from; claim < to; claim += 1) members.push(units[claimed[claim] ?? -1]?.ci ?? -1);
    const asked = { onset: first, at, silent, enough: atMost - least };
    const quiet = quietDependents(influence, fault, { members, alarmed, speaks }, asked);
    if (quiet.isLeast) return Math.max(0, atMost - quiet.cost);
    return this.exactly(gain - opening - alive - quiet.cost);
  }

  private exactly(gain: number): number {
    this.isBound = false;
    return gain;
  }
}

/** Work space; empty between calls. */
const CLAIMS = new WorkingClaims();
