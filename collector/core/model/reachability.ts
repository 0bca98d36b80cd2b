import type { Topology } from "./topology.ts";

/** More single points on one way than this are not kept: the nearest ones name the root. */
const POINTS_MAX = 40;

/**
 * For each CI the CIs without which no packet reaches it from where we look: its single points of failure on the
 * network. Several `connectsTo` of one CI are alternatives, so only what all live ways have in common counts; what it
 * runs on and where it is placed are never alternatives.
 *
 * It is the dominator relation of the reachability graph (Lengauer & Tarjan 1979; here as the fixed point of
 * Cooper, Harvey & Kennedy 2001, on sets because rooms and power are needed together with a line). Computed once for a
 * topology: a few passes over its relations.
 */
export class Reachability {
  /** By CI, sorted; a CI itself is not in its own list. Empty also for CIs of which no way to the vantage is known. */
  private readonly points: (readonly number[])[];
  /** The same for those that became known since, as far as asked, in this version of the graph. */
  private joined = new Map<number, readonly number[]>();
  private version: number;
  private readonly topology: Topology;
  /** Hops from the vantage along `connectsTo`; −1 where no way is known. */
  private readonly hops: Int32Array;

  /** By CI: lines that the CMDB has and that are hardly real. */
  private readonly odd: ReadonlyMap<number, ReadonlySet<number>>;

  constructor(topology: Topology) {
    this.topology = topology;
    this.version = topology.version;
    this.odd = oddLines(topology);
    this.hops = hopsFromVantage(topology);
    this.points = solve(topology, (ci, neighbour) => this.leadsHome(ci, neighbour));
  }

  /**
   * Whether this CI reaches the vantage through that neighbour. In rings and meshes lines are given in both
   * directions; one that leads away from the vantage is nobody's need.
   */
  leadsHome(ci: number, neighbour: number): boolean {
    if (this.odd.get(ci)?.has(neighbour) === true) return false;
    const own = this.hops[ci] ?? -1;
    const other = this.hops[neighbour] ?? -1;
    return own < 0 || (other >= 0 && other <= own && own > 0);
  }

  /** How many lines lead from this CI towards the vantage. */
  lines(ci: number): number {
    let lines = 0;
    for (const edge of this.topology.needs(ci))
      if (edge.type === "connectsTo" && this.leadsHome(ci, edge.ci)) lines += 1;
    return lines;
  }

  /** Single points of failure between the vantage and this CI, itself left out. */
  before(ci: number): readonly number[] {
    return this.points[ci] ?? this.join(ci);
  }

  /** CIs below this were there when the graph was made: their points stay what they are. */
  get size(): number {
    return this.points.length;
  }

  /** One that became known since, and what it needs. Of equal graphs the same, whatever was asked of them before. */
  private join(ci: number): readonly number[] {
    if (this.topology.isAlone(ci)) return NONE;
    if (this.version !== this.topology.version) {
      this.version = this.topology.version;
      this.joined.clear();
    }
    const known = this.joined.get(ci);
    if (known !== undefined) return known;
    // Were it to need itself over others, that way would say nothing.
    this.joined.set(ci, NONE);
    const needs = needsOf(this.topology, ci, (from, neighbour) => this.leadsHome(from, neighbour));
    const found = combine(ci, needs, (other) => this.before(other));
    this.joined.set(ci, found);
    return found;
  }
}

const NONE: readonly number[] = [];

/** Peers looked at, and how many at least must agree. */
const PEERS_MAX = 50;
const PEERS_MIN = 2;

/**
 * Lines to a foreign place: the CI stands elsewhere than the neighbour, has a line where it stands, and none of its kind
 * on that line has one to the neighbour. One wrong relation would make a single point of failure look redundant.
 */
function oddLines(topology: Topology): Map<number, Set<number>> {
  const places = Array.from({ length: topology.size }, (_, ci) => targets(topology, ci, "containedIn"));
  const isTogether = (a: number, b: number): boolean => (places[a] ?? NONE).some((place) => places[b]?.includes(place));
  const odd = new Map<number, Set<number>>();
  for (let ci = 0; ci < topology.size; ci += 1) {
    if (places[ci]?.length === 0) continue;
    const lines = targets(topology, ci, "connectsTo");
    const home = lines.length < 2 ? undefined : lines.find((line) => isTogether(ci, line));
    if (home === undefined) continue;
    const foreign = lines.filter((line) => places[line]?.length !== 0 && !isTogether(ci, line));
    if (foreign.length === 0) continue;
    const others = peerLines(topology, ci, home);
    const found = others === null ? [] : foreign.filter((line) => !others.has(line));
    if (found.length > 0) odd.set(ci, new Set(found));
  }
  return odd;
}

/** Where those of the same kind on the same line have lines to; null when they are too few to tell. */
function peerLines(topology: Topology, ci: number, home: number): Set<number> | null {
  const { type } = topology.ci(ci);
  const lines = new Set<number>();
  let peers = 0;
  for (const edge of topology.neededBy(home)) {
    if (edge.type !== "connectsTo" || edge.ci === ci || topology.ci(edge.ci).type !== type) continue;
    for (const line of targets(topology, edge.ci, "connectsTo")) lines.add(line);
    peers += 1;
    if (peers >= PEERS_MAX) break;
  }
  return peers < PEERS_MIN ? null : lines;
}

function targets(topology: Topology, ci: number, type: string): number[] {
  return topology
    .needs(ci)
    .filter((edge) => edge.type === type)
    .map((edge) => edge.ci);
}

/**
 * Hops along `connectsTo` from the vantage; for islands of which no way to the vantage is known, from their own tops:
 * what needs no line, or whose lines all lead to peers that need it as well.
 */
