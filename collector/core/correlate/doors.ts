import type { CorrelationView } from "../model/correlation.ts";
import { isMild, type Note, type Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead } from "../model/influence.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Door } from "./door.ts";
import type { Notebook } from "./notebook.ts";
import { isEnding, isOpen, type Threads } from "./threads.ts";

/** Only what is next door: a few steps away it is the root that counts. */
const STEP_COST = 1.5;
/** With fewer alerts an incident is no fault yet that one more could be an effect of. */
const KNOWN_MIN = 4;
/** Trouble that stays goes on to spread, less and less likely: one nat more for each such time after the first. */
const AT_ONCE_MS: Milliseconds = 4 * 60_000;
const WAIT_MS: Milliseconds = 35 * 60_000;
/** Clocks and checks differ: an effect can be seen so long before its cause. */
const BEFORE_MS: Milliseconds = 90_000;

/**
 * The open incidents that could have reached a unit over a CI that still fires in them. What an incident is about is far
 * away by then, or long ago; what is in trouble now, next door, is neither.
 */
export function doorsOf(
  unit: Unit,
  { notebook, threads, view }: { notebook: Notebook; threads: Threads; view: CorrelationView },
): Door[] {
  const doors: Door[] = [];
  const { keys, costs } = unit.causes;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? 0;
    const step = costs[index] ?? STEP_COST;
    const ci = faultCi(key);
    if (step >= STEP_COST) {
      // Those of several alerts together are in no order.
      if (unit.notes.length === 1) break;
      continue;
    }
    if (ci === unit.ci) continue;
    for (const note of notebook.on(ci)) {
      const { incident } = note.alert;
      if (incident === null || note.resolvedAt !== null || note.background !== null) continue;
      const after = unit.onset - note.onset;
      if (after < -BEFORE_MS || !shows(note, faultDead(key))) continue;
      const home = view.incident(incident);
      if (home === undefined || home.members.length < KNOWN_MIN || !isOpen(home)) continue;
      const thread = threads.get(incident);
      if (thread !== undefined && isEnding(thread, unit.onset, isMild(unit))) continue;
      lower(doors, incident, ci, step + Math.max(0, after - AT_ONCE_MS) / WAIT_MS);
    }
  }
  return doors;
}

/** One door an incident: the cheapest. */
function lower(doors: Door[], incident: IncidentId, ci: number, cost: number): void {
  const at = doors.findIndex((door) => door.incident === incident);
  if (at < 0) doors.push({ incident, ci, cost });
  else if (cost < (doors[at]?.cost ?? 0)) doors[at] = { incident, ci, cost };
}

/** Whether an alert is that of a CI which is dead, or which works badly; a trap about a neighbour is neither. */
export function shows(note: Note, dead: boolean): boolean {
  if (note.symptom === "link" || note.symptom === "member") return false;
  return !dead || note.symptom === "gone" || note.symptom === "down" || note.symptom === "environment";
}
