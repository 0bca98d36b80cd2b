import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/**
 * An alert keeps what repeats move in a row of numbers, and an incident may rest as one text: `{ ...alert }` leaves out half
 * of it, and no type says so. Copies are made by `plainAlert` and `plainIncident`. By name: what is called so is one.
 */
const SPREAD = /\{[^{}]*\.\.\.(?:\w+\.)*(?:\w*[aA]lert|\w*[iI]ncident|standing)\b(?![.(\w])/g;

/** Those that are no live ones, or are asked before. */
const PLAIN: readonly (readonly [path: string, text: string])[] = [
  ["collector/core/model/incident-record.ts", "{ ...incident"],
  ["collector/runtime/stored-incident.ts", "{ members, ...incident"],
  ["collector/runtime/stored-incident.ts", "{ ...incident"],
  ["collector/runtime/stored-alert.ts", "{ noted = null, ...alert"],
];

function spreads(path: string, source: string): string[] {
  return [...source.matchAll(SPREAD)]
    .map(([text]) => text)
    .filter((text) => !PLAIN.some(([where, plain]) => where === path && plain === text))
    .map((text) => `${path}: ${text}`);
}

const files = globSync("collector/{core,runtime}/**/*.ts").filter((path) => !path.endsWith(".test.ts"));

test("no live alert or incident is copied by spreading it", () => {
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((path) => spreads(path, readFileSync(path, "utf8")))).toEqual([]);
});

test("what is let through is still there", () => {
  for (const [path, text] of PLAIN) expect(readFileSync(path, "utf8"), path).toContain(text);
});

test.for<[source: string, caught: boolean]>([
  ["return { ...alert, count: 1 };", true],
  ["put({ kind, value: { id, ...state.openIncident } });", true],
  ["const copy = {\n  ...known.alert,\n};", true],
  ["const { id, ...rest } = plainAlert(alert);", false],
  ["const copy = { ...plainIncident(incident), members };", false],
  ["const list = [...incident.members];", false],
  ["const cause = { ...incident.rootCause, ci };", false],
])("%s is caught: %s", ([source, caught]) => {
  expect(spreads("collector/core/step.ts", source).length > 0).toBe(caught);
});
