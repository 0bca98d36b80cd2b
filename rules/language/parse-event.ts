import { isMap, isScalar, type YAMLMap } from "yaml";
import { readLabels } from "./parse-labels.ts";
import { type EventRule, type LabelMatcher, RULE_LIMITS, RULE_SEVERITIES, type RuleSeverity } from "../detect/rule.ts";
import { MATCH_KEYS } from "./vocabulary.ts";
import { type Entry, offsetOf, type YamlReader } from "./yaml-reader.ts";

const SET_KEYS = ["severity", "labels"] as const;

/** Reads `event:` with `set:` or `drop:`. */
export function parseEventRule(
  reader: YamlReader,
  rule: YAMLMap,
  entries: Map<string, Entry>,
): Pick<EventRule, "match" | "action"> | undefined {
  const eventEntry = entries.get("event") as Entry;
  const map = reader.map(eventEntry, 'event: { source: nagios, check: "ntp*" }');
  const match = map === undefined ? undefined : parseMatch(reader, map, eventEntry);
  const action = parseAction(reader, rule, entries);
  return match === undefined || action === undefined ? undefined : { match, action };
}

function parseMatch(reader: YamlReader, map: YAMLMap, eventEntry: Entry): EventRule["match"] | undefined {
  const given = reader.entries(map, Object.keys(MATCH_KEYS), '"event"');
  if (given.size === 0) {
    reader.error(
      offsetOf(eventEntry),
      "RULE_NO_CONDITION",
      "an event rule that matches everything",
      'say which events: event: { source: nagios, check: "ntp*" }',
    );
    return undefined;
  }
  const patterns = (key: string): string[] | null => {
    const entry = given.get(key);
    const texts = entry === undefined ? undefined : reader.texts(entry, `${key}: "text with * for anything"`);
    if (
      entry !== undefined &&
      texts !== undefined &&
      (texts.length > RULE_LIMITS.patternsPerMatcher || texts.some((text) => text.length > RULE_LIMITS.patternLength))
    ) {
      reader.error(
        offsetOf(entry),
        "RULE_TOO_LONG",
        `too many or too long patterns for "${key}"`,
        `at most ${RULE_LIMITS.patternsPerMatcher} of ${RULE_LIMITS.patternLength} characters`,
      );
    }
    return texts ?? null;
  };
  const severityEntry = given.get("severity");
  const severity = severityEntry === undefined ? null : severities(reader, severityEntry);
  return {
    source: patterns("source"),
    check: patterns("check"),
    ci: patterns("ci"),
    instance: patterns("instance"),
    summary: patterns("summary"),
    severity,
    labels: labelMatchers(reader, given.get("labels")),
  };
}

function severities(reader: YamlReader, entry: Entry): RuleSeverity[] | null {
  const texts = reader.texts(entry, "severity: [warning, info]");
  if (texts === undefined) return null;
  for (const text of texts) {
    if (!(RULE_SEVERITIES as readonly string[]).includes(text)) {
      reader.error(
        offsetOf(entry),
        "RULE_BAD_SEVERITY",
        `${JSON.stringify(text)} is not a severity`,
        `one of ${RULE_SEVERITIES.join(", ")}`,
      );
    }
  }
  return texts as RuleSeverity[];
}

function labelMatchers(reader: YamlReader, entry: Entry | undefined): LabelMatcher[] {
  const map = entry === undefined ? undefined : reader.map(entry, 'labels: { env: "test*" }');
  if (map === undefined) return [];
  return reader.freeEntries(map).flatMap((label) => {
    const patterns = reader.texts(label, `${label.key}: "text with * for anything"`);
    return patterns === undefined ? [] : [{ label: label.key, negated: false, patterns }];
  });
}

function parseAction(reader: YamlReader, rule: YAMLMap, entries: Map<string, Entry>): EventRule["action"] | undefined {
  const drop = entries.get("drop");
  const set = entries.get("set");
  if ((drop === undefined) === (set === undefined)) {
    reader.error(
      rule.range?.[0] ?? 0,
      "RULE_NO_ACTION",
      drop === undefined ? 'an event rule without "set" or "drop"' : '"set" and "drop" in one rule',
      "write set: { severity: info } or drop: true",
    );
    return undefined;
  }
  if (drop !== undefined) {
    if (isScalar(drop.value) && drop.value.value === true) return { type: "drop" };
    reader.error(offsetOf(drop), "RULE_WRONG_TYPE", '"drop" must be true', "write drop: true, or remove the rule");
    return undefined;
  }
  const map = reader.map(set as Entry, "set: { severity: info }");
  if (map === undefined) return undefined;
  const given = reader.entries(map, SET_KEYS, '"set"');
  const severityEntry = given.get("severity");
  const severity = severityEntry === undefined ? null : (severities(reader, severityEntry)?.[0] ?? null);
  const labelsEntry = given.get("labels");
  const labels = labelsEntry !== undefined && isMap(labelsEntry.value) ? readLabels(reader, labelsEntry.value) : {};
  if (labelsEntry !== undefined && !isMap(labelsEntry.value)) reader.map(labelsEntry, "labels: { team: db }");
  if (given.size === 0) {
    reader.error(
      offsetOf(set as Entry),
      "RULE_NO_ACTION",
      '"set" changes nothing',
      "write set: { severity: info } or set: { labels: { team: db } }",
    );
  }
  return { type: "rewrite", severity, labels };
}
