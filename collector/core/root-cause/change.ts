import type { ChangeRecord, CorrelationView } from "../model/correlation.ts";
import type { Unit } from "../model/evidence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Verdict } from "./verdict.ts";

/** A change shows its fault within a quarter of an hour, or slowly, as a leak does. */
const BEFORE_MS: Milliseconds = 30 * 60_000;
const AFTER_MS: Milliseconds = 60_000;
const SHORT_MS: Milliseconds = 15 * 60_000;
/** Programs fill up and slow down by and by; lines and machines do not. */
const SUDDEN: ReadonlySet<Symptom> = new Set<Symptom>(["gone", "link", "lossy", "environment", "clock", "certificate"]);

/**
 * The change on the root, or on what it is a replica of, that best explains the fault; null when none does.
 *
 * @param openedAt of the incident: its first alerts may have cleared and come back since
 */
export function suspectChange(
  best: Verdict,
  units: readonly Unit[],
  openedAt: UnixMillis,
  view: CorrelationView,
): string | null {
  const latest = units[0]?.onset ?? openedAt;
  const onset = Math.min(openedAt, latest);
  const isGradual = units.some(
    (unit) => unit.ci === best.root && !unit.notes.every((note) => SUDDEN.has(note.symptom)),
  );
  let found: { change: ChangeRecord; score: number } | null = null;
  for (const { ci, weight } of places(best.root, view)) {
    for (const change of view.changesOn(view.topology.id(ci))) {
      const before = onset - change.at;
      if (before > (isGradual ? BEFORE_MS : SHORT_MS) || change.at - latest > AFTER_MS) continue;
      const score = weight - Math.abs(before) / BEFORE_MS;
      if (found === null || score > found.score) found = { change, score };
    }
  }
  return found === null ? null : found.change.event;
}

function places(root: number, view: CorrelationView): { ci: number; weight: number }[] {
  const list = [{ ci: root, weight: 2 }];
  for (const edge of view.topology.neededBy(root)) if (edge.type === "hasMember") list.push({ ci: edge.ci, weight: 1 });
  for (const edge of view.topology.needs(root))
    if (edge.type === "hasMember" && list.length < 16) list.push({ ci: edge.ci, weight: 0.8 });
  return list;
}

/** Whether this very CI was changed within a quarter of an hour before. */
export function changedBefore(root: number, onset: UnixMillis, view: CorrelationView): boolean {
  const changes = view.changesOn(view.topology.id(root));
  return changes.some((change) => onset - change.at <= SHORT_MS && onset - change.at >= -AFTER_MS);
}
