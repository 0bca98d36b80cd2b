import { grown } from "../model/grown.ts";
import type { FaultKey } from "../model/influence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Claims } from "./claims.ts";

/** An incident that exists already, as a hypothesis: cheap to keep, dear to leave. */
export interface Anchor {
  incident: IncidentId;
  fault: FaultKey;
  firstOnset: UnixMillis;
  lastOnset: UnixMillis;
  /** See `Dependents.doubt`: a fault that hits few of those it should is unlikely to have hit this one too. */
  doubt: number;
  /** The same for a unit that is mild; see `isEnding`. */
  mildDoubt: number;
  /** Most of its many members still fire. */
  raging: boolean;
  /** Its members are not all among the units: it stays whatever the units do. */
  settled: boolean;
  /** It has been judged on many alerts. */
  large: boolean;
}

/** A fault that is taken for one of those that happened, and which of its units it explains then. */
export interface Choice {
  /** Its number. */
  hypothesis: number;
  fault: FaultKey;
  anchor: Anchor | null;
  gain: number;
  claims: Claims;
  last: UnixMillis;
}

/** One of them as it is put in. */
export interface Hypothesis {
  fault: FaultKey;
  /** The incident that it is; null = a fault that nobody has thought of yet. */
  anchor: Anchor | null;
  /** Its claims in the table. */
  from: number;
  to: number;
  /** Its place in the table; −1 for an incident. */
  place: number;
  /** What its claims save before they are paid for. Of equal hypotheses the one that claims more goes first. */
  bound: number;
  /** What it could be worth at most. */
  cap: number;
}

/**
 * What could have happened, by number, as flat arrays: a solve has a hundred of them and more, looks at some, and chooses a
 * few. Filled anew for each solve.
 */
export class Hypotheses {
  count = 0;
  faults = new Int32Array(256);
  from = new Int32Array(256);
  to = new Int32Array(256);
  caps = new Float64Array(256);
  /** What each is worth while none of its units is taken; NaN until that has been worked out. */
  wholes = new Float64Array(256);
  private bounds = new Float64Array(256);
  /** The first `count`; what stands behind them is of the past. */
  private readonly anchors: (Anchor | null)[] = [];
  /** By place in the table, its number; −1 where there is none. */
  private byPlace = new Int32Array(1024);

  /** @param places of the table */
  begin(places: number): this {
    this.count = 0;
    while (this.byPlace.length < places) this.byPlace = grown(this.byPlace, Int32Array);
    this.byPlace.fill(-1, 0, places);
    return this;
  }

  add({ fault, anchor, from, to, place, bound, cap }: Hypothesis): void {
    const { count } = this;
    if (count === this.faults.length) this.grow();
    this.faults[count] = fault;
    this.anchors[count] = anchor;
    this.from[count] = from;
    this.to[count] = to;
    this.bounds[count] = bound;
    this.caps[count] = cap;
    this.wholes[count] = Number.NaN;
    if (place >= 0) this.byPlace[place] = count;
    this.count = count + 1;
  }

  anchor(at: number): Anchor | null {
    return this.anchors[at] ?? null;
  }

  /** −1: there is none. */
  ofPlace(place: number): number {
    return this.byPlace[place] ?? -1;
  }

  /** Of two that are worth the same. */
  goesBefore(one: number, other: number): boolean {
    const apart =
      (this.bounds[one] ?? 0) - (this.bounds[other] ?? 0) || (this.faults[other] ?? 0) - (this.faults[one] ?? 0);
    return apart === 0 ? one < other : apart > 0;
  }

  private grow(): void {
    this.faults = grown(this.faults, Int32Array);
    this.from = grown(this.from, Int32Array);
    this.to = grown(this.to, Int32Array);
    this.caps = grown(this.caps, Float64Array);
    this.wholes = grown(this.wholes, Float64Array);
    this.bounds = grown(this.bounds, Float64Array);
  }
}
