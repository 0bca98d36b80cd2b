import { isDemand, loadedOf } from "../model/demand.ts";
import type { Unit } from "../model/evidence.ts";
import type { Topology } from "../model/topology.ts";
import type { Verdict } from "./verdict.ts";

/** What others stand on, run on or are reached by: when it is inferred as root, it is because it carries all of them. */
const CARRIERS: ReadonlySet<string> = new Set([
  "hypervisor",
  "host",
  "vm",
  "storage",
  "rack",
  "room",
  "site",
  "switch",
  "router",
  "firewall",
  "wanLink",
  "cache",
]);

/**
 * Why nobody is at fault: what comes in is more than usual, several entrances are under load at once, and whoever could have
 * broken them says nothing. null: somebody is.
 */
export function surgeOf(
  best: Verdict,
  units: readonly Unit[],
  change: string | null,
  topology: Topology,
): string | null {
  if (change !== null || !isDemand(units, topology)) return null;
  const loaded = loadedOf(units);
  const isSuspect = best.silent
    ? CARRIERS.has(topology.ci(best.root).type) && loaded.every((unit) => best.explained.includes(unit))
    : loaded.every((unit) => unit.ci !== best.root);
  if (isSuspect) return null;
  const services = new Set(loaded.map((unit) => topology.id(unit.ci)));
  const some = [...services].slice(0, 3).join(", ");
  return `${services.size} CIs are under load at once (${some}${services.size > 3 ? " …" : ""}) and nothing that they need is broken: it is more work than usual, and no single CI is at fault`;
}
