import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "../../collector/composition/connectors.ts";
import { parseConfig } from "../../collector/config/parse.ts";

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

for (const { path, index, file, text } of examples)
  test(`example ${index + 1} of ${path} is a ${file} without a mistake`, () => {
    if (file === "cmdb.yaml") {
      const result = readCmdb(text, file, { sizeMaxBytes: 1_000_000, source: "cmdb", observedAt: null });
      expect(result).toMatchObject({ status: "read", findings: [] });
      return;
    }
    expect(file).toBe("tocsin.yaml");
    // Each file holds another secret: two equal tokens would be a mistake.
    const readFile = (name: string): string => `${name} holds a secret of its own`;
    const result = parseConfig(text, file, { readFile, connectors: CONNECTOR_KINDS, refusalOfHost });
    expect(result.findings).toEqual([]);
  });
