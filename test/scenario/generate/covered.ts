import type { World } from "./world.ts";

/** Who really cannot work without these CIs, they included: whatever needs them and has no other way, nor other members enough. */
export function coveredBy(world: World, cis: readonly number[]): Set<number> {
  const covered = new Set(cis);
  for (const ci of covered) {
    for (const { from, type, to } of world.relations) {
      if (to !== ci || covered.has(from) || type === "uses") continue;
      const others = world.relations.filter((one) => one.from === from && one.type === type && !covered.has(one.to));
      const least = type === "hasMember" ? (world.cis[from]?.minHealthy ?? 1) : 1;
      const hasOthers = (type === "hasMember" || type === "connectsTo") && others.length >= least;
      if (!hasOthers) covered.add(from);
    }
  }
  return covered;
}
