import type { Note } from "../model/evidence.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, type FaultKey } from "../model/influence.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Together } from "./together.ts";

/** The timer by which learned relations fade. */
export const FADE = "fade pairs";
/** A learned relation that is so much surer, or less sure, than when it was learned is learned anew. */
const SURER = 0.1;
/** With less confidence in its root, nothing is learned from a fault. */
const SURE = 0.7;

interface Believer {
  together: Together;
  timers: TimerQueue;
}

/** A fault is over by and by: who failed with it, though the graph does not say why, may do so again. */
export function learnFrom(
  believer: Believer,
  {
    incident,
    fault,
    notes,
    topology,
  }: { incident: Readonly<Incident>; fault: FaultKey | null; notes: readonly Note[]; topology: Topology },
  at: UnixMillis,
): void {
  const { rootCause } = incident;
  if (rootCause.ci === null || fault === null || rootCause.confidence < SURE) return;
  const root = topology.find(rootCause.ci);
  const explained = new Set<string>();
  for (const { ci, causes } of notes)
    if (causes.keys.some((key) => faultCi(key) === root || key === fault)) explained.add(topology.id(ci));
  const victims = new Set(notes.map(({ ci }) => topology.id(ci)));
  believer.together.learn(rootCause.ci, [...victims], at, (ci) => explained.has(ci));
  believe(believer, topology, at);
}

/** The graph has the relations that are believed now, and no others. CIs that are not in the CMDB any more teach nothing. */
export function believe({ together, timers }: Believer, topology: Topology, at: UnixMillis): void {
  const believed = new Map<string, { from: number; to: number; confidence: number }>();
  for (const { from, to, confidence } of together.relations(at)) {
    const [victim, root] = [topology.find(from), topology.find(to)];
    if (victim === undefined || root === undefined || victim === root) continue;
    believed.set(`${victim} ${root}`, { from: victim, to: root, confidence });
  }
  for (const known of topology.learnedRelations()) {
    const now = believed.get(`${known.from} ${known.to}`)?.confidence ?? 0;
    if (now === 0 || Math.abs(now - known.confidence) >= SURER) topology.unlearn(known);
  }
  for (const relation of believed.values()) topology.learn(relation);
  timers.cancel(FADE);
  const fadesAt = together.fadesAt(at);
  if (fadesAt !== null) timers.schedule(FADE, fadesAt);
}
