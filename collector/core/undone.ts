import type { Placement } from "./model/correlation.ts";
import type { Turn } from "./model/turn.ts";

/** The part of the core's state that this is about. */
interface UndoneState {
  readonly undone: readonly Placement[];
  undoneStored: number;
  undoneBefore: readonly string[];
}

const LEFT = "left ";
/** As it was at first: a record for each. */
const BEFORE = "undone ";
/** Decisions of one record: a solve leaves some hundred undone, which are done in the next moments. */
const PIECE = 32;

/** What is left undone outlives a restart: stored by its place when it is decided, and gone when it is done. */
export function keepUndone(state: UndoneState, turn: Turn): void {
  const { undone, undoneStored, undoneBefore } = state;
  for (const id of undoneBefore) turn.remove("learned", id);
  if (undoneBefore.length > 0) state.undoneBefore = [];
  if (undone.length === undoneStored) return;
  const pieces = Math.ceil(undone.length / PIECE);
  // What is next is last: only there does the list grow and shrink.
  for (let piece = Math.floor(Math.min(undone.length, undoneStored) / PIECE); piece < pieces; piece += 1)
    turn.put({ kind: "learned", id: LEFT + piece, value: undone.slice(piece * PIECE, (piece + 1) * PIECE) });
  for (let piece = pieces; piece < Math.ceil(undoneStored / PIECE); piece += 1) turn.remove("learned", LEFT + piece);
  state.undoneStored = undone.length;
}

/** `undoneStored` is 0 where all of it is to be stored anew. */
export function storedUndone(
  records: readonly { id: string; value: unknown }[],
): Pick<UndoneState, "undoneStored" | "undoneBefore"> & { undone: Placement[] } {
  const undone: Placement[] = [];
  const before: string[] = [];
  for (const { id, value } of records) {
    if (id.startsWith(BEFORE)) {
      undone[Number(id.slice(BEFORE.length))] = value as Placement;
      before.push(id);
    } else if (id.startsWith(LEFT)) {
      const from = Number(id.slice(LEFT.length)) * PIECE;
      (value as Placement[]).forEach((placement, index) => (undone[from + index] = placement));
    }
  }
  return { undone, undoneStored: before.length > 0 ? 0 : undone.length, undoneBefore: before };
}
