import type { Recipe } from "./scenario.ts";
import { branches } from "./worlds/branches.ts";
import { clusters } from "./worlds/clusters.ts";
import { dataCentre } from "./worlds/data-centre.ts";
import { mesh } from "./worlds/mesh.ts";
import { plant } from "./worlds/plant.ts";
import { smallCompany } from "./worlds/small-company.ts";

/** Recipes for development may be looked into; those held out only through their macro average. */
export type Half = "dev" | "held-out";

type Shape = Omit<Recipe, "name" | "seed" | "world" | "size">;

const CLEAN = { missing: 0, wrong: 0, unknown: 0 };
const QUIET = { blips: 0.3, chronic: 1, flapping: 0 };
const SOME = { blips: 1, chronic: 4, flapping: 2 };
const MUCH = { blips: 3, chronic: 14, flapping: 7 };

const SHAPES: Record<string, Shape> = {
  clean: shape({ faults: 3, together: "apart", works: 0 }, { noise: QUIET }),
  single: shape({ faults: 5, together: "apart", works: 1 }, { silent: 0.15 }),
  overlap: shape({ faults: 6, together: "overlap", works: 1 }, {}),
  near: shape({ faults: 6, together: "near", works: 0 }, {}),
  noisy: shape({ faults: 5, together: "apart", works: 3 }, { noise: MUCH, changes: 30 }),
  dirty: shape({ faults: 6, together: "overlap", works: 1 }, { dirt: { missing: 0.12, wrong: 0.04, unknown: 0.01 } }),
  storm: shape({ faults: 4, together: "overlap", works: 0, kinds: STORMS() }, {}),
  silent: shape({ faults: 5, together: "apart", works: 0 }, { silent: 0.8 }),
  gradual: shape({ faults: 4, together: "apart", works: 1, kinds: SLOW() }, {}),
};

function shape(plan: Recipe["plan"], other: Partial<Shape>): Shape {
  return { plan, noise: SOME, dirt: CLEAN, coverage: 0.8, silent: 0.1, changes: 8, ...other };
}

function STORMS(): string[] {
  return [
    "access_switch_dead",
    "feed_lost",
    "hypervisor_dead",
    "controller_dead",
    "names_fail",
    "array_slow",
    "router_dead",
  ];
}

function SLOW(): string[] {
  return [
    "leak",
    "volume_full",
    "heat",
    "consumer_stuck",
    "array_slow",
    "lossy_line",
    "clock_wrong",
    "surge",
    "database_locked",
  ];
}

const DEV: readonly (readonly [keyof typeof WORLDS, number, string])[] = [
  ["centre", 60, "clean"],
  ["centre", 220, "single"],
  ["centre", 320, "overlap"],
  ["centre", 260, "near"],
  ["centre", 300, "noisy"],
  ["centre", 350, "dirty"],
  ["centre", 900, "storm"],
  ["branches", 80, "single"],
  ["branches", 300, "overlap"],
  ["branches", 500, "noisy"],
  ["branches", 250, "dirty"],
  ["branches", 1200, "storm"],
  ["mesh", 70, "clean"],
  ["mesh", 200, "single"],
  ["mesh", 350, "overlap"],
  ["mesh", 250, "near"],
  ["mesh", 300, "dirty"],
  ["mesh", 400, "silent"],
  ["clusters", 120, "single"],
  ["clusters", 300, "overlap"],
  ["clusters", 400, "noisy"],
  ["clusters", 300, "dirty"],
  ["clusters", 800, "storm"],
  ["clusters", 200, "gradual"],
  ["company", 6, "clean"],
  ["company", 25, "single"],
  ["company", 45, "dirty"],
];

/** Other seeds, other sizes, and a world that is not among those for development. */
const HELD_OUT: typeof DEV = [
  ["centre", 150, "near"],
  ["centre", 500, "noisy"],
  ["centre", 420, "silent"],
  ["centre", 240, "dirty"],
  ["centre", 1800, "storm"],
  ["branches", 150, "single"],
  ["branches", 420, "near"],
  ["branches", 700, "dirty"],
  ["branches", 350, "silent"],
  ["mesh", 120, "single"],
  ["mesh", 500, "near"],
  ["mesh", 450, "noisy"],
  ["mesh", 800, "storm"],
  ["mesh", 240, "gradual"],
  ["clusters", 220, "near"],
  ["clusters", 350, "silent"],
  ["clusters", 500, "dirty"],
  ["company", 12, "single"],
  ["company", 60, "noisy"],
  ["plant", 90, "single"],
  ["plant", 250, "overlap"],
  ["plant", 220, "near"],
  ["plant", 300, "dirty"],
  ["plant", 400, "noisy"],
  ["plant", 500, "storm"],
];

const WORLDS = { centre: dataCentre, branches, mesh, clusters, company: smallCompany, plant };

export function recipesOf(half: Half): Recipe[] {
  return (half === "dev" ? DEV : HELD_OUT).map(([world, size, kind]) => {
    const found = SHAPES[kind];
    if (found === undefined) throw new Error(`no shape is called ${kind}`);
    return {
      ...found,
      name: `${world}-${size}-${kind}`,
      seed: half === "dev" ? "a" : "zwei",
      size,
      world: WORLDS[world],
    };
  });
}
