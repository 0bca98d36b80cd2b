import { expect, test } from "vitest";
import { LooseThreads } from "./loose-threads.ts";
import type { StoredPiece } from "../model/stored-list.ts";
import type { ThreadRecord } from "./stored-thread.ts";

/** As many as fill two records and begin a third. */
const MANY = 35;

const record = (edition: number): ThreadRecord => [edition, null, 0, 0, 1, 2, 0, 0, 0, null, null, null];
const incident = (number: number): string => `inc-${String(number).padStart(3, "0")}`;

/** With the threads that others have. */
class Loose {
  readonly threads = new LooseThreads();
  readonly records = new Map<string, ThreadRecord>();

  put(incident: string, changed: ThreadRecord): void {
    this.records.set(incident, changed);
    this.threads.put(incident);
  }

  drop(incident: string): boolean {
    return this.threads.drop(incident);
  }

  takeChanged(): readonly StoredPiece[] {
    return this.threads.takeChanged((incident) => this.records.get(incident) ?? null);
  }

  restore(shelf: Shelf, within: (incident: string) => number | null): ReadonlyMap<string, ThreadRecord> {
    for (const [incident, stored] of this.threads.restore(shelf.pieces, within)) this.records.set(incident, stored);
    return this.records;
  }
}

/** What a store has of it. */
class Shelf {
  readonly rows = new Map<string, unknown>();

  take(pieces: readonly StoredPiece[]): void {
    for (const { id, value } of pieces) {
      if (value === null) this.rows.delete(id);
      else this.rows.set(id, JSON.parse(JSON.stringify(value)));
    }
  }

  get pieces(): StoredPiece[] {
    return [...this.rows].map(([id, value]) => ({ id, value })).reverse();
  }
}

function filled(): { loose: Loose; shelf: Shelf } {
  const loose = new Loose();
  const shelf = new Shelf();
  for (let number = 0; number < MANY; number += 1) loose.put(incident(number), record(1));
  shelf.take(loose.takeChanged());
  return { loose, shelf };
}

const restored = (shelf: Shelf, within: (incident: string) => number | null): ReadonlyMap<string, ThreadRecord> =>
  new Loose().restore(shelf, within);

test("many threads are few records, and come back", () => {
  const { shelf } = filled();
  expect(shelf.rows.size).toBe(3);
  expect(restored(shelf, () => 0).size).toBe(MANY);
});

test("one more thread writes one record, and one that was written with its incident writes none", () => {
  const { loose } = filled();
  loose.put(incident(MANY), record(1));
  expect(loose.takeChanged()).toHaveLength(1);
  expect(loose.drop(incident(3))).toBe(true);
  expect(loose.drop(incident(3))).toBe(false);
  expect(loose.takeChanged()).toEqual([]);
});

test("what its incident says since is believed, and what is newer than that", () => {
  const { loose, shelf } = filled();
  loose.put(incident(0), record(2));
  loose.drop(incident(1));
  shelf.take(loose.takeChanged());
  const back = restored(shelf, (id) => (id === incident(1) ? 2 : 0));
  expect(back.get(incident(0))).toEqual(record(2));
  expect(back.has(incident(1))).toBe(false);
  expect(back.size).toBe(MANY - 1);
});

test("a thread whose incident is over is not restored", () => {
  const { shelf } = filled();
  expect(restored(shelf, (id) => (id === incident(7) ? null : 0)).has(incident(7))).toBe(false);
});

test("a record goes when all of it have left, and one that was never stored is not removed", () => {
  const { loose, shelf } = filled();
  for (let number = 0; number < MANY; number += 1) loose.drop(incident(number));
  shelf.take(loose.takeChanged());
  expect(shelf.rows.size).toBe(0);
  loose.put("inc-new", record(1));
  loose.drop("inc-new");
  expect(loose.takeChanged()).toEqual([]);
});

test("a restored one writes what the other would have written", () => {
  const { loose, shelf } = filled();
  for (const number of [2, 17, 34]) loose.drop(incident(number));
  shelf.take(loose.takeChanged());
  const again = new Loose();
  again.restore(shelf, (id) => ([2, 17, 34].some((number) => incident(number) === id) ? 2 : 0));
  for (const one of [loose, again])
    for (const number of [5, 40, 17, 33]) {
      one.drop(incident(9));
      one.put(incident(number), record(3));
    }
  expect(again.takeChanged()).toEqual(loose.takeChanged());
});