function hopsFromVantage(topology: Topology): Int32Array {
  const hops = new Int32Array(topology.size).fill(-1);
  spread(topology, hops, [...topology.vantage]);
  const tops: number[] = [];
  for (let ci = 0; ci < topology.size; ci += 1) {
    if (hops[ci] === -1 && isTop(topology, ci)) tops.push(ci);
  }
  spread(topology, hops, tops);
  return hops;
}

function spread(topology: Topology, hops: Int32Array, from: number[]): void {
  for (const ci of from) hops[ci] = 0;
  for (let at = 0; at < from.length; at += 1) {
    const ci = from[at] ?? 0;
    for (const edge of topology.neededBy(ci)) {
      if (edge.type !== "connectsTo" || (hops[edge.ci] ?? 0) >= 0) continue;
      hops[edge.ci] = (hops[ci] ?? 0) + 1;
      from.push(edge.ci);
    }
  }
}

function isTop(topology: Topology, ci: number): boolean {
  const users = topology.neededBy(ci).filter((edge) => edge.type === "connectsTo");
  if (users.length === 0) return false;
  return topology.needs(ci).every((edge) => edge.type !== "connectsTo" || users.some((user) => user.ci === edge.ci));
}

interface Needs {
  /** Each is needed. */
  all: number[];
  /** One of these is needed, if there are any. */
  any: number[];
}

function needsOf(topology: Topology, ci: number, leadsHome: LeadsHome): Needs {
  const needs: Needs = { all: [], any: [] };
  for (const edge of topology.needs(ci)) {
    if (edge.type === "runsOn" || edge.type === "hostedOn" || edge.type === "containedIn") needs.all.push(edge.ci);
    else if (edge.type === "connectsTo" && leadsHome(ci, edge.ci) && !needs.any.includes(edge.ci))
      needs.any.push(edge.ci);
  }
  return needs;
}

/** From the vantage outwards: a CI is reached when one of its alternatives is, or when it names none. */
function reachOrder(topology: Topology, needs: readonly Needs[]): number[] {
  const seen = new Uint8Array(topology.size);
  const order: number[] = [];
  for (const ci of topology.vantage) {
    if (seen[ci] === 0) order.push(ci);
    seen[ci] = 1;
  }
  for (let at = 0; at < order.length; at += 1) {
    for (const edge of topology.neededBy(order[at] ?? 0)) {
      if (seen[edge.ci] === 1 || edge.type !== "connectsTo") continue;
      seen[edge.ci] = 1;
      order.push(edge.ci);
    }
  }
  // What has no line of its own follows what it runs on and where it stands; hosts come before their guests.
  for (let ci = 0; ci < topology.size; ci += 1) if (seen[ci] === 0) visit(ci);
  return order;

  function visit(start: number): void {
    const stack = [start];
    while (stack.length > 0) {
      const ci = stack[stack.length - 1] ?? 0;
      if (seen[ci] === 1) {
        stack.pop();
        continue;
      }
      const open = seen[ci] === 2 ? [] : (needs[ci]?.all ?? []).filter((other) => seen[other] === 0);
      if (open.length === 0) {
        seen[ci] = 1;
        order.push(ci);
        stack.pop();
      } else {
        seen[ci] = 2;
        stack.push(...open);
      }
    }
  }
}

type LeadsHome = (ci: number, neighbour: number) => boolean;

function solve(topology: Topology, leadsHome: LeadsHome): (readonly number[])[] {
  const needs = Array.from({ length: topology.size }, (_, ci) => needsOf(topology, ci, leadsHome));
  const order = reachOrder(topology, needs);
  const vantage = new Set(topology.vantage);
  const points: (number[] | undefined)[] = Array.from({ length: topology.size });
  // Rings need a second pass, rings of rings a third; what is still moving after eight is close enough.
  for (let pass = 0, moved = true; moved && pass < 8; pass += 1) {
    moved = false;
    for (const ci of order) {
      const next = vantage.has(ci) ? [] : combine(ci, needs[ci], (other) => points[other]);
      if (sameList(points[ci], next)) continue;
      points[ci] = next;
      moved = true;
    }
  }
  return shared(points);
}

/** Who stands in one rack is behind the same points: one list for all. */
function shared(points: readonly (readonly number[] | undefined)[]): (readonly number[])[] {
  const lists = new Map<string, readonly number[]>();
  return points.map((list) => {
    if (list === undefined || list.length === 0) return NONE;
    const key = list.join(" ");
    const known = lists.get(key);
    if (known === undefined) lists.set(key, list);
    return known ?? list;
  });
}

function combine(
  ci: number,
  needs: Needs | undefined,
  pointsOf: (ci: number) => readonly number[] | undefined,
): number[] {
  if (needs === undefined) return [];
  let common: number[] | undefined;
  for (const other of needs.any) {
    const own = pointsOf(other);
    // Not reached yet in this pass: an alternative we know nothing of takes nothing away.
    if (own === undefined || own.includes(ci)) continue;
    const way = insert(own, other);
    common = common === undefined ? way : common.filter((point) => way.includes(point));
  }
  let result = common ?? [];
  for (const other of needs.all) {
    result = insert(result, other);
    for (const point of pointsOf(other) ?? NONE) result = insert(result, point);
  }
  const own = result.indexOf(ci);
  if (own >= 0) result = result.filter((point) => point !== ci);
  return result.length > POINTS_MAX ? result.slice(0, POINTS_MAX) : result;
}

function insert(list: readonly number[], value: number): number[] {
  if (list.includes(value)) return list as number[];
  const result = [...list, value];
  result.sort((a, b) => a - b);
  return result;
}

function sameList(a: readonly number[] | undefined, b: readonly number[]): boolean {
  if (a === undefined || a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
