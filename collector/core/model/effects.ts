import { BestCosts } from "./best-costs.ts";
import type { Reachability } from "./reachability.ts";
import {
  isTimeSource,
  memberChance,
  ONE_OF_SEVERAL,
  ONLY_LINE,
  REPLICA,
  TIME_USERS,
  transmission,
  type Transmission,
} from "./transmission.ts";
import type { Edge, Topology } from "./topology.ts";

/** Whom a fault of one CI should hit, and with what chance (0…1); the CI itself is not in it. */
export interface Effects {
  readonly cis: Int32Array;
  readonly chances: Float64Array;
  /** How many of them need the CI directly; these come first. */
  readonly direct: number;
  /** See `watchedOf`; null until it is asked for. */
  watched: Watched | null;
}

/**
 * The effects of a fault that somebody would notice, as flat arrays for the loop that asks each of them. Few distinct
 * chances occur, so that what the quiet ones cost is a sum over these.
 */
export interface Watched {
  readonly cis: Int32Array;
  /** The chance that its failing, and its being seen to, follow from the fault, as an index of `levels`. */
  readonly level: Uint16Array;
  readonly levels: Float64Array;
  /** How many are at each level. */
  readonly counts: Uint16Array;
  /** The sum of all their chances to be seen. */
  readonly due: number;
  /** The chance that it fails at all. */
  readonly chances: Float64Array;
  /** How many of them need the CI directly; these come first. */
  readonly direct: number;
  /** Of the direct ones, those that would be seen at all likely. */
  readonly expected: number;
}

const CHANCE_MIN = 0.02;
const EFFECTS_MAX = 2500;
const MEMO_MAX = 5_000;

interface State {
  ci: number;
  dead: boolean;
  chance: number;
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
  /** By CI: 0 not asked yet, 1 no, 2 yes. */
  private timeSources = new Uint8Array(1024);

  constructor(topology: Topology, reach: Reachability) {
    this.topology = topology;
    this.reach = reach;
  }

  of(ci: number, dead: boolean): Effects {
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
    let level: State[] = [{ ci: root, dead, chance: 1 }];
    let direct = 0;
    for (let depth = 0; depth < 4 && level.length > 0 && best.size < EFFECTS_MAX; depth += 1) {
      const next: State[] = [];
      for (const state of level) this.spread(state, root, next);
      if (depth === 0) direct = best.size;
      level = next;
    }
    const cis = Int32Array.from(best.keys);
    return { cis, chances: Float64Array.from(cis, (ci) => -best.get(ci)), direct, watched: null };
  }

  private spread(state: State, root: number, next: State[]): void {
    const { ci } = state;
    const needed = this.topology.ci(ci);
    const isTime = this.isTimeSource(ci);
    for (const edge of this.topology.neededBy(ci)) {
      if (BEST.size >= EFFECTS_MAX) return;
      const way = this.way(edge, ci, isTime ? null : needed.type);
      if (way === null) continue;
      const sure = state.chance * edge.confidence;
      if (!state.dead) hit(edge.ci, root, sure * way.badToBad, false, next);
      else if (way.deadToDead >= 0.35) hit(edge.ci, root, sure * way.deadToDead, true, next);
      else hit(edge.ci, root, sure * Math.max(way.deadToBad, way.deadToDead), false, next);
    }
    if (state.dead) {
      if (state.chance < 0.5) return;
      for (const behind of this.behindOf(ci)) {
        if (BEST.size >= EFFECTS_MAX) return;
        hit(behind, root, state.chance * 0.8, true, next);
      }
      return;
    }
    // A pool that works badly: its replicas do.
    for (const edge of this.topology.needs(ci)) {
      if (edge.type === "hasMember" && this.topology.ci(edge.ci).type === "container")
        hit(edge.ci, root, state.chance * REPLICA, false, next);
    }
  }

  /** How trouble passes from a CI to this dependent; null = it does not. `type` of the CI, null if it gives the time. */
  private way(edge: Edge, needed: number, type: string | null): Transmission | null {
    if (edge.type === "hasMember") {
      const chance = memberChance(members(this.topology, edge.ci));
      return { deadToDead: 0, deadToBad: chance, badToBad: chance };
    }
    if (edge.type !== "connectsTo") return type === null ? TIME_USERS : transmission(edge.type, type);
    if (!this.reach.leadsHome(edge.ci, needed)) return null;
    return this.reach.lines(edge.ci) > 1 ? ONE_OF_SEVERAL : ONLY_LINE;
  }

  private isTimeSource(ci: number): boolean {
    if (ci >= this.timeSources.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(ci + 1)));
      grown.set(this.timeSources);
      this.timeSources = grown;
    }
    const known = this.timeSources[ci] ?? 0;
    if (known !== 0) return known === 2;
    const found = isTimeSource(this.topology.ci(ci));
    this.timeSources[ci] = found ? 2 : 1;
    return found;
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

/** Work space; empty between calls. Chances as costs, so that the greatest is the least. */
const BEST = new BestCosts();

/** Takes the likeliest way to each CI, and lets it spread on from there. */
function hit(ci: number, root: number, chance: number, dead: boolean, next: State[]): void {
  if (ci === root || chance < CHANCE_MIN || BEST.size >= EFFECTS_MAX) return;
  if (BEST.lower(ci, -chance)) next.push({ ci, dead, chance });
}

function members(topology: Topology, ci: number): number {
  return topology.needs(ci).reduce((sum, edge) => sum + (edge.type === "hasMember" ? 1 : 0), 0);
}
