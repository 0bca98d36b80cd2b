import type { CorrelationView, Ranking } from "../model/correlation.ts";
import { unitsOf, type Note } from "../model/evidence.ts";
import { aloneCost } from "../model/hypothesis.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, faultKey, type FaultKey } from "../model/influence.ts";
import { Marks } from "../model/marks.ts";
import { byText } from "../model/order.ts";
import { SERIOUS_RANK } from "../model/severity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { lateness } from "./propose.ts";
import type { AlertId, IncidentId } from "../model/identity.ts";

/** At once only where it is clear; the rest is seen when the neighbourhood is solved. */
const QUICK_MARGIN = 1.2;
/** What has largely cleared rarely breaks something new … */
const DECLINE_COST = 1.5;
/** … and ever less: one nat for each such time since it last did, after the first minutes, up to a limit. */
const DECLINE_MS: Milliseconds = 10 * 60_000;
const DECLINE_FROM_MS: Milliseconds = 3 * 60_000;
const DECLINE_MAX = 3;
/** It grows while alerts come within such a time of each other. */
const GROWS_MS: Milliseconds = 90_000;
/** A fault that is back within this time is the same one. */
const BACK_MS: Milliseconds = 25 * 60_000;
/** How far from its first and last alert an incident still draws a group of the same root. */
const REACH_BEFORE_MS: Milliseconds = 3 * 60_000;
const REACH_AFTER_MS: Milliseconds = 12 * 60_000;
/** An alert that comes back within this time belongs where it was, as long as that is open. */
const AGAIN_MS: Milliseconds = 10 * 60_000;

/** The last verdict on an incident: when, on how much evidence, and what of it the incident itself does not say. */
export interface Ranked extends Omit<Ranking, "rootCause" | "impact" | "isRepeat"> {
  at: UnixMillis;
  evidence: number;
  /** The incident gives another reason meanwhile: it waits beside a page. `pageReason` is nowhere else then. */
  isHeldBack: boolean;
}

/** What correlation knows of an incident beside what the incident says. */
export interface Thread {
  incident: IncidentId;
  /** See `ThreadRecord`. */
  edition: number;
  /** The fault that correlation takes it for, and its place among those that others are taken for. */
  root: FaultKey | null;
  rootOrder: number;
  firstOnset: UnixMillis;
  lastOnset: UnixMillis;
  /** How often it has been looked at again. */
  looks: number;
  /** See `Dependents.doubt`. */
  doubt: number;
  /** Most of its many members still fire. */
  raging: boolean;
  /** Much of it has cleared: what it was is known, and nothing is moved any more. */
  declining: boolean;
  ranked: Ranked | null;
  /** When too little was left of the evidence for another verdict, the last time that it was looked at. */
  spentAt: UnixMillis | null;
}

/** The threads of live incidents, also by their root. */
export class Threads {
  private readonly threads = new Map<IncidentId, Thread>();
  /** By fault. Mostly one incident a root, which then stands for itself. */
  private readonly byRoot: (IncidentId | Set<IncidentId> | undefined)[] = [];
  /** The faults of `byRoot`: asked for every cause of every alert, and rarely among them. */
  private readonly roots = new Marks();
  private orders = 0;
  private readonly changed = new Set<IncidentId>();
  private readonly moved = new Set<AlertId>();

  get(incident: IncidentId | null): Thread | undefined {
    return incident === null ? undefined : this.threads.get(incident);
  }

  of(incident: IncidentId, at: UnixMillis): Thread {
    let thread = this.threads.get(incident);
    if (thread === undefined) {
      thread = {
        incident,
        edition: 0,
        root: null,
        rootOrder: 0,
        firstOnset: at,
        lastOnset: at,
        looks: 0,
        doubt: 0,
        raging: false,
        declining: false,
        ranked: null,
        spentAt: null,
      };
      this.threads.set(incident, thread);
      this.changed.add(incident);
    }
    return thread;
  }

  all(): Iterable<Thread> {
    return this.threads.values();
  }

  /** Whoever changes a thread says so: it is to be stored. */
  touch(incident: IncidentId): void {
    this.changed.add(incident);
  }

  /** Incidents whose thread was changed since the last call; sorted. */
  takeChanged(): readonly IncidentId[] {
    if (this.changed.size === 0) return NONE;
    const list = [...this.changed].sort(byText);
    this.changed.clear();
    return list;
  }

