import * as fc from "fast-check";
import { expect, test } from "vitest";
import { globMatches } from "./glob.ts";

test.for<[pattern: string, text: string, matches: boolean]>([
  ["ext4", "ext4", true],
  ["ext4", "ext", false],
  ["*", "", true],
  ["/var*", "/var/log", true],
  ["*log*", "/var/log/x", true],
  ["a*b*c", "a--b--c", true],
  ["a*b*c", "a--c--b", false],
  ["ab*ba", "aba", false],
  ["a.c", "abc", false],
  ["**", "x", true],
])("%s and %s", ([pattern, text, matches]) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

test("as a regular expression would have it", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 8 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 10 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(letters, text, (pattern, value) => {
      const expression = new RegExp(`^${pattern.replaceAll(/\*+/g, ".*")}$`, "s");
      expect(globMatches(pattern, value)).toBe(expression.test(value));
    }),
    { numRuns: 2000 },
  );
});

test("many stars over a long text are quick", () => {
  const start = performance.now();
  globMatches(`${"a*".repeat(100)}b`, "a".repeat(100_000));
  expect(performance.now() - start).toBeLessThan(200);
});
