import { expect, test } from "vitest";
import { TokenSource } from "./token.ts";

test.for<[situation: string, token: string | null, file: string | null, trouble: RegExp | null]>([
  ["none is wanted", null, null, null],
  ["a good one", "0123-abc_DEF.~", null, null],
  ["a file that is not there", null, "/nowhere/token", /\/nowhere\/token cannot be read, or is empty/],
  ["two lines", "abc\ndef", null, /line breaks/],
  ["a letter that HTTP does not carry", "käse", null, /beyond ASCII/],
])("a token's trouble is told before a collector has to: %s", ([, token, file, trouble]) => {
  const said = new TokenSource({ token, file }).trouble;
  if (trouble === null) expect(said).toBeNull();
  else expect(said).toMatch(trouble);
});