  /** Alerts whose note names another incident since the last call. */
  takeMoved(): readonly AlertId[] {
    if (this.moved.size === 0) return NONE;
    const list = [...this.moved];
    this.moved.clear();
    return list;
  }

  /** How many roots there were: what is kept beside the threads. */
  get rootOrders(): number {
    return this.orders;
  }

  /** Goes on where others were. Roots in `rootOrder`. */
  resume(threads: readonly Thread[], rootOrders: number): void {
    for (const thread of threads) this.threads.set(thread.incident, thread);
    const rooted = threads.filter((thread) => thread.root !== null);
    for (const thread of rooted.sort((a, b) => a.rootOrder - b.rootOrder)) this.list(thread);
    this.orders = rootOrders;
  }

  /** Whether any incident is taken for this fault. */
  isRoot(fault: FaultKey): boolean {
    return this.roots.has(fault);
  }

  /** Incidents taken for this fault, in the order in which they became so. */
  at(fault: FaultKey): Iterable<IncidentId> {
    const found = this.roots.has(fault) ? (this.byRoot[fault] ?? NONE) : NONE;
    return typeof found === "string" ? [found] : found;
  }

  setRoot(incident: IncidentId, root: FaultKey | null, at: UnixMillis): void {
    const thread = this.of(incident, at);
    if (thread.root === root) return;
    this.changed.add(incident);
    this.unlist(thread);
    thread.root = root;
    if (root === null) return;
    this.orders += 1;
    thread.rootOrder = this.orders;
    this.list(thread);
  }

  /** Faults have other numbers now. */
  replant(moved: (root: FaultKey) => FaultKey | null): void {
    this.byRoot.length = 0;
    for (const { root } of this.threads.values()) if (root !== null) this.roots.delete(root);
    for (const thread of [...this.threads.values()].sort((a, b) => a.rootOrder - b.rootOrder)) {
      if (thread.root === null) continue;
      thread.root = moved(thread.root);
      this.list(thread);
    }
  }

  private list({ incident, root }: Thread): void {
    if (root === null) return;
    this.roots.add(root);
    const known = this.byRoot[root];
    if (known === undefined) {
      while (this.byRoot.length < root) this.byRoot.push(undefined);
      this.byRoot[root] = incident;
    } else if (typeof known === "string") this.byRoot[root] = new Set([known, incident]);
    else known.add(incident);
  }

  joined(note: Note, incident: IncidentId, view: CorrelationView): void {
    if (note.home !== incident) {
      note.home = incident;
      this.moved.add(note.alert.id);
    }
    const known = this.threads.has(incident);
    const thread = this.of(incident, note.onset);
    const root = view.incident(incident)?.rootCause.ci ?? null;
    if (!known && root !== null) {
      this.setRoot(incident, faultKey(view.topology.register(root), note.symptom === "gone"), note.onset);
    }
    if (note.onset >= thread.firstOnset && note.onset <= thread.lastOnset) return;
    thread.firstOnset = Math.min(thread.firstOnset, note.onset);
    thread.lastOnset = Math.max(thread.lastOnset, note.onset);
    this.changed.add(incident);
  }

  /** The open incident whose root explains this alert more cheaply than a fault of its own would. */
  best(note: Note, view: CorrelationView): Thread | null {
    // In a flood of what nobody has heard of, this answers for most.
    if (!note.causes.keys.some((fault) => this.roots.has(fault))) return null;
    const unit = unitsOf([note])[0];
    let best: Thread | null = null;
    let bestCost = (unit === undefined ? 0 : aloneCost(unit)) - QUICK_MARGIN;
    const { keys, costs } = note.causes;
    for (let index = 0; index < keys.length; index += 1) {
      const cost = costs[index] ?? 9;
      if (cost >= bestCost) break;
      if (!this.roots.has(keys[index] ?? -1)) continue;
      for (const id of this.at(keys[index] ?? -1)) {
        const thread = this.threads.get(id);
        const incident = view.incident(id);
        if (thread === undefined || incident === undefined || !isOpen(incident)) continue;
        const total = cost + lateness(note.onset, thread) + doubtOf(thread, note.onset, note.rank < SERIOUS_RANK);
        if (total >= bestCost) continue;
        best = thread;
        bestCost = total;
      }
    }
    return best;
  }

