import { array, assert, constantFrom, dictionary, jsonValue, property, string } from "fast-check";
import { expect, test } from "vitest";
import { textPiece } from "../../../test/support/text-slip.ts";
import { readDocument } from "./document.ts";
import { JsonEntries } from "./json-entries.ts";
import { Problems } from "./problem.ts";

function drain(entries: JsonEntries): Record<string, unknown> {
  return Object.fromEntries(
    entries.keys().map((key) => {
      const list = entries.entries(key);
      return [key, list === undefined ? entries.value(key) : [...list]];
    }),
  );
}

test("it gives what JSON.parse gives", () => {
  assert(
    property(dictionary(string(), jsonValue()), constantFrom(0, 1, 3), (value, spaces) => {
      const text = JSON.stringify(value, null, spaces);
      const entries = JsonEntries.open(Buffer.from(text), "a.json");
      expect(entries).toBeDefined();
      if (entries !== undefined) expect(JSON.stringify(drain(entries))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("what JSON.parse refuses is not opened, or refused while it is read", () => {
  assert(
    property(array(textPiece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expected = undefined;
      }
      const entries = JsonEntries.open(Buffer.from(text), "a.json");
      if (entries === undefined) return;
      let found: unknown;
      try {
        found = drain(entries);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
      expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
    }),
    { numRuns: 5000 },
  );
});

test("a key that stands twice is left to the ordinary reader", () => {
  expect(JsonEntries.open(Buffer.from('{"a": [1], "a": [2]}'), "a.json")).toBeUndefined();
});

test("places are those of the ordinary reader, in lines and UTF-16 columns", () => {
  const entry = (index: number) => ({ id: `é😀-${index}`, aliases: ["x", "y"] });
  const value = { vantage: ["a"], cis: Array.from({ length: 3000 }, (_, index) => entry(index)) };
  for (const spaces of [0, 2]) {
    const text = JSON.stringify(value, null, spaces);
    const entries = JsonEntries.open(Buffer.from(text), "a.json");
    const ordinary = readDocument(text, "a.json", { prefix: "X", sizeMaxBytes: 1e9, yamlSizeMaxBytes: 0 });
    if (entries === undefined || ordinary.status !== "read") throw new Error("not read");
    drain(entries);
    const problems = new Problems();
    for (const index of [0, 1, 1023, 1024, 1025, 2999]) {
      problems.error("X", ["cis", index], "");
      problems.error("X", ["cis", index, "id"], "", "", "key");
      problems.error("X", ["cis", index, "aliases", 1], "");
    }
    problems.error("X", ["vantage", 0], "");
    problems.error("X", ["nothing", 0], "");
    const found = entries.locate(problems.all());
    const expected = ordinary.document.locate(problems.all());
    expect(found.slice(0, -1)).toEqual(expected.slice(0, -1));
  }
});
