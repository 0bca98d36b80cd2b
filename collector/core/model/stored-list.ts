/** Items of one piece: what is written again when one more comes. */
const PIECE = 32;

/** What is to be stored under an id; null = it goes. */
export interface StoredPiece {
  id: string;
  value: unknown;
}

/**
 * Keeps a list that only grows in the store, in pieces of a few dozen items (`<name> 0`, `<name> 1` …), so that one more
 * item costs one small record whatever the length. A list that is begun anew is another array.
 */
export class StoredList<T> {
  private readonly name: string;
  private list: readonly T[] = [];
  private stored = 0;
  private pieces = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Which pieces of this list differ from what is stored; O(1) when none does. They count as stored then. */
  takeChanged(list: readonly T[]): readonly StoredPiece[] {
    if (list === this.list && list.length === this.stored) return NOTHING;
    const changed: StoredPiece[] = [];
    const pieces = Math.ceil(list.length / PIECE);
    const from = list === this.list ? Math.floor(this.stored / PIECE) : 0;
    for (let piece = from; piece < pieces; piece += 1)
      changed.push({ id: `${this.name} ${piece}`, value: list.slice(piece * PIECE, (piece + 1) * PIECE) });
    for (let piece = pieces; piece < this.pieces; piece += 1)
      changed.push({ id: `${this.name} ${piece}`, value: null });
    this.list = list;
    this.stored = list.length;
    this.pieces = pieces;
    return changed;
  }

  /** The list as it was stored; others' records are left alone. Go on with this very array. */
  restore(records: Iterable<StoredPiece>): T[] {
    const found: { piece: number; items: readonly T[] }[] = [];
    for (const { id, value } of records) {
      if (!id.startsWith(`${this.name} `) || !Array.isArray(value)) continue;
      found.push({ piece: Number(id.slice(this.name.length + 1)), items: value as T[] });
    }
    found.sort((a, b) => a.piece - b.piece);
    const list: T[] = [];
    // One by one: a spread of a long list would not fit on the stack.
    for (const { items } of found) for (const item of items) list.push(item);
    this.list = list;
    this.stored = list.length;
    this.pieces = found.length;
    return list;
  }
}

const NOTHING: readonly StoredPiece[] = [];
