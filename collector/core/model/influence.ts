import { EDGE_TYPES, looseCircuits } from "./circuits.ts";
import { EffectsOf } from "./effects.ts";
import { FaultTraits, OUTCOME_TYPES } from "./fault-traits.ts";
import { Reachability } from "./reachability.ts";
import { BestCosts } from "./best-costs.ts";
import { SystemNames } from "./system-names.ts";
import type { Symptom } from "./symptom.ts";
import type { Topology } from "./topology.ts";
import { costOf, isTimeSource, memberChance, REPLICA, siblingChance } from "./transmission.ts";
import { WatchedOf } from "./watched.ts";
import { HOSTING_WAY, MEMBER_WAY, POOL_TYPES, type Ways, WaysOf } from "./ways.ts";

/** A fault as a number: which CI, and whether it is dead or only works badly. These show themselves differently. */
export type FaultKey = number;

export function faultKey(ci: number, dead: boolean): FaultKey {
  return ci * 2 + (dead ? 1 : 0);
}

export function faultCi(key: FaultKey): number {
  return key >> 1;
}

export function faultDead(key: FaultKey): boolean {
  return (key & 1) === 1;
}

/**
 * Which faults could have caused a symptom, and how surprising the symptom would be: `cost` is −ln of the probability
 * that this fault shows itself like this. Sorted by cost, cheapest first; faults of the CI itself are always among them.
 */
export interface Causes {
  readonly keys: readonly FaultKey[];
  readonly costs: readonly number[];
}

/** Beyond this cost (a chance of about 1 in 20) a way explains nothing any more. */
export const COST_MAX = 3.2;
const CAUSES_MAX = 160;
const VISITS_MAX = 600;
/** Causes kept in memory, for CIs that alarm; the oldest half goes when there are more. */
const MEMO_MAX = 50_000;
/** There are fewer kinds of symptoms, and of CIs that differ in their own price, than this. */
const ALONE_COSTS_MAX = 32;
const ALONE_KEPT = 1024;

/** How the CI at the near end has to be for the symptom: dead, or only working badly. */
const DEAD = 0;
const BAD = 1;
/** As BAD, reached from a member up to its pool: the pool's other members say nothing about this one. */
const BAD_POOL = 2;
/** As BAD, for one of several members of a bad pool: what all members share is the likelier cause. */
const BAD_MEMBER = 3;
type Mode = typeof DEAD | typeof BAD | typeof BAD_POOL | typeof BAD_MEMBER;

/** What a fault of a CI costs to show itself as this symptom on the CI itself, and where the search starts. */
interface Entry {
  self: number;
  dead: number | null;
  bad: number | null;
}

const ENTRY: Record<Symptom, Entry> = {
  gone: { self: 0.2, dead: 0, bad: 2.2 },
  down: { self: 0.2, dead: 0.05, bad: 0.7 },
  errors: { self: 0.5, dead: 0.15, bad: 0 },
  slow: { self: 0.6, dead: 0.5, bad: 0 },
  load: { self: 0.4, dead: 1.2, bad: 0.6 },
  backlog: { self: 0.9, dead: 0.9, bad: 0.6 },
  resource: { self: 0.15, dead: null, bad: 2 },
  link: { self: 1.3, dead: 0.6, bad: null },
  lossy: { self: 0.3, dead: null, bad: 0.7 },
  member: { self: 2.5, dead: null, bad: 1.2 },
  clock: { self: 0.8, dead: null, bad: 1.5 },
  environment: { self: 0.4, dead: null, bad: null },
  certificate: { self: 0.1, dead: null, bad: 2.5 },
  other: { self: 0.5, dead: 0.7, bad: 0.7 },
};

/** More for the CI itself to be dead, or to be only bad, when it shows this symptom. */
const SELF_DEAD: Record<Symptom, number> = {
  gone: 0,
  down: 0,
  errors: 0.4,
  slow: 1.4,
  load: 1.4,
  backlog: 1,
  resource: 1,
  link: 0.2,
  lossy: 1,
  member: 0.5,
  clock: 1,
  environment: 0,
  certificate: 0,
  other: 0.4,
};
const SELF_BAD: Record<Symptom, number> = {
  gone: 1.2,
  down: 0.8,
  errors: 0,
  slow: 0,
  load: 0,
  backlog: 0,
  resource: 0,
  link: 0,
  lossy: 0,
  member: 0,
  clock: 0,
  environment: 0,
  certificate: 0,
  other: 0,
};
/** A dead dependency makes its users work badly, too; then it would mostly show itself. */
const DEAD_FOR_BAD = 0.1;

/** A database is rarely slow because a cache before it was lost. */
const LOST_CACHE = 1.2;

