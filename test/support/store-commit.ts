import { type EventIdMarks, MARK_LENGTH, marksOf } from "../../collector/core/model/event-id.ts";
import type { Commit, Snapshot } from "../../collector/port/store.ts";

/** When the first commit of a case was made. */
export const T = Date.UTC(2026, 10, 1);

/** Nothing but what is given. */
export function commit(sequence: number, parts: Partial<Commit> = {}): Commit {
  return {
    sequence,
    at: T + sequence,
    journal: "",
    eventIds: [],
    entities: [],
    touches: [],
    repeated: [],
    ledger: [],
    outbox: [],
    outboxChanges: [],
    deposits: [],
    depositProgress: [],
    ...parts,
  };
}

/** The event ids that are remembered, by their marks. */
export async function rememberedIn({ eventIds }: Pick<Snapshot, "eventIds">): Promise<number[]> {
  return (await eventIds).flatMap((part) => [...part]);
}

/** As `rememberedIn` gives these. */
export function remembered(...ids: string[]): number[] {
  return [...marksOf(ids)];
}

/** Those of these event ids that are not remembered. */
export async function forgottenOf({ eventIds }: Pick<Snapshot, "eventIds">, ids: readonly string[]): Promise<string[]> {
  const kept = new Set((await eventIds).flatMap(markNames));
  return ids.filter((id) => !markNames(marksOf([id])).every((name) => kept.has(name)));
}

/** A text for each mark. */
export function markNames(marks: EventIdMarks): string[] {
  const places = Array.from({ length: marks.length / MARK_LENGTH }, (_, place) => MARK_LENGTH * place);
  return places.map((at) => marks.slice(at, at + MARK_LENGTH).join());
}
