import { isCreeping, isMild, type Unit } from "../model/evidence.ts";
import { faultCi, faultDead, type FaultKey } from "../model/influence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Claims, WorkingClaims } from "./claims.ts";
import { MARGIN, OWN_EVIDENCE } from "./prices.ts";

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
export function beginningOf(fault: FaultKey, claims: Claims, units: readonly Unit[]): UnixMillis {
  const { from, to } = claims;
  let own: UnixMillis | null = null;
  for (let at = from; at + BURST - 1 < to; at += 1) {
    const onset = onsetAt(claims, at, units);
    if (onsetAt(claims, at + BURST - 1, units) - onset <= BURST_MS) return own ?? onset;
    if (showsItself(fault, claims, at, units)) own ??= onset;
  }
  return from < to ? onsetAt(claims, from, units) : 0;
}

function onsetAt(claims: Claims, at: number, units: readonly Unit[]): UnixMillis {
  return units[claims.units[at] ?? -1]?.onset ?? 0;
}

function showsItself(fault: FaultKey, claims: Claims, at: number, units: readonly Unit[]): boolean {
  return (claims.costs[at] ?? 0) <= OWN_EVIDENCE && units[claims.units[at] ?? -1]?.ci === faultCi(fault);
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

/** Makes the claims of a fault dearer where they began before it, and takes out those that are too dear then. */
export function putInOrder(
  claims: WorkingClaims,
  fault: FaultKey,
  { units, held }: { units: readonly Unit[]; held: Float64Array },
): void {
  const { from, to } = claims;
  const beginning = beginningOf(fault, claims, units);
  const died = faultDead(fault) ? diedAt(fault, claims, units) : null;
  const first = from < to ? onsetAt(claims, from, units) : beginning;
  if (first >= beginning && (died === null || first >= died - BEFORE_DEATH_MS)) return;
  let kept = from;
  for (let at = from; at < to; at += 1) {
    const index = claims.units[at] ?? -1;
    const unit = units[index];
    if (unit === undefined) continue;
    const beforeMost = unit.onset < beginning - BEFORE_MS && isSharp(unit) ? beginning - unit.onset - BEFORE_MS : 0;
    const beforeDeath = died === null ? 0 : died - unit.onset - BEFORE_DEATH_MS;
    const cost = (claims.costs[at] ?? 0) + Math.min(EARLY_MAX, Math.max(0, beforeMost, beforeDeath) / EARLY_MS);
    if (!((held[index] ?? 0) > cost + MARGIN)) continue;
    claims.units[kept] = index;
    claims.costs[kept] = cost;
    kept += 1;
  }
  claims.narrow(from, kept);
}

/** Since when the CI at fault is seen to be dead; null where it says no such thing, or nothing. */
function diedAt(fault: FaultKey, claims: Claims, units: readonly Unit[]): UnixMillis | null {
  for (let at = claims.from; at < claims.to; at += 1) {
    if (!showsItself(fault, claims, at, units)) continue;
    const unit = units[claims.units[at] ?? -1];
    const isDead = unit?.notes.some(({ symptom }) => symptom === "gone" || symptom === "down") === true;
    return isDead ? (unit?.onset ?? null) : null;
  }
  return null;
}
