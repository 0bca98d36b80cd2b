import { expect, test } from "vitest";
import type { Alert } from "../model/alert.ts";
import type { Note, Unit } from "../model/evidence.ts";
import { faultKey } from "../model/influence.ts";
import type { Symptom } from "../model/symptom.ts";
import { WorkingClaims } from "./claims.ts";
import { beginningOf, isBefore, putInOrder, waitCost } from "./in-time.ts";

const MIN = 60_000;

function unitOf(ci: number, minute: number, symptom: Symptom = "errors", rank = 5): Unit {
  const note: Note = {
    alert: { id: `a-${ci}-${minute}` } as unknown as Alert,
    episode: 1,
    ci,
    symptom,
    rank,
    seriousSince: null,
    onset: minute * MIN,
    causes: { keys: [], costs: [] },
    home: null,
    resolvedAt: null,
    background: null,
    system: null,
    order: 0,
    graph: 0,
    named: null,
    keepUntil: null,
    unit: null,
    gathered: 0,
    suspected: 0,
  };
  return { ci, notes: [note], onset: note.onset, self: 0.5, causes: note.causes };
}

const ROOT = 9;
const claimsOn = (units: readonly Unit[], cost = 0.5): WorkingClaims => {
  const claims = new WorkingClaims();
  for (let unit = 0; unit < units.length; unit += 1) claims.add(unit, cost);
  return claims;
};
const storm = (minute: number): Unit[] => [0, 1, 2, 3].map((ci) => unitOf(ci, minute + ci * 0.1));

test.each([
  { what: "a storm alone", units: storm(10), minute: 10 },
  { what: "one unit minutes before a storm", units: [unitOf(5, 2), ...storm(10)], minute: 10 },
  { what: "the fault itself minutes before a storm", units: [unitOf(ROOT, 2), ...storm(10)], minute: 2 },
  { what: "a few units, and the fault itself after them", units: [unitOf(5, 2), unitOf(ROOT, 6)], minute: 2 },
])("$what begins at minute $minute", ({ units, minute }) => {
  expect(beginningOf(faultKey(ROOT, true), claimsOn(units), units)).toBe(minute * MIN);
});

test("what a fault does is expected within minutes, and what heats up whenever it comes", () => {
  expect(waitCost(unitOf(1, 3), 0)).toBe(0);
  expect(waitCost(unitOf(1, 6), 0)).toBe(1);
  expect(waitCost(unitOf(1, 60), 0)).toBe(2.5);
  expect(waitCost(unitOf(1, 60, "environment"), 0)).toBe(0);
});

test("what is serious and began minutes before a fault is none of its effects; what is mild can be", () => {
  expect(isBefore(unitOf(1, 0), 3 * MIN)).toBe(true);
  expect(isBefore(unitOf(1, 0), 1 * MIN)).toBe(false);
  expect(isBefore(unitOf(1, 0, "slow", 2), 3 * MIN)).toBe(false);
});

const costsInOrder = (units: Unit[], dead: boolean, held = 9): number[] => {
  const claims = claimsOn(units);
  putInOrder(claims, faultKey(ROOT, dead), { units, held: new Float64Array(units.length).fill(held) });
  return [...claims.costs.subarray(claims.from, claims.to)];
};

test("a claim on what began before most of a fault is dearer, and goes where it does not pay any more", () => {
  const units = [unitOf(5, 5), ...storm(10)];
  expect(costsInOrder(units, false)).toEqual([3.5, 0.5, 0.5, 0.5, 0.5]);
  expect(costsInOrder(units, false, 3)).toEqual([0.5, 0.5, 0.5, 0.5]);
});

test("what has long been wrong is no effect of a death minutes later, but of trouble that grows it can be", () => {
  const mild = [0, 1, 2, 3].map((ci) => unitOf(ci, ci * 0.1, "errors", 2));
  const units = [...mild, unitOf(ROOT, 8, "gone")];
  expect(costsInOrder(units, true, 3)).toEqual([0.5]);
  expect(costsInOrder(units, false, 3)).toHaveLength(5);
});
