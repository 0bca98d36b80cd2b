import type { CorrelationView } from "../model/correlation.ts";
import type { Note } from "../model/evidence.ts";
import { FLAP_SPAN_MS } from "../model/flaps.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { chronic, flapping, late, type Background, type Maintenance } from "./background.ts";
import type { Notebook } from "./notebook.ts";
import { isLone, isOpen, type Thread, type Threads } from "./threads.ts";

/** What flapped before a fault began does not belong to it. */
const FLAP_BEFORE_MS: Milliseconds = 2 * 60_000;
/** Another check on the same CI within this time speaks for a real fault. */
const TOGETHER_MS: Milliseconds = 3 * 60_000;

/** What the decision whether an alert is known noise looks at. */
export interface NoiseContext {
  notebook: Notebook;
  threads: Threads;
  maintenance: Maintenance;
  at: UnixMillis;
  view: CorrelationView;
}

/** Why an alert is known noise; null when it is evidence. */
export function noiseOf(note: Note, context: NoiseContext): Background | null {
  const { alert } = note;
  if (alert.severity === "info") return { rule: "info", reason: "it informs and asks for nothing", until: null };
  return (
    chronic(alert, context.at) ??
    context.maintenance.explains(note.ci, note.causes, note.onset, context.view.maintenance()) ??
    lateOne(note, context) ??
    flapper(note, context)
  );
}

/** Late news of a fault that is known completes its story. */
function lateOne(note: Note, { threads, view, at }: NoiseContext): Background | null {
  const found = late(note.alert, at);
  return found !== null && threads.best(note, view) === null ? found : null;
}

/** What flaps alone is noise; what flaps in the middle of a fault belongs to it. */
export function flapper(note: Note, context: NoiseContext): Background | null {
  const { threads, view, at } = context;
  const found = flapping(note.alert, at);
  if (found === null || corroborated(note, context.notebook)) return null;
  const thread = threads.get(note.alert.incident) ?? threads.best(note, view);
  if (thread === null || !thread.raging || isLoneThread(thread, note, view)) return found;
  const began = note.alert.changes.find((change) => at - change <= FLAP_SPAN_MS) ?? at;
  return began < thread.firstOnset - FLAP_BEFORE_MS ? found : null;
}

/** People were told of a critical condition on its own: while it flaps it is the same incident, and not an end and a silence. */
export function isKnownToPeople({ alert, ci }: Note, view: CorrelationView): boolean {
  if (alert.severity !== "critical" || alert.incident === null) return false;
  const incident = view.incident(alert.incident);
  if (incident === undefined || !isOpen(incident) || incident.told.length === 0) return false;
  return isLone(incident, view.topology.id(ci));
}

/** Changes from which what comes back is slow noise: quick flapping is held as one state by then. */
const SLOW_CHANGES = 8;

/** Whether what fires again goes on where people know it. */
export function goesOn(note: Note, view: CorrelationView): boolean {
  return (note.alert.flapping || note.alert.changes.length < SLOW_CHANGES) && isKnownToPeople(note, view);
}

function isLoneThread(thread: Thread, note: Note, view: CorrelationView): boolean {
  const incident = view.incident(thread.incident);
  return incident === undefined || isLone(incident, view.topology.id(note.ci));
}

/** Another check saw the same CI at that moment: then it is no sick sensor. */
function corroborated(note: Note, notebook: Notebook): boolean {
  return notebook
    .on(note.ci)
    .some(
      (other) =>
        other.alert.check !== note.alert.check &&
        Math.abs(other.onset - note.onset) < TOGETHER_MS &&
        other.background !== "chronic",
    );
}
