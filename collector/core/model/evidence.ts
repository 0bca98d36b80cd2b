import type { Alert } from "./alert.ts";
import type { CiId } from "./ci.ts";
import { listOfDoubles } from "./doubles.ts";
import { FaultPlaces } from "./fault-places.ts";
import { FaultSums } from "./fault-sums.ts";
import { grown } from "./grown.ts";
import { COST_MAX, faultCi, type Causes } from "./influence.ts";
import type { IncidentId } from "./identity.ts";
import { SERIOUS_RANK } from "./severity.ts";
import type { Symptom } from "./symptom.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** An alert's episode as evidence: where, what kind of trouble, since when, and who could have caused it. */
export interface Note {
  /** The live alert; `alert.incident` says where the episode is. */
  alert: Readonly<Alert>;
  episode: number;
  ci: number;
  /** The system that its CI belongs to by name (see `SystemNames`); null = none known. */
  system: number | null;
  symptom: Symptom;
  /** 1 info … 5 critical. */
  rank: number;
  /** Since when it is major or critical, as far as we saw; null = it is not, or no longer. */
  seriousSince: UnixMillis | null;
  /** When it began, as well as we can tell: our clock, or earlier when it came late. */
  onset: UnixMillis;
  causes: Causes;
  /** The incident it was in last; kept when the alert has cleared and says nothing any more. */
  home: IncidentId | null;
  /** null while it fires. */
  resolvedAt: UnixMillis | null;
  /** Set when it is known noise (chronic, flapping, maintenance …): kept as context, never as evidence. */
  background: string | null;
  /** By which notes are in order: given when it came, and anew when it is noise no more. */
  order: number;
  /** How much the graph had gained, over all graphs there were, when its causes were read. */
  graph: number;
  /** The CI that its causes name beside its own. */
  named: CiId | null;
  /** A resolved one is forgotten then; null while it fires. */
  keepUntil: UnixMillis | null;
  /** The unit that it was the first note of last; kept so that the next look at the same notes costs nothing. */
  unit: Unit | null;
  /** Marks of whoever looks at many notes again and again; they say nothing that could not be worked out anew. */
  gathered: number;
  suspected: number;
}

/** What the store keeps of a note beside its alert; `correlate/noted.ts` reads it. */
export type Noted = readonly (number | string | null)[];

/** Alerts on one CI that began together: they have one cause. */
export interface Unit {
  ci: number;
  notes: Note[];
  onset: UnixMillis;
  /** Cost when the CI itself is the cause, without the price of the hypothesis. */
  self: number;
  /** The same for every other CI that could be it. */
  causes: Causes;
}

/** What begins on a CI this long after the first of its alerts is looked at by itself: it can have another cause. */
const UNIT_MS: Milliseconds = 4 * 60_000;
/** What fills up or heats up breaks its CI by and by: what begins on it then has the same cause … */
const LEADING: ReadonlySet<Symptom> = new Set<Symptom>(["resource", "environment", "clock"]);
/** … up to so long after what was heard of it last … */
const LEADING_GAP_MS: Milliseconds = 15 * 60_000;
/** … or longer, while that still fires. */
const LEADING_FIRING_GAP_MS: Milliseconds = 25 * 60_000;
/** A second alert on the same CI says less than the first: they are not independent. */
const REPEAT_WEIGHT = 0.35;
/** To work a unit out of one note with so few causes costs less than to keep it: a flood from outside the CMDB has only those. */
export const FEW_CAUSES = 4;
/** Price of an alert that a cause of its neighbours on the same CI does not explain. */
const UNEXPLAINED = COST_MAX + 1;

/** Groups notes by CI and time of onset. Order: by onset, then CI. */
export function unitsOf(notes: readonly Note[]): Unit[] {
  const [only] = notes;
  if (only !== undefined && notes.length === 1) return [unitOfOne(only)];
  const units: Unit[] = [];
  for (const list of byCi(notes)) {
    if (!Array.isArray(list)) {
      units.push(unitOfOne(list));
      continue;
    }
    if (!isInOrder(list, byOnset)) list.sort(byOnset);
    let from = 0;
    for (let index = 1; index <= list.length; index += 1) {
      if (goesOn(list, from, index)) continue;
      units.push(unit(list.slice(from, index)));
      from = index;
    }
  }
  return isInOrder(units, byBeginning) ? units : units.sort(byBeginning);
}

/** In the order in which the CIs come first. */
function byCi(notes: readonly Note[]): (Note | Note[])[] {
  const places = PLACES.begin(notes.length);
  const found: (Note | Note[])[] = [];
  for (const note of notes) {
    const place = places.of(note.ci);
    const known = place < 0 ? undefined : found[place];
    if (known === undefined) {
      places.set(note.ci, found.length);
      found.push(note);
    } else if (Array.isArray(known)) known.push(note);
    else found[place] = [known, note];
  }
  return found;
}

