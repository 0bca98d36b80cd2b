import type { Unit } from "../model/evidence.ts";
import { faultCi } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Group } from "./group.ts";

/** So many CIs of one kind in one place that die within moments of each other do so for one reason. */
const PEERS_MIN = 3;
const PEERS_MS: Milliseconds = 75_000;
/** Seen dead: major or critical. */
const SEEN_DEAD_RANK = 4;
/** What only one program tells: minor, too. */
const SEEN_DOWN_RANK = 3;

/**
 * Joins a fault to a larger one when its root died in the same moments, and in the same way, as several of its peers did
 * there: the relation to what they share is missing in the CMDB. Whatever hangs on the root goes with it.
 */
export function joinPeers(groups: Group[], topology: Topology): Group[] {
  const storms = groups.filter((group) => group.units.length > PEERS_MIN);
  if (storms.length === 0 || groups.length === 1) return groups;
  const gone = new Map(storms.map((storm) => [storm, storm.units.filter(isDead)]));
  const into = new Map<Group, Group>();
  for (const group of groups) {
    const root = faultCi(group.fault);
    const own = group.units.find((unit) => unit.ci === root && isDead(unit));
    if (own === undefined) continue;
    let best: { storm: Group; count: number } | null = null;
    for (const storm of storms) {
      if (storm === group || storm.units.length <= group.units.length || into.has(storm)) continue;
      const count = peersIn(gone.get(storm) ?? [], own, topology);
      if (count >= PEERS_MIN && (best === null || count > best.count)) best = { storm, count };
    }
    if (best !== null) into.set(group, best.storm);
  }
  for (const [group, storm] of into) storm.units.push(...group.units);
  return groups.filter((group) => !into.has(group));
}

function isDead(unit: Unit): boolean {
  return unit.notes.some(
    (note) =>
      (note.symptom === "gone" && note.rank >= SEEN_DEAD_RANK) ||
      (note.symptom === "down" && note.rank >= SEEN_DOWN_RANK),
  );
}

function peersIn(dead: readonly Unit[], own: Unit, topology: Topology): number {
  const { type, labels } = topology.ci(own.ci);
  const site = labels["site"];
  let count = 0;
  for (const unit of dead) {
    if (Math.abs(unit.onset - own.onset) > PEERS_MS) continue;
    const other = topology.ci(unit.ci);
    if (other.type === type && (site === undefined || (other.labels["site"] ?? site) === site)) count += 1;
  }
  return count;
}
