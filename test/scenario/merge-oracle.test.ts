import { expect, test } from "vitest";
import { cmdbOf } from "../support/core-driver.ts";
import { mergeOracle, type TrueMerges } from "./merge-oracle.ts";

const CMDB = cmdbOf([
  "app-1 runsOn vm-1",
  "app-2 runsOn vm-1",
  "app-1 dependsOn db",
  "app-2 dependsOn db",
  "db runsOn vm-2",
]);
const START = "2026-03-01T03:00:00.000Z";
const atSecond = (second: number): string => new Date(Date.parse(START) + second * 1000).toISOString();

/** `"app-1 f1 30"`: an alert of this fault, so many seconds after the start. */
function rates(roots: Record<string, [root: string, from: number, to: number]>, alerts: readonly string[]) {
  const events: Record<string, string> = {};
  const lines = alerts.map((text, index) => {
    const [ci = "", fault = "", second = ""] = text.split(" ");
    events[`e${index}`] = `fault:${fault}|${index}|F|${second}`;
    return JSON.stringify({ id: `e${index}`, ci, check: "http_errors", summary: `${ci} answers with errors` });
  });
  const faults: TrueMerges["faults"] = Object.entries(roots).map(([id, [root, from, to]]) => ({
    id,
    acceptableRoots: [root],
    detectable: true,
    firstEventAt: atSecond(from),
    recoveredAt: atSecond(to),
  }));
  return mergeOracle({ scenario: { start: START }, faults, events }, lines, CMDB);
}

test("two faults with ways to other CIs are told apart", () => {
  const found = rates({ f1: ["vm-1", 0, 900], f2: ["db", 10, 900] }, ["vm-1 f1 0", "db f2 10"]);
  expect(found).toEqual({ byRelations: 0, byTimeToo: 0 });
});

test("the same CIs in trouble for another reason, long after: relations do not tell, time does", () => {
  const found = rates({ f1: ["vm-1", 0, 3000], f2: ["db", 1200, 3000] }, ["app-1 f1 0", "app-2 f1 5", "app-2 f2 1205"]);
  expect(found).toEqual({ byRelations: 1, byTimeToo: 0 });
});

test("the same CIs in trouble for two reasons at once: nothing tells", () => {
  const found = rates({ f1: ["vm-1", 0, 900], f2: ["db", 0, 900] }, ["app-1 f1 5", "app-2 f2 6"]);
  expect(found).toEqual({ byRelations: 1, byTimeToo: 1 });
});

test("faults that are not there at the same time are no pair", () => {
  expect(rates({ f1: ["vm-1", 0, 60], f2: ["db", 2000, 2600] }, ["vm-1 f1 0", "db f2 2000"])).toBeNull();
});
