import type { YAMLMap } from "yaml";
import { RULE_LIMITS } from "../detect/rule.ts";
import type { YamlReader } from "./yaml-reader.ts";

export const LABEL_NAME = /^[A-Za-z_][\w.]{0,127}$/;

/** Labels to put on: names and texts within the limits. */
export function readLabels(reader: YamlReader, map: YAMLMap): Record<string, string> {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  const entries = reader.freeEntries(map);
  if (entries.length > RULE_LIMITS.labelsPerRule) {
    reader.error(
      map.range?.[0] ?? 0,
      "RULE_TOO_MANY",
      `${entries.length} labels`,
      `at most ${RULE_LIMITS.labelsPerRule}`,
    );
  }
  for (const entry of entries) {
    if (!LABEL_NAME.test(entry.key) || entry.key === "__proto__") {
      reader.error(
        entry.keyOffset,
        "RULE_BAD_NAME",
        `${JSON.stringify(entry.key)} is not a label's name`,
        "letters, digits, _ and .",
      );
      continue;
    }
    const text = reader.scalar(entry, "text", `${entry.key}: text`);
    if (text !== undefined) labels[entry.key] = String(text).slice(0, 1024);
  }
  return { ...labels };
}
