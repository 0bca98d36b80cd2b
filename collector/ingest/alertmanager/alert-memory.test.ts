import { expect, test } from "vitest";
import { idAt, idOf } from "../../core/model/alert-ref.ts";
import { AlertMemory } from "./alert-memory.ts";

/** Ids that look like ours; the second half alone tells few of them apart. */
const id = (number: number): string => idOf(number, number % 3);

const PLAIN = { isCritical: false, isLoose: false };

/** Whom a hash means; undefined = nobody. */
function found(memory: AlertMemory, hashA: number, hashB: number): string | undefined {
  const slot = memory.find(hashA, hashB);
  if (slot < 0) return undefined;
  const refs: number[] = [];
  memory.name(slot, refs);
  return `${idAt(refs, 0)} at ${refs[0]}${memory.isCritical(slot) ? ", critical" : ""}${memory.isLoose(slot) ? ", loose" : ""}`;
}

test("an alert is found by its last hash only, with its place", () => {
  const memory = new AlertMemory(10);
  memory.remember(id(1), 7, 1, 2, PLAIN);
  memory.remember(id(1), 7, 3, 4, { isCritical: true, isLoose: true });
  expect(found(memory, 1, 2)).toBeUndefined();
  expect(found(memory, 3, 4)).toBe(`${id(1)} at 7, critical, loose`);
  expect(found(memory, 3, 5)).toBeUndefined();
  memory.forget(id(1));
  expect(found(memory, 3, 4)).toBeUndefined();
});

test("two alerts with the same first half of a hash are told apart, and forgetting one leaves the other", () => {
  const memory = new AlertMemory(10);
  memory.remember(id(1), 0, 1, 2, PLAIN);
  memory.remember(id(2), 1, 1, 3, PLAIN);
  expect([found(memory, 1, 2), found(memory, 1, 3)]).toEqual([`${id(1)} at 0`, `${id(2)} at 1`]);
  memory.forget(id(1));
  expect([found(memory, 1, 2), found(memory, 1, 3)]).toEqual([undefined, `${id(2)} at 1`]);
});

test("thousands are found, forgotten and taken in again", () => {
  const memory = new AlertMemory(5_000);
  for (let number = 0; number < 5_000; number += 1)
    memory.remember(id(number), number, number % 97, number, { ...PLAIN, isCritical: number % 2 === 0 });
  for (let number = 0; number < 5_000; number += 3) memory.forget(id(number));
  for (let number = 0; number < 5_000; number += 1)
    expect(found(memory, number % 97, number)).toBe(
      number % 3 === 0 ? undefined : `${id(number)} at ${number}${number % 2 === 0 ? ", critical" : ""}`,
    );
  expect(memory.size).toBe(3_333);
});

test("it never holds more than its limit, and what came first goes first", () => {
  const memory = new AlertMemory(2);
  for (const number of [1, 2, 1, 3]) memory.remember(id(number), 0, number, number, PLAIN);
  expect(memory.size).toBe(2);
  expect([1, 2, 3].map((number) => found(memory, number, number))).toEqual([
    undefined,
    `${id(2)} at 0`,
    `${id(3)} at 0`,
  ]);
  memory.clear();
  expect(memory.size).toBe(0);
});
