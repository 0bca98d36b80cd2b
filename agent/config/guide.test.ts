import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAgentConfig } from "./parse-agent-config.ts";

test("the file in the guide is one that the agent takes, and it shows every section", () => {
  const guide = readFileSync(new URL("../../docs/guide/agent.md", import.meta.url), "utf8");
  const yaml = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
  const result = parseAgentConfig(yaml, "agent.md");
  expect(result.findings).toEqual([]);
  if (!("config" in result)) return;
  for (const [kind, list] of Object.entries(result.config.watch)) expect(list.length, kind).toBeGreaterThan(0);
});
