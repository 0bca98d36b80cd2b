import * as fc from "fast-check";
import { expect, test } from "vitest";
import { firstNamed } from "./first-named.ts";

function wordsOf(text: string): string[] {
  const words: string[] = [];
  firstNamed(text, (word) => {
    words.push(word);
    return undefined;
  });
  return words;
}

test.for<[text: string, words: string[]]>([
  ["linkDown Gi0/4 (to hv-3)", ["Gi0/4", "hv-3"]],
  ["BGP peer 10.0.0.1: down, was up for 9d.", ["10.0.0.1"]],
  ["no route to sw-core-1.", ["sw-core-1"]],
  ["peer=leaf-02;state='idle'", ["leaf-02"]],
  ["disk\u00a0full\u2003on\ufeffweb-01", ["web-01"]],
  ["Störung an Gerät-1", ["Gerät-1"]],
  ["down", []],
  ["", []],
])("words of %j that may name a CI", ([text, words]) => {
  expect(wordsOf(text)).toEqual(words);
});

test("they are those that a split at what stands between words gives", () => {
  const unit = fc.constantFrom(
    "a",
    "b",
    "1",
    "-",
    ".",
    " ",
    ",",
    ";",
    ":",
    "(",
    ")",
    "[",
    "]",
    '"',
    "'",
    "=",
    "\n",
    "\u00a0",
    "é",
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: "binary" })), (text) => {
      const words = text.split(/[\s,;:()[\]"'=]+/).filter((word) => word.length >= 4 && /[\d-]/.test(word));
      expect(wordsOf(text)).toEqual(words.map((word) => word.replace(/[.]$/, "")));
    }),
  );
});

test("the first that names something is taken", () => {
  expect(firstNamed("from web-1 and web-2 to web-3", (word) => (word === "web-1" ? undefined : word))).toBe("web-2");
});
