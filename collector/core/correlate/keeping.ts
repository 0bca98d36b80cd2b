import type { CorrelationView, Recollection } from "../model/correlation.ts";
import type { Note, Noted } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Influence } from "../model/influence.ts";
import { inOrderOf } from "../model/order.ts";
import type { StoredPiece } from "../model/stored-list.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { Agenda, Waiting } from "./agenda.ts";
import { commonRecord, readCommon, ToldCommon, type Common } from "./common.ts";
import type { Habits } from "./habits.ts";
import type { NoteReader } from "./note-reader.ts";
import { isForgotten, type Notebook } from "./notebook.ts";
import { graphOf, orderOf, readNoted } from "./noted.ts";
import { LooseThreads } from "./loose-threads.ts";
import {
  editionOf,
  lookTimer,
  rankTimer,
  readOldThread,
  readThread,
  threadRecord,
  timersOf,
  type ThreadRecord,
} from "./stored-thread.ts";
import type { Strays } from "./strays.ts";
import type { Thread, Threads } from "./threads.ts";
import type { Together } from "./together.ts";

const COMMON = "correlation";
const THREAD = "thread ";
const CUT = "cut ";

/** What correlation is made of. */
export interface Rooms {
  reader: NoteReader;
  notebook: Notebook;
  threads: Threads;
  agenda: Agenda;
  timers: TimerQueue;
  habits: Habits;
  together: Together;
  strays: Strays;
}

export const alertTimer = (alert: string): string => `alert ${alert}`;

/** Tells what of correlation differs from what is stored; see docs/decision/0008. */
export class Keeper {
  private readonly told = new ToldCommon();
  /** Becomes what it is by then when it is written: of a hundred steps in one commit one is. */
  private readonly common: StoredPiece;
  private readonly loose = new LooseThreads();
  /** Threads that an older program has stored in records of their own. */
  private readonly old = new Set<IncidentId>();
  /** Those of them whose record is to go now. */
  private outdated: IncidentId[] = [];

  /** @param commonNow what is asked when a commit is written */
  constructor(commonNow: () => Common) {
    this.common = { id: COMMON, value: { toJSON: () => commonRecord(commonNow()) } };
  }

  /**
   * @param put incidents that are stored in the same commit, with their threads
   * @param isOver whether there is no such incident any more
   */
  takeChanged(
    rooms: Rooms,
    common: Common,
    topology: Topology,
    { put, isOver }: { put: readonly IncidentId[]; isOver: (incident: IncidentId) => boolean },
  ): StoredPiece[] {
    const { habits, strays, together, reader, agenda, notebook } = rooms;
    const list: StoredPiece[] = [];
    append(list, habits.takeChanged());
    append(list, strays.takeChanged());
    append(list, together.takeChanged());
    append(list, reader.takeChanged());
    append(list, agenda.takeChanged());
    this.keepThreads(rooms, topology, put, isOver);
    append(
      list,
      this.loose.takeChanged((incident) => {
        const thread = rooms.threads.get(incident);
        return thread === undefined ? null : threadRecord(thread, rooms.timers, topology);
      }),
    );
    if (this.outdated.length > 0)
      for (const incident of this.outdated.splice(0)) list.push({ id: THREAD + incident, value: null });
    for (const { name, order } of notebook.takeCuts()) list.push({ id: CUT + name, value: order });
    if (!this.told.isNews(common)) return list;
    // A list that is pushed to has room for seventeen; of most alerts there is only this.
    if (list.length === 0) return [this.common];
    list.push(this.common);
    return list;
  }

  /** This is what is stored. */
  resume(common: Common): void {
    this.told.isNews(common);
  }

  /** The threads as they are stored, each in its newest form. */
  restore(
    { threads, records }: Recollection,
    isOver: (incident: IncidentId) => boolean,
  ): Map<IncidentId, ThreadRecord> {
    const found = new Map<IncidentId, ThreadRecord>();
    for (const { id, value } of records) {
      if (!id.startsWith(THREAD) || !Array.isArray(value)) continue;
      const incident = id.slice(THREAD.length);
      if (isOver(incident)) this.outdated.push(incident);
      else {
        this.old.add(incident);
        found.set(incident, readOldThread(value));
      }
    }
    for (const { incident, noted } of threads) found.set(incident, noted as ThreadRecord);
    const within = (incident: IncidentId): number | null => {
      if (isOver(incident)) return null;
      const record = found.get(incident);
      return record === undefined ? 0 : editionOf(record);
    };
    for (const [incident, record] of this.loose.restore(records, within)) found.set(incident, record);
    return found;
  }

