import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Rule } from "../../rules/detect/rule.ts";

/**
 * The rules that an agent has before it ever heard from a collector: the linux-host pack. In a checkout they are read from the
 * pack; the bundle has this module replaced by one that holds them.
 */
export async function bundledRules(): Promise<readonly Rule[]> {
  const { parsePack } = await import("../../rules/language/parse.ts");
  const path = fileURLToPath(new URL("../../rules/packs/linux-host/pack.yaml", import.meta.url));
  const result = parsePack(readFileSync(path, "utf8"), path);
  if (!("pack" in result)) throw new Error(`the linux-host pack has errors: ${JSON.stringify(result.findings)}`);
  return result.pack.rules;
}
