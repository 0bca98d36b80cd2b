import { isMap, type Node, type YAMLMap } from "yaml";
import { parseDuration } from "../../protocol/duration.ts";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import { RULE_SEVERITIES, type RuleSeverity } from "../detect/rule.ts";
import type { ExpectedDetection, PackTest, TestEvent, TestSeries } from "./pack-test.ts";
import { parseValues } from "./parse-values.ts";
import { readLabels } from "./parse-labels.ts";
import { type Entry, offsetInside, offsetOf, YamlReader } from "./yaml-reader.ts";

const TEST_KEYS = ["name", "rule", "interval", "series", "events", "expect"] as const;
const SERIES_KEYS = ["metric", "ci", "labels", "type", "unit", "values"] as const;
const EXPECT_KEYS = ["at", "firing", "resolved", "instance", "summary"] as const;
const EVENT_KEYS = ["source", "check", "ci", "instance", "severity", "summary", "labels", "expect"] as const;

const EXAMPLE = "tests: is a list; each test has name:, rule:, series: and expect:";

/** Reads a `pack.test.yaml`; never throws for what the text holds. `tests` is undefined where the file has errors. */
export function parsePackTests(text: string, file: string): { tests: PackTest[] | undefined; findings: Finding[] } {
  const reader = new YamlReader(text, file);
  const root = reader.root(EXAMPLE);
  const parser = new PackTestParser(reader);
  const tests = root === undefined ? [] : parser.parse(root);
  const findings = sortFindings(reader.findings);
  return { tests: hasErrors(findings) ? undefined : tests, findings };
}

class PackTestParser {
  readonly #reader: YamlReader;

  constructor(reader: YamlReader) {
    this.#reader = reader;
  }

  parse(root: YAMLMap): PackTest[] {
    const entry = this.#reader.entries(root, ["tests"], "a test file").get("tests");
    if (entry === undefined) {
      this.#reader.error(root.range?.[0] ?? 0, "RULE_KEY_MISSING", 'a test file needs "tests"', EXAMPLE);
      return [];
    }
    return this.#maps(this.#reader.list(entry, EXAMPLE) ?? [], "a test").flatMap((map) => this.#test(map) ?? []);
  }

