import { expect, test } from "vitest";
import { TOO_DEEP, tooDeepAt } from "../../protocol/yaml-depth.ts";
import { parseAgentConfig } from "../../agent/config/parse-agent-config.ts";
import { readDocument } from "../../collector/config/document/document.ts";
import { parsePack } from "../../rules/language/parse.ts";

const OPTIONS = { prefix: "CONFIG", sizeMaxBytes: 1e6, yamlSizeMaxBytes: 1e6 };

function told(text: string): string[][] {
  const document = readDocument(text, "a.yaml", OPTIONS);
  return [
    document.status === "read" ? [] : document.findings,
    parsePack(text, "pack.yaml").findings,
    parseAgentConfig(text, "agent.yaml").findings,
  ].map((findings) => findings.map(({ message }) => message));
}

test.for<[situation: string, text: string]>([
  ["opened and closed", `a: ${"[".repeat(30_000)}${"]".repeat(30_000)}`],
  ["opened alone", `a: ${"[".repeat(30_000)}`],
  ["mappings", `a: ${"{b: ".repeat(15_000)}`],
])("a file that nests without end is told once, in its reader's own words: %s", ([, text]) => {
  expect(told(text)).toEqual([[TOO_DEEP], [TOO_DEEP], [TOO_DEEP]]);
});

test("other mistakes of grammar are left to the reader", () => {
  expect(tooDeepAt([{ message: "Map keys must be unique", pos: [3, 4] }])).toBeNull();
});
