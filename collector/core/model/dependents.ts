import type { Topology } from "./topology.ts";

/**
 * Every CI that cannot work without these ones, they included: what needs them transitively and has no redundant
 * alternative. An uplink is an alternative of the other uplinks (a CI is cut off when it has no live path to a vantage
 * point), a pool needs `minHealthy` of its members, and what is only `used` is needed for a part of the work.
 *
 * Cost: the neighbourhood that falls, times its degree; with uplinks among it, the network once a round.
 */
export function dependentsOf(topology: Topology, cis: Iterable<number>): Set<number> {
  const fallen = new Set<number>(cis);
  let fresh = [...fallen];
  while (fresh.length > 0) {
    const before = fallen.size;
    fall(topology, fallen, fresh);
    fresh = cutOff(topology, fallen);
    for (const ci of fresh) fallen.add(ci);
    if (fallen.size === before) break;
  }
  return fallen;
}

/** Follows every relation but uplinks from the fresh ones; adds what falls. */
function fall(topology: Topology, fallen: Set<number>, fresh: readonly number[]): void {
  const queue = [...fresh];
  for (let ci = queue.pop(); ci !== undefined; ci = queue.pop()) {
    for (const edge of topology.neededBy(ci)) {
      if (fallen.has(edge.ci) || !cannotWork(topology, fallen, edge.ci, edge.type)) continue;
      fallen.add(edge.ci);
      queue.push(edge.ci);
    }
  }
}

function cannotWork(topology: Topology, fallen: ReadonlySet<number>, ci: number, type: string): boolean {
  if (type === "uses" || type === "connectsTo") return false;
  if (type !== "hasMember") return true;
  let healthy = 0;
  for (const edge of topology.needs(ci)) if (edge.type === "hasMember" && !fallen.has(edge.ci)) healthy += 1;
  return healthy < (topology.ci(ci).minHealthy ?? 1);
}

/** CIs with uplinks that had a path to a vantage point and have none without the fallen. */
function cutOff(topology: Topology, fallen: ReadonlySet<number>): number[] {
  const isTouched = [...fallen].some((ci) => topology.neededBy(ci).some((edge) => edge.type === "connectsTo"));
  if (!isTouched || topology.vantage.length === 0) return [];
  const before = reached(topology, new Set());
  const after = reached(topology, fallen);
  return [...before].filter((ci) => !after.has(ci) && !fallen.has(ci));
}

/** CIs from which a path of uplinks leads to a vantage point, through nothing that has fallen. */
function reached(topology: Topology, fallen: ReadonlySet<number>): Set<number> {
  const live = new Set<number>();
  const queue = topology.vantage.filter((ci) => !fallen.has(ci));
  for (const ci of queue) live.add(ci);
  for (let ci = queue.pop(); ci !== undefined; ci = queue.pop()) {
    for (const edge of topology.neededBy(ci)) {
      if (edge.type !== "connectsTo" || live.has(edge.ci) || fallen.has(edge.ci)) continue;
      live.add(edge.ci);
      queue.push(edge.ci);
    }
  }
  return live;
}
