import type { CorrelationView } from "../model/correlation.ts";
import { countBelow } from "../model/doubles.ts";
import { isMild, type Note, type Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import { faultCi, faultDead } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Door } from "./door.ts";
import type { Notebook } from "./notebook.ts";
import { isEnding, isOpen, type Thread, type Threads } from "./threads.ts";

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
  LEADS.clear();
  const found = new Map<Unit, readonly Door[]>();
  for (const unit of units) found.set(unit, doorsOf(unit, near));
  return found;
}

/** An alert that fires in a fault which more could be an effect of. */
interface Lead {
  note: Note;
  incident: IncidentId;
  thread: Thread | undefined;
}

/** Work space; empty between calls: CIs that were looked at, those where something leads on, and what that is. */
const LOOKED_AT = new Keys();
const LEADING = new Keys();
const LEADS = new Map<number, readonly Lead[]>();

function leadsOn(ci: number, near: Surroundings): readonly Lead[] | undefined {
  if (!near.notebook.firesOn(ci)) return undefined;
  if (!LOOKED_AT.add(ci)) return LEADING.has(ci) ? LEADS.get(ci) : undefined;
  const leads = leadsAmong(near.notebook.on(ci), near);
  if (leads === undefined) return undefined;
  LEADING.add(ci);
  LEADS.set(ci, leads);
  return leads;
}

function leadsAmong(notes: readonly Note[], { threads, view }: Surroundings): readonly Lead[] | undefined {
  let leads: Lead[] | undefined;
  for (const note of notes) {
    if (note.resolvedAt !== null || note.background !== null) continue;
    const { incident } = note.alert;
    const home = incident === null ? undefined : view.incident(incident);
    if (home === undefined || home.members.length < KNOWN_MIN || !isOpen(home)) continue;
    const lead = { note, incident: home.id, thread: threads.get(home.id) };
    if (leads === undefined) leads = [lead];
    else leads.push(lead);
  }
  return leads;
}

/**
 * The open incidents that could have reached a unit over a CI that still fires in them. What an incident is about is far
 * away by then, or long ago; what is in trouble now, next door, is neither.
 */
function doorsOf(unit: Unit, near: Surroundings): readonly Door[] {
  let doors: Door[] | null = null;
  const { keys, costs } = unit.causes;
  // Those of several alerts together are in no order.
  const isSorted = unit.notes.length === 1;
  const end = isSorted ? countBelow(costs, STEP_COST, keys.length) : keys.length;
  for (let index = 0; index < end; index += 1) {
    const key = keys[index] ?? 0;
    const ci = faultCi(key);
    const leads = ci === unit.ci ? undefined : leadsOn(ci, near);
    if (leads === undefined) continue;
    const step = costs[index] ?? STEP_COST;
    if (step >= STEP_COST) continue;
    for (const { note, incident, thread } of leads) {
      const after = unit.onset - note.onset;
      if (after < -BEFORE_MS || !shows(note, faultDead(key))) continue;
      if (thread !== undefined && isEnding(thread, unit.onset, isMild(unit))) continue;
      doors ??= [];
      lower(doors, incident, ci, step + Math.max(0, after - AT_ONCE_MS) / WAIT_MS);
    }
  }
  return doors ?? NO_DOORS;
}

const NO_DOORS: readonly Door[] = [];

/** One door an incident: the cheapest. */
function lower(doors: Door[], incident: IncidentId, ci: number, cost: number): void {
  for (const door of doors) {
    if (door.incident !== incident) continue;
    if (cost < door.cost) {
      door.ci = ci;
      door.cost = cost;
    }
    return;
  }
  doors.push({ incident, ci, cost });
}

/** Whether an alert is that of a CI which is dead, or which works badly; a trap about a neighbour is neither. */
export function shows(note: Note, dead: boolean): boolean {
  if (note.symptom === "link" || note.symptom === "member") return false;
  return !dead || note.symptom === "gone" || note.symptom === "down" || note.symptom === "environment";
}
