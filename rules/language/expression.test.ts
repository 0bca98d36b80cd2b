import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Expression } from "../detect/rule.ts";
import { parseExpression } from "./expression.ts";

function show(expression: Expression): string {
  switch (expression.op) {
    case "number":
      return String(expression.value);
    case "now":
      return "now";
    case "series": {
      const { metric, match, over, aggregate } = expression;
      const labels = match.map(
        ({ label, negated, patterns }) => `${label}${negated ? "!=" : "="}${patterns.join("|")}`,
      );
      const inner = `${metric}${labels.length === 0 ? "" : `{${labels.join(",")}}`}`;
      const windowed = over === null ? inner : `${over.fn}(${inner},${over.windowMs})`;
      return `${aggregate}(${windowed})`;
    }
    case "binary":
      return `[${show(expression.left)} ${expression.operator} ${show(expression.right)}]`;
    default:
      return `${expression.op}(${show(expression.of)})`;
  }
}

test.for<[text: string, meaning: string]>([
  ["system.uptime", "worst(system.uptime)"],
  ["max(system.uptime)", "max(system.uptime)"],
  ["rate(a.b)", "worst(rate(a.b,null))"],
  ["rate(a.b, 5m)", "worst(rate(a.b,300000))"],
  ['sum(rate(a.b{x="1"}, 1h30m))', "sum(rate(a.b{x=1},5400000))"],
  ["a + b * c - d", "[[sum(a) + [sum(b) * sum(c)]] - sum(d)]"],
  ["(a + b) * 2", "[[sum(a) + sum(b)] * 2]"],
  ["-a / -2", "[negate(sum(a)) / negate(2)]"],
  ["a > 3 and b < 4 or c == 5", "[[[sum(a) > 3] and [sum(b) < 4]] or [sum(c) == 5]]"],
  ['a{type!=["ext4","xfs*"], mode="rw"}', "worst(a{type!=ext4|xfs*,mode=rw})"],
  ["abs(a - 90%)", "abs([sum(a) - 0.9])"],
  ["a > 10GiB", "[sum(a) > 10737418240]"],
  ["now() - a", "[now - sum(a)]"],
  ["a_total / 1e3", "[sum(a_total) / 1000]"],
])("%s", ([text, meaning]) => {
  const result = parseExpression(text);
  expect("expression" in result ? show(result.expression) : result.error).toBe(meaning);
});

test.for<[text: string, offset: number, message: string]>([
  ["", 0, 'a metric, a number or "(" is expected here, and the end was found'],
  ["3 + 4", 0, "an expression without a metric"],
  ["a +", 3, 'a metric, a number or "(" is expected here, and the end was found'],
  ["a b", 2, '"b" is not expected here'],
  ["(a", 2, '")" is expected here, and the end was found'],
  ["a{b}", 3, '"=" or "!=" is expected here, and "}" was found'],
  ['a{b=~"x"}', 4, '"~" cannot stand here'],
  ["increase(a)", 0, "increase( ) needs a window"],
  ["rate(a, 9)", 8, '"9" is not a window'],
  ["rate(sum(a))", 8, '")" is expected here, and "(" was found'],
  ["a; process.exit()", 1, '";" cannot stand here'],
  ["5x + a", 0, '"5x" is not a number'],
])("mistake: %s", ([text, offset, message]) => {
  expect(parseExpression(text)).toMatchObject({ error: { offset, message } });
});

test("deep and long ones are refused, not followed", () => {
  expect(parseExpression(`${"(".repeat(500)}a${")".repeat(500)}`)).toHaveProperty("error");
  expect(parseExpression("a+".repeat(600))).toHaveProperty("error");
  expect(parseExpression(Array.from({ length: 20 }, (_, index) => `m${index}`).join("+"))).toHaveProperty("error");
});

test("any text gives an expression or an error inside the text", () => {
  const piece = fc.constantFrom(
    "a.b",
    "(",
    ")",
    "{",
    "}",
    "x=",
    '"y"',
    "rate",
    "sum",
    ",",
    "5m",
    "9%",
    "+",
    "-",
    "/",
    " ",
    "and",
    ">",
    "[",
    "]",
    "!=",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 60 }),
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
      ),
      (text) => {
        const result = parseExpression(text);
        if ("error" in result) {
          expect(result.error.offset).toBeGreaterThanOrEqual(0);
          expect(result.error.offset).toBeLessThanOrEqual(text.length);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
