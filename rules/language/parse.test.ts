import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parsePack, parseRuleFile } from "./parse.ts";

const RULE = `name: filesystem_full
    value: sum(system.filesystem.usage{state="used"}) / system.filesystem.limit
    while: system.filesystem.limit > 1GiB
    instance: [mountpoint]
    warning: { above: 90%, clearBelow: 88%, for: 10m }
    critical: { above: 97%, for: 30s, times: 3 of 5 }
    summary: "{{labels.mountpoint}} is {{value}} full"
    labels: { symptom: saturation }
    reason: writes fail when it is full`;

const pack = (rules: string): string => `name: my-pack
version: 1.0.0
description: for tests
rules:
  - ${rules}
`;

test("a rule becomes plain data, worst level first", () => {
  const result = parsePack(pack(RULE), "pack.yaml");
  expect(result.findings).toEqual([]);
  const rule = "pack" in result ? result.pack.rules[0] : undefined;
  expect(JSON.parse(JSON.stringify(rule))).toEqual(rule);
  expect(rule).toMatchObject({
    kind: "metric",
    name: "filesystem_full",
    pack: "my-pack",
    instance: ["mountpoint"],
    levels: [
      {
        severity: "critical",
        condition: { kind: "threshold", operator: "above", value: 0.97, clear: null, times: { hits: 3, samples: 5 } },
        forMs: 30_000,
      },
      { severity: "warning", condition: { value: 0.9, clear: 0.88 }, forMs: 600_000 },
    ],
    summary: [{ field: "labels", label: "mountpoint" }, " is ", { field: "value" }, " full"],
    labels: { symptom: "saturation" },
    runbook: "my-pack/runbook/filesystem_full.md",
    percent: true,
  });
});

/** Each row: one change to a good rule, and where and how it is told. */
test.for<[situation: string, from: string, to: string, found: string]>([
  ["a key that is not known", "reason:", "raeson:", '13:5 RULE_UNKNOWN_KEY a rule has no key "raeson"'],
  ["a name that no check can have", "filesystem_full", "Filesystem-Full", '5:11 RULE_BAD_NAME "Filesystem-Full"'],
  ["no summary", "summary:", "unit:", '5:5 RULE_KEY_MISSING "summary" is missing'],
  ["text where a number belongs", "above: 90%", "above: much", '9:23 RULE_BAD_NUMBER "much" is not a number'],
  ["a time without a unit", "for: 10m", "for: 10", "9:50 RULE_BAD_DURATION 10 is not a time"],
  ["hysteresis on the wrong side", "clearBelow: 88%", "clearBelow: 92%", "9:40 RULE_HYSTERESIS clearBelow"],
  ["clear side of the other direction", "clearBelow: 88%", "clearAbove: 88%", '9:40 RULE_KEY_NOT_HERE "clearAbove"'],
  ["two conditions in one level", "for: 30s,", "below: 3,", '10:36 RULE_TWO_CONDITIONS "above" and "below"'],
  ["more hits than samples", "3 of 5", "7 of 5", '10:46 RULE_OUT_OF_RANGE "7 of 5"'],
  ["a level without a condition", "above: 97%, for: 30s, times: 3 of 5", "", "10:15 RULE_NO_CONDITION"],
  [
    "a function that is not there",
    "sum(system.filesystem.usage",
    "total(system.filesystem.usage",
    "6:12 RULE_BAD_EXPRESSION there is no function",
  ],
  ["an expression that ends early", "/ system.filesystem.limit", "/", "6:56 RULE_BAD_EXPRESSION a metric, a number"],
  ["labels without quotes", '"used"', "used", "6:46 RULE_BAD_EXPRESSION text in double quotes is expected"],
  [
    "an unclosed placeholder",
    "{{value}} full",
    "{{value full",
    "11:40 RULE_BAD_TEMPLATE a placeholder that is not closed",
  ],
  ["a placeholder that runs code", "{{value}}", "{{value|exec}}", '11:40 RULE_BAD_TEMPLATE "{{value|exec}}"'],
  [
    "a label that the rule does not have",
    "labels.mountpoint",
    "labels.mount",
    "11:14 RULE_UNKNOWN_LABEL {{labels.mount}}",
  ],
  ["a link that is not one", "labels: { symptom: saturation }", "runbook: javascript:alert(1)", "12:14 RULE_BAD_LINK"],
  [
    "an alias, which could be a bomb",
    "reason: writes fail when it is full",
    "reason: *nowhere",
    '13:13 RULE_WRONG_TYPE "reason" is an alias',
  ],
  ["a list where a map belongs", "{ symptom: saturation }", "[symptom]", '12:13 RULE_WRONG_TYPE "labels" is a list'],
])("%s", ([, from, to, found]) => {
  expect(RULE).toContain(from);
  const result = parsePack(pack(RULE.replace(from, to)), "pack.yaml");
  const lines = result.findings.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
  expect(
    lines.some((line) => line.startsWith(found)),
    lines.join("\n"),
  ).toBe(true);
  expect("pack" in result).toBe(false);
});

