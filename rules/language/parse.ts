import { isMap, type Node, type YAMLMap } from "yaml";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import { parseExpression } from "./expression.ts";
import { parseEventRule } from "./parse-event.ts";
import { LABEL_NAME, readLabels } from "./parse-labels.ts";
import { LevelParser } from "./parse-level.ts";
import {
  type Expression,
  type Level,
  type MetricRule,
  type Pack,
  RULE_LIMITS,
  RULE_SEVERITIES,
  type Rule,
  type TemplatePart,
} from "../detect/rule.ts";
import { parseTemplate } from "./template.ts";
import { EVENT_KEYS, METRIC_KEYS, PACK_KEYS } from "./vocabulary.ts";
import { type Entry, offsetInside, offsetOf, YamlReader } from "./yaml-reader.ts";

const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const PACK_NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** `findings` alone: the pack has errors and is not used. Beside a pack stand warnings only. */
export type PackResult = { pack: Pack; findings: Finding[] } | { findings: Finding[] };

/**
 * Reads a `pack.yaml`. Never throws for what the text holds; all mistakes are reported together, in the order of the file.
 *
 * @param file as the operator named it; stands in the findings.
 */
export function parsePack(text: string, file: string): PackResult {
  const reader = new YamlReader(text, file);
  const root = reader.root("a pack starts with name:, version:, description: and rules:");
  const pack = root === undefined ? undefined : new PackParser(reader).parse(root);
  const findings = sortFindings(reader.findings);
  return pack === undefined || hasErrors(findings) ? { findings } : { pack, findings };
}

/** One rule alone, for `backtest --rule`: a file that holds a pack, or just the keys of one rule. */
export function parseRuleFile(text: string, file: string): PackResult {
  const reader = new YamlReader(text, file);
  const root = reader.root("a rule starts with name: and value:");
  if (root !== undefined && isMap(root) && !root.has("rules")) {
    const rule = new PackParser(reader).rule(root, "rule");
    const findings = sortFindings(reader.findings);
    if (rule === undefined || hasErrors(findings)) return { findings };
    return { pack: { name: "rule", version: "0", description: "", rules: [rule] }, findings };
  }
  return parsePack(text, file);
}

class PackParser {
  readonly #reader: YamlReader;

  constructor(reader: YamlReader) {
    this.#reader = reader;
  }

  parse(root: YAMLMap): Pack | undefined {
    const reader = this.#reader;
    const entries = reader.entries(root, Object.keys(PACK_KEYS), "a pack");
    const name = this.#required(root, entries, "name", "name: linux-host");
    const version = this.#required(root, entries, "version", "version: 1.0.0");
    const description = this.#required(root, entries, "description", "description: what the pack watches");
    if (name !== undefined && !PACK_NAME.test(name)) {
      reader.error(
        offsetOf(entries.get("name") as Entry),
        "RULE_BAD_NAME",
        `${JSON.stringify(name)} is not a pack's name`,
        "small letters, digits and -, as the folder is called",
      );
    }
    const rulesEntry = entries.get("rules");
    if (rulesEntry === undefined) {
      reader.error(
        root.range?.[0] ?? 0,
        "RULE_KEY_MISSING",
        'a pack needs "rules"',
        "rules: is a list, each rule starts with - name:",
      );
      return undefined;
    }
    const nodes = reader.list(rulesEntry, "each rule starts with - name:");
    if (nodes === undefined) return undefined;
    if (nodes.length > RULE_LIMITS.rulesPerPack) {
      reader.error(
        offsetOf(rulesEntry),
        "RULE_TOO_MANY",
        `${nodes.length} rules in one pack`,
        `at most ${RULE_LIMITS.rulesPerPack}`,
      );
      return undefined;
    }
    const rules = this.#rules(nodes, name ?? "");
    if (name === undefined || version === undefined || description === undefined) return undefined;
    return { name, version, description, rules };
  }

