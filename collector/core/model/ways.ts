import type { Reachability } from "./reachability.ts";
import { costOf, isTimeSource, ONE_OF_SEVERAL, ONLY_LINE, TIME_USERS, transmission } from "./transmission.ts";
import type { Topology } from "./topology.ts";

/** What a CI works on and is reached by. The host of one member, or its line, does not break the others of a pool. */
const HOSTING: ReadonlySet<string> = new Set(["runsOn", "hostedOn", "connectsTo", "containedIn"]);
export const POOL_TYPES: ReadonlySet<string> = new Set(["service", "cluster", "queue"]);

/** What kind of relation a way is. */
export const OTHER_WAY = 0;
export const MEMBER_WAY = 1;
export const HOSTING_WAY = 2;

/**
 * The relations of one CI as a search for causes asks of them: what each leads to, and what it costs (nats) trouble to
 * come that way; infinite where it never does. Lines that lead away from the vantage are not among them. In the order of
 * the CMDB.
 */
export interface Ways {
  readonly to: Int32Array;
  readonly kind: Uint8Array;
  /** More for each of these, because the relation itself is not sure. */
  readonly doubt: Float64Array;
  readonly deadToDead: Float64Array;
  readonly deadToBad: Float64Array;
  readonly badToBad: Float64Array;
  readonly members: number;
  /** Pools that this CI is a member of. */
  readonly pools: Int32Array;
}

const NONE: Ways = {
  to: new Int32Array(0),
  kind: new Uint8Array(0),
  doubt: new Float64Array(0),
  deadToDead: new Float64Array(0),
  deadToBad: new Float64Array(0),
  badToBad: new Float64Array(0),
  members: 0,
  pools: new Int32Array(0),
};

/** The ways of each CI that was asked for. Memory: some 40 bytes a relation of these. */
export class WaysOf {
  private readonly topology: Topology;
  private readonly reach: Reachability;
  private readonly memo: (Ways | undefined)[] = [];
  private version: number;

  constructor(topology: Topology, reach: Reachability) {
    this.topology = topology;
    this.reach = reach;
    this.version = topology.version;
  }

  of(ci: number): Ways {
    if (this.version !== this.topology.version) {
      for (const { from, to } of this.topology.gainedSince(this.version)) {
        this.memo[from] = undefined;
        this.memo[to] = undefined;
      }
      this.version = this.topology.version;
    }
    const known = this.memo[ci];
    if (known !== undefined) return known;
    const found = this.read(ci);
    this.memo[ci] = found;
    return found;
  }

  private read(ci: number): Ways {
    const { topology, reach } = this;
    const needs = topology.needs(ci);
    // CIs that only events have named, most of all: a list for each would be most of what an alert there costs.
    if (topology.isAlone(ci)) return NONE;
    const edges = needs.filter((edge) => edge.type !== "connectsTo" || reach.leadsHome(ci, edge.ci));
    const line = reach.lines(ci) > 1 ? ONE_OF_SEVERAL : ONLY_LINE;
    const ways = edges.map((edge) => {
      if (edge.type === "connectsTo") return line;
      const needed = topology.ci(edge.ci);
      return isTimeSource(needed) && !HOSTING.has(edge.type) ? TIME_USERS : transmission(edge.type, needed.type);
    });
    const pools = topology
      .neededBy(ci)
      .filter((edge) => edge.type === "hasMember" && POOL_TYPES.has(topology.ci(edge.ci).type));
    return {
      to: Int32Array.from(edges, (edge) => edge.ci),
      kind: Uint8Array.from(edges, ({ type }) =>
        type === "hasMember" ? MEMBER_WAY : HOSTING.has(type) ? HOSTING_WAY : OTHER_WAY,
      ),
      doubt: Float64Array.from(edges, ({ confidence }) => (confidence < 1 ? -Math.log(Math.max(confidence, 0.05)) : 0)),
      deadToDead: Float64Array.from(ways, (way) => costOf(way.deadToDead)),
      deadToBad: Float64Array.from(ways, (way) => costOf(way.deadToBad)),
      badToBad: Float64Array.from(ways, (way) => costOf(way.badToBad)),
      members: needs.reduce((sum, edge) => sum + (edge.type === "hasMember" ? 1 : 0), 0),
      pools: Int32Array.from(pools, (edge) => edge.ci),
    };
  }
}