  private keepThreads(
    { threads, timers }: Rooms,
    topology: Topology,
    put: readonly IncidentId[],
    isOver: (incident: IncidentId) => boolean,
  ): void {
    for (const incident of put) {
      const thread = threads.get(incident);
      if (this.old.delete(incident)) this.outdated.push(incident);
      // What is left of it in a record of several is old from now on.
      if (this.loose.drop(incident) && thread !== undefined) thread.edition += 1;
      if (thread !== undefined && isOver(incident)) forget(threads, timers, incident);
    }
    const changed = threads.takeChanged();
    const known = changed.length > 1 ? new Set(put) : null;
    for (const incident of changed) {
      const thread = threads.get(incident);
      if (thread === undefined || (known === null ? put.includes(incident) : known.has(incident))) continue;
      if (isOver(incident)) forget(threads, timers, incident);
      else {
        thread.edition += 1;
        this.loose.put(incident);
        if (this.old.delete(incident)) this.outdated.push(incident);
      }
    }
  }
}

function append(list: StoredPiece[], pieces: readonly StoredPiece[]): void {
  for (let at = 0; at < pieces.length; at += 1) list.push(pieces[at] as StoredPiece);
}

function forget(threads: Threads, timers: TimerQueue, incident: IncidentId): void {
  threads.forget(incident);
  timers.cancel(lookTimer(incident));
  timers.cancel(rankTimer(incident));
}

/** What was stored, read while the graph gained again what it had. */
export interface Recalled extends Recollection {
  notes: Note[];
  /** What is kept of them elsewhere: at the same places, and for few. See `NoteFacts`. */
  waits: number[];
  until: Map<Note, UnixMillis>;
  /** null: it was stored by a program that did not keep these. */
  common: Common | null;
}

/** Reads each note by the graph as it was when it was read first. The graph has gained all of it afterwards. */
export function recall(
  stored: Recollection,
  { reader, influence, topology }: { reader: NoteReader; influence: Influence; topology: Topology },
): Recalled {
  const common = readCommon(stored.records.find(({ id }) => id === COMMON)?.value);
  const notes: Note[] = [];
  const waits: number[] = [];
  const until = new Map<Note, UnixMillis>();
  if (common === null) return { alerts: [], threads: [], records: [], notes, waits, until, common };
  const { graphBase, readAt } = common;
  // By their order first: mostly they are in it afterwards, too.
  const inOrder = inOrderOf(stored.alerts.filter(hasNote), ({ noted }) => orderOf(noted));
  for (const { alert, noted } of inOrderOf(inOrder, ({ noted }) => graphOf(noted))) {
    const facts = readNoted(noted, alert);
    topology.growTo(Math.max(facts.graph, readAt) - graphBase);
    const note = reader.readAgain(alert, facts, topology, influence);
    notes.push(note);
    waits.push(facts.waits);
    if (facts.until !== null) until.set(note, facts.until);
  }
  topology.growTo(Number.POSITIVE_INFINITY);
  return { ...stored, notes, waits, until, common };
}

type StoredNote = Recollection["alerts"][number];

function hasNote(stored: StoredNote): stored is StoredNote & { noted: Noted } {
  return stored.noted !== null;
}

/** Goes on where another one was. Notes of alerts that are gone are left out. */
export function resume(recalled: Recalled, keeper: Keeper, rooms: Rooms, view: CorrelationView): void {
  const { notebook, threads, agenda, timers } = rooms;
  const { notes, records, common } = recalled;
  if (common === null) return;
  const { orders, forgotUntil } = common;
  const kept = inOrderOf(
    notes.filter(({ alert }) => view.isLive(alert)),
    ({ order }) => order,
  );
  notebook.resume(kept, { orders, forgotUntil, cuts: cutsIn(records) });
  for (const [note, until] of recalled.until)
    if (view.isLive(note.alert) && !isForgotten(note, forgotUntil)) timers.schedule(alertTimer(note.alert.id), until);
  const stored = keeper.restore(recalled, (incident) => view.incident(incident) === undefined);
  threads.resume(threadsIn(stored, timers, view), common.rootOrders);
  agenda.resume(
    common.agenda,
    waitingIn(recalled, forgotUntil, view),
    records,
    (alert) => (view.alert(alert)?.incident ?? null) !== null,
  );
}

function waitingIn({ notes, waits }: Recalled, forgotUntil: UnixMillis, view: CorrelationView): Waiting[] {
  const found: Waiting[] = [];
  for (const [at, note] of notes.entries()) {
    const number = waits[at] ?? 0;
    if (number !== 0 && view.isLive(note.alert) && !isForgotten(note, forgotUntil))
      found.push({ alert: note.alert.id, number });
  }
  return found;
}

function cutsIn(records: readonly StoredPiece[]): Map<string, number> {
  const cuts = new Map<string, number>();
  for (const { id, value } of records)
    if (id.startsWith(CUT) && typeof value === "number") cuts.set(id.slice(CUT.length), value);
  return cuts;
}

function threadsIn(stored: ReadonlyMap<IncidentId, ThreadRecord>, timers: TimerQueue, view: CorrelationView): Thread[] {
  const found: Thread[] = [];
  for (const [id, record] of stored) {
    const incident = view.incident(id);
    if (incident === undefined) continue;
    found.push(readThread(record, incident, view.topology));
    const { lookAt, rankAt } = timersOf(record);
    if (lookAt !== null) timers.schedule(lookTimer(id), lookAt);
    if (rankAt !== null) timers.schedule(rankTimer(id), rankAt);
  }
  return found;
}
