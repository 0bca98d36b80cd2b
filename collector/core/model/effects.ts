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
}

const CHANCE_MIN = 0.02;
const EFFECTS_MAX = 600;
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
    const best = new Map<number, number>();
    let level: State[] = [{ ci: root, dead, chance: 1 }];
    let direct = 0;
    for (let depth = 0; depth < 4 && level.length > 0 && best.size < EFFECTS_MAX; depth += 1) {
      const next: State[] = [];
      for (const state of level) this.spread(state, root, best, next);
      if (depth === 0) direct = best.size;
      level = next;
    }
    const list = [...best];
    return {
      cis: Int32Array.from(list, ([ci]) => ci),
      chances: Float64Array.from(list, ([, chance]) => chance),
      direct,
    };
  }

  private spread(state: State, root: number, best: Map<number, number>, next: State[]): void {
    const hit = (ci: number, dead: boolean, chance: number): void => {
      if (ci === root || chance < CHANCE_MIN || best.size >= EFFECTS_MAX) return;
      const known = best.get(ci);
      if (known !== undefined && known >= chance) return;
      best.set(ci, chance);
      next.push({ ci, dead, chance });
    };
    for (const edge of this.topology.neededBy(state.ci)) {
      const way = this.way(edge, state.ci);
      if (way === null) continue;
      const sure = state.chance * edge.confidence;
      if (!state.dead) hit(edge.ci, false, sure * way.badToBad);
      else if (way.deadToDead >= 0.35) hit(edge.ci, true, sure * way.deadToDead);
      else hit(edge.ci, false, sure * Math.max(way.deadToBad, way.deadToDead));
    }
    if (state.dead && state.chance >= 0.5) for (const ci of this.behindOf(state.ci)) hit(ci, true, state.chance * 0.8);
    if (state.dead) return;
    // A pool that works badly: its replicas do.
    for (const edge of this.topology.needs(state.ci)) {
      if (edge.type === "hasMember" && this.topology.ci(edge.ci).type === "container")
        hit(edge.ci, false, state.chance * REPLICA);
    }
  }

  /** How trouble passes from a CI to this dependent; null = it does not. */
  private way(edge: Edge, needed: number): Transmission | null {
    if (edge.type === "hasMember") {
      const chance = memberChance(members(this.topology, edge.ci));
      return { deadToDead: 0, deadToBad: chance, badToBad: chance };
    }
    if (edge.type !== "connectsTo")
      return isTimeSource(this.topology.ci(needed))
        ? TIME_USERS
        : transmission(edge.type, this.topology.ci(needed).type);
    if (!this.reach.leadsHome(edge.ci, needed)) return null;
    return this.reach.lines(edge.ci) > 1 ? ONE_OF_SEVERAL : ONLY_LINE;
  }

  private behindOf(ci: number): readonly number[] {
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

function members(topology: Topology, ci: number): number {
  return topology.needs(ci).reduce((sum, edge) => sum + (edge.type === "hasMember" ? 1 : 0), 0);
}
