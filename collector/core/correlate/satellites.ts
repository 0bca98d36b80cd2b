import type { Unit } from "../model/evidence.ts";
import type { SystemNames } from "../model/system-names.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Group } from "./group.ts";

/** A storm: so many CIs in one group. */
const STORM = 8;
/** A group this small beside it, by share of the storm, can be a piece of it. */
const SHARE = 1 / 3;
/** So much of it must begin with the storm and in its way. */
const NEAR_SHARE = 0.6;
/** So many of the storm with the same symptom in the same moments. */
const ALIKE = 4;
const ALIKE_MS: Milliseconds = 90_000;
/** A fault in a system has this many CIs before what else fails in the system is put down to it … */
const SYSTEM_MIN = 3;
/** … and that begins within this time. */
const AFTER_MS: Milliseconds = 8 * 60_000;
const BEFORE_MS: Milliseconds = 60_000;
/** Symptoms that others' faults cause at a distance; what is dead or hot has a reason of its own. */
const SOFT: ReadonlySet<string> = new Set(["errors", "slow", "load", "backlog", "member", "other"]);

/**
 * Joins to a fault the small groups at its edge that only have soft symptoms: where they begin in the middle of a storm
 * and in the same way, or in the system that the fault is in by its names. The relation that would explain them is
 * missing in the CMDB, or leads elsewhere.
 */
export function joinSatellites(groups: Group[], topology: Topology, systems: SystemNames): Group[] {
  const homes = groups.filter((group) => group.units.length >= SYSTEM_MIN);
  if (homes.length === 0 || groups.length === 1) return groups;
  const storms = homes.filter((group) => group.units.length >= STORM);
  const systemOf = (unit: Unit): number | null => systems.of(topology.id(unit.ci));
  const into = new Map<Group, Group>();
  for (const group of groups) {
    if (group.units.length >= STORM || !group.units.every(isSoft)) continue;
    const home =
      homeOf(group, storms, alike) ?? homeOf(group, homes, (unit, other) => sameSystem(unit, other, systemOf));
    if (home !== null && !into.has(home)) into.set(group, home);
  }
  for (const [group, home] of into) home.units.push(...group.units);
  return groups.filter((group) => !into.has(group));
}

type Beside = (unit: Unit, home: Group) => boolean;

function homeOf(group: Group, homes: readonly Group[], beside: Beside): Group | null {
  for (const home of homes) {
    if (home === group || group.units.length > home.units.length * SHARE) continue;
    const count = group.units.reduce((sum, unit) => sum + (beside(unit, home) ? 1 : 0), 0);
    if (count >= group.units.length * NEAR_SHARE) return home;
  }
  return null;
}

function isSoft(unit: Unit): boolean {
  return unit.notes.every((note) => SOFT.has(note.symptom));
}

function alike(unit: Unit, storm: Group): boolean {
  let found = 0;
  for (const other of storm.units) {
    if (Math.abs(other.onset - unit.onset) > ALIKE_MS) continue;
    if (!other.notes.some((note) => unit.notes.some((own) => own.symptom === note.symptom))) continue;
    found += 1;
    if (found === ALIKE) return true;
  }
  return false;
}

function sameSystem(unit: Unit, home: Group, systemOf: (unit: Unit) => number | null): boolean {
  const system = systemOf(unit);
  if (system === null) return false;
  const found = home.units.filter((other) => {
    const apart = unit.onset - other.onset;
    return apart >= -BEFORE_MS && apart <= AFTER_MS && systemOf(other) === system;
  });
  return found.length * 2 >= home.units.length;
}
