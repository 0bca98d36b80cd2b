import type { IncidentId } from "../model/identity.ts";
import type { StoredPiece } from "../model/stored-list.ts";
import { editionOf, type ThreadRecord } from "./stored-thread.ts";

/** Threads of one record. */
const PIECE = 16;
const PREFIX = "threads ";

type Entry = readonly [incident: IncidentId, record: ThreadRecord];

/**
 * Threads that have changed while nothing of their incidents has, in small records of several: an incident need not be
 * written for that it was looked at. Who is written with its incident again leaves, and its record stays as it is until all
 * of it have left: by its edition a restart sees that it is old.
 */
export class LooseThreads {
  /** Who is in which, by number, ascending; new ones go to the last of these. What is written of them is made when it is written. */
  private readonly pieces = new Map<number, Set<IncidentId>>();
  private readonly pieceOf = new Map<IncidentId, number>();
  private readonly stored = new Set<number>();
  private readonly changed = new Set<number>();
  private last = 0;

  put(incident: IncidentId): void {
    if (this.pieceOf.get(incident) !== this.last) this.drop(incident);
    let piece = this.pieces.get(this.last);
    if (piece === undefined || (piece.size >= PIECE && !piece.has(incident))) {
      this.last += 1;
      piece = new Set();
      this.pieces.set(this.last, piece);
    }
    piece.add(incident);
    this.pieceOf.set(incident, this.last);
    this.changed.add(this.last);
  }

  /** It is stored with its incident, or is no more. False: it was not here. */
  drop(incident: IncidentId): boolean {
    const number = this.pieceOf.get(incident);
    const piece = number === undefined ? undefined : this.pieces.get(number);
    if (number === undefined || piece === undefined) return false;
    this.pieceOf.delete(incident);
    piece.delete(incident);
    if (piece.size > 0) return true;
    this.pieces.delete(number);
    this.changed.add(number);
    if (number === this.last) this.last = lastOf(this.pieces.keys());
    return true;
  }

  /** @param recordOf as it was when it was put: whoever changes a thread puts it again */
  takeChanged(recordOf: (incident: IncidentId) => ThreadRecord | null): readonly StoredPiece[] {
    if (this.changed.size === 0) return NOTHING;
    const list: StoredPiece[] = [];
    for (const number of this.changed) {
      const piece = this.pieces.get(number);
      if (piece !== undefined) {
        this.stored.add(number);
        list.push({ id: PREFIX + number, value: [...piece].flatMap((incident) => entryOf(incident, recordOf)) });
      } else if (this.stored.delete(number)) list.push({ id: PREFIX + number, value: null });
    }
    this.changed.clear();
    return list;
  }

  /**
   * Goes on where another one was.
   *
   * @param within the edition that is stored with an incident; null = there is no such incident
   * @returns the threads that are newer here than what is stored with their incidents
   */
  restore(
    records: Iterable<StoredPiece>,
    within: (incident: IncidentId) => number | null,
  ): ReadonlyMap<IncidentId, ThreadRecord> {
    const found: [piece: number, entries: readonly Entry[]][] = [];
    for (const { id, value } of records)
      if (id.startsWith(PREFIX) && Array.isArray(value))
        found.push([Number(id.slice(PREFIX.length)), value as readonly Entry[]]);
    found.sort(([a], [b]) => a - b);
    // In the order of their pieces.
    const newest = new Map<IncidentId, ThreadRecord>();
    for (const [number, entries] of found) {
      this.stored.add(number);
      this.pieces.set(number, new Set());
      for (const [incident, record] of entries) {
        const edition = editionOf(record);
        const stored = within(incident);
        if (stored === null || edition < stored) continue;
        const elsewhere = this.pieceOf.get(incident);
        if (elsewhere !== undefined) {
          const known = newest.get(incident);
          if (known !== undefined && editionOf(known) > edition) continue;
          this.pieces.get(elsewhere)?.delete(incident);
          newest.delete(incident);
        }
        newest.set(incident, record);
        this.pieces.get(number)?.add(incident);
        this.pieceOf.set(incident, number);
      }
    }
    for (const [number, piece] of this.pieces) if (piece.size === 0) this.pieces.delete(number);
    this.last = lastOf(this.pieces.keys());
    return newest;
  }
}

function entryOf(incident: IncidentId, recordOf: (incident: IncidentId) => ThreadRecord | null): readonly Entry[] {
  const record = recordOf(incident);
  return record === null ? NO_ENTRY : [[incident, record]];
}

function lastOf(numbers: Iterable<number>): number {
  let last = 0;
  for (const number of numbers) last = number;
  return last;
}

const NO_ENTRY: readonly Entry[] = [];
const NOTHING: readonly StoredPiece[] = [];
