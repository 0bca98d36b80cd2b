import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CMDB_CODES } from "../../collector/cmdb/error-codes.ts";
import { CONFIG_CODES } from "../../collector/config/error-codes.ts";
import { RULE_CODES } from "../../rules/language/error-codes.ts";
import { referencePages } from "./reference.ts";

for (const { path, content } of await referencePages())
  test(`${path} is what the code says; npm run docs makes it anew`, () => {
    expect(readFileSync(path, "utf8")).toBe(content);
  });

/** Codes as they stand in the code of a room. */
async function codesIn(pattern: string, code: RegExp): Promise<Set<string>> {
  const { globSync } = await import("node:fs");
  const found = new Set<string>();
  for (const path of globSync(pattern))
    if (!path.endsWith("error-codes.ts") && !path.endsWith(".test.ts"))
      for (const match of readFileSync(path, "utf8").matchAll(code)) found.add(match[0]);
  return found;
}

test.for([
  ["CONFIG_", "collector/{config,composition,command}/**/*.ts", CONFIG_CODES],
  ["CMDB_", "collector/cmdb/**/*.ts", CMDB_CODES],
  ["RULE_", "{rules/language,collector/{command,composition}}/**/*.ts", RULE_CODES],
] as const)(
  "every %s code that the code gives stands in the table, and none stands there alone",
  async ([prefix, pattern, table]) => {
    const used = await codesIn(pattern, new RegExp(`(?<=["'])${prefix}[A-Z_]+(?=["'])`, "g"));
    // The reader of documents makes these two from the prefix of the room.
    if (prefix !== "RULE_") for (const name of ["SYNTAX", "TOO_LARGE"]) used.add(`${prefix}${name}`);
    expect([...used].sort()).toEqual(Object.keys(table).sort());
  },
);