test("all mistakes of a pack are told together, in the order of the file", () => {
  const bad = RULE.replace("above: 90%", "above: x")
    .replace("{{value}} full", "{{nothing}}")
    .replace("for: 30s", "for: soon");
  const { findings } = parsePack(pack(bad), "pack.yaml");
  expect(findings.map(({ line, code }) => `${line} ${code}`)).toEqual([
    "9 RULE_BAD_NUMBER",
    "10 RULE_BAD_DURATION",
    "11 RULE_BAD_TEMPLATE",
  ]);
});

test("two rules of one name are one too many", () => {
  const { findings } = parsePack(`${pack(RULE)}  - ${RULE}\n`, "pack.yaml");
  expect(findings.map(({ code, line }) => `${line} ${code}`)).toEqual(["14 RULE_DUPLICATE"]);
});

test("an event rule rewrites or drops, and says which events", () => {
  const text = pack(`name: quiet_ntp
    event: { source: nagios, check: "ntp*", severity: [warning, minor], labels: { env: "test*" } }
    set: { severity: info, labels: { team: time } }
    reason: known and harmless`);
  const result = parsePack(text, "pack.yaml");
  expect("pack" in result && result.pack.rules[0]).toMatchObject({
    kind: "event",
    match: { source: ["nagios"], check: ["ntp*"], severity: ["warning", "minor"] },
    action: { type: "rewrite", severity: "info", labels: { team: "time" } },
  });
  const dropped = parsePack(text.replace("set: {", "drop: {"), "pack.yaml");
  expect(dropped.findings.map(({ code }) => code)).toEqual(["RULE_WRONG_TYPE"]);
});

test("a file with one rule alone is a rule", () => {
  const alone = RULE.replaceAll(/^ {4}/gm, "");
  const result = parseRuleFile(alone, "rule.yaml");
  expect("pack" in result && result.pack.rules.map((rule) => rule.name)).toEqual(["filesystem_full"]);
});

test("whatever stands in the file, the answer is a pack or findings with a place, never an exception", () => {
  const good = pack(RULE);
  const mutation = fc.record({
    at: fc.nat(good.length),
    remove: fc.nat(40),
    insert: fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "\n",
        "  ",
        "&a",
        "*a",
        "!!js/function",
        "<<: ",
        "'",
        '"',
        "|",
        ">",
        "#",
        "%",
        "{{",
        "x".repeat(3000),
        "((((((((((((((((((((((((((((",
        "1e999",
        "\u0000",
        "__proto__: {}",
      ),
    ),
  });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let text = good;
      for (const { at, remove, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + remove);
      const result = parsePack(text, "pack.yaml");
      if (!("pack" in result)) expect(result.findings.length).toBeGreaterThan(0);
      for (const { line, column, message } of result.findings) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(message).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
});
