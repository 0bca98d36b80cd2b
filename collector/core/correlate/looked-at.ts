import type { AlertId } from "../model/identity.ts";
import type { StoredPiece } from "../model/stored-list.ts";

/** Entries of one record. */
const PIECE = 32;
const PREFIX = "waiting ";

type Entry = [alert: AlertId, number: number];

/**
 * Who waits to be looked at once more though nothing of the alert has changed, in small records: the alert itself need not be
 * written for that. Mostly they are looked at in the same step, and nothing is written at all.
 */
export class LookedAt {
  /** By the number that the first of them had, ascending; new ones go to the last of these. */
  private readonly pieces = new Map<number, Entry[]>();
  private readonly pieceOf = new Map<AlertId, number>();
  private readonly stored = new Set<number>();
  private readonly changed = new Set<number>();
  private last = 0;

  /** Numbers must rise. */
  add(alert: AlertId, number: number): void {
    const newest = this.pieces.get(this.last);
    if (newest === undefined || newest.length >= PIECE) {
      this.last = number;
      this.pieces.set(this.last, [[alert, number]]);
    } else newest.push([alert, number]);
    this.pieceOf.set(alert, this.last);
    this.changed.add(this.last);
  }

  drop(alert: AlertId): void {
    const piece = this.pieceOf.get(alert);
    if (piece === undefined) return;
    this.pieceOf.delete(alert);
    const left = (this.pieces.get(piece) ?? []).filter(([other]) => other !== alert);
    if (left.length === 0) this.clear(piece);
    else this.pieces.set(piece, left);
    this.changed.add(piece);
  }

  /** All up to this number have been looked at. */
  done(number: number): void {
    for (const [piece, entries] of this.pieces) {
      if ((entries.at(-1)?.[1] ?? 0) > number) break;
      for (const [alert] of entries) if (this.pieceOf.get(alert) === piece) this.pieceOf.delete(alert);
      this.clear(piece);
      this.changed.add(piece);
    }
  }

  private clear(piece: number): void {
    this.pieces.delete(piece);
    if (piece === this.last) this.last = [...this.pieces.keys()].at(-1) ?? 0;
  }

  takeChanged(): readonly StoredPiece[] {
    if (this.changed.size === 0) return NOTHING;
    const list: StoredPiece[] = [];
    for (const piece of this.changed) {
      const entries = this.pieces.get(piece);
      if (entries !== undefined) {
        this.stored.add(piece);
        list.push({ id: `${PREFIX}${piece}`, value: [...entries] });
      } else if (this.stored.delete(piece)) list.push({ id: `${PREFIX}${piece}`, value: null });
    }
    this.changed.clear();
    return list;
  }

  restore(records: Iterable<StoredPiece>): Entry[] {
    const found: [piece: number, entries: Entry[]][] = [];
    for (const { id, value } of records)
      if (id.startsWith(PREFIX) && Array.isArray(value))
        found.push([Number(id.slice(PREFIX.length)), [...(value as Entry[])]]);
    found.sort(([a], [b]) => a - b);
    for (const [piece, entries] of found) {
      this.pieces.set(piece, entries);
      this.stored.add(piece);
      for (const [alert] of entries) this.pieceOf.set(alert, piece);
      this.last = piece;
    }
    return found.flatMap(([, entries]) => entries);
  }
}

const NOTHING: readonly StoredPiece[] = [];
