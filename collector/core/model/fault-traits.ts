import { grown } from "./grown.ts";
import type { Topology } from "./topology.ts";

/** CIs that only show what others break: a business service has no fault of its own. */
export const OUTCOME_TYPES: ReadonlySet<string> = new Set(["businessService"]);
/** Places have no fault of their own beside power and cooling, and these have sensors. */
export const PLACE_TYPES: ReadonlySet<string> = new Set(["site", "rack", "room", "building", "zone", "region"]);

const UNREAD = 0;
const ORDINARY = 1;
const OUTCOME = 2;
const PLACE = 3;

/** What the type of a CI says of its being at fault, for whoever weighs many faults: one load to ask. Memory: a byte a CI. */
export class FaultTraits {
  private readonly topology: Topology;
  private traits: Uint8Array = new Uint8Array(1024);

  constructor(topology: Topology) {
    this.topology = topology;
  }

  isOutcome(ci: number): boolean {
    return this.of(ci) === OUTCOME;
  }

  isPlace(ci: number): boolean {
    return this.of(ci) === PLACE;
  }

  private of(ci: number): number {
    const known = this.traits[ci] ?? UNREAD;
    return known === UNREAD ? this.read(ci) : known;
  }

  private read(ci: number): number {
    const { type } = this.topology.ci(ci);
    const found = OUTCOME_TYPES.has(type) ? OUTCOME : PLACE_TYPES.has(type) ? PLACE : ORDINARY;
    while (ci >= this.traits.length) this.traits = grown(this.traits, Uint8Array);
    this.traits[ci] = found;
    return found;
  }
}
