import { expect, test } from "vitest";
import type { Aspect, Impairment } from "./fault.ts";
import { Random } from "./random.ts";
import { type History, spread } from "./spread.ts";
import { WorldBuilder } from "./world.ts";

const dead = (ci: number): Impairment => ({ ci, aspect: "dead", level: 1, from: 100, to: 700, rampS: 0 });
const most = (history: History, ci: number, aspect: Aspect): number =>
  Math.max(0, ...(history.of(ci, aspect)?.levels ?? []));

function pair(): { build: WorldBuilder; core: number; lines: number[]; box: number } {
  const build = new WorldBuilder("test", new Random("x"), { domain: "test", tools: [] });
  const core = build.add("core", "switch");
  build.world.vantage.push(core);
  const lines = build.series(2, (n) => `leaf${n}`, "switch");
  for (const line of lines) build.needs(line, "connectsTo", core);
  const box = build.add("box", "host");
  build.needs(box, "connectsTo", lines);
  return { build, core, lines, box };
}

test("one of two lines is lost: nobody is cut off; both: whoever hangs on them", () => {
  const { build, lines, box } = pair();
  const one = spread(build.world, [{ index: 0, impairments: [dead(lines[0] ?? 0)] }], 900);
  expect(most(one, box, "cut")).toBe(0);
  const both = spread(build.world, [{ index: 0, impairments: lines.map(dead) }], 900);
  expect(most(both, box, "cut")).toBe(1);
  expect(both.of(box, "cut")?.blame[30]).toBe(0);
});

test("two of three are enough for a cluster, one is not", () => {
  const { build } = pair();
  const members = build.series(3, (n) => `db${n}`, "database");
  const cluster = build.pool("galera", "cluster", members, { minHealthy: 2 });
  const user = build.add("app", "application");
  build.needs(user, "dependsOn", cluster);
  const first = spread(build.world, [{ index: 0, impairments: [dead(members[0] ?? 0)] }], 900);
  expect(most(first, user, "errors")).toBe(0);
  const second = spread(build.world, [{ index: 0, impairments: members.slice(0, 2).map(dead) }], 900);
  expect(most(second, user, "errors")).toBeGreaterThan(0.5);
});

test("a rack with two feeds lives on one", () => {
  const { build } = pair();
  const rack = build.add("rack", "rack");
  const feeds = build.series(2, (n) => `pdu${n}`, "pdu");
  build.needs(rack, "dependsOn", feeds);
  const box = build.add("inside", "host");
  build.needs(box, "containedIn", rack);
  const lost = (ci: number): Impairment => ({ ...dead(ci), aspect: "power" });
  expect(most(spread(build.world, [{ index: 0, impairments: [lost(feeds[0] ?? 0)] }], 900), box, "dead")).toBe(0);
  expect(most(spread(build.world, [{ index: 0, impairments: feeds.map(lost) }], 900), box, "dead")).toBe(1);
});

test("who takes work out of a queue dies: the queue fills, slowly", () => {
  const { build } = pair();
  const queue = build.add("mq", "queue");
  const taker = build.add("taker", "application");
  build.needs(taker, "uses", queue, true);
  const history = spread(build.world, [{ index: 0, impairments: [dead(taker)] }], 900);
  const levels = history.of(queue, "backlog")?.levels ?? new Float32Array(0);
  expect(levels[15]).toBeLessThan(0.3);
  expect(levels[69]).toBeGreaterThan(0.6);
});
