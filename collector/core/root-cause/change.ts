import type { ChangeRecord, CorrelationView } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Verdict } from "./verdict.ts";

/** So many faults, against those that no change causes, are caused by a change on the CI that is at fault: programs are broken by releases … */
const CAUSED_PROGRAM = 0.3;
/** … what else there is mostly breaks by itself. */
const CAUSED = 0.08;
const PROGRAMS: ReadonlySet<string> = new Set(["application", "service", "container", "dns", "function", "job"]);
/** Clocks differ: a change may seem to come after what it caused. */
const AFTER_MS: Milliseconds = 30_000;
/** What breaks at once is seen within minutes … */
const SUDDEN_MS: Milliseconds = 5 * 60_000;
/** … and then hardly ever; */
const SUDDEN_TAIL_MS: Milliseconds = 150_000;
/** what fills up by and by is seen later. */
const GRADUAL_MS: Milliseconds = 25 * 60_000;
const GRADUAL_TAIL_MS: Milliseconds = 10 * 60_000;
/** How often a fault that shows itself so came by and by: a line or a machine never does, a leak often. */
const GRADUAL: Record<Symptom, number> = {
  gone: 0,
  link: 0,
  lossy: 0,
  environment: 0,
  clock: 0,
  certificate: 0,
  member: 0,
  down: 0.15,
  errors: 0.3,
  other: 0.3,
  slow: 0.6,
  load: 0.6,
  backlog: 0.6,
  resource: 0.8,
};
/** What shows itself so came suddenly, whatever else is seen within this time … */
const SUDDEN_BELOW = 0.5;
const AT_ONCE_MS: Milliseconds = 3 * 60_000;
/** … and so did most of what was serious within it. */
const SERIOUS_AT_ONCE = 0.3;
/** Such a share of what a fault seems to have caused may have begun before it, by chance. */
const STRAYS = 0.1;
const SHORTLY_MS: Milliseconds = 15 * 60_000;
/** Longer ago is no cause, whatever the odds. */
const BEFORE_MS: Milliseconds = 45 * 60_000;
/** Named from this chance on, that of the root included: likelier than not. */
const NAMED = 0.5;
/** What is usual among CIs counts as much as this many changes of a CI's own past. */
const USUAL = 1;
/** What is usual among all CIs counts as much as this many changes of CIs of its type. */
const OF_ALL = 2;
/** What a few CIs show in the first hours says little: before that, one CI is taken to change once in so long. */
const UNSEEN_MS: Milliseconds = 50 * 3_600_000;
const PLACES_MAX = 16;
/** What a change of a program says for trouble of the machine that carries nothing else, and the other way round. */
const ALONE = 0.5;

export interface SuspectChange extends ChangeRecord {
  /** How long before what it is suspected of. */
  beforeMs: Milliseconds;
}

/** Symptom and time of a fault, for the question whether a change caused it. */
interface Fault {
  root: number;
  /** How likely it came by and by, 0…1. */
  gradual: number;
  /** When it began, as far as is known; alerts that came back hide it, so that there may be two answers. */
  onsets: readonly UnixMillis[];
}

/**
 * The change on the root, or on what it is a replica of, that best explains the fault; null when chance does so as well:
 * where a CI is changed every hour, one before each fault means nothing.
 *
 * @param openedAt of the incident: its first alerts may have cleared and come back since
 */
export function suspectChange(
  best: Verdict,
  units: readonly Unit[],
  { openedAt, confidence }: { openedAt: UnixMillis; confidence: number },
  view: CorrelationView,
): SuspectChange | null {
  const { root, explained } = best;
  const onset = explained[Math.floor(explained.length * STRAYS)]?.onset ?? openedAt;
  const own = units.filter(({ ci }) => ci === root).flatMap(({ notes }) => notes);
  const fault: Fault = { root, gradual: gradualOf(own), onsets: openedAt < onset ? [onset, openedAt] : [onset] };
  const suspect = likeliest(fault, view);
  const isLikely = suspect !== null && (confidence * suspect.odds) / (1 + suspect.odds) >= NAMED;
  return isLikely ? { ...suspect.change, beforeMs: onset - suspect.change.at } : null;
}

