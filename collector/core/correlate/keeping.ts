import type { Alert } from "../model/alert.ts";
import type { CorrelationView } from "../model/correlation.ts";
import type { Note, Noted } from "../model/evidence.ts";
import type { Influence } from "../model/influence.ts";
import type { StoredPiece } from "../model/stored-list.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Agenda } from "./agenda.ts";
import { commonRecord, isSameRecord, readCommon, type Common } from "./common.ts";
import type { Habits } from "./habits.ts";
import type { NoteReader } from "./note-reader.ts";
import type { Notebook } from "./notebook.ts";
import { graphOf, type NoteFacts, readNoted } from "./noted.ts";
import { lookTimer, rankTimer, readThread, threadRecord, timersOf, type ThreadRecord } from "./stored-thread.ts";
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
  private last: readonly unknown[] = [];

  takeChanged(rooms: Rooms, common: Common, topology: Topology): StoredPiece[] {
    const { habits, strays, together, reader, agenda, threads, timers, notebook } = rooms;
    const list: StoredPiece[] = [];
    for (const room of [habits, strays, together, reader, agenda])
      for (const piece of room.takeChanged()) list.push(piece);
    for (const incident of threads.takeChanged()) {
      const thread = threads.get(incident);
      if (thread === undefined) {
        timers.cancel(lookTimer(incident));
        timers.cancel(rankTimer(incident));
      }
      if (thread === undefined) list.push({ id: THREAD + incident, value: null });
      else this.keep(thread, threadRecord(thread, timers, topology), list);
    }
    for (const { name, order } of notebook.takeCuts()) list.push({ id: CUT + name, value: order });
    const record = commonRecord(common);
    if (!isSameRecord(record, this.last as typeof record)) list.push({ id: COMMON, value: record });
    this.last = record;
    return list;
  }

  /** This is what is stored. */
  resume(common: Common): void {
    this.last = commonRecord(common);
  }

  private keep(thread: Thread, value: ThreadRecord, list: StoredPiece[]): void {
    if (thread.stored !== null && isSameRecord(value, thread.stored)) return;
    thread.stored = value;
    list.push({ id: THREAD + thread.incident, value });
  }
}

/** One note as it was, and what is kept of it elsewhere. */
export interface RecalledNote extends Pick<NoteFacts, "waits" | "until"> {
  note: Note;
}

/** What was stored, read while the graph gained again what it had. */
export interface Recalled {
  notes: RecalledNote[];
  records: readonly StoredPiece[];
  /** null: it was stored by a program that did not keep these. */
  common: Common | null;
}

/** Reads each note by the graph as it was when it was read first. The graph has gained all of it afterwards. */
export function recall(
  stored: Iterable<{ alert: Readonly<Alert>; noted: Noted }>,
  records: readonly StoredPiece[],
  { reader, influence, topology }: { reader: NoteReader; influence: Influence; topology: Topology },
): Recalled {
  const common = readCommon(records.find(({ id }) => id === COMMON)?.value);
  if (common === null) return { notes: [], records: [], common };
  const { graphBase, readAt } = common;
  const inOrder = [...stored].sort((a, b) => graphOf(a.noted) - graphOf(b.noted));
  const notes = inOrder.map(({ alert, noted }) => {
    const facts = readNoted(noted, alert);
    topology.growTo(Math.max(facts.graph, readAt) - graphBase);
    const note = reader.readAgain(alert, facts, topology, influence);
    return { note, waits: facts.waits, until: facts.until };
  });
  topology.growTo(Number.POSITIVE_INFINITY);
  return { notes, records, common };
}

/** Goes on where another one was. Notes of alerts that are gone are left out. */
export function resume({ notes, records, common }: Recalled, rooms: Rooms, view: CorrelationView): void {
  const { notebook, threads, agenda, timers } = rooms;
  if (common === null) return;
  const { orders, forgotUntil } = common;
  const kept = notes.filter(({ note }) => view.alert(note.alert.id) === note.alert);
  kept.sort((a, b) => a.note.order - b.note.order);
  notebook.resume(
    kept.map(({ note }) => note),
    { orders, forgotUntil, cuts: cutsIn(records) },
  );
  const known = kept.filter(({ note }) => notebook.get(note.alert.id) === note);
  for (const { note, until } of known) if (until !== null) timers.schedule(alertTimer(note.alert.id), until);
  threads.resume(threadsIn(records, timers, view), common.threads);
  const numbers = known.map(({ note, waits }) => [note.alert.id, waits] as const);
  agenda.resume(common.agenda, numbers, records, (alert) => (view.alert(alert)?.incident ?? null) !== null);
}

function cutsIn(records: readonly StoredPiece[]): Map<string, number> {
  const cuts = new Map<string, number>();
  for (const { id, value } of records)
    if (id.startsWith(CUT) && typeof value === "number") cuts.set(id.slice(CUT.length), value);
  return cuts;
}

function threadsIn(records: readonly StoredPiece[], timers: TimerQueue, view: CorrelationView): Thread[] {
  const found: Thread[] = [];
  for (const { id, value } of records) {
    if (!id.startsWith(THREAD) || !Array.isArray(value)) continue;
    const incident = id.slice(THREAD.length);
    const record = value as unknown as ThreadRecord;
    found.push(readThread(incident, record, view.incident(incident), view.topology));
    const { lookAt, rankAt } = timersOf(record);
    wake(timers, lookTimer(incident), lookAt);
    wake(timers, rankTimer(incident), rankAt);
  }
  return found;
}

function wake(timers: TimerQueue, key: string, at: UnixMillis | null): void {
  if (at !== null) timers.schedule(key, at);
}
