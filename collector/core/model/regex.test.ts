import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RE2JS } from "re2js";
import { compileRegex } from "./regex.ts";

function matches(pattern: string, text: string): boolean {
  const result = compileRegex(pattern);
  if (result.status === "invalid") throw new Error(result.message);
  return result.regex.test(text);
}

const PATTERNS = [
  "",
  "a",
  "abc",
  "a|b",
  "a|",
  "(a|b)c",
  "web-.*",
  "web-[0-9]+",
  "web-[^0-9]*",
  "(?i)WEB-0[12]",
  "a{2}",
  "a{2,}",
  "a{1,3}b",
  "a{,3}",
  "(ab)*",
  "(a*)*b",
  "(a+)+$",
  "^abc$",
  "\\d+",
  "\\D*",
  "\\w+\\s\\S",
  "\\.",
  "[a-c\\d]",
  "[\\]\\-x]",
  "[]a]",
  "[^]a]",
  "a-b",
  ".",
  "(?s).",
  "a.b",
  "(?:ab|cd)+",
  "(?P<name>x)y",
  "(?<name>x)y",
  "\\bfoo\\b.*",
  ".*\\Bx",
  "\\x41\\x{1F600}",
  "[[:alpha:]]+",
  "[[:^digit:]]*",
  "\\Qa.b\\E",
  "a??b",
  "a*?",
  "(?i)straße",
  "(?i:A)b",
  "x(?i)a|B",
  "(?m)^a$\\n^b$",
  "\\Aab\\z",
  "é+",
  "😀.",
  "\\t\\n",
  "[\\t-\\r]",
  "a|b|c|d",
  "((((a))))",
  "\\077",
  "a{0}",
  "(a|b){2,3}",
];
const TEXTS = [
  "",
  "a",
  "b",
  "c",
  "aa",
  "aab",
  "aaab",
  "ab",
  "abab",
  "abc",
  "ABC",
  "web-01",
  "WEB-02",
  "web-x",
  "web-",
  "a\nb",
  "x",
  "xy",
  "Ab",
  "aB",
  "ab cd",
  "12",
  "1a",
  "foo bar",
  "foobar",
  ".",
  "a.b",
  "a-b",
  "]",
  "-",
  "A😀",
  "éé",
  "😀x",
  "\t\n",
  "?",
  "STRASSE",
  "straße",
  "STRAßE",
  "cdab",
  "zx",
  "a\n",
  "{,3}",
  "a{,3}",
  "xB",
  "xa",
];

test.for(PATTERNS)("%j answers as RE2 does on every text", (pattern) => {
  const reference = RE2JS.compile(pattern);
  for (const text of TEXTS) expect([text, matches(pattern, text)]).toEqual([text, reference.matches(text)]);
});

test("random patterns of a small grammar answer as RE2 does", () => {
  const atom = fc.constantFrom("a", "b", "ab", "[ab]", "[^a]", ".", "\\d", "(a|b)", "(?:ab)", "\\b", "^", "$");
  const piece = fc
    .tuple(atom, fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?"))
    .map(([a, q]) => (["^", "$", "\\b"].includes(a) ? a : a + q));
  const pattern = fc.array(
    fc.array(piece, { maxLength: 4 }).map((list) => list.join("")),
    { minLength: 1, maxLength: 3 },
  );
  const text = fc.array(fc.constantFrom("a", "b", "1", " ", "\n"), { maxLength: 8 }).map((list) => list.join(""));
  fc.assert(
    fc.property(pattern, text, (alternatives, subject) => {
      const source = alternatives.join("|");
      expect(matches(source, subject)).toBe(RE2JS.compile(source).matches(subject));
    }),
    { numRuns: 1500 },
  );
});

test.for([
  ["(a", "an opening ( without a closing one"],
  ["a)", "a closing ) without an opening one"],
  ["[a", "a [ without its ]"],
  ["[b-a]", "a range that is out of order"],
  ["*a", "nothing to repeat before *"],
  ["a**", "a repetition of a repetition"],
  ["a{2,1}", "a repetition whose maximum is below its minimum"],
  ["a{1001}", "a repetition of more than 1000"],
  ["(a)\\1", "back-references are not supported"],
  ["(?=a)", "look-around and other (?…) groups are not supported"],
  ["\\pL", "\\p is not supported"],
  ["a\\", "a backslash at the end"],
  ["[[:nope:]]", "[:nope:] is not a class"],
  ["((a{100}){100}){10}", "the pattern is too large"],
])("%j is refused: %s", ([pattern, message]) => {
  expect(compileRegex(pattern ?? "")).toMatchObject({ status: "invalid", message });
});

test("a pattern that makes a backtracking engine stand still takes linear time", () => {
  const started = performance.now();
  expect(matches("(a+)+$", `${"a".repeat(5000)}!`)).toBe(false);
  expect(matches("(a|aa)*b", "a".repeat(5000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test("never throws but for a bug, whatever the pattern", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), fc.string({ maxLength: 10 }), (pattern, text) => {
      const result = compileRegex(pattern);
      if (result.status === "compiled") result.regex.test(text);
    }),
    { numRuns: 500 },
  );
});