/** How likely a fault that shows itself so came by and by. What grows is a warning first, and does not stop in its first minutes. */
function gradualOf(own: readonly Note[]): number {
  if (own.length === 0) return 0;
  const soon = Math.min(...own.map(({ onset }) => onset)) + AT_ONCE_MS;
  const atOnce = own.filter(({ onset }) => onset <= soon);
  const kinds = atOnce.map(({ symptom }) => GRADUAL[symptom]);
  const least = Math.min(...kinds);
  if (least < SUDDEN_BELOW) return least;
  const isSerious = atOnce.some(({ seriousSince }) => seriousSince !== null && seriousSince <= soon);
  return Math.max(...kinds) * (isSerious ? SERIOUS_AT_ONCE : 1);
}

/** As people read it: what was changed where, and how long before the fault began. */
export function reasonOf({ ci, summary, check, beforeMs }: SuspectChange): string {
  const seconds = Math.round(beforeMs / 1000);
  const before = seconds > 120 ? `${Math.round(seconds / 60)} min before` : `${seconds} s before`;
  return `${ci} was changed ${seconds <= 0 ? "just as" : before} it began: ${summary || check}`;
}

function likeliest(fault: Fault, view: CorrelationView): { change: ChangeRecord; odds: number } | null {
  let found: { change: ChangeRecord; odds: number } | null = null;
  for (const { ci, weight } of places(fault.root, view)) {
    if (!view.mayHaveChanged(ci)) continue;
    const changes = view.changesOn(view.topology.id(ci));
    for (const change of changes) {
      const density = Math.max(...fault.onsets.map((onset) => densityOf(onset - change.at, fault.gradual)));
      if (density === 0) continue;
      const odds = (weight * causedOf(ci, view) * density) / chanceOf(ci, change.at, changes.length - 1, view);
      if (found === null || odds > found.odds) found = { change, odds };
    }
  }
  return found;
}

/** How often such a time lies between a change and what it causes, a millisecond: as often up to a while, then ever less. */
function densityOf(before: Milliseconds, gradual: number): number {
  if (before < -AFTER_MS || before > BEFORE_MS) return 0;
  return (
    (1 - gradual) * fading(before, SUDDEN_MS, SUDDEN_TAIL_MS) + gradual * fading(before, GRADUAL_MS, GRADUAL_TAIL_MS)
  );
}

function fading(before: Milliseconds, flat: Milliseconds, tail: Milliseconds): number {
  return Math.exp(-Math.max(0, before - flat) / tail) / (flat + tail);
}

/** How often this CI is changed anyway, a millisecond: as often as others of its type, and the more its own past says so. */
function chanceOf(ci: number, at: UnixMillis, others: number, view: CorrelationView): number {
  const { topology } = view;
  const { count, withinMs } = view.changesLately(at);
  const ofType = view.changesOfType(topology.ci(ci).type, at);
  const ofAll = Math.max(1, count) / (withinMs * Math.max(1, topology.size) + UNSEEN_MS);
  // Without the one in question.
  const usual = (Math.max(0, ofType.count - 1) + OF_ALL) / (withinMs * ofType.cis + OF_ALL / ofAll);
  return (others + USUAL) / (withinMs + USUAL / usual);
}

function causedOf(ci: number, { topology }: CorrelationView): number {
  return PROGRAMS.has(topology.ci(ci).type) ? CAUSED_PROGRAM : CAUSED;
}

function places(root: number, view: CorrelationView): { ci: number; weight: number }[] {
  const list = [{ ci: root, weight: 1 }];
  for (const edge of view.topology.neededBy(root))
    if (edge.type === "hasMember") list.push({ ci: edge.ci, weight: 0.5 });
  for (const edge of view.topology.needs(root))
    if (edge.type === "hasMember" && list.length < PLACES_MAX) list.push({ ci: edge.ci, weight: 0.4 });
  for (const ci of alone(root, view)) list.push({ ci, weight: ALONE });
  return list;
}

/** The machine that carries nothing but this program, or the only program on this machine: their trouble is hard to tell apart. */
function alone(root: number, { topology }: CorrelationView): number[] {
  const isOn = ({ type }: { type: string }): boolean => type === "runsOn";
  const on = topology.neededBy(root).filter(isOn);
  if (on.length > 0) return on.length === 1 ? on.map(({ ci }) => ci) : [];
  return topology
    .needs(root)
    .filter(isOn)
    .map(({ ci }) => ci)
    .filter((under) => topology.neededBy(under).filter(isOn).length === 1);
}

/** Whether this very CI was changed within a quarter of an hour before. */
export function changedBefore(root: number, onset: UnixMillis, view: CorrelationView): boolean {
  if (!view.mayHaveChanged(root)) return false;
  const changes = view.changesOn(view.topology.id(root));
  return changes.some(({ at }) => onset - at <= SHORTLY_MS && onset - at >= -AFTER_MS);
}
