import { formatDuration } from "../../protocol/duration.ts";
import { createDetector } from "../detect/create-detector.ts";
import type { Detection } from "../detect/detector.ts";
import { createEventFilter } from "../detect/event-filter.ts";
import type { Pack, Rule } from "../detect/rule.ts";
import type { ExpectedDetection, PackTest, TestEvent } from "./pack-test.ts";

/** Where a test's time begins: a Monday at midnight, UTC. */
export const TEST_START = Date.UTC(2026, 0, 5);

/** The clock ticks at least this often between samples, as it does in the agent. */
const TICK_MS = 10_000;

/** Runs one test of a pack. Empty = it passed; else what differed, a line each, in words. */
export function runPackTest(pack: Pack, test: PackTest): string[] {
  const rule = pack.rules.find(({ name }) => name === test.rule);
  if (rule === undefined) return [`the pack has no rule ${JSON.stringify(test.rule)}`];
  const { input } = test;
  if (input.kind === "events") return input.events.flatMap((event, index) => eventDifferences(rule, event, index));
  if (rule.kind === "event") return ["an event rule is tested with events:, not series:"];
  const found = detectionsOf(rule, input);
  return differences(found, input.expect);
}

function detectionsOf(rule: Rule, input: Extract<PackTest["input"], { kind: "series" }>): Detection[] {
  const detector = createDetector([rule]);
  const found: Detection[] = [];
  const length = Math.max(0, ...input.series.map((series) => series.values.length));
  const tickMs = Math.min(TICK_MS, input.intervalMs);
  for (let index = 0; index < length; index += 1) {
    const at = TEST_START + index * input.intervalMs;
    for (const { metric, ci, labels, type, unit, values } of input.series) {
      const value = values[index];
      if (value === undefined || value === null) continue;
      found.push(...detector.observe(ci, { name: metric, labels, value, at, type, unit }));
    }
    for (let tick = at; tick < at + input.intervalMs; tick += tickMs) found.push(...detector.tick(tick));
  }
  return found;
}

function differences(found: readonly Detection[], expected: readonly ExpectedDetection[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < Math.max(found.length, expected.length); index += 1) {
    const have = found[index];
    const want = expected[index];
    if (want !== undefined && have !== undefined && matches(have, want)) continue;
    lines.push(
      `expected ${want === undefined ? "nothing more" : showExpected(want)}, found ${have === undefined ? "nothing" : showFound(have)}`,
    );
  }
  return lines;
}

function matches(have: Detection, want: ExpectedDetection): boolean {
  return (
    have.at - TEST_START === want.atMs &&
    have.status === want.status &&
    have.severity === want.severity &&
    (want.instance === undefined || have.instance === want.instance) &&
    (want.summary === undefined || have.summary === want.summary)
  );
}

function showExpected({ atMs, status, severity, instance, summary }: ExpectedDetection): string {
  const details = [instance, summary].filter((text) => text !== undefined).map((text) => JSON.stringify(text));
  return [`${status} ${severity} at ${formatDuration(atMs)}`, ...details].join(" ");
}

function showFound({ at, status, severity, instance, summary }: Detection): string {
  return `${status} ${severity} at ${formatDuration(at - TEST_START)} ${JSON.stringify(instance)} ${JSON.stringify(summary)}`;
}

function eventDifferences(rule: Rule, event: TestEvent, index: number): string[] {
  const verdict = createEventFilter([rule])(event);
  const found =
    verdict === null
      ? "keep"
      : verdict.action === "drop"
        ? "drop"
        : { severity: verdict.severity, labels: verdict.labels };
  if (JSON.stringify(found) === JSON.stringify(event.expect)) return [];
  return [`event ${index + 1}: expected ${JSON.stringify(event.expect)}, found ${JSON.stringify(found)}`];
}
