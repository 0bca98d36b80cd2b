import type { CorrelationView } from "../model/correlation.ts";
import { isMild, type Note, type Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, faultDead } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
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

interface Surroundings {
  notebook: Notebook;
  threads: Threads;
  view: CorrelationView;
}

/** What `doorsOf` says of each of them. Units next to each other ask for the same CIs, and on most of these nothing fires. */
export function doorsOfAll(units: readonly Unit[], near: Surroundings): Map<Unit, readonly Door[]> {
  LOOKED_AT.begin();
  LEADING.begin();
  return new Map(units.map((unit) => [unit, doorsOf(unit, near)]));
}

/** Work space; empty between calls: CIs that were looked at, and those of them on which something fires that could lead on. */
const LOOKED_AT = new Keys();
const LEADING = new Keys();

function leadsOn(ci: number, { notebook, view }: Surroundings): boolean {
  if (LOOKED_AT.add(ci) && notebook.on(ci).some((note) => homeOf(note, view) !== null)) LEADING.add(ci);
  return LEADING.has(ci);
}

/** The incident that it fires in, if that is a fault which more could be an effect of. */
function homeOf({ alert, resolvedAt, background }: Note, view: CorrelationView): Readonly<Incident> | null {
  if (alert.incident === null || resolvedAt !== null || background !== null) return null;
  const home = view.incident(alert.incident);
  return home === undefined || home.members.length < KNOWN_MIN || !isOpen(home) ? null : home;
}

/**
 * The open incidents that could have reached a unit over a CI that still fires in them. What an incident is about is far
 * away by then, or long ago; what is in trouble now, next door, is neither.
 */
function doorsOf(unit: Unit, near: Surroundings): Door[] {
  const { notebook, threads, view } = near;
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
    if (ci === unit.ci || !leadsOn(ci, near)) continue;
    for (const note of notebook.on(ci)) {
      const home = homeOf(note, view);
      if (home === null) continue;
      const after = unit.onset - note.onset;
      if (after < -BEFORE_MS || !shows(note, faultDead(key))) continue;
      const thread = threads.get(home.id);
      if (thread !== undefined && isEnding(thread, unit.onset, isMild(unit))) continue;
      lower(doors, home.id, ci, step + Math.max(0, after - AT_ONCE_MS) / WAIT_MS);
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
