import { isCreeping, isMild, type Unit } from "../model/evidence.ts";
import { faultCi, faultDead, type FaultKey } from "../model/influence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { MARGIN, OWN_EVIDENCE, type Claim } from "./propose.ts";

/** So many units within so short a time are the beginning of a storm; what came before it is something else. */
const BURST = 4;
const BURST_MS: Milliseconds = 150_000;
/** Most of what a fault does is seen within this time … */
const PROMPT_MS: Milliseconds = 3 * 60_000;
/** … and after it less and less: one nat for each such time, up to a limit. */
const FADE_MS: Milliseconds = 3 * 60_000;
const FADE_MAX = 2.5;
/** Clocks and checks differ by this much among many … */
const BEFORE_MS: Milliseconds = 60_000;
/** … and by this much where one check tells that the CI at fault is dead. */
const BEFORE_DEATH_MS: Milliseconds = 4 * 60_000;
/** An effect is rarely seen before its cause: one nat for each such time by which it was, up to a limit. */
const EARLY_MS: Milliseconds = 80_000;
const EARLY_MAX = 3;
/** What began so long before the rest of a fault is none of its effects, where something else explains it. */
const OTHER_MS: Milliseconds = 2 * 60_000;

/** When most of what these claims explain began; of a fault that has shown itself before that, then. */
export function beginningOf(fault: FaultKey, claims: readonly Claim[], units: readonly Unit[]): UnixMillis {
  // Claims are in order of onset, since units are.
  const onsetOf = (index: number): UnixMillis => units[claims[index]?.unit ?? -1]?.onset ?? 0;
  let own: UnixMillis | null = null;
  for (let index = 0; index + BURST - 1 < claims.length; index += 1) {
    if (onsetOf(index + BURST - 1) - onsetOf(index) <= BURST_MS) return own ?? onsetOf(index);
    if (showsItself(fault, claims[index], units)) own ??= onsetOf(index);
  }
  return onsetOf(0);
}

function showsItself(fault: FaultKey, claim: Claim | undefined, units: readonly Unit[]): boolean {
  return claim !== undefined && claim.cost <= OWN_EVIDENCE && units[claim.unit]?.ci === faultCi(fault);
}

/**
 * How much less likely it is that a fault which began then shows itself only now. Says which of two faults explains a unit
 * better: of one fault alone many effects come late, and none of them is a fault of its own for that.
 */
export function waitCost(unit: Unit, beginning: UnixMillis): number {
  return isCreeping(unit) ? 0 : waitNats(unit.onset - beginning);
}

/** What it costs that an effect comes so long after its fault began. */
export function waitNats(sinceMs: Milliseconds): number {
  return Math.min(FADE_MAX, Math.max(0, sinceMs - PROMPT_MS) / FADE_MS);
}

/** Whether a unit began too long before a fault to be one of its effects. */
export function isBefore(unit: Unit, beginning: UnixMillis): boolean {
  return beginning - unit.onset > OTHER_MS && isSharp(unit);
}

/** What is mild can be the beginning of a fault that comes by and by. */
function isSharp(unit: Unit): boolean {
  return !isMild(unit) && !isCreeping(unit);
}

/** The claims of a fault, dearer where they began before it, and without those that are too dear then. */
export function inOrder(
  claims: Claim[],
  fault: FaultKey,
  { units, held }: { units: readonly Unit[]; held: Float64Array },
): Claim[] {
  const beginning = beginningOf(fault, claims, units);
  const died = faultDead(fault) ? diedAt(fault, claims, units) : null;
  const first = units[claims[0]?.unit ?? -1]?.onset ?? beginning;
  if (first >= beginning && (died === null || first >= died - BEFORE_DEATH_MS)) return claims;
  return claims.flatMap(({ unit: index, cost }) => {
    const unit = units[index];
    if (unit === undefined) return [];
    const beforeMost = isSharp(unit) ? beginning - unit.onset - BEFORE_MS : 0;
    const beforeDeath = died === null ? 0 : died - unit.onset - BEFORE_DEATH_MS;
    const early = Math.min(EARLY_MAX, Math.max(0, beforeMost, beforeDeath) / EARLY_MS);
    return (held[index] ?? 0) > cost + early + MARGIN ? [{ unit: index, cost: cost + early }] : [];
  });
}

/** Since when the CI at fault is seen to be dead; null where it says no such thing, or nothing. */
function diedAt(fault: FaultKey, claims: readonly Claim[], units: readonly Unit[]): UnixMillis | null {
  for (const claim of claims) {
    if (!showsItself(fault, claim, units)) continue;
    const unit = units[claim.unit];
    const isDead = unit?.notes.some(({ symptom }) => symptom === "gone" || symptom === "down") === true;
    return isDead ? (unit?.onset ?? null) : null;
  }
  return null;
}
