import type { CorrelationView, Placement } from "../model/correlation.ts";
import { type Note, unitsOf } from "../model/evidence.ts";
import type { AlertId, IncidentId } from "../model/identity.ts";
import { faultCi, type Influence } from "../model/influence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { doorsOfAll } from "./doors.ts";
import { heardAround, type Memory } from "./heard-around.ts";
import type { Rooms } from "./keeping.ts";
import { anchorsOf, gather, incidentOf, regroup, type Neighbourhood } from "./regroup.ts";
import { solve } from "./solve.ts";
import { lookTimer } from "./stored-thread.ts";
import type { Thread } from "./threads.ts";

/** A young incident is looked at again this long after the last solve that touched it. */
const SECOND_LOOK_MS: readonly Milliseconds[] = [25_000, 90_000];

/** What a round of solves works on. */
export interface Round {
  rooms: Pick<Rooms, "notebook" | "threads" | "agenda" | "timers">;
  influence: Influence;
  memory: Memory;
  /** Incidents whose verdict is to be given again: the round adds to them. */
  stale: Set<IncidentId>;
  /** Alerts of whose note something has changed that is stored with them: the round adds to them. */
  rewritten: Set<AlertId>;
  at: UnixMillis;
  view: CorrelationView;
}

/** Works off what has gathered, or the next part of it, where that is due; says what has to change. */
export function workOff(round: Round): Placement[] {
  const { rooms, at, view } = round;
  const { agenda, notebook } = rooms;
  if (!agenda.begin(at, (id) => (notebook.get(id)?.alert.incident ?? null) !== null)) return [];
  const placements = agenda.isSurge ? joinKnown(round) : [];
  const seeds = agenda.takeSeeds(at).flatMap((id) => openQuestion(id, round) ?? []);
  if (seeds.length > 0) placements.push(...solveAround(seeds, round));
  agenda.end(at, view.settings.settleMinMs);
  return placements;
}

/** Why an alert joins what is known of an incident. */
export function explanationBy({ root }: Readonly<Thread>, view: CorrelationView): string {
  return `${root === null ? "what is known of that incident" : view.topology.id(faultCi(root))} explains it`;
}

/**
 * In a surge, what a fault explains that the solves before have found joins it unsolved: of twenty alerts on one CI one is
 * enough to find out what it has.
 */
function joinKnown(round: Round): Placement[] {
  const { rooms, stale, rewritten, view } = round;
  const { agenda, threads } = rooms;
  const joins = new Map<IncidentId, { alerts: AlertId[]; reason: string }>();
  for (const id of agenda.toLookAt()) {
    const note = openQuestion(id, round);
    const thread = note === null || note.alert.incident !== null ? null : threads.best(note, view);
    if (note !== null && thread === null) continue;
    agenda.leave(id);
    rewritten.add(id);
    if (note === null || thread === null) continue;
    threads.joined(note, thread.incident, view);
    stale.add(thread.incident);
    const join = joins.get(thread.incident) ?? { alerts: [], reason: explanationBy(thread, view) };
    join.alerts.push(note.alert.id);
    joins.set(thread.incident, join);
  }
  return [...joins].map(([incident, { alerts, reason }]) => ({ type: "join", alerts, incident, reasons: [reason] }));
}

/** What is known of an alert that still holds. */
function openQuestion(alert: AlertId, { rooms }: Round): Note | null {
  const note = rooms.notebook.get(alert);
  return note === undefined || note.resolvedAt !== null ? null : note;
}

/** Solves around the seeds and says what has to change. */
function solveAround(seeds: readonly Note[], round: Round): Placement[] {
  const { rooms, influence, memory, stale, at, view } = round;
  const { notebook, threads, agenda } = rooms;
  const near: Neighbourhood = { notebook, threads, at, view };
  const notes = gather(seeds, near);
  agenda.lookedAround(notes.size);
  const units = unitsOf([...notes]);
  const doors = doorsOfAll(units, near);
  const groups = solve(units, anchorsOf(notes, doors.values(), near), {
    topology: view.topology,
    influence,
    at,
    ...heardAround(memory, null, at),
    incidentOf: (unit) => incidentOf(unit, view),
    doorsOf: (unit) => doors.get(unit) ?? [],
  });
  const { placements, touched, confirmed } = regroup(groups, doors, near);
  for (const incident of touched) {
    stale.add(incident);
    lookAgain(threads.of(incident, at), round);
  }
  for (const incident of confirmed) lookAgain(threads.of(incident, at), round);
  return placements;
}

function lookAgain(thread: Thread, { rooms, at }: Round): void {
  const wait = SECOND_LOOK_MS[thread.looks];
  thread.looks += 1;
  rooms.threads.touch(thread.incident);
  if (wait !== undefined) rooms.timers.schedule(lookTimer(thread.incident), at + wait);
}
