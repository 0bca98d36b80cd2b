import type { AlertId, IncidentId } from "../model/identity.ts";
import type { CorrelationView, Placement } from "../model/correlation.ts";
import { countBelow } from "../model/doubles.ts";
import { creeps, type Note, type Unit } from "../model/evidence.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import { Keys } from "../model/keys.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Notebook } from "./notebook.ts";
import type { Anchor } from "./hypotheses.ts";
import type { Door } from "./door.ts";
import type { Group } from "./group.ts";
import { doubtOf, isOpen, type Thread, type Threads } from "./threads.ts";

/** How far back evidence is looked for, and how much of it at most. */
const WINDOW_MS: Milliseconds = 25 * 60_000;
const NOTES_MAX = 1500;
/** Causes of an alert by which others are looked for. */
const CAUSE_COST = 2.4;
const CAUSES_LOOKED_AT = 80;
const ANCHORS_LOOKED_AT = 48;
/** In a large incident, what is older than this stays where it is. */
const SET_MS: Milliseconds = 12 * 60_000;
const LARGE = 8;
/** What has stood alone for so long fails no more with others; it is only asked whether it has broken them. On an ordinary day
 * hundreds of such alerts stand. */
const LONE_MS: Milliseconds = 10 * 60_000;
/** So many CIs that fail together again are the fault that was there before. */
const BACK_MIN = 4;

export interface Neighbourhood {
  notebook: Notebook;
  threads: Threads;
  at: UnixMillis;
  view: CorrelationView;
}

/** Counts up by two, so that a note shows whether it has come up in this round; one more where it is a seed that is older. */
let gathering = 0;

/** The evidence around some alerts: what could have the same cause, and what is in the same incidents. */
export function gather(seeds: readonly Note[], near: Neighbourhood): Set<Note> {
  const { notebook, threads, at, view } = near;
  const found = new Set<Note>();
  const incidents = new Set<IncidentId>();
  const from = at - WINDOW_MS;
  gathering += 2;
  const take = (note: Note): void => {
    // Most notes come up once for each cause that they share with a seed.
    if (note.gathered >= gathering) return;
    note.gathered = note.onset < from ? gathering + 1 : gathering;
    if (found.size >= NOTES_MAX || note.background !== null) return;
    const home = note.alert.incident ?? note.home;
    const thread = threads.get(home);
    if (thread !== undefined && (isSet(note, thread, at) || (note.suspected !== gathering && isLone(note, thread, at))))
      return;
    found.add(note);
    if (home !== null) incidents.add(home);
  };
  for (const seed of seeds) seed.suspected = gathering;
  const causes: FaultKey[] = [];
  FAULTS.begin();
  for (const seed of seeds) {
    take(seed);
    const { keys, costs } = seed.causes;
    for (let index = 0; index < keys.length && index < CAUSES_LOOKED_AT; index += 1) {
      const fault = keys[index] ?? -1;
      if ((costs[index] ?? CAUSE_COST) < CAUSE_COST && FAULTS.add(fault)) causes.push(fault);
    }
  }
  for (const fault of causes) for (const note of notebook.on(faultCi(fault))) note.suspected = gathering;
  const systems = new Set(seeds.map((seed) => seed.system));
  for (const system of systems) if (system !== null) for (const note of notebook.ofSystem(system, from)) take(note);
  for (const fault of causes) notebook.causedBy(fault, from, gathering, take);
  for (const incident of incidents) {
    for (const note of notesOf(incident, notebook, view)) if (note.onset >= from) take(note);
  }
  return found;
}

/** Its place is no longer in question. */
function isSet(note: Note, home: Thread, at: UnixMillis): boolean {
  return home.declining || ((home.ranked?.evidence ?? 0) >= LARGE && at - note.onset > SET_MS);
}

function isLone(note: Note, home: Thread, at: UnixMillis): boolean {
  return home.ranked?.evidence === 1 && at - note.onset > LONE_MS && !creeps(note.symptom);
}

/** The notes of an incident's present members that are evidence, or known noise of one kind. */
export function notesOf(
  id: IncidentId,
  notebook: Notebook,
  view: CorrelationView,
  background: Note["background"] = null,
): Note[] {
  const notes: Note[] = [];
  for (const member of view.incident(id)?.members ?? []) {
    const note = notebook.get(member.alert);
    if (note !== undefined && note.episode === member.episode && note.background === background) notes.push(note);
  }
  return notes;
}

/** What an incident is judged by: its evidence; where all that there is only flaps, it is about that. */
export function weighed(
  id: IncidentId,
  notebook: Notebook,
  view: CorrelationView,
): { notes: Note[]; isFlapping: boolean } {
  const evidence = notesOf(id, notebook, view);
  if (evidence.length > 0) return { notes: evidence, isFlapping: false };
  const flapping = notesOf(id, notebook, view, "flapping");
  return { notes: flapping, isFlapping: flapping.length > 0 };
}