/** The only circuit that a port at the edge could be, though no record says so. */
const LOOSE_CIRCUIT = 0.6;

/**
 * Answers "who could have caused this?" from the graph as it is; the same question costs nothing the second time, until
 * the graph gains relations.
 */
export class Influence {
  readonly topology: Topology;
  readonly reach: Reachability;
  readonly effects: EffectsOf;
  readonly watched: WatchedOf;
  readonly systems: SystemNames;
  readonly traits: FaultTraits;
  private readonly memo = new Map<string, Causes>();
  private readonly aloneCosts: (readonly number[])[] = [];
  /** By CI: what was asked last. */
  private readonly alone: ({ ci: number; symptom: Symptom; causes: Causes } | undefined)[] = [];
  /** Of the graph that the memo is about. */
  private version: number;
  private readonly search: Search;

  constructor(topology: Topology) {
    this.topology = topology;
    this.version = topology.version;
    this.reach = new Reachability(topology);
    this.search = new Search(topology, this.reach);
    this.effects = new EffectsOf(topology, this.reach);
    this.watched = new WatchedOf(topology, this.effects);
    this.systems = new SystemNames(topology);
    this.traits = new FaultTraits(topology);
  }

  /** Candidates for a symptom on a CI. */
  causes(ci: number, symptom: Symptom): Causes {
    this.renew();
    if (this.topology.isAlone(ci)) return this.causesAlone(ci, symptom);
    const key = `${symptom} ${ci}`;
    const known = this.memo.get(key);
    if (known !== undefined) return known;
    if (this.memo.size >= MEMO_MAX) this.memo.clear();
    const found = this.search.run(ci, symptom);
    this.memo.set(key, found);
    return found;
  }

  /** Found at once: to remember it for all would cost more. But a flood on one CI asks for it again and again. */
  private causesAlone(ci: number, symptom: Symptom): Causes {
    const place = ci % ALONE_KEPT;
    const known = this.alone[place];
    if (known !== undefined && known.ci === ci && known.symptom === symptom) return known.causes;
    const causes = this.withSharedCosts(this.search.run(ci, symptom));
    this.alone[place] = { ci, symptom, causes };
    return causes;
  }

  /** What is alone costs the same whichever CI it is, and every alert of a flood keeps its causes. */
  private withSharedCosts({ keys, costs }: Causes): Causes {
    for (const known of this.aloneCosts) if (areEqual(known, costs)) return { keys, costs: known };
    if (this.aloneCosts.length < ALONE_COSTS_MAX) this.aloneCosts.push(costs);
    return { keys, costs };
  }

  /** As `causes`, for an alert whose text names another CI: that one, or what it needs, is the likelier cause. */
  causesNaming(ci: number, symptom: Symptom, named: number): Causes {
    this.renew();
    const key = `${symptom} ${ci} ${named}`;
    const known = this.memo.get(key);
    if (known !== undefined) return known;
    const own = this.causes(ci, symptom);
    const others = this.causes(named, "gone");
    const best = NAMED.begin();
    const take = (causes: Causes, extra: number): void =>
      causes.keys.forEach((other, index) => {
        const cost = (causes.costs[index] ?? 0) + (faultCi(other) === ci ? 0 : extra);
        if (cost <= COST_MAX) best.lower(other, cost);
      });
    take(own, 1.5);
    take(others, 0);
    const found = best.cheapest(CAUSES_MAX);
    if (this.memo.size >= MEMO_MAX) this.memo.clear();
    this.memo.set(key, found);
    return found;
  }

  /** Forgets what a relation may have changed that the graph gained. */
  private renew(): void {
    if (this.version === this.topology.version) return;
    this.version = this.topology.version;
    this.memo.clear();
    this.alone.length = 0;
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((cost, at) => cost === b[at]);
}

/** Work space; empty between calls. */
const NAMED = new BestCosts();

/** One search against the direction of trouble, from the symptom to what could have caused it. */
class Search {
  private readonly topology: Topology;
  private readonly reach: Reachability;
  private readonly ways: WaysOf;
  /** By state: a CI and how it has to be. */
  private readonly best = new BestCosts();
  /** By fault. */
  private readonly candidates = new BestCosts();
  /** The first `queued`; see `BestCosts.keys`. */
  private readonly queue: number[] = [];
  private queued = 0;
  /** What it costs more when one member alone, or what carries only it, is to have broken its pool. */
  private readonly aside = new Map<number, number>();
  private from = -1;

  constructor(topology: Topology, reach: Reachability) {
    this.topology = topology;
    this.reach = reach;
    this.ways = new WaysOf(topology, reach);
  }

