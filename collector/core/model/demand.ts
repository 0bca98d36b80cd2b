import type { Unit } from "./evidence.ts";
import { OUTCOME_TYPES } from "./fault-traits.ts";
import type { Symptom } from "./symptom.ts";
import type { Topology } from "./topology.ts";

/** Symptoms that more work than usual has; whoever has another is broken, not busy. */
const BUSY: ReadonlySet<Symptom> = new Set<Symptom>(["load", "slow", "errors", "backlog"]);
/** From a business service so many steps down is where its users' work comes in. */
const FRONT_STEPS = 3;
const VISITS_MAX = 200;
/** So many CIs under load in parallel, and so large a share of all, are no chance. */
const LOADED_MIN = 3;
const LOADED_SHARE = 0.4;

/** CIs that say that they have more work than usual. */
export function loadedOf(units: readonly Unit[]): Unit[] {
  return units.filter((unit) => unit.notes.some((note) => note.symptom === "load"));
}

/** Whether nothing in it is broken: everyone is only busy, slow, or fails some of the work. */
export function isBusy(units: readonly Unit[]): boolean {
  return units.every((unit) => unit.notes.every((note) => BUSY.has(note.symptom)));
}

/** Whether enough of them are under load in parallel, where users' work comes in, for more work to be the reason. */
export function isDemand(units: readonly Unit[], topology: Topology): boolean {
  const loaded = loadedOf(units);
  if (loaded.length < Math.max(LOADED_MIN, units.length * LOADED_SHARE) || !isBusy(units)) return false;
  const front = loaded.filter((unit) => isFront(unit.ci, topology));
  return front.length >= LOADED_MIN;
}

/** Whether it serves a business service within a few steps, not counting the machine it runs on. */
function isFront(ci: number, topology: Topology): boolean {
  const seen = new Set([ci]);
  let level = [ci];
  for (let step = 0; step <= FRONT_STEPS && level.length > 0 && seen.size < VISITS_MAX; step += 1) {
    const next: number[] = [];
    for (const one of level) {
      if (OUTCOME_TYPES.has(topology.ci(one).type)) return true;
      for (const edge of topology.neededBy(one)) {
        if (edge.type === "uses" || edge.type === "connectsTo" || edge.type === "containedIn" || seen.has(edge.ci))
          continue;
        seen.add(edge.ci);
        next.push(edge.ci);
      }
    }
    level = next;
  }
  return false;
}