  #maps(nodes: readonly Node[], what: string): YAMLMap[] {
    return nodes.flatMap((node) => {
      if (isMap(node)) return [node];
      this.#reader.error(node?.range?.[0] ?? 0, "RULE_WRONG_TYPE", `${what} that is not a map of keys`, EXAMPLE);
      return [];
    });
  }

  #test(map: YAMLMap): PackTest | undefined {
    const entries = this.#reader.entries(map, TEST_KEYS, "a test");
    const name = this.#text(map, entries, "name");
    const rule = this.#text(map, entries, "rule");
    const line = this.#reader.lineOf(map.range?.[0] ?? 0);
    const events = entries.get("events");
    if (events !== undefined) {
      const nodes = this.#maps(this.#reader.list(events, "events: a list of events") ?? [], "an event");
      const list = nodes.flatMap((node) => this.#event(node) ?? []);
      return name === undefined || rule === undefined
        ? undefined
        : { name, rule, line, input: { kind: "events", events: list } };
    }
    const intervalEntry = entries.get("interval");
    const intervalMs = intervalEntry === undefined ? 60_000 : (this.#duration(intervalEntry) ?? 60_000);
    const series = this.#list(map, entries, "series").flatMap((node) => this.#series(node) ?? []);
    const expect = this.#list(map, entries, "expect").flatMap((node) => this.#expect(node) ?? []);
    if (name === undefined || rule === undefined) return undefined;
    return { name, rule, line, input: { kind: "series", intervalMs: Math.max(1000, intervalMs), series, expect } };
  }

  #list(map: YAMLMap, entries: Map<string, Entry>, key: string): YAMLMap[] {
    const entry = entries.get(key);
    if (entry !== undefined) return this.#maps(this.#reader.list(entry, EXAMPLE) ?? [], key);
    this.#reader.error(
      map.range?.[0] ?? 0,
      "RULE_KEY_MISSING",
      `a test without "${key}"`,
      key === "expect" ? "write expect: [] where nothing may fire" : EXAMPLE,
    );
    return [];
  }

  #series(map: YAMLMap): TestSeries | undefined {
    const reader = this.#reader;
    const entries = reader.entries(map, SERIES_KEYS, "a series");
    const metric = this.#text(map, entries, "metric");
    const valuesText = this.#text(map, entries, "values");
    const result = valuesText === undefined ? undefined : parseValues(valuesText);
    if (result !== undefined && "error" in result) {
      reader.error(
        offsetInside(entries.get("values") as Entry, 0),
        "RULE_BAD_TIMELINE",
        result.error,
        "write 80% x10, 86% to 96% x5, gap x3, +4 x20",
      );
    }
    const type = this.#optional(entries, "type") ?? "gauge";
    if (type !== "gauge" && type !== "counter") {
      reader.error(
        offsetOf(entries.get("type") as Entry),
        "RULE_WRONG_TYPE",
        `${JSON.stringify(type)} is not a type of series`,
        "write gauge or counter",
      );
      return undefined;
    }
    if (metric === undefined || result === undefined || "error" in result) return undefined;
    const labels = this.#labels(entries);
    return {
      metric,
      ci: this.#optional(entries, "ci") ?? "host",
      labels,
      type,
      unit: this.#optional(entries, "unit") ?? "",
      values: result.values,
    };
  }

  #labels(entries: Map<string, Entry>): Record<string, string> {
    const entry = entries.get("labels");
    const map = entry === undefined ? undefined : this.#reader.map(entry, "labels: { device: sda }");
    return map === undefined ? {} : readLabels(this.#reader, map);
  }

  #expect(map: YAMLMap): ExpectedDetection | undefined {
    const reader = this.#reader;
    const entries = reader.entries(map, EXPECT_KEYS, '"expect"');
    const at = entries.get("at");
    const status = entries.has("firing") ? "firing" : "resolved";
    const severityEntry = entries.get(status);
    if (at === undefined || severityEntry === undefined || (entries.has("firing") && entries.has("resolved"))) {
      reader.error(
        map.range?.[0] ?? 0,
        "RULE_KEY_MISSING",
        'an expectation needs "at" and one of "firing" and "resolved"',
        "for example: { at: 10m, firing: warning }",
      );
      return undefined;
    }
    const atMs = this.#duration(at);
    const severity = this.#severity(severityEntry);
    if (atMs === undefined || severity === undefined) return undefined;
    return {
      atMs,
      status,
      severity,
      instance: this.#optional(entries, "instance"),
      summary: this.#optional(entries, "summary"),
    };
  }

  #event(map: YAMLMap): TestEvent | undefined {
    const entries = this.#reader.entries(map, EVENT_KEYS, "an event");
    const severityEntry = entries.get("severity");
    const severity = severityEntry === undefined ? "warning" : this.#severity(severityEntry);
    const expectEntry = entries.get("expect");
    const expect = expectEntry === undefined ? undefined : this.#eventExpectation(expectEntry);
    if (expectEntry === undefined) {
      this.#reader.error(
        map.range?.[0] ?? 0,
        "RULE_KEY_MISSING",
        'an event without "expect"',
        "write expect: drop, keep or { severity: info }",
      );
    }
    if (severity === undefined || expect === undefined) return undefined;
    return {
      source: this.#optional(entries, "source") ?? "test",
      check: this.#optional(entries, "check") ?? "check",
      ci: this.#optional(entries, "ci") ?? "host",
      instance: this.#optional(entries, "instance") ?? "",
      severity,
      summary: this.#optional(entries, "summary") ?? "",
      labels: this.#labels(entries),
      expect,
    };
  }

  #eventExpectation(entry: Entry): TestEvent["expect"] | undefined {
    if (isMap(entry.value)) {
      const given = this.#reader.entries(entry.value, ["severity", "labels"], '"expect"');
      const severity = given.get("severity");
      return {
        severity: severity === undefined ? null : (this.#severity(severity) ?? null),
        labels: this.#labels(given),
      };
    }
    const text = this.#reader.text(entry, "expect: drop, keep or { severity: info }");
    if (text === "drop" || text === "keep") return text;
    if (text !== undefined)
      this.#reader.error(
        offsetOf(entry),
        "RULE_WRONG_TYPE",
        `${JSON.stringify(text)} cannot be expected`,
        "write drop, keep or { severity: info }",
      );
    return undefined;
  }

  #severity(entry: Entry): RuleSeverity | undefined {
    const text = this.#reader.text(entry, "firing: warning");
    const severity = RULE_SEVERITIES.find((name) => name === text);
    if (text !== undefined && severity === undefined) {
      this.#reader.error(
        offsetOf(entry),
        "RULE_BAD_SEVERITY",
        `${JSON.stringify(text)} is not a severity`,
        `one of ${RULE_SEVERITIES.join(", ")}`,
      );
    }
    return severity;
  }

  #duration(entry: Entry): number | undefined {
    const text = this.#reader.scalar(entry, "a time", "write 30s, 5m, 1h30m");
    const durationMs = text === undefined ? undefined : parseDuration(String(text));
    if (durationMs === null)
      this.#reader.error(
        offsetOf(entry),
        "RULE_BAD_DURATION",
        `${JSON.stringify(text)} is not a time`,
        "write 30s, 5m, 1h30m",
      );
    return durationMs ?? undefined;
  }

  #optional(entries: Map<string, Entry>, key: string): string | undefined {
    const entry = entries.get(key);
    const text = entry === undefined ? undefined : this.#reader.scalar(entry, "text", `${key}: text`);
    return text === undefined ? undefined : String(text);
  }

  #text(map: YAMLMap, entries: Map<string, Entry>, key: string): string | undefined {
    if (entries.has(key)) return this.#optional(entries, key);
    this.#reader.error(map.range?.[0] ?? 0, "RULE_KEY_MISSING", `${JSON.stringify(key)} is missing`, EXAMPLE);
    return undefined;
  }
}
