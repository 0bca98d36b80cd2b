import { expect, test } from "vitest";
import { coveredBy } from "./covered.ts";
import { planWork } from "./plan.ts";
import type { Fault } from "./fault.ts";
import { Random } from "./random.ts";
import { type World, WorldBuilder } from "./world.ts";

function shop(): { world: World; db: number; app: number; web: number; pool: number } {
  const build = new WorldBuilder("test", new Random("x"), { domain: "test", tools: [] });
  const db = build.add("db", "database");
  const app = build.add("app", "application");
  build.needs(app, "dependsOn", db);
  const web = build.add("web", "application");
  build.needs(web, "uses", db);
  const pool = build.pool("pool", "service", [app, web]);
  return { world: build.world, db, app, web, pool };
}

test("work covers who cannot do without it: not who uses it for a part, nor a pool with members left", () => {
  const { world, db, app, web, pool } = shop();
  expect([...coveredBy(world, [db])]).toEqual([db, app]);
  expect([...coveredBy(world, [app, web])]).toEqual([app, web, pool]);
});

test("no work is planned on what a fault breaks meanwhile", () => {
  const { world, db, app } = shop();
  const fault = { start: 0, end: 90_000, impairments: [{ ci: app }] } as Fault;
  const planned = (faults: Fault[]): number[] =>
    planWork(world, 4, { random: new Random("y"), endS: 9000, faults }).flatMap(({ cis }) => cis);
  expect(planned([])).toContain(db);
  expect(planned([fault])).not.toContain(db);
});
