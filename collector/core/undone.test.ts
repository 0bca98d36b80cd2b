import { expect, test } from "vitest";
import type { Placement } from "./model/correlation.ts";
import type { Effect } from "./model/effect.ts";
import { Turn } from "./model/turn.ts";
import { keepUndone, storedUndone } from "./undone.ts";

const open = (number: number): Placement => ({ type: "open", alerts: [`a-${number}`], reasons: [] });
const many = (count: number): Placement[] => Array.from({ length: count }, (_, number) => open(number));

type State = Parameters<typeof keepUndone>[0];

function keep(state: State, rows: Map<string, unknown>): readonly Effect[] {
  const turn = new Turn(1);
  keepUndone(state, turn);
  for (const effect of turn.effects) {
    if (effect.kind === "put") rows.set(effect.entity.id, JSON.parse(JSON.stringify(effect.entity.value)));
    else if (effect.kind === "remove") rows.delete(effect.id);
  }
  return turn.effects;
}

const recordsOf = (rows: ReadonlyMap<string, unknown>): { id: string; value: unknown }[] =>
  [...rows].map(([id, value]) => ({ id, value })).reverse();

test("what is left after each step is what a restart finds, in few records", () => {
  const state = { undone: many(150), undoneStored: 0, undoneBefore: [] };
  const rows = new Map<string, unknown>();
  keep(state, rows);
  expect(rows.size).toBe(5);
  for (const left of [149, 100, 64, 63, 1, 0]) {
    state.undone.length = left;
    expect(keep(state, rows).length).toBeLessThanOrEqual(3);
    expect(storedUndone(recordsOf(rows))).toEqual({ undone: many(left), undoneStored: left, undoneBefore: [] });
  }
  expect(rows.size).toBe(0);
  expect(keep(state, rows)).toEqual([]);
});

test("what an older program has left, one record each, is done, and its records go", () => {
  const rows = new Map<string, unknown>(many(3).map((placement, place) => [`undone ${place}`, placement]));
  const state = storedUndone(recordsOf(rows));
  expect(state.undone).toEqual(many(3));
  state.undone.pop();
  keep(state, rows);
  expect([...rows.keys()]).toEqual(["left 0"]);
  expect(storedUndone(recordsOf(rows)).undone).toEqual(many(2));
});