  #rules(nodes: readonly Node[], pack: string): Rule[] {
    const rules: Rule[] = [];
    const seen = new Set<string>();
    for (const node of nodes) {
      if (!isMap(node)) {
        this.#reader.error(
          node?.range?.[0] ?? 0,
          "RULE_WRONG_TYPE",
          "a rule that is not a map of keys",
          "each rule starts with - name:",
        );
        continue;
      }
      const rule = this.rule(node, pack);
      if (rule === undefined) continue;
      if (seen.has(rule.name)) {
        this.#reader.error(
          node.range?.[0] ?? 0,
          "RULE_DUPLICATE",
          `a second rule ${JSON.stringify(rule.name)}`,
          "give it another name; several severities go into one rule",
        );
      }
      seen.add(rule.name);
      rules.push(rule);
    }
    return rules;
  }

  rule(map: YAMLMap, pack: string): Rule | undefined {
    const reader = this.#reader;
    const isEvent = map.has("event");
    const entries = reader.entries(
      map,
      Object.keys(isEvent ? EVENT_KEYS : METRIC_KEYS),
      isEvent ? "an event rule" : "a rule",
    );
    const name = this.#required(map, entries, "name", "name: filesystem_full");
    if (name !== undefined && !NAME.test(name)) {
      reader.error(
        offsetOf(entries.get("name") as Entry),
        "RULE_BAD_NAME",
        `${JSON.stringify(name)} is not a rule's name`,
        "small letters, digits and _, starting with a letter, such as filesystem_full",
      );
    }
    const reason = this.#required(map, entries, "reason", "reason: why these numbers, and whom it hurts");
    const source = this.#optionalText(entries, "source") ?? null;
    const runbook = this.#runbook(entries, pack, name ?? "");
    if (isEvent) {
      const event = parseEventRule(reader, map, entries);
      if (event === undefined || name === undefined || reason === undefined) return undefined;
      return { kind: "event", name, pack, ...event, runbook, reason, source };
    }
    const body = this.#metricBody(map, entries);
    if (body === undefined || name === undefined || reason === undefined) return undefined;
    return { kind: "metric", name, pack, ...body, runbook, reason, source };
  }

  #metricBody(
    map: YAMLMap,
    entries: Map<string, Entry>,
  ): Omit<MetricRule, "kind" | "name" | "pack" | "runbook" | "reason" | "source"> | undefined {
    const value = this.#expression(map, entries, "value");
    const gate = entries.has("while") ? this.#expression(map, entries, "while") : null;
    const { levels, percent } = this.#levels(map, entries);
    const summary = this.#summary(map, entries);
    const instance = this.#instance(entries);
    const labels = this.#labels(entries);
    const unit = this.#optionalText(entries, "unit") ?? null;
    if (summary !== undefined)
      this.#checkPlaceholders(entries.get("summary") as Entry, summary, [...instance, ...Object.keys(labels)]);
    if (value === undefined || gate === undefined || levels.length === 0 || summary === undefined) return undefined;
    return {
      expression: value,
      while: gate,
      instance,
      levels,
      summary,
      labels,
      unit,
      percent: unit === null ? percent : unit === "%",
    };
  }

  #expression(map: YAMLMap, entries: Map<string, Entry>, key: "value" | "while"): Expression | undefined {
    const text = this.#required(map, entries, key, "value: system.filesystem.utilization");
    if (text === undefined) return undefined;
    const result = parseExpression(text);
    if ("expression" in result) return result.expression;
    const entry = entries.get(key) as Entry;
    this.#reader.error(
      offsetInside(entry, result.error.offset),
      "RULE_BAD_EXPRESSION",
      result.error.message,
      result.error.hint,
    );
    return undefined;
  }

  #levels(map: YAMLMap, entries: Map<string, Entry>): { levels: Level[]; percent: boolean } {
    const levels: Level[] = [];
    let percent = false;
    let given = 0;
    for (const severity of RULE_SEVERITIES) {
      const entry = entries.get(severity);
      if (entry === undefined) continue;
      given += 1;
      const parser = new LevelParser(this.#reader, entry);
      const level = parser.parse(severity);
      percent ||= parser.percent;
      if (level !== undefined) levels.push(level);
    }
    if (given === 0) {
      this.#reader.error(
        map.range?.[0] ?? 0,
        "RULE_NO_CONDITION",
        "a rule without a level",
        "for example: critical: { above: 95%, clearBelow: 90%, for: 2m }",
      );
    }
    return { levels, percent };
  }

  #summary(map: YAMLMap, entries: Map<string, Entry>): TemplatePart[] | undefined {
    const text = this.#required(map, entries, "summary", 'summary: "{{labels.mountpoint}} is {{value}} full"');
    if (text === undefined) return undefined;
    const result = parseTemplate(text.trim());
    if ("parts" in result) return result.parts;
    const entry = entries.get("summary") as Entry;
    this.#reader.error(
      offsetInside(entry, result.error.offset),
      "RULE_BAD_TEMPLATE",
      result.error.message,
      result.error.hint,
    );
    return undefined;
  }

  /** A label that is not known would be shown as nothing, and nobody would see why. */
  #checkPlaceholders(entry: Entry, parts: readonly TemplatePart[], known: readonly string[]): void {
    for (const part of parts) {
      if (typeof part === "string" || part.field !== "labels" || known.includes(part.label)) continue;
      const hint = `put it into instance: [${part.label}], or into labels:`;
      this.#reader.error(
        offsetOf(entry),
        "RULE_UNKNOWN_LABEL",
        `{{labels.${part.label}}} is not a label of this rule`,
        hint,
      );
    }
  }

  #instance(entries: Map<string, Entry>): string[] {
    const entry = entries.get("instance");
    if (entry === undefined) return [];
    const names = this.#reader.texts(entry, "instance: [mountpoint]") ?? [];
    for (const name of names) {
      if (!LABEL_NAME.test(name)) {
        this.#reader.error(
          offsetOf(entry),
          "RULE_BAD_NAME",
          `${JSON.stringify(name)} is not a label's name`,
          "letters, digits, _ and .",
        );
      }
    }
    if (names.length > RULE_LIMITS.instanceLabels) {
      this.#reader.error(
        offsetOf(entry),
        "RULE_TOO_MANY",
        `${names.length} instance labels`,
        `at most ${RULE_LIMITS.instanceLabels}`,
      );
    }
    return names;
  }

  #labels(entries: Map<string, Entry>): Record<string, string> {
    const entry = entries.get("labels");
    const map = entry === undefined ? undefined : this.#reader.map(entry, "labels: { symptom: saturation }");
    return map === undefined ? {} : readLabels(this.#reader, map);
  }

  #runbook(entries: Map<string, Entry>, pack: string, rule: string): string {
    const entry = entries.get("runbook");
    const text = entry === undefined ? undefined : this.#reader.text(entry, "an https address", 2000);
    if (entry !== undefined && text !== undefined && !/^https?:\/\/[^\s<>"]+$/.test(text)) {
      this.#reader.error(
        offsetOf(entry),
        "RULE_BAD_LINK",
        `${JSON.stringify(text)} is not a web address`,
        `leave it out to use runbook/${rule}.md of the pack`,
      );
    }
    return text ?? `${pack}/runbook/${rule}.md`;
  }

  #optionalText(entries: Map<string, Entry>, key: string): string | undefined {
    const entry = entries.get(key);
    return entry === undefined ? undefined : this.#reader.text(entry, `${key}: some text`);
  }

  #required(map: YAMLMap, entries: Map<string, Entry>, key: string, example: string): string | undefined {
    const entry = entries.get(key);
    if (entry !== undefined) {
      if (key !== "version") return this.#reader.text(entry, example);
      const version = this.#reader.scalar(entry, "text", example);
      return version === undefined ? undefined : String(version);
    }
    this.#reader.error(
      map.range?.[0] ?? 0,
      "RULE_KEY_MISSING",
      `${JSON.stringify(key)} is missing`,
      `for example: ${example}`,
    );
    return undefined;
  }
}
