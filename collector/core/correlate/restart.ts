import type { Note } from "../model/evidence.ts";
import type { AlertId } from "../model/identity.ts";
import type { Influence } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";
import type { NoteReader } from "./note-reader.ts";
import { movedFault } from "./stored-thread.ts";
import type { Threads } from "./threads.ts";

/**
 * Notes as the graph reads them now; what happened to them since they came stays. In their order.
 * `changed`: alerts of which something else must be stored now.
 */
export function readAnew(
  before: Iterable<Note>,
  { reader, influence, topology }: { reader: NoteReader; influence: Influence; topology: Topology },
): { notes: Note[]; changed: AlertId[] } {
  const notes: Note[] = [];
  const changed: AlertId[] = [];
  const inOrder = [...before].sort((a, b) => a.order - b.order);
  for (const old of inOrder) {
    const { alert, rank, seriousSince, onset, background, home, resolvedAt, keepUntil, order, episode } = old;
    const note = reader.read(alert, topology, influence);
    if (note.symptom !== old.symptom || note.named !== old.named) changed.push(alert.id);
    notes.push(
      Object.assign(note, { rank, seriousSince, onset, background, home, resolvedAt, keepUntil, order, episode }),
    );
  }
  return { notes, changed };
}

/**
 * Threads as the graph counts now; what is at fault is asked anew.
 *
 * @param before the graph by which they count; null = it is the same, and a person has put alerts elsewhere
 */
export function replant(threads: Threads, before: Topology | null, now: Topology): void {
  for (const thread of threads.all()) {
    const { incident, ranked } = thread;
    thread.spentAt = null;
    threads.touch(incident);
    if (before === null || ranked === null) thread.ranked = null;
    else thread.ranked = { ...ranked, at: 0, fault: movedFault(ranked.fault, before, now) };
  }
  if (before !== null) threads.replant((root) => movedFault(root, before, now));
}