  run(ci: number, symptom: Symptom): Causes {
    this.best.begin();
    this.candidates.begin();
    this.queued = 0;
    this.aside.clear();
    this.from = ci;
    const entry = ENTRY[symptom];
    if (entry.dead !== null && symptom !== "link") this.push(ci, DEAD, entry.dead);
    if (entry.bad !== null) this.push(ci, BAD, entry.bad);
    this.special(ci, symptom);
    let visits = 0;
    for (let at = 0; at < this.queued && visits < VISITS_MAX; at += 1, visits += 1) {
      const state = this.queue[at] ?? 0;
      this.expand(state >> 2, (state & 3) as Mode, this.best.get(state));
    }
    const type = this.topology.ci(ci).type;
    // A circuit that is down is itself what is down; a port only tells of one of its two ends.
    let self = symptom === "link" && type === "wanLink" ? 0.1 : entry.self;
    if (OUTCOME_TYPES.has(type)) self += 2.5;
    else if (POOL_TYPES.has(type) && this.topology.needs(ci).some((edge) => edge.type === "hasMember")) self += 0.2;
    this.suspect(ci, true, self + SELF_DEAD[symptom]);
    this.suspect(ci, false, self + SELF_BAD[symptom]);
    return this.candidates.cheapest(CAUSES_MAX);
  }

  /** Reaches a state; the CI is a candidate at this cost, or dearer by `aside`. */
  private push(ci: number, mode: Mode, cost: number, aside = 0): void {
    if (cost > COST_MAX) return;
    const state = ci * 4 + mode;
    if (!this.best.lower(state, cost)) return;
    this.queue[this.queued] = state;
    this.queued += 1;
    // The CI with the symptom is priced by its own table, not by a way of no length.
    if (ci === this.from) return;
    this.suspect(ci, true, cost + aside + (mode === DEAD ? 0 : DEAD_FOR_BAD));
    if (mode !== DEAD) this.suspect(ci, false, cost + aside);
  }

  private suspect(ci: number, dead: boolean, cost: number): void {
    if (cost > COST_MAX) return;
    this.candidates.lower(faultKey(ci, dead), cost);
  }

  private expand(ci: number, mode: Mode, cost: number): void {
    const ways = this.ways.of(ci);
    const { to, kind, doubt } = ways;
    for (let at = 0; at < to.length; at += 1) {
      const other = to[at] ?? 0;
      const price = cost + (doubt[at] ?? 0);
      if (kind[at] === MEMBER_WAY) {
        if (mode === DEAD || mode === BAD) this.followMember(other, mode === DEAD, price, ways.members);
      } else if (mode === DEAD) this.push(other, DEAD, price + (ways.deadToDead[at] ?? 0));
      else {
        const own = mode === BAD_MEMBER && kind[at] === HOSTING_WAY ? (this.aside.get(ci) ?? 0) : 0;
        this.push(other, DEAD, price + own + (ways.deadToBad[at] ?? 0));
        this.push(other, BAD, price + own + (ways.badToBad[at] ?? 0));
      }
    }
    if (mode === DEAD) for (const point of this.reach.before(ci)) this.push(point, DEAD, cost + 0.2);
    if (mode === DEAD || mode === BAD) this.followUp(ci, ways, mode, cost);
    if (mode === BAD && this.topology.ci(ci).type === "database") this.lostCaches(ci, cost + LOST_CACHE);
  }

  private followMember(to: number, dead: boolean, cost: number, members: number): void {
    if (members === 1) {
      this.push(to, dead ? DEAD : BAD, cost + costOf(memberChance(1)));
      return;
    }
    const aside = costOf(memberChance(members)) - 0.35;
    this.aside.set(to, Math.min(aside, this.aside.get(to) ?? aside));
    this.push(to, BAD_MEMBER, cost + 0.35, aside);
  }

  /** From a member to the pool it is a replica of: one image, one configuration, one set of needs. */
  private followUp(ci: number, { pools }: Ways, mode: Mode, cost: number): void {
    if (pools.length === 0) return;
    const replica = this.topology.ci(ci).type === "container";
    for (const pool of pools)
      this.push(pool, BAD_POOL, cost + (replica ? costOf(REPLICA) : 1.5) + (mode === DEAD ? 0.7 : 0));
  }

  /** Ways that only one kind of trouble takes. */
  private special(ci: number, symptom: Symptom): void {
    if (symptom === "link") {
      this.linkEnds(ci);
      this.circuits(ci);
    } else if (symptom === "environment") this.surroundings(ci);
    else if (symptom === "backlog") this.consumers(ci);
    else if (symptom === "clock") this.timeSources(ci);
    else if (symptom === "member") this.members(ci);
    else if (symptom === "lossy") this.lines(ci);
    if (symptom === "load" || symptom === "slow") this.shiftedLoad(ci, symptom);
  }

