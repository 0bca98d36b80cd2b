import type { Commit } from "../../collector/port/store.ts";

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
