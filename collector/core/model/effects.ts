import { BestCosts } from "./best-costs.ts";
import type { Places } from "./places.ts";
import type { Reachability } from "./reachability.ts";
import { grown } from "./grown.ts";
import { Spreads } from "./spreads.ts";
import type { Topology } from "./topology.ts";

/** Whom a fault of one CI should hit, and with what chance (0…1); the CI itself is not in it. */
export interface Effects {
  readonly cis: Int32Array;
  readonly chances: Float64Array;
  /** How many of them need the CI directly; these come first. */
  readonly direct: number;
  /** See `WatchedOf`; null until it is asked for. */
  watched: Watched | null;
}

/**
 * The effects of a fault that somebody would notice, as flat arrays for the loop that asks each of them. Few distinct
 * chances occur, so that what the quiet ones cost is a sum over these.
 */
export interface Watched {
  readonly cis: Int32Array;
  readonly places: Places;
  /** The chance that its failing, and its being seen to, follow from the fault, as an index of `levels`, and more: see `LEVEL`. */
  readonly level: Uint16Array;
  /** Each level, and behind it how many there are of it. */
  readonly levels: Float64Array;
  /** The sum of all their chances to be seen, and the best of them. */
  readonly due: number;
  readonly most: number;
  /** Those that need the CI directly, and would be seen at all likely. */
  readonly expected: number;
}

const CHANCE_MIN = 0.02;
const EFFECTS_MAX = 2500;
const MEMO_MAX = 5_000;

/** CIs that are reached, with how they are then and how likely, as flat arrays. Memory: 13 bytes each of the most there ever were. */
class States {
  size = 0;
  private cis = new Int32Array(4096);
  private dead = new Uint8Array(4096);
  private chances = new Float64Array(4096);

  begin(): this {
    this.size = 0;
    return this;
  }

  add(ci: number, dead: boolean, chance: number): void {
    if (this.size === this.cis.length) this.grow();
    this.cis[this.size] = ci;
    this.dead[this.size] = dead ? 1 : 0;
    this.chances[this.size] = chance;
    this.size += 1;
  }

  ci(at: number): number {
    return this.cis[at] ?? 0;
  }

  isDead(at: number): boolean {
    return this.dead[at] === 1;
  }

  chance(at: number): number {
    return this.chances[at] ?? 0;
  }

  private grow(): void {
    this.cis = grown(this.cis, Int32Array);
    this.dead = grown(this.dead, Uint8Array);
    this.chances = grown(this.chances, Float64Array);
  }
}

interface Known {
  effects: Effects;
  /** Of the graph that they are known to be right for. */
  version: number;
}

/** Answers "who should fail if this one does?" from the graph alone: the other side of `Influence`. */
export class EffectsOf {
  private readonly topology: Topology;
  private readonly reach: Reachability;
  private readonly memo = new Map<number, Known>();
  /** By single point of failure, the CIs behind it; of the first `behindUpTo` CIs. */
  private readonly behind = new Map<number, number[]>();
  private behindUpTo = 0;
  private behindVersion = 0;
  private readonly spreads: Spreads;

  constructor(topology: Topology, reach: Reachability) {
    this.topology = topology;
    this.reach = reach;
    this.spreads = new Spreads(topology, reach);
  }

  of(ci: number, dead: boolean): Effects {
    // A flood of what the CMDB does not know must not fill the memory with lists that are all empty.
    if (this.topology.isAlone(ci)) return NO_EFFECTS;
    const key = ci * 2 + (dead ? 1 : 0);
    const known = this.memo.get(key);
    const { version } = this.topology;
    if (known !== undefined && (known.version === version || this.isUntouched(known, ci))) {
      known.version = version;
      return known.effects;
    }
    if (this.memo.size >= MEMO_MAX) this.memo.clear();
    const effects = this.search(ci, dead);
    this.memo.set(key, { effects, version });
    return effects;
  }

  /** Whether no relation that the graph has gained since begins or ends where these effects go along. */
  private isUntouched({ effects, version }: Known, root: number): boolean {
    const isOn = (ci: number): boolean => ci === root || effects.cis.includes(ci);
    return this.topology.gainedSince(version).every(({ from, to }) => {
      if (isOn(from) || isOn(to)) return false;
      return !this.reach.before(from).some(isOn) && !this.reach.before(to).some(isOn);
    });
  }

  private search(root: number, dead: boolean): Effects {
    const best = BEST.begin();
    const states = STATES.begin();
    states.add(root, dead, 1);
    let direct = 0;
    let at = 0;
    for (let depth = 0; depth < 4 && at < states.size && best.size < EFFECTS_MAX; depth += 1) {
      const level = states.size;
      for (; at < level; at += 1) this.spread(at, root);
      if (depth === 0) direct = best.size;
    }
    const cis = Int32Array.from(best.keys.slice(0, best.size));
    const chances = new Float64Array(cis.length);
    for (let index = 0; index < cis.length; index += 1) chances[index] = -best.get(cis[index] ?? -1);
    return { cis, chances, direct, watched: null };
  }

  /** From one state to the next. */
  private spread(from: number, root: number): void {
    const ci = STATES.ci(from);
    const isDead = STATES.isDead(from);
    const chance = STATES.chance(from);
    const { spreads } = this;
    const end = spreads.end(ci, this.topology.version);
    for (let at = spreads.begin(ci); at < end; at += 1) {
      if (BEST.size >= EFFECTS_MAX) return;
      const sure = chance * spreads.confidence(at);
      if (isDead) hit(spreads.to(at), root, sure * spreads.ifDead(at), spreads.staysDead(at));
      else hit(spreads.to(at), root, sure * spreads.ifBad(at), false);
    }
    if (!isDead || chance < 0.5) return;
    for (const behind of this.behindOf(ci)) {
      if (BEST.size >= EFFECTS_MAX) return;
      hit(behind, root, chance * 0.8, true);
    }
  }

  private behindOf(ci: number): readonly number[] {
    const { version } = this.topology;
    // What the document has stays where it is; what came later moves with the relations that it gains.
    if (this.topology.gainedSince(this.behindVersion).some(({ from }) => from >= this.reach.size)) {
      this.behind.clear();
      this.behindUpTo = 0;
    }
    this.behindVersion = version;
    for (; this.behindUpTo < this.topology.size; this.behindUpTo += 1) {
      for (const point of this.reach.before(this.behindUpTo)) {
        const list = this.behind.get(point);
        if (list === undefined) this.behind.set(point, [this.behindUpTo]);
        else list.push(this.behindUpTo);
      }
    }
    return this.behind.get(ci) ?? [];
  }
}

const NO_EFFECTS: Effects = { cis: new Int32Array(), chances: new Float64Array(), direct: 0, watched: null };

/** Work space; empty between calls. Chances as costs, so that the greatest is the least. */
const BEST = new BestCosts();
const STATES = new States();

/** Takes the likeliest way to each CI, and lets it spread on from there. */
function hit(ci: number, root: number, chance: number, dead: boolean): void {
  if (ci === root || chance < CHANCE_MIN || BEST.size >= EFFECTS_MAX) return;
  if (BEST.lower(ci, -chance)) STATES.add(ci, dead, chance);
}
