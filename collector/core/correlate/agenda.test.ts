import { expect, test } from "vitest";
import { Agenda, type AgendaMarks } from "./agenda.ts";

const ROUND_END = 4;
const MARKS: AgendaMarks = [1_000, 9, ROUND_END, 2, 0, 0, 0];
const NOBODY_PLACED = (): boolean => false;
const ALL_PLACED = (): boolean => true;

test.for<
  [
    situation: string,
    numbers: [string, number][],
    kept: [string, number][],
    isPlaced: () => boolean,
    waiting: [string, number][],
  ]
>([
  [
    "in whatever order they come",
    [
      ["c", 8],
      ["a", -3],
      ["b", 5],
    ],
    [],
    NOBODY_PLACED,
    [
      ["a", -3],
      ["b", 5],
      ["c", 8],
    ],
  ],
  [
    "who is done with waits no more",
    [
      ["a", -1],
      ["b", 2],
      ["c", 0],
      ["d", 3],
    ],
    [],
    NOBODY_PLACED,
    [["d", -3]],
  ],
  [
    "who is kept here too waits once",
    [
      ["a", -3],
      ["b", 5],
    ],
    [
      ["a", 3],
      ["b", 5],
    ],
    NOBODY_PLACED,
    [
      ["a", -3],
      ["b", 5],
    ],
  ],
  [
    "who has a place is in the round where that is said with it",
    [
      ["a", -3],
      ["b", 4],
    ],
    [],
    ALL_PLACED,
    [["a", -3]],
  ],
  [
    "the same of who is kept here too",
    [["a", -3]],
    [
      ["a", 3],
      ["b", 4],
    ],
    ALL_PLACED,
    [["a", -3]],
  ],
])("after a restart: %s", ([, numbers, kept, isPlaced, waiting]) => {
  const agenda = new Agenda();
  const records = kept.length === 0 ? [] : [{ id: "waiting 1", value: kept }];
  agenda.resume(
    MARKS,
    numbers.map(([alert, number]) => ({ alert, number })),
    records,
    isPlaced,
  );
  expect(
    ["a", "b", "c", "d"].map((alert) => [alert, agenda.numberOf(alert)]).filter(([, number]) => number !== 0),
  ).toEqual(waiting);
  const inRound = waiting.filter(([, number]) => number < 0).map(([alert]) => alert);
  expect(agenda.toLookAt()).toEqual(inRound);
  expect(agenda.takeSeeds(1_000)).toEqual(inRound);
  // One that were counted twice would leave a round that never ends.
  expect(agenda.marks[3]).toBe(ROUND_END);
});