/** Work space of one call. */
const PLACES = new FaultPlaces();

/** Most CIs have one alert. */
function unitOfOne(note: Note): Unit {
  const known = note.unit;
  return known !== null && known.notes.length === 1 && known.onset === note.onset ? known : unit([note]);
}

function byBeginning(a: Unit, b: Unit): number {
  return a.onset - b.onset || a.ci - b.ci;
}

/** Mostly they are, and to sort makes a copy first. */
function isInOrder<T>(list: readonly T[], compare: (a: T, b: T) => number): boolean {
  for (let at = 1; at < list.length; at += 1) {
    const [before, item] = [list[at - 1], list[at]];
    if (before !== undefined && item !== undefined && compare(before, item) > 0) return false;
  }
  return true;
}

/** Whether the note at `index` has the cause of those since `from`, as far as time tells. */
function goesOn(list: readonly Note[], from: number, index: number): boolean {
  const first = list[from];
  const before = list[index - 1];
  const next = list[index];
  if (first === undefined || before === undefined || next === undefined) return false;
  if (next.onset - first.onset <= UNIT_MS) return true;
  if (next.onset - before.onset > (before.resolvedAt === null ? LEADING_FIRING_GAP_MS : LEADING_GAP_MS)) return false;
  for (let at = from; at < index; at += 1) if (LEADING.has(list[at]?.symptom ?? "other")) return true;
  return false;
}

function unit(notes: Note[]): Unit {
  const first = notes[0];
  if (first === undefined) throw new Error("a unit has at least one note");
  if (notes.length === 1 && first.causes.keys.length <= FEW_CAUSES) return lone(first, notes);
  const known = first.unit;
  if (known !== null && sameNotes(known, notes)) return known;
  const made = notes.length === 1 ? lone(first, notes) : combine(first, notes);
  first.unit = made;
  return made;
}

/** A unit says nothing that can change while its notes stay the same. */
function sameNotes({ notes, onset }: Unit, others: readonly Note[]): boolean {
  return notes.length === others.length && onset === others[0]?.onset && notes.every((note, at) => note === others[at]);
}

function lone(first: Note, notes: Note[]): Unit {
  return { ci: first.ci, notes, onset: first.onset, self: selfCost(first.ci, first.causes, 1), causes: first.causes };
}

function combine(first: Note, notes: Note[]): Unit {
  const weights = notes.map((_, index) => (index === 0 ? 1 : REPEAT_WEIGHT));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const saved = SAVED.begin();
  for (let index = 0; index < notes.length; index += 1) {
    const causes = notes[index]?.causes;
    const weight = weights[index] ?? 0;
    if (causes !== undefined) saved.addSaved(causes, UNEXPLAINED, 1, weight);
  }
  const keys: number[] = [];
  while (COSTS.length < saved.size) COSTS = grown(COSTS, Float64Array);
  for (let index = 0; index < saved.size; index += 1) {
    const key = saved.keys[index] ?? -1;
    const cost = total * UNEXPLAINED - saved.get(key);
    if (cost > total * COST_MAX) continue;
    COSTS[keys.length] = cost;
    keys.push(key);
  }
  const costs = listOfDoubles(COSTS, keys.length);
  const causes = { keys: keys.slice(), costs };
  return {
    ci: first.ci,
    notes,
    onset: first.onset,
    self: selfCost(first.ci, causes, total),
    causes,
  };
}

/** Work space of one call. */
const SAVED = new FaultSums();
let COSTS = new Float64Array(256);

function selfCost(ci: number, causes: Causes, otherwise: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let at = 0; at < causes.keys.length; at += 1) {
    if (faultCi(causes.keys[at] ?? -1) === ci) best = Math.min(best, causes.costs[at] ?? best);
  }
  return best === Number.POSITIVE_INFINITY ? otherwise : best;
}

function byOnset(a: Note, b: Note): number {
  return a.onset - b.onset || (a.alert.id < b.alert.id ? -1 : a.alert.id > b.alert.id ? 1 : 0);
}

/** Whether a sensor of power or temperature is part of it. */
export function isSensed({ notes }: Unit): boolean {
  for (const { symptom } of notes) if (symptom === "environment") return true;
  return false;
}

/** Whether nothing of it is major or critical. */
export function isMild({ notes }: Unit): boolean {
  for (const { rank } of notes) if (rank >= SERIOUS_RANK) return false;
  return true;
}

/** Trouble of this kind spreads over half an hour rather than minutes. */
export function creeps(symptom: Symptom): boolean {
  return symptom === "environment" || symptom === "clock";
}

export function isCreeping({ notes }: Unit): boolean {
  for (const { symptom } of notes) if (!creeps(symptom)) return false;
  return true;
}
