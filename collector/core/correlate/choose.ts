import type { Unit } from "../model/evidence.ts";
import { grown } from "../model/grown.ts";
import { type Alarmed, aliveCost, openingCost, quietDependents } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead, type Influence } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { WorkingClaims } from "./claims.ts";
import { putInOrder } from "./in-time.ts";
import type { Choice } from "./hypotheses.ts";
import { keeperOf } from "./kept.ts";
import { ANCHOR_PRICE, MARGIN, OWN_EVIDENCE, SETTLED_PRICE } from "./prices.ts";
import type { Proposals } from "./propose.ts";

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
  /** By unit: when it began. */
  onsets: readonly UnixMillis[];
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
  CHOSEN.begin();
  const chosen = greedy(proposals, setting, NONE);
  return setting.units.length <= IMPROVED_UNITS_MAX ? improve(proposals, setting, chosen) : chosen;
}

/** The greedy first choice can stand in the way of two better ones: what if it were not there? */
function improve(proposals: Proposals, setting: Setting, first: Choice[]): Choice[] {
  let best = first;
  for (const choice of first.slice(0, IMPROVED_CHOICES_MAX)) {
    if (choice.claims.to - choice.claims.from < 3 || choice.anchor?.settled === true) continue;
    const other = greedy(proposals, setting, choice.hypothesis);
    if (worth(other) > worth(best) + 0.5) best = other;
  }
  return best;
}

function worth(chosen: readonly Choice[]): number {
  return chosen.reduce((sum, choice) => sum + choice.gain, 0);
}

/** No hypothesis. */
const NONE = -1;

function greedy(proposals: Proposals, setting: Setting, without: number): Choice[] {
  const open = new Open(proposals, setting, without);
  const chosen: Choice[] = [];
  for (;;) {
    const best = open.pick();
    if (best === null) return chosen;
    chosen.push(best);
    open.take(best);
  }
}

/** Arrays for one search after the other: each would take longer to make than to fill. */
class Room {
  caps = new Float64Array(256);
  left = new Float64Array(256);
  weighed = new Int32Array(256);
  held = new Float64Array(256);

  for(hypotheses: number, units: number): this {
    while (this.caps.length < hypotheses) {
      this.caps = grown(this.caps, Float64Array);
      this.left = grown(this.left, Float64Array);
      this.weighed = grown(this.weighed, Int32Array);
    }
    while (this.held.length < units) this.held = grown(this.held, Float64Array);
    return this;
  }
}

/** What is still to be chosen from, and what is still to be explained. One at a time: the last one is over. */
class Open {
  private readonly proposals: Proposals;
  private readonly setting: Setting;
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

  /** @param without a hypothesis that is not to be chosen */
  constructor(proposals: Proposals, setting: Setting, without: number) {
    const { count, caps } = proposals.hypotheses;
    const { units, alone } = setting;
    const room = ROOM.for(count, units.length);
    this.proposals = proposals;
    this.setting = setting;
    this.caps = room.caps.fill(Number.POSITIVE_INFINITY, 0, count);
    this.left = room.left;
    this.weighed = room.weighed.fill(0, 0, count);
    this.held = room.held;
    this.taken = units.map(() => undefined);
    for (let at = 0; at < count; at += 1) this.left[at] = caps[at] ?? 0;
    for (let unit = 0; unit < units.length; unit += 1) this.held[unit] = alone[unit] ?? 0;
    if (without >= 0) this.caps[without] = Number.NEGATIVE_INFINITY;
  }

  /**
   * The hypothesis that saves most now; of equal ones the first. Gains only fall as units are taken, so an old gain is a
   * bound for the new, and those that could be worth most are weighed first.
   */
  pick(): Choice | null {
    const { hypotheses } = this.proposals;
    this.round += 1;
    let best = NONE;
    let gain = 0;
    for (let next = this.promising(0, NONE); next >= 0; next = this.promising(gain, best)) {
      const found = this.evaluate(next, gain);
      this.weighed[next] = this.round;
      this.caps[next] = found;
      if (this.isBound || found <= 0) continue;
      if (best >= 0 && (found < gain || (found === gain && hypotheses.goesBefore(best, next)))) continue;
      best = next;
      gain = found;
    }
    return best < 0 ? null : this.choice(best, gain);
  }

  /** Its units are explained. */
  take(choice: Choice): void {
    const { table, hypotheses } = this.proposals;
    const { units, costs, from, to } = choice.claims;
    for (let at = from; at < to; at += 1) {
      const unit = units[at] ?? 0;
      this.taken[unit] = choice;
      this.held[unit] = (costs[at] ?? 0) + MARGIN;
      table.takeUnit(unit, this.left, hypotheses);
    }
  }

