import type { Topology } from "./topology.ts";

/** Devices at the edge of a network: a port of theirs may lead out of it. */
export const EDGE_TYPES: ReadonlySet<string> = new Set(["firewall", "router"]);
/** With more circuits that nobody has connected, any of them is a guess. */
const LOOSE_MAX = 4;

/** Circuits of which the CMDB does not say where they end; none when they are many. Made anew when the graph has grown. */
export function looseCircuits(topology: Topology): readonly number[] {
  const known = memo.get(topology);
  if (known !== undefined && known.version === topology.version && known.size === topology.size) return known.loose;
  const found: number[] = [];
  topology.all().forEach((ci, index) => {
    if (ci.type !== "wanLink") return;
    const ends = [...topology.needs(index), ...topology.neededBy(index)];
    if (!ends.some((edge) => edge.type === "connectsTo")) found.push(index);
  });
  const loose = found.length > LOOSE_MAX ? [] : found;
  memo.set(topology, { loose, version: topology.version, size: topology.size });
  return loose;
}

interface Loose {
  loose: readonly number[];
  version: number;
  size: number;
}

/** Nothing but what can be worked out again; it goes when the topology goes. */
const memo = new WeakMap<Topology, Loose>();
