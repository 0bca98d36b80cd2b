import type { Alert } from "../model/alert.ts";
import type { CiId } from "../model/ci.ts";
import type { Note, Noted } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import { SERIOUS_RANK } from "../model/severity.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** A resolved alert stays evidence this long. */
export const MEMORY_MS: Milliseconds = 30 * 60_000;

/** What is known of a note and is neither in its alert nor to be worked out of it. */
export type NoteFacts = Pick<
  Note,
  | "order"
  | "graph"
  | "symptom"
  | "rank"
  | "home"
  | "onset"
  | "seriousSince"
  | "named"
  | "background"
  | "resolvedAt"
  | "keepUntil"
> & {
  /** Its number among those that wait to be looked at, see `Agenda.numberOf`; 0 = it does not wait. */
  waits: number;
  /** Until when it is noise; null = not by time. */
  until: UnixMillis | null;
};

/** Most say the same of these: they are left out at the end of the list. */
const USUAL: Noted = [0, 0, 0, 0, null, null, null, null, 0];
const FIRST_USUAL = 4;

export function notedOf(note: Readonly<Note>, { waits, until }: Pick<NoteFacts, "waits" | "until">): Noted {
  const { alert, order, graph, symptom, rank, onset, seriousSince, named, background, resolvedAt, keepUntil } = note;
  const list = [
    order,
    graph,
    symptom,
    rank,
    waits,
    note.home === alert.incident ? 0 : note.home,
    onset - alert.firstSeenAt,
    seriousSince === usuallySince(rank, onset) ? 0 : seriousSince,
    named,
    background,
    until,
    resolvedAt,
    keepUntil === usuallyKept(resolvedAt) ? 0 : keepUntil,
  ];
  let length = list.length;
  while (length > FIRST_USUAL && list[length - 1] === USUAL[length - 1 - FIRST_USUAL]) length -= 1;
  return list.slice(0, length);
}

export function orderOf(noted: Noted): number {
  return noted[0] as number;
}

/** How much the graph had gained when it was read. */
export function graphOf(noted: Noted): number {
  return noted[1] as number;
}

export function readNoted(noted: Noted, alert: Readonly<Alert>): NoteFacts {
  const [order, graph, symptom, rank] = noted as [number, number, Symptom, number];
  // One by one: a restart reads a hundred thousand of these, and most have nothing after the rank.
  const isUsual = noted.length === FIRST_USUAL;
  const waits = isUsual ? 0 : ((noted[4] ?? 0) as number);
  const home = isUsual || noted.length < 6 ? 0 : (noted[5] as IncidentId | 0 | null);
  const onset = alert.firstSeenAt + (isUsual ? 0 : ((noted[6] ?? 0) as Milliseconds));
  const since = isUsual || noted.length < 8 ? 0 : (noted[7] as UnixMillis | null);
  const resolvedAt = isUsual ? null : ((noted[11] ?? null) as UnixMillis | null);
  const kept = isUsual || noted.length < 13 ? 0 : (noted[12] as UnixMillis | null);
  return {
    order,
    graph,
    symptom,
    rank,
    waits,
    home: home === 0 ? alert.incident : home,
    onset,
    seriousSince: since === 0 ? usuallySince(rank, onset) : since,
    named: isUsual ? null : ((noted[8] ?? null) as CiId | null),
    background: isUsual ? null : ((noted[9] ?? null) as string | null),
    until: isUsual ? null : ((noted[10] ?? null) as UnixMillis | null),
    resolvedAt,
    keepUntil: kept === 0 ? usuallyKept(resolvedAt) : kept,
  };
}

function usuallySince(rank: number, onset: UnixMillis): UnixMillis | null {
  return rank >= SERIOUS_RANK ? onset : null;
}

function usuallyKept(resolvedAt: UnixMillis | null): UnixMillis | null {
  return resolvedAt === null ? null : resolvedAt + MEMORY_MS;
}