  /** Most are weighed and not chosen: what they explain is put down only for the one that is. */
  private choice(hypothesis: number, gain: number): Choice {
    const { hypotheses } = this.proposals;
    this.gather(hypothesis);
    const from = CHOSEN.to;
    CHOSEN.addAll(CLAIMS);
    const claims = { units: CHOSEN.units, costs: CHOSEN.costs, from, to: CHOSEN.to };
    return {
      hypothesis,
      fault: hypotheses.faults[hypothesis] ?? 0,
      anchor: hypotheses.anchor(hypothesis),
      gain,
      claims,
      last: this.setting.onsets[claims.units[claims.to - 1] ?? -1] ?? this.setting.context.at,
    };
  }

  /**
   * The one not weighed yet that could be worth most, if that is more than `least`, or as much and it goes before `best`; or
   * −1. Of equal ones the first.
   */
  private promising(least: number, best: number): number {
    const { caps, left, weighed, round } = this;
    const { hypotheses } = this.proposals;
    let found = NONE;
    let most = least;
    for (let index = 0; index < hypotheses.count; index += 1) {
      const cap = Math.min(left[index] ?? 0, caps[index] ?? 0);
      if (cap < most || weighed[index] === round) continue;
      if (cap === most) {
        const other = found < 0 ? best : found;
        if (other < 0 || !hypotheses.goesBefore(index, other)) continue;
      }
      found = index;
      most = cap;
    }
    return found;
  }

  /** What it is worth now; a bound of that where it cannot be more than `least`: see `isBound`. */
  private evaluate(hypothesis: number, least: number): number {
    const { wholes } = this.proposals.hypotheses;
    const isWhole = this.isWhole(hypothesis);
    const known = wholes[hypothesis] ?? Number.NaN;
    this.isBound = false;
    if (isWhole && !Number.isNaN(known)) return known;
    this.gather(hypothesis);
    const found = this.price(hypothesis, least);
    if (isWhole && !this.isBound) wholes[hypothesis] = found;
    return found;
  }

  /** Whether none of its units is taken. */
  private isWhole(hypothesis: number): boolean {
    const { taken } = this;
    const { hypotheses, table } = this.proposals;
    const to = hypotheses.to[hypothesis] ?? 0;
    for (let at = hypotheses.from[hypothesis] ?? 0; at < to; at += 1)
      if (taken[table.units[at] ?? -1] !== undefined) return false;
    return true;
  }

  /** Puts into `CLAIMS` what it would explain better than it is explained now: of a new fault the best wave. */
  private gather(hypothesis: number): void {
    const { held, taken } = this;
    const { hypotheses, table } = this.proposals;
    const { units, onsets, creeping } = this.setting;
    const anchor = hypotheses.anchor(hypothesis);
    const to = hypotheses.to[hypothesis] ?? 0;
    const claims = CLAIMS.begin();
    let keeps: ReturnType<typeof keeperOf> | null = null;
    let gain = 0;
    let last = Number.NEGATIVE_INFINITY;
    let begin = 0;
    let bestGain = 0;
    let bestBegin = -1;
    let bestEnd = -1;
    for (let at = hypotheses.from[hypothesis] ?? 0; at < to; at += 1) {
      const index = table.units[at] ?? -1;
      const cost = table.costs[at] ?? 0;
      const own = held[index] ?? 0;
      if (own <= cost + MARGIN) continue;
      const by = taken[index];
      if (by !== undefined) {
        if (anchor === null) continue;
        keeps ??= keeperOf(anchor, this.setting);
        if (!keeps(index, by)) continue;
      }
      const onset = onsets[index] ?? 0;
      if (anchor === null && onset - last > (creeping[index] === true ? CREEP_GAP_MS : WAVE_GAP_MS)) {
        begin = claims.to;
        gain = 0;
      }
      claims.add(index, cost);
      gain += own - cost - MARGIN;
      last = onset;
      if (gain > bestGain) {
        bestGain = gain;
        bestBegin = begin;
      }
      // A wave is the best one with all that is still to come of it.
      if (bestBegin === begin) bestEnd = claims.to;
    }
    claims.narrow(bestBegin, bestEnd);
    if (anchor === null) putInOrder(claims, hypotheses.faults[hypothesis] ?? 0, { units, held });
  }

  /** What the claims in `CLAIMS` are worth together. */
  private price(hypothesis: number, least: number): number {
    const { held } = this;
    const { hypotheses } = this.proposals;
    const { units, onsets, sensed, context } = this.setting;
    const fault = hypotheses.faults[hypothesis] ?? 0;
    const anchor = hypotheses.anchor(hypothesis);
    const { from, to, units: claimed, costs } = CLAIMS;
    this.isBound = true;
    if (from === to || (to - from === 1 && anchor === null)) return 0;
    const root = faultCi(fault);
    const first = onsets[claimed[from] ?? -1] ?? context.at;
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
    while (MEMBERS.length < to - from) MEMBERS.push(-1);
    for (let claim = from; claim < to; claim += 1) MEMBERS[claim - from] = units[claimed[claim] ?? -1]?.ci ?? -1;
    // Another list each time: who is marked is known by it.
    const members = MEMBERS.slice(0, to - from);
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
/** The claims of what was chosen, one after the other, until the next solve. */
const CHOSEN = new WorkingClaims();
const ROOM = new Room();
const MEMBERS: number[] = [];