/** Whether evidence of this incident is not among these notes. */
function hasOthers(incident: Readonly<Incident>, notes: ReadonlySet<Note>, notebook: Notebook): boolean {
  return incident.members.some((member) => {
    const note = notebook.get(member.alert);
    return note !== undefined && note.episode === member.episode && note.background === null && !notes.has(note);
  });
}

/** Open incidents that the evidence is in, or that could have caused it, as hypotheses. */
export function anchorsOf(
  notes: ReadonlySet<Note>,
  doors: Iterable<readonly Door[]>,
  { notebook, threads, at, view }: Neighbourhood,
): Anchor[] {
  const anchors: Anchor[] = [];
  const seen = new Set<IncidentId>();
  const consider = (id: IncidentId): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const thread = threads.get(id);
    const incident = view.incident(id);
    if (thread === undefined || thread.root === null || incident === undefined || !isOpen(incident)) return;
    anchors.push({
      incident: id,
      fault: thread.root,
      firstOnset: thread.firstOnset,
      lastOnset: thread.lastOnset,
      doubt: doubtOf(thread, at, false),
      mildDoubt: doubtOf(thread, at, true),
      raging: thread.raging,
      large: (thread.ranked?.evidence ?? 0) >= LARGE,
      settled: hasOthers(incident, notes, notebook),
    });
  };
  const faults = FAULTS.begin();
  for (const note of notes) {
    if (note.alert.incident !== null) consider(note.alert.incident);
    const { keys, costs } = note.causes;
    const end = countBelow(costs, CAUSE_COST, ANCHORS_LOOKED_AT);
    for (let index = 0; index < end; index += 1) {
      const fault = keys[index] ?? -1;
      // Notes that stand near each other have most of their causes in common.
      if (threads.isRoot(fault) && faults.add(fault)) for (const id of threads.at(fault)) consider(id);
    }
  }
  for (const list of doors) for (const { incident } of list) consider(incident);
  return anchors;
}

/** Work space; empty between calls. */
const FAULTS = new Keys();

/** The incident that a unit is in now; null when it is in none that is open. */
export function incidentOf(unit: Unit, view: CorrelationView): IncidentId | null {
  for (const note of unit.notes) {
    const incident = note.alert.incident === null ? undefined : view.incident(note.alert.incident);
    if (incident !== undefined && isOpen(incident)) return incident.id;
  }
  return null;
}

export interface Regrouping {
  placements: Placement[];
  /** Incidents that go on with other alerts or another root than before. */
  touched: IncidentId[];
  /** Incidents that are as they were taken for, and were not looked at before. */
  confirmed: IncidentId[];
}

/** What must be opened, joined and merged so that each group is one incident. */
export function regroup(
  groups: readonly Group[],
  doors: ReadonlyMap<Unit, readonly Door[]>,
  near: Neighbourhood,
): Regrouping {
  const placements: Placement[] = [];
  const touched: IncidentId[] = [];
  const confirmed: IncidentId[] = [];
  const owner = ownersOf(groups, near);
  const targets = new Set(owner.values());
  for (const group of groups) {
    const incident = owner.get(group);
    const before = placements.length;
    const active = firingIn(group.units);
    const root = near.view.topology.id(faultCi(group.fault));
    if (incident !== undefined && active.every((note) => note.alert.incident === incident)) {
      // Mostly all are where they belong.
      for (const note of active) near.threads.joined(note, incident, near.view);
    } else if (incident !== undefined) {
      const over = doorsTo(incident, group, doors, near.view);
      pull(incident, active, { root, over, targets, placements, near });
    } else {
      const alerts = active.map((note) => note.alert.id);
      const what = alerts.length === 1 ? "it" : "these together";
      if (alerts.length > 0) placements.push({ type: "open", alerts, reasons: [`${root} explains ${what}`] });
      continue;
    }
    const thread = near.threads.of(incident, near.at);
    if (placements.length > before || !isRootOf(thread, group)) {
      touched.push(incident);
      near.threads.setRoot(incident, group.fault, near.at);
    } else if (thread.looks === 0) confirmed.push(incident);
  }
  return { placements, touched, confirmed };
}

function firingIn(units: readonly Unit[]): Note[] {
  const active: Note[] = [];
  for (const { notes } of units) for (const note of notes) if (note.resolvedAt === null) active.push(note);
  return active;
}

/** Whether the incident is taken for this fault; of one CI alone it is left to the verdict how it failed. */
function isRootOf({ root }: Thread, { fault, units }: Group): boolean {
  return root === fault || (units.length === 1 && root !== null && faultCi(root) === faultCi(fault));
}