  private linkEnds(ci: number): void {
    for (const edges of [this.topology.needs(ci), this.topology.neededBy(ci)]) {
      for (const edge of edges) {
        if (edge.type === "connectsTo")
          this.push(edge.ci, DEAD, this.topology.ci(edge.ci).type === "wanLink" ? 0.3 : 0.5);
      }
    }
  }

  /** A port at the edge of the network may be that of a circuit which the CMDB has and connects to nothing. */
  private circuits(ci: number): void {
    if (!EDGE_TYPES.has(this.topology.ci(ci).type)) return;
    for (const circuit of looseCircuits(this.topology)) this.push(circuit, DEAD, LOOSE_CIRCUIT);
  }

  private lines(ci: number): void {
    const price = this.reach.lines(ci) > 1 ? 1.2 : 0.6;
    for (const edge of this.topology.needs(ci)) {
      if (edge.type === "connectsTo" && this.reach.leadsHome(ci, edge.ci)) this.push(edge.ci, BAD, price);
    }
  }

  private surroundings(ci: number): void {
    for (const edge of this.topology.needs(ci)) {
      if (edge.type !== "containedIn") continue;
      this.suspectBoth(edge.ci, 0.15);
      for (const outer of this.topology.needs(edge.ci))
        if (outer.type === "containedIn") this.suspectBoth(outer.ci, 0.9);
    }
  }

  private suspectBoth(ci: number, cost: number): void {
    this.suspect(ci, true, cost);
    this.suspect(ci, false, cost);
  }

  private consumers(ci: number): void {
    for (const edge of this.topology.neededBy(ci)) {
      if (edge.type === "hasMember" || edge.type === "connectsTo") continue;
      this.push(edge.ci, BAD, 0.4);
      this.push(edge.ci, DEAD, 0.6);
    }
  }

  /** A host's clock is set by what the programs on it use. */
  private timeSources(ci: number): void {
    const from = [
      ci,
      ...this.topology
        .neededBy(ci)
        .filter((e) => e.type === "runsOn" || e.type === "hostedOn")
        .map((e) => e.ci),
    ];
    for (const user of from) {
      for (const edge of this.topology.needs(user)) {
        if (edge.type !== "uses" && edge.type !== "dependsOn") continue;
        if (isTimeSource(this.topology.ci(edge.ci))) this.push(edge.ci, BAD, 0.25);
        else this.suspect(edge.ci, false, 2.2);
      }
    }
  }

  private members(ci: number): void {
    for (const edge of this.topology.needs(ci)) {
      if (edge.type !== "hasMember") continue;
      this.push(edge.ci, DEAD, 0.5);
      this.push(edge.ci, BAD, 0.9);
    }
  }

  /** When a cache is lost, its clients' work falls on the database behind; a busy client loads what it calls. */
  private shiftedLoad(ci: number, symptom: Symptom): void {
    const aside = symptom === "load" ? 0 : 0.4;
    const clients = this.topology.neededBy(ci);
    if (clients.length > 60) return;
    for (const client of clients) {
      if (client.type === "hasMember" || client.type === "connectsTo" || client.type === "containedIn") continue;
      if (client.type === "runsOn" || client.type === "hostedOn") continue;
      this.suspect(client.ci, false, 2.2 + aside);
    }
    this.lostCaches(ci, 0.8 + aside);
    this.lostSiblings(ci);
  }

  /** Who is left of a pool does the work of those that are dead. */
  private lostSiblings(ci: number): void {
    for (const { ci: pool, type } of this.topology.neededBy(ci)) {
      if (type !== "hasMember" || !POOL_TYPES.has(this.topology.ci(pool).type)) continue;
      const cost = costOf(siblingChance(this.ways.of(pool).members));
      if (cost > COST_MAX) continue;
      for (const edge of this.topology.needs(pool))
        if (edge.type === "hasMember" && edge.ci !== ci) this.push(edge.ci, DEAD, cost);
    }
  }

  /** The caches of whoever calls this CI: without them, all their work falls on it. */
  private lostCaches(ci: number, cost: number): void {
    const clients = this.topology.neededBy(ci);
    if (cost > COST_MAX || clients.length > 60) return;
    for (const client of clients) {
      if (client.type !== "dependsOn") continue;
      for (const edge of this.topology.needs(client.ci)) {
        if (edge.ci === ci || edge.type !== "uses") continue;
        if (this.topology.ci(edge.ci).type === "cache") this.push(edge.ci, BAD, cost);
      }
    }
  }
}