  /** Where an alert was that comes back; null when that was long ago, or was another matter. */
  again(before: Note, note: Note, view: CorrelationView): Thread | null {
    if (before.resolvedAt === null || before.background !== null) return null;
    const home = survivor(before.home, view);
    const thread = home === undefined ? undefined : this.threads.get(home.id);
    if (home === undefined || thread === undefined) return null;
    const apart = note.onset - before.resolvedAt;
    if (isOpen(home)) return apart < AGAIN_MS ? thread : null;
    const isHome =
      isLone(home, view.topology.id(note.ci)) || (thread.root !== null && faultCi(thread.root) === note.ci);
    return home.status === "resolved" && apart < BACK_MS && isHome ? thread : null;
  }

  /** An incident of this root that is open around that time, or was until a short while ago. */
  sameRoot(root: number, onset: UnixMillis, view: CorrelationView): IncidentId | undefined {
    for (const dead of [true, false]) {
      for (const id of this.at(faultKey(root, dead))) {
        const thread = this.threads.get(id);
        const incident = view.incident(id);
        if (thread === undefined || incident === undefined || incident.mergedInto !== null) continue;
        if (incident.status === "resolved") {
          if (onset - overSince(incident) < BACK_MS) return id;
        } else if (isOpen(incident) && isAround(onset, thread)) return id;
      }
    }
    return undefined;
  }

  /** Its incident is over. */
  forget(incident: IncidentId): void {
    const thread = this.threads.get(incident);
    if (thread === undefined) return;
    this.unlist(thread);
    this.threads.delete(incident);
  }

  private unlist(thread: Thread): void {
    if (thread.root === null) return;
    const known = this.byRoot[thread.root];
    if (typeof known === "string" ? known !== thread.incident : known === undefined) return;
    if (typeof known === "object") {
      known.delete(thread.incident);
      if (known.size > 0) return;
    }
    this.byRoot[thread.root] = undefined;
    this.roots.delete(thread.root);
  }
}

const NONE: readonly string[] = [];

function isAround(onset: UnixMillis, thread: Thread): boolean {
  return onset >= thread.firstOnset - REACH_BEFORE_MS && onset <= thread.lastOnset + REACH_AFTER_MS;
}

/**
 * Whether the incident explains little that begins now, since much of it has cleared. What is mild still comes after it
 * while it goes on to grow: programs start anew, and queues drain. A fault of its own begins with more.
 */
export function isEnding({ declining, lastOnset }: Thread, onset: UnixMillis, isMild: boolean): boolean {
  return declining && !(isMild && onset - lastOnset < GROWS_MS);
}

/** What it costs one more alert that the incident hits less than it should, or is over already. */
export function doubtOf(thread: Thread, onset: UnixMillis, isMild: boolean): number {
  if (!isEnding(thread, onset, isMild)) return thread.doubt;
  const quietMs = Math.max(0, onset - thread.lastOnset - DECLINE_FROM_MS);
  return thread.doubt + DECLINE_COST + Math.min(DECLINE_MAX, quietMs / DECLINE_MS);
}

export function isOpen(incident: Readonly<Incident>): boolean {
  return (incident.status === "open" || incident.status === "acknowledged") && incident.mergedInto === null;
}

/** When most of it had cleared: a few lost clears keep an incident open long after its fault. */
function overSince(incident: Readonly<Incident>): UnixMillis {
  const clears = incident.members.map((member) => member.resolvedAt ?? incident.resolvedAt ?? 0).sort((a, b) => a - b);
  return clears[Math.floor(clears.length * MOST)] ?? incident.resolvedAt ?? 0;
}

const MOST = 0.8;

/** The incident itself, or the one it was merged into. */
export function survivor(id: IncidentId | null, view: CorrelationView): Readonly<Incident> | undefined {
  let incident = id === null ? undefined : view.incident(id);
  for (let hops = 0; incident !== undefined && incident.mergedInto !== null && hops < 100; hops += 1) {
    incident = view.incident(incident.mergedInto);
  }
  return incident;
}

/** Whether nothing but this CI is in it. */
export function isLone(incident: Readonly<Incident>, ci: string): boolean {
  return incident.members.every((member) => member.ci === ci);
}
