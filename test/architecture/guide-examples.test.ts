import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "../../collector/composition/connectors.ts";
import { parseConfig } from "../../collector/config/parse.ts";
import { parsePack } from "../../rules/language/parse.ts";
import { parsePackTests } from "../../rules/language/parse-pack-test.ts";
import { runPackTest } from "../../rules/language/run-pack-test.ts";

/** Examples in the guides that say which file they are: ```yaml tocsin.yaml */
const examples = globSync("docs/**/*.md").flatMap((path) =>
  [...readFileSync(path, "utf8").matchAll(/^```yaml (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, file = "", text = ""], index) => ({
      path,
      index,
      file,
      text,
    }),
  ),
);

test("the guides have examples", () => {
  expect(examples.length).toBeGreaterThan(4);
});

/** The tests of a guide's example are those of the pack that stands before it. */
function expectTestsToPass(path: string, text: string): void {
  const pack = examples.find((example) => example.path === path && example.file === "pack.yaml");
  const result = parsePack(pack?.text ?? "", "pack.yaml");
  const { tests, findings } = parsePackTests(text, "pack.test.yaml");
  expect(findings).toEqual([]);
  expect(tests?.flatMap((each) => ("pack" in result ? runPackTest(result.pack, each) : ["no pack"]))).toEqual([]);
}

for (const { path, index, file, text } of examples)
  test(`example ${index + 1} of ${path} is a ${file} without a mistake`, () => {
    if (file === "cmdb.yaml") {
      const result = readCmdb(text, file, { sizeMaxBytes: 1_000_000, source: "cmdb", observedAt: null });
      expect(result).toMatchObject({ status: "read", findings: [] });
      return;
    }
    if (file === "pack.yaml") return expect(parsePack(text, file)).toMatchObject({ pack: {}, findings: [] });
    if (file === "pack.test.yaml") return expectTestsToPass(path, text);
    expect(file).toBe("tocsin.yaml");
    // Each file holds another secret: two equal tokens would be a mistake.
    const readFile = (name: string): string => `${name} holds a secret of its own`;
    const result = parseConfig(text, file, { readFile, connectors: CONNECTOR_KINDS, refusalOfHost });
    expect(result.findings).toEqual([]);
  });
