import { isCreeping, type Unit } from "../model/evidence.ts";
import { FaultSums } from "../model/fault-sums.ts";
import { leastOpening } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** An incident that exists already, as a hypothesis: cheap to keep, dear to leave. */
export interface Anchor {
  incident: IncidentId;
  fault: FaultKey;
  firstOnset: UnixMillis;
  lastOnset: UnixMillis;
  /** See `Dependents.doubt`: a fault that hits few of those it should is unlikely to have hit this one too. */
  doubt: number;
  /** Most of its many members still fire. */
  raging: boolean;
  /** Its members are not all among the units: it stays whatever the units do. */
  settled: boolean;
}

export interface Claim {
  unit: number;
  cost: number;
}

export interface Hypothesis {
  fault: FaultKey;
  anchor: Anchor | null;
  claims: Claim[];
  bound: number;
  /** What it is worth while none of its units is taken, once that has been worked out; its copies share it. */
  whole: { choice?: Choice | null };
}

/** What a hypothesis is worth, and with which of its units. */
export interface Choice {
  hypothesis: Hypothesis;
  gain: number;
  claims: Claim[];
  first: UnixMillis;
  last: UnixMillis;
}

/** A unit that begins this long after the last one known of a fault costs one more nat. */
const LATE_MS: Milliseconds = 12 * 60_000;
const LATE_MAX = 3;
/** While most of a large fault still fires, more of it can come at any time. */
const RAGING = 0.35;
const LONG_MS: Milliseconds = 16 * 60_000;
const EARLY_MS: Milliseconds = 80_000;
/** What it is worth to leave an alert where people have seen it. */
const STAY = 0.3;
/** A fault must explain a unit at least this much better than chance does. */
export const MARGIN = 0.4;

/** What could have happened: faults that explain more than one unit, and the incidents that there are. Best bound first. */
export function propose(
  units: readonly Unit[],
  alone: readonly number[],
  anchors: readonly Anchor[],
  { topology, incidentOf }: { topology: Topology; incidentOf: (unit: Unit) => IncidentId | null },
): Hypothesis[] {
  const bounds = boundsOf(units, alone);
  const own = new Set(units.map((unit) => unit.ci));
  const anchored = new Set(anchors.map((anchor) => anchor.fault));
  const wanted = new Set(anchored);
  // A fault that could save less than its least possible price is not chosen, whatever else is weighed.
  const isWorth = (fault: FaultKey): boolean =>
    bounds.get(fault) > leastOpening(topology, fault, !own.has(faultCi(fault))) - ROUNDING;
  for (const fault of bounds.keys) if (isWorth(fault)) wanted.add(fault);
  const claims = new Map(claimsOf(units, alone, wanted, anchored));
  const hypotheses: Hypothesis[] = [];
  const homes = units.map((unit) => incidentOf(unit));
  for (const [fault, list] of claims) {
    if (list.length > 1) hypotheses.push({ fault, anchor: null, claims: list, bound: 0, whole: {} });
  }
  for (const anchor of anchors) {
    const own = (claims.get(anchor.fault) ?? []).map((claim) => {
      const unit = units[claim.unit];
      if (unit === undefined) return claim;
      const stays = homes[claim.unit] === anchor.incident ? STAY : 0;
      return {
        unit: claim.unit,
        cost:
          claim.cost +
          lateness(unit.onset, anchor) * (isCreeping(unit) ? 0.4 : 1) +
          (stays > 0 ? -stays : anchor.doubt),
      };
    });
    if (own.length > 0) hypotheses.push({ fault: anchor.fault, anchor, claims: own, bound: 0, whole: {} });
  }
  for (const hypothesis of hypotheses) hypothesis.bound = bound(hypothesis, alone);
  return hypotheses.sort((a, b) => b.bound - a.bound || a.fault - b.fault);
}

/** Sums of the same numbers in another order differ by less. */
const ROUNDING = 1e-6;

/** Work space; empty between calls. */
const SUMS = new FaultSums();
const PLACES = new FaultSums();

/** By fault, the units that it could explain; of those that are not wanted anyway, only what could be worth its price. */
function claimsOf(
  units: readonly Unit[],
  alone: readonly number[],
  wanted: ReadonlySet<FaultKey>,
  anchored: ReadonlySet<FaultKey>,
): (readonly [FaultKey, Claim[]])[] {
  const places = PLACES.begin();
  const claims: (readonly [FaultKey, Claim[]])[] = [];
  for (let index = 0; index < units.length; index += 1) {
    const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
    const most = (alone[index] ?? 0) - MARGIN;
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at] ?? 0;
      const cost = costs[at] ?? 0;
      if (!(cost < most ? wanted : anchored).has(key)) continue;
      if (places.has(key)) claims[places.get(key)]?.[1].push({ unit: index, cost });
      else {
        places.add(key, claims.length);
        claims.push([key, [{ unit: index, cost }]]);
      }
    }
  }
  return claims;
}

const NO_CAUSES: Unit["causes"] = { keys: new Int32Array(0), costs: new Float64Array(0) };

/** What each fault could save in all, before anything is built for it. */
function boundsOf(units: readonly Unit[], alone: readonly number[]): FaultSums {
  const bounds = SUMS.begin();
  for (let index = 0; index < units.length; index += 1) {
    const { keys, costs } = units[index]?.causes ?? NO_CAUSES;
    const most = (alone[index] ?? 0) - MARGIN;
    for (let at = 0; at < keys.length; at += 1) {
      const save = most - (costs[at] ?? 0);
      if (save > 0) bounds.add(keys[at] ?? 0, save);
    }
  }
  return bounds;
}

export function lateness(
  onset: UnixMillis,
  span: { firstOnset: UnixMillis; lastOnset: UnixMillis; raging?: boolean },
): number {
  if (onset < span.firstOnset) return Math.max(0, span.firstOnset - onset - 60_000) / EARLY_MS;
  const gap = Math.max(0, onset - span.lastOnset) / LATE_MS;
  const late = gap + Math.min(LATE_MAX, Math.max(0, onset - span.firstOnset - LATE_MS) / LONG_MS);
  return span.raging === true ? late * RAGING : late;
}

function bound(hypothesis: Hypothesis, alone: readonly number[]): number {
  return hypothesis.claims.reduce((sum, claim) => sum + Math.max(0, (alone[claim.unit] ?? 0) - claim.cost), 0);
}
