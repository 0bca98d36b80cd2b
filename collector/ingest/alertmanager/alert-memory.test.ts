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

test("of two alerts with the same first half of a hash one is known, and forgetting the other leaves it", () => {
  const memory = new AlertMemory(10);
  memory.remember("a-1", 1, 2, false);
  memory.remember("a-2", 1, 3, false);
  expect(memory.find(1, 2)).toBeUndefined();
  memory.forget("a-1");
  expect(memory.find(1, 3)?.alert).toBe("a-2");
});

test("it never holds more than its limit, and what was taken in longest ago goes first", () => {
  const memory = new AlertMemory(2);
  for (const number of [1, 2, 1, 3]) memory.remember(`a-${number}`, number, number, false);
  expect(memory.size).toBe(2);
  expect([1, 2, 3].map((number) => memory.find(number, number)?.alert)).toEqual(["a-1", undefined, "a-3"]);
  memory.clear();
  expect(memory.size).toBe(0);
});
