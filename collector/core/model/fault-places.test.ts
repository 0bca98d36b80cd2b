import { expect, test } from "vitest";
import { FaultPlaces } from "./fault-places.ts";

const found = (places: FaultPlaces, keys: readonly number[]): number[] =>
  keys.map((key) => Math.max(-1, places.of(key)));

test("gives the place that was set last, none for what was set for the last user, and holds keys of any size", () => {
  const places = new FaultPlaces();
  places.begin(3);
  for (const [key, place] of [
    [7, 0],
    [9, 1],
    [100_000, 2],
    [7, 1],
  ] as const)
    places.set(key, place);
  expect(found(places, [7, 9, 100_000, 8, 200_000])).toEqual([1, 1, 2, -1, -1]);
  places.begin(1);
  places.set(8, 0);
  expect(found(places, [7, 9, 100_000, 8])).toEqual([-1, -1, -1, 0]);
});

test("gives right places after more of them than can be counted", () => {
  const places = new FaultPlaces();
  Object.assign(places, { base: 2 ** 30 - 4 });
  const rounds = Array.from({ length: 4 }, (_, round) => {
    places.begin(2);
    places.set(round, 1);
    return found(places, [0, 1, 2, 3]);
  });
  expect(rounds).toEqual([
    [1, -1, -1, -1],
    [-1, 1, -1, -1],
    [-1, -1, 1, -1],
    [-1, -1, -1, 1],
  ]);
});
