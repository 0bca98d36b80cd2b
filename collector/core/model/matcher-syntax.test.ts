import { array, assert, boolean, property, record, string } from "fast-check";
import { expect, test } from "vitest";
import { formatMatcher, parseMatchers } from "./matcher-syntax.ts";

const equal = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });

test.for<[situation: string, text: string, expected: unknown]>([
  ["plain", "a=b", [equal("a", "b")]],
  ["quoted", 'a="b c"', [equal("a", "b c")]],
  ["regex", "check=~disk_.*", [{ name: "check", value: "disk_.*", isRegex: true, isEqual: true }]],
  ["not equal", "a!=b", [{ name: "a", value: "b", isRegex: false, isEqual: false }]],
  ["not regex", 'a!~"b|c"', [{ name: "a", value: "b|c", isRegex: true, isEqual: false }]],
  ["braces and two", '{a="1", b="2"}', [equal("a", "1"), equal("b", "2")]],
  ["trailing comma", '{a="1",}', [equal("a", "1")]],
  ["spaces around the operator", ' a = "b" ', [equal("a", "b")]],
  ["empty value", 'a=""', [equal("a", "")]],
  ["empty value without quotes", "a=", [equal("a", "")]],
  ["a comma inside quotes", 'a="1,2"', [equal("a", "1,2")]],
  ["escapes", '"a b"="\\"x\\\\y\\n"', [equal("a b", '"x\\y\n')]],
  ["a regex escape without doubling", 'a="\\d+"', [equal("a", "\\d+")]],
  ["an unquoted value with escapes", 'a=x\\\\y\\"z\\n', [equal("a", 'x\\y"z\n')]],
  ["an unquoted value with other backslashes", "a=C:\\temp\\d", [equal("a", "C:\\temp\\d")]],
  ["an unquoted value with an equals sign", "url=http://x/?a=b", [equal("url", "http://x/?a=b")]],
  ["an unquoted regex with braces", "a=~x{2}", [{ name: "a", value: "x{2}", isRegex: true, isEqual: true }]],
])("%s", ([, text, expected]) => {
  expect(parseMatchers(text)).toEqual({ status: "parsed", matchers: expected });
});

test.for<[situation: string, text: string, offset: number]>([
  ["nothing", "", 0],
  ["only braces", "{}", 1],
  ["no operator", "severity", 8],
  ["no name", "=critical", 0],
  ["an open quote", 'a="b', 4],
  ["an open brace", '{a="b"', 6],
  ["two without a comma", 'a="b" c="d"', 6],
])("%s is refused where it goes wrong", ([, text, offset]) => {
  expect(parseMatchers(text)).toMatchObject({ status: "invalid", offset });
});

test("what is written is read back", () => {
  const matcher = record({ name: string({ minLength: 1 }), value: string(), isRegex: boolean(), isEqual: boolean() });
  assert(
    property(array(matcher, { minLength: 1, maxLength: 3 }), (matchers) => {
      expect(parseMatchers(matchers.map(formatMatcher).join(","))).toEqual({ status: "parsed", matchers });
    }),
  );
});
