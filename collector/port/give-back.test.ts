import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { giveBack } from "./give-back.ts";

test("bytes that are alone in their buffer are gone", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  giveBack(bytes);
  expect(bytes.length).toBe(0);
  expect(bytes.buffer.detached).toBe(true);
});

test("bytes beside others stay, and so do the others", () => {
  const all = new Uint8Array([1, 2, 3, 4]);
  const [first, second] = [all.subarray(0, 2), all.subarray(2)];
  giveBack(first);
  expect([...first]).toEqual([1, 2]);
  expect([...second]).toEqual([3, 4]);
});

test("bytes of Node's shared pool stay", () => {
  const small = Buffer.from("small");
  giveBack(small);
  expect(small.toString()).toBe("small");
});

test("to give back twice is no fault, and neither is memory that threads share", () => {
  const bytes = new Uint8Array(8);
  giveBack(bytes);
  giveBack(bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  giveBack(shared);
  expect(shared.length).toBe(2);
});
