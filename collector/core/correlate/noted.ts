import type { Alert } from "../model/alert.ts";
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

export function readNoted(noted: Noted, alert: Readonly<Alert>): NoteFacts {
  const [order, graph, symptom, rank] = noted as [number, number, Symptom, number];
  const [waits, home, after, since, named, background, until, resolvedAt, kept] = USUAL.map((usual, index) => {
    const found = noted[FIRST_USUAL + index];
    return found === undefined ? usual : found;
  }) as [
    number,
    IncidentId | 0 | null,
    Milliseconds,
    UnixMillis | null,
    string | null,
    string | null,
    UnixMillis | null,
    UnixMillis | null,
    UnixMillis | null,
  ];
  const onset = alert.firstSeenAt + after;
  return {
    order,
    graph,
    symptom,
    rank,
    waits,
    home: home === 0 ? alert.incident : home,
    onset,
    seriousSince: since === 0 ? usuallySince(rank, onset) : since,
    named,
    background,
    until,
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
