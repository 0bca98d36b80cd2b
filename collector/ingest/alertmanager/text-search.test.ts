import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TextSearch } from "./text-search.ts";

function find(text: string, bytes: string, from = 0, to = bytes.length): number {
  const search = new TextSearch(16);
  search.lookFor(Buffer.from(`..${text}..`), 2, 2 + Buffer.byteLength(text));
  return search.find(Buffer.from(bytes), from, to);
}

test.for<[what: string, text: string, bytes: string, from: number, to: number, at: number]>([
  ["at the beginning", "ab", "abab", 0, 4, 0],
  ["from a place on", "ab", "abab", 1, 4, 2],
  ["at the very end", "ab", "xxab", 0, 4, 2],
  ["cut by the end of the search", "ab", "xxab", 0, 3, -1],
  ["beyond the bytes", "ab", "xxa", 0, 10, -1],
  ["one byte", "b", "aab", 0, 3, 2],
  ["a text of the same byte", "aaa", "aabaaa", 0, 6, 3],
  ["nothing to look for", "", "aab", 0, 3, -1],
  ["a text that is too long", "a".repeat(17), "a".repeat(20), 0, 20, -1],
])("%s", ([, text, bytes, from, to, at]) => {
  expect(find(text, bytes, from, to)).toBe(at);
});

test("as indexOf finds it", () => {
  const letters = fc.constantFrom("a", "b", "c", '"');
  const text = fc.string({ unit: letters, minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(text, fc.string({ unit: letters, maxLength: 60 }), fc.nat(10), (wanted, bytes, from) => {
      expect(find(wanted, bytes, from)).toBe(bytes.indexOf(wanted, from));
    }),
    { numRuns: 2000 },
  );
});

test("it goes on with another text", () => {
  const search = new TextSearch(8);
  const bytes = Buffer.from("one two one2");
  search.lookFor(bytes, 0, 3);
  expect(search.find(bytes, 1, bytes.length)).toBe(8);
  search.lookFor(bytes, 4, 7);
  expect(search.find(bytes, 0, bytes.length)).toBe(4);
  search.lookFor(bytes, 8, 12);
  expect(search.find(bytes, 0, bytes.length)).toBe(8);
});
