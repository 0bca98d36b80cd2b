import { expect, test } from "vitest";
import { AlertMemory } from "./alert-memory.ts";

test("an alert is found by its last hash only", () => {
  const memory = new AlertMemory(10);
  memory.remember("a-1", 1, 2, false);
  memory.remember("a-1", 3, 4, true);
  expect(memory.find(1, 2)).toBeUndefined();
  expect(memory.find(3, 4)).toMatchObject({ alert: "a-1", isCritical: true });
  expect(memory.find(3, 5)).toBeUndefined();
  memory.forget("a-1");
  expect(memory.find(3, 4)).toBeUndefined();
});

test("two alerts with the same first half of a hash are told apart, and forgetting one leaves the other", () => {
  const memory = new AlertMemory(10);
  memory.remember("a-1", 1, 2, false);
  memory.remember("a-2", 1, 3, false);
  expect([memory.find(1, 2)?.alert, memory.find(1, 3)?.alert]).toEqual(["a-1", "a-2"]);
  memory.forget("a-1");
  expect([memory.find(1, 2)?.alert, memory.find(1, 3)?.alert]).toEqual([undefined, "a-2"]);
});

test("thousands are found, forgotten and taken in again", () => {
  const memory = new AlertMemory(5_000);
  for (let number = 0; number < 5_000; number += 1)
    memory.remember(`a-${number}`, number % 97, number, number % 2 === 0);
  for (let number = 0; number < 5_000; number += 3) memory.forget(`a-${number}`);
  for (let number = 0; number < 5_000; number += 1)
    expect(memory.find(number % 97, number)?.isCritical).toBe(number % 3 === 0 ? undefined : number % 2 === 0);
  expect(memory.size).toBe(3_333);
});

test("it never holds more than its limit, and what came first goes first", () => {
  const memory = new AlertMemory(2);
  for (const number of [1, 2, 1, 3]) memory.remember(`a-${number}`, number, number, false);
  expect(memory.size).toBe(2);
  expect([1, 2, 3].map((number) => memory.find(number, number)?.alert)).toEqual([undefined, "a-2", "a-3"]);
  memory.clear();
  expect(memory.size).toBe(0);
});
