import type { Placement } from "./model/correlation.ts";
import type { Turn } from "./model/turn.ts";

/** The part of the core's state that this is about. */
interface UndoneState {
  readonly undone: readonly Placement[];
  undoneStored: number;
}

const UNDONE = "undone ";

/** What is left undone outlives a restart: each decision is stored once, by its place, and goes when it is done. */
export function keepUndone(state: UndoneState, turn: Turn): void {
  const { undone, undoneStored } = state;
  for (let place = undoneStored; place < undone.length; place += 1)
    turn.put({ kind: "learned", id: UNDONE + place, value: undone[place] });
  for (let place = undone.length; place < undoneStored; place += 1) turn.remove("learned", UNDONE + place);
  state.undoneStored = undone.length;
}

export function storedUndone(records: readonly { id: string; value: unknown }[]): Placement[] {
  const undone: Placement[] = [];
  for (const { id, value } of records)
    if (id.startsWith(UNDONE)) undone[Number(id.slice(UNDONE.length))] = value as Placement;
  return undone;
}