/** By alert, where the trouble came from that the root of its incident is too far away, or too long ago, to explain. */
function doorsTo(
  incident: IncidentId,
  { fault, units }: Group,
  doors: ReadonlyMap<Unit, readonly Door[]>,
  { topology }: CorrelationView,
): ReadonlyMap<Note, string> {
  let over: Map<Note, string> | null = null;
  for (const unit of units) {
    const door = doors.get(unit)?.find((other) => other.incident === incident);
    if (door === undefined || door.ci === faultCi(fault)) continue;
    const direct = unit.causes.costs[unit.causes.keys.indexOf(fault)];
    if (direct !== undefined && direct <= door.cost) continue;
    over ??= new Map();
    for (const note of unit.notes) over.set(note, topology.id(door.ci));
  }
  return over ?? NOT_OVER;
}

const NOT_OVER: ReadonlyMap<Note, string> = new Map();

interface Pull {
  root: string;
  over: ReadonlyMap<Note, string>;
  targets: ReadonlySet<IncidentId>;
  placements: Placement[];
  near: Neighbourhood;
}

/** Brings alerts together in an incident: whole incidents by merging, others one by one. */
function pull(incident: IncidentId, active: readonly Note[], { root, over, targets, placements, near }: Pull): void {
  const { notebook, threads, view } = near;
  const inGroup = new Set(active);
  const loose = new Map<string, AlertId[]>();
  const merged = new Set<IncidentId>();
  for (const note of active) {
    threads.joined(note, incident, view);
    const from = note.alert.incident;
    if (from === incident || (from !== null && merged.has(from))) continue;
    const isWhole =
      from !== null &&
      !targets.has(from) &&
      notesOf(from, notebook, view).every((other) => other.resolvedAt !== null || inGroup.has(other));
    const door = over.get(note);
    const next = door === undefined ? undefined : `${door}, next to it, is in trouble there`;
    if (isWhole) {
      merged.add(from);
      placements.push({ type: "merge", from, into: incident, reasons: [next ?? `${root} explains both`] });
    } else {
      const why = next ?? `${root} explains ${inGroup.size} alerts together`;
      const alerts = loose.get(why);
      if (alerts === undefined) loose.set(why, [note.alert.id]);
      else alerts.push(note.alert.id);
    }
  }
  for (const [why, alerts] of loose) placements.push({ type: "join", alerts, incident, reasons: [why] });
}

/** Which incident each group goes on as: the one that most of it is in; an incident goes on as one group only. */
function ownersOf(groups: readonly Group[], { threads, view }: Neighbourhood): Map<Group, IncidentId> {
  const bids: Bid[] = [];
  for (const group of groups) bid(group, view, bids);
  bids.sort((a, b) => b.weight - a.weight || a.number - b.number);
  const owner = new Map<Group, IncidentId>();
  const taken = new Set<IncidentId>();
  for (const { group, incident } of bids) {
    if (owner.has(group) || taken.has(incident)) continue;
    owner.set(group, incident);
    taken.add(incident);
  }
  for (const group of groups) {
    if (group.units.length < 2) continue;
    const own = owner.get(group);
    const standing = threads.sameRoot(faultCi(group.fault), group.units[0]?.onset ?? 0, view);
    if (standing === undefined || standing === own) continue;
    // A whole fault that comes back goes on in its old incident; a few alerts are too little to tell it is the same.
    const isBack = view.incident(standing)?.status === "resolved" && group.units.length >= BACK_MIN;
    const isOlder = numberOf(standing, view) < numberOf(own, view);
    if (own === undefined || (isBack && isOlder && !taken.has(standing))) owner.set(group, standing);
  }
  return owner;
}

function numberOf(incident: IncidentId | undefined, view: CorrelationView): number {
  return (incident === undefined ? undefined : view.incident(incident)?.number) ?? Number.POSITIVE_INFINITY;
}

interface Bid {
  group: Group;
  incident: IncidentId;
  weight: number;
  number: number;
}

/** Adds what of this group is in which open incident. */
function bid(group: Group, view: CorrelationView, bids: Bid[]): void {
  const { anchor, units } = group;
  const weights = new Map<IncidentId, number>();
  if (anchor !== null) weights.set(anchor, 0.5);
  for (const { notes } of units) {
    for (const { alert } of notes) {
      if (alert.incident !== null) weights.set(alert.incident, (weights.get(alert.incident) ?? 0) + 1);
    }
  }
  for (const [incident, weight] of weights) {
    const found = view.incident(incident);
    if (found !== undefined && isOpen(found)) bids.push({ group, incident, weight, number: found.number });
  }
}
