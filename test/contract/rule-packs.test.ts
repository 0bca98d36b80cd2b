import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { checkRules } from "../../rules/detect/check-rules.ts";
import { parsePack } from "../../rules/language/parse.ts";
import { parsePackTests } from "../../rules/language/parse-pack-test.ts";
import { runPackTest } from "../../rules/language/run-pack-test.ts";

const folders = globSync(join(import.meta.dirname, "../../rules/packs/*/pack.yaml"))
  .map((file) => dirname(file))
  .sort();

test("there are packs (a gate that sees nothing passes everything)", () => {
  expect(folders.length).toBeGreaterThan(0);
});

const cases = folders.flatMap((folder) => {
  const result = parsePack(readFileSync(join(folder, "pack.yaml"), "utf8"), join(folder, "pack.yaml"));
  const { tests, findings } = parsePackTests(readFileSync(join(folder, "pack.test.yaml"), "utf8"), "pack.test.yaml");
  if (!("pack" in result) || tests === undefined) throw new Error(JSON.stringify([...result.findings, ...findings]));
  return tests.map((each) => ({ name: `${result.pack.name}: ${each.rule}: ${each.name}`, pack: result.pack, each }));
});

test.for(cases)("$name", ({ pack, each }) => {
  expect(runPackTest(pack, each)).toEqual([]);
});

test("the packs' rules pass the check that an agent makes of what it is sent, and no two have one name", () => {
  const rules = folders.flatMap((folder) => {
    const result = parsePack(readFileSync(join(folder, "pack.yaml"), "utf8"), folder);
    return "pack" in result ? result.pack.rules : [];
  });
  expect(checkRules(JSON.parse(JSON.stringify(rules)))).toEqual({ rules });
  expect(new Set(rules.map((rule) => rule.name)).size).toBe(rules.length);
});
