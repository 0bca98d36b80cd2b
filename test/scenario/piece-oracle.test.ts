import { expect, test } from "vitest";
import { cmdbOf } from "../support/core-driver.ts";
import { pieceOracle, type TruePieces } from "./piece-oracle.ts";

const CMDB = cmdbOf(["app-1 runsOn vm-1", "app-2 runsOn vm-1", "app-3 runsOn vm-3"]);

/** `"app-1 f1"`: one alert, that this CI does not answer, of this fault. */
function pieces(alerts: readonly string[], roots: readonly string[]): number[] | null {
  const events: Record<string, string> = {};
  const lines = alerts.map((text, index) => {
    const [ci = "", fault = ""] = text.split(" ");
    events[`e${index}`] = `fault:${fault}|${index}|F|${index}`;
    return JSON.stringify({ id: `e${index}`, ci, check: "ping", summary: `${ci} does not answer` });
  });
  const truth: TruePieces = { faults: [{ id: "f1", acceptableRoots: roots, detectable: true }], events };
  return pieceOracle(truth, lines, CMDB);
}

test.for<[situation: string, alerts: string[], roots: string[], least: number | null]>([
  ["two programs on the machine that is the root", ["app-1 f1", "app-2 f1"], ["vm-1"], 1],
  ["one of them on another machine", ["app-1 f1", "app-2 f1", "app-3 f1"], ["vm-1"], 2],
  ["the machine itself among the alerts, the root unknown to the CMDB", ["app-1 f1", "vm-1 f1"], ["feed-9"], 1],
  ["neither the root nor a way between them is known", ["app-1 f1", "app-3 f1"], ["feed-9"], 2],
  ["two alerts on a CI that is not in the CMDB", ["new-1 f1", "new-1 f1"], ["vm-1"], 1],
  [
    "alerts of two faults at once, and of another one, do not count",
    ["app-1 f1", "app-3 f1+f2", "app-3 f2"],
    ["vm-1"],
    1,
  ],
  ["nothing was heard of the fault", ["app-3 f2"], ["vm-1"], null],
])("%s", ([, alerts, roots, least]) => {
  expect(pieces(alerts, roots)?.at(-1) ?? null).toBe(least);
});

test("the dearer a way may be, the fewer pieces there are", () => {
  const counts = pieces(["app-1 f1", "app-2 f1", "app-3 f1"], ["vm-1"]) ?? [];
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
});
