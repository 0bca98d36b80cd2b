import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/agent-event.ts";
import type { MetricRule } from "../../rules/detect/rule.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { ConditionBook } from "./condition-book.ts";
import { EdgeDetection } from "./edge-detection.ts";
import { LearnedState } from "./learned-state.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-learned-"));
  folders.push(folder);
  return folder;
};

const rule = (name: string, condition: MetricRule["levels"][number]["condition"], forMs = 0): MetricRule => ({
  kind: "metric",
  name,
  pack: "test",
  expression: { op: "series", metric: "load", match: [], over: null, aggregate: "worst" },
  while: null,
  instance: [],
  levels: [{ severity: "major", condition, forMs, clearForMs: 0 }],
  summary: [{ field: "value" }],
  labels: {},
  runbook: "",
  reason: "",
  source: null,
  unit: null,
  percent: false,
});
const ODD = rule("odd", { kind: "baseline", direction: "either", score: 0.4, onlyAbove: null, onlyBelow: null });
const HIGH = rule("high", { kind: "threshold", operator: "above", value: 60, clear: 50, times: null });

function life(folder: string, options: { clock?: VirtualClock; ci?: string; rules?: MetricRule[] } = {}) {
  const clock = options.clock ?? new VirtualClock();
  const lines: { level: string; message: string }[] = [];
  const events: WireEvent[] = [];
  const log = createLog(
    "warn",
    (line) => lines.push(JSON.parse(line)),
    () => 0,
  );
  const ci = options.ci ?? "web-1";
  let id = 0;
  const book = new ConditionBook({
    ci,
    clock,
    log,
    path: join(folder, "conditions.json"),
    nextId: () => String(id++),
    send: (event) => events.push(event),
    expiresAfterMs: 600_000,
  });
  const learned = new LearnedState(join(folder, "learned.state"), log);
  const detection = new EdgeDetection({ ci, book, clock, log, learned });
  detection.use(options.rules ?? [ODD, HIGH]);
  const rounds = (count: number, value: (row: number) => number, everyMs = 10_000): void => {
    for (let row = 0; row < count; row++) {
      clock.advance(everyMs);
      const at = clock.now();
      detection.observe({ name: "load", labels: {}, value: value(row), at, type: "gauge", unit: "1" });
      detection.tick(at);
      book.tick(at, true);
    }
  };
  return { clock, lines, events, detection, book, rounds };
}

/** A level that is usual here, and one that is not. */
const usual = (row: number): number => 10 + Math.sin(row) + 0.3 * Math.sin(row * 7.3);
const FIVE_MINUTES = 300_000;
const fired = (events: WireEvent[], check: string): WireEvent[] =>
  events.filter((event) => event.check === check && event.status === "firing");

test("what was learned is known after a restart: the unusual is found at once", () => {
  const folder = newFolder();
  const first = life(folder);
  first.rounds(2000, usual, FIVE_MINUTES);
  first.detection.close();
  const second = life(folder, { clock: new VirtualClock(first.clock.now()) });
  second.rounds(6, () => 90, FIVE_MINUTES);
  expect(fired(second.events, "odd").length).toBeGreaterThan(0);
  // Without it, nothing is known to be usual.
  const forgetful = life(newFolder());
  forgetful.rounds(6, () => 90, FIVE_MINUTES);
  expect(fired(forgetful.events, "odd")).toEqual([]);
});

test("a condition that goes on across a restart is neither told anew nor cleared; its end is told", () => {
  const folder = newFolder();
  const first = life(folder, { rules: [HIGH] });
  first.rounds(30, () => 90);
  expect(fired(first.events, "high").length).toBeGreaterThan(0);
  first.detection.close();
  first.book.save();
  const second = life(folder, { rules: [HIGH], clock: new VirtualClock(first.clock.now() + 5000) });
  second.rounds(30, () => 90);
  expect(second.events.every((event) => event.status === "firing")).toBe(true);
  expect(second.events[0]?.annotations?.["since"]).toBe(first.events[0]?.annotations?.["since"]);
  second.rounds(2, () => 10);
  expect(second.events.at(-1)).toMatchObject({ check: "high", status: "resolved" });
});

test("a crash forgets five minutes at most: it is written down as it goes", async () => {
  const folder = newFolder();
  const first = life(folder);
  first.rounds(40, usual);
  for (let turn = 0; turn < 50_000 && !readdirSync(folder).includes("learned.state"); turn++)
    await new Promise<void>((done) => setImmediate(done));
  expect(statSync(join(folder, "learned.state")).mode & 0o777).toBe(0o600);
  expect(
    new LearnedState(
      join(folder, "learned.state"),
      createLog("error", () => undefined, Date.now),
    ).read("web-1")?.series,
  ).toHaveLength(1);
});

test("other rules: those that are as before keep what they know", () => {
  const { rounds, detection, events } = life(newFolder(), { rules: [ODD] });
  rounds(2000, usual, FIVE_MINUTES);
  detection.use([ODD, HIGH]);
  rounds(6, () => 90, FIVE_MINUTES);
  expect(fired(events, "odd").length).toBeGreaterThan(0);
});

test.for<[string, (good: Buffer) => Buffer]>([
  ["empty", () => Buffer.alloc(0)],
  ["cut in the middle", (good) => good.subarray(0, good.length / 2)],
  ["one bit turned", (good) => Buffer.from(good.map((byte, at) => (at === 60 ? byte ^ 1 : byte)))],
  ["something else", () => Buffer.from("<html>not what you think</html>")],
  ["nine megabytes", () => Buffer.alloc(9 * 1024 * 1024)],
])("a file that is %s: told once, and learned anew", ([, damage]) => {
  const folder = newFolder();
  const first = life(folder);
  first.rounds(50, usual);
  first.detection.close();
  const path = join(folder, "learned.state");
  writeFileSync(path, damage(readFileSync(path)));
  const second = life(folder);
  expect(second.lines).toHaveLength(1);
  second.rounds(50, usual);
  second.detection.close();
  expect(life(folder).lines).toEqual([]);
});

test("good bytes with nonsense in them harm nothing", () => {
  const folder = newFolder();
  const nonsense = {
    version: 1,
    rules: ["x"],
    series: [{}],
    groups: [null],
    cis: 5,
    open: [],
    pending: [],
    firing: [7],
  };
  const log = createLog("error", () => undefined, Date.now);
  new LearnedState(join(folder, "learned.state"), log).saveNow("web-1", nonsense as never);
  const { lines, rounds, events } = life(folder);
  expect(lines.map((line) => line.message)).toEqual(["what was learned cannot be used; it is learned anew"]);
  rounds(3, () => 90);
  expect(fired(events, "high")).toHaveLength(1);
});

test("what was learned about another CI is left alone", () => {
  const folder = newFolder();
  const first = life(folder, { ci: "old" });
  first.rounds(30, () => 90);
  first.detection.close();
  const second = life(folder, { ci: "new" });
  expect(second.detection.ruleCount).toBe(2);
  expect(second.events).toEqual([]);
});

test("a folder that cannot be written: told once, the agent goes on", () => {
  const folder = newFolder();
  const { rounds, lines } = life(join(folder, "gone"));
  rounds(100, usual);
  expect(lines.filter((line) => line.message === "what was learned could not be written down")).toHaveLength(1);
});
