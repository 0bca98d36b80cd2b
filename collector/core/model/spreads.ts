import { grown } from "./grown.ts";
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

/** From here on, what needs the dead is mostly dead with it; below, it mostly works badly at most. */
const STAYS_DEAD_MIN = 0.35;

/**
 * By CI, whom its trouble spreads to and with what chance, as rows of flat arrays that are written when they are asked for
 * first, for as long as the graph stays as it is. Memory: 29 bytes a relation of the CIs that were asked for.
 */
export class Spreads {
  private readonly topology: Topology;
  private readonly reach: Reachability;
  /** Of the graph that the rows are about. */
  private version = -1;
  private size = 0;
  /** By CI: where its row begins, −1 where there is none, and where it ends. */
  private begins = new Int32Array(0);
  private ends = new Int32Array(0);
  private tos = new Int32Array(1024);
  private confidences = new Float64Array(1024);
  private ifDeads = new Float64Array(1024);
  private ifBads = new Float64Array(1024);
  private dead = new Uint8Array(1024);

  constructor(topology: Topology, reach: Reachability) {
    this.topology = topology;
    this.reach = reach;
  }

  /** Where the row of this CI ends. Ask before `begin`, with the graph's version. */
  end(ci: number, version: number): number {
    if (version !== this.version || ci >= this.begins.length) this.forget(version);
    if ((this.begins[ci] ?? -1) < 0) this.write(ci);
    return this.ends[ci] ?? 0;
  }

  begin(ci: number): number {
    return this.begins[ci] ?? 0;
  }

  to(at: number): number {
    return this.tos[at] ?? 0;
  }

  /** Of the relation itself. */
  confidence(at: number): number {
    return this.confidences[at] ?? 0;
  }

  /** The chance that trouble passes when the CI is dead … */
  ifDead(at: number): number {
    return this.ifDeads[at] ?? 0;
  }

  /** … and when it works badly. */
  ifBad(at: number): number {
    return this.ifBads[at] ?? 0;
  }

  /** What a dead CI breaks there is dead, too. */
  staysDead(at: number): boolean {
    return this.dead[at] === 1;
  }

  private forget(version: number): void {
    this.version = version;
    this.size = 0;
    if (this.begins.length < this.topology.size) {
      this.begins = new Int32Array(Math.ceil(this.topology.size * 1.25));
      this.ends = new Int32Array(this.begins.length);
    }
    this.begins.fill(-1);
  }

  private write(ci: number): void {
    const { topology } = this;
    this.begins[ci] = this.size;
    const needed = topology.ci(ci);
    const isTime = isTimeSource(needed);
    for (const edge of topology.neededBy(ci)) {
      const way = this.way(edge, ci, isTime ? null : needed.type);
      if (way !== null) this.add(edge.ci, edge.confidence, way);
    }
    // A pool that works badly: its replicas do.
    for (const edge of topology.needs(ci)) {
      if (edge.type === "hasMember" && topology.ci(edge.ci).type === "container")
        this.add(edge.ci, 1, { deadToDead: 0, deadToBad: 0, badToBad: REPLICA });
    }
    this.ends[ci] = this.size;
  }

  private add(to: number, confidence: number, { deadToDead, deadToBad, badToBad }: Transmission): void {
    if (this.size === this.tos.length) this.grow();
    const at = this.size;
    const staysDead = deadToDead >= STAYS_DEAD_MIN;
    this.tos[at] = to;
    this.confidences[at] = confidence;
    this.ifDeads[at] = staysDead ? deadToDead : Math.max(deadToBad, deadToDead);
    this.ifBads[at] = badToBad;
    this.dead[at] = staysDead ? 1 : 0;
    this.size += 1;
  }

  private grow(): void {
    this.tos = grown(this.tos, Int32Array);
    this.confidences = grown(this.confidences, Float64Array);
    this.ifDeads = grown(this.ifDeads, Float64Array);
    this.ifBads = grown(this.ifBads, Float64Array);
    this.dead = grown(this.dead, Uint8Array);
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
}

function members(topology: Topology, ci: number): number {
  return topology.needs(ci).reduce((sum, edge) => sum + (edge.type === "hasMember" ? 1 : 0), 0);
}
