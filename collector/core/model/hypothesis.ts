import type { Unit } from "./evidence.ts";
import { faultCi, faultDead, OUTCOME_TYPES, PLACE_TYPES, type FaultKey, type Influence } from "./influence.ts";
import type { Topology } from "./topology.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/**
 * The price of believing that a CI is at fault, in nats (−ln of a probability): what one pays before it explains
 * anything. Two alerts are put down to one fault when that is cheaper than two faults.
 */
const FAULT = 4;
/** More when the CI itself is quiet … */
const SILENT = 1.8;
/** … and much more for what only shows the faults of others. */
const OUTCOME = 2.5;

/** How likely a CI of this type sends an alert of its own within some minutes when it fails; 0.4 for types unknown. */
const SEEN: Readonly<Record<string, number>> = {
  host: 0.7,
  vm: 0.75,
  hypervisor: 0.75,
  switch: 0.7,
  router: 0.7,
  firewall: 0.7,
  application: 0.65,
  database: 0.7,
  service: 0.55,
  container: 0.6,
  storage: 0.5,
  dns: 0.5,
  cache: 0.35,
  queue: 0.35,
  cluster: 0.4,
  businessService: 0.4,
  printer: 0.3,
  phone: 0.3,
  camera: 0.3,
  rack: 0.15,
  site: 0.05,
  wanLink: 0.3,
  certificate: 0.2,
};
const SEEN_OTHERWISE = 0.4;
/** Machines bear slow storage or a bad line long before they complain of it. */
const PATIENT: ReadonlySet<string> = new Set(["host", "vm", "hypervisor", "switch", "router"]);

/** Checks run every minute or so: for the first minutes, quiet says little. */
const CHECK_DELAY_MS: Milliseconds = 110_000;
/** Above this, quiet dependents settle the matter: not this CI. */
const QUIET_MAX = 150;
/** When the CI itself alarms, quiet dependents argue less against it. */
const QUIET_WITH_OWN_EVIDENCE = 0.4;

/** A place that only works badly is hot, and says so; one that says nothing is not it. */
const MILD_PLACE = 3;
/** Power that fails is mostly reported by what measures it. */
const DEAD_PLACE = 1.2;

/** What speaks for itself is not dead; and were the place from which we look dead, nobody could tell us. */
const SPEAKS = 9;
const VANTAGE = 25;
/** Who would certainly be dead with it, and speaks. */
const DEPENDENT_SPEAKS = 2.5;
const CERTAIN = 0.75;

/** What argues against a death: the CI itself was heard since, or everything is seen through it. */
export function aliveCost(topology: Topology, fault: FaultKey, speaks: boolean): number {
  if (!faultDead(fault)) return 0;
  return (speaks ? SPEAKS : 0) + (topology.vantage.includes(faultCi(fault)) ? VANTAGE : 0);
}

/** @param sensed whether sensors (power, temperature) are among what it explains: then a place is no far-fetched root */
export function openingCost(topology: Topology, fault: FaultKey, silent: boolean, sensed = false): number {
  const type = topology.ci(faultCi(fault)).type;
  const isPlace = PLACE_TYPES.has(type);
  const mildPlace = silent && !sensed && isPlace ? (faultDead(fault) ? DEAD_PLACE : MILD_PLACE) : 0;
  // A place has no voice but the sensors in it.
  return FAULT + (silent && !(sensed && isPlace) ? SILENT : 0) + (OUTCOME_TYPES.has(type) ? OUTCOME : 0) + mildPlace;
}

/** The price of an alert that nothing else has to do with, by its worst severity: mild ones come and go all day. */
const LONE: readonly number[] = [2, 2, 2.2, 2.5, 3.4, 4];
/** Several checks that agree on one CI are less likely to be a passing thing. */
const LONE_AGAIN = 0.4;

/** What it costs to leave a unit a matter of its own CI, its distance from itself included. */
export function aloneCost(topology: Topology, unit: Unit): number {
  const worst = unit.notes.reduce((rank, note) => Math.max(rank, note.rank), 0);
  const again = Math.min(3, unit.notes.length - 1) * LONE_AGAIN;
  const outcome = OUTCOME_TYPES.has(topology.ci(unit.ci).type) ? OUTCOME : 0;
  return unit.self + (LONE[worst] ?? FAULT) + again + outcome;
}

export interface Dependents {
  /** Dependents that should fail and be seen to, by direct relation. */
  expected: number;
  /** Of those, the ones that alarm. */
  failing: number;
  /** What the quiet ones cost. */
  cost: number;
  /** How many alarms one would have expected by now, over how many there are, as a cost of one more; 0 = as expected. */
  doubt: number;
}

/**
 * What the quiet dependents of a CI say against its being at fault.
 *
 * @param alarmed whether that CI sent an alert around that time
 */
export function quietDependents(
  influence: Influence,
  fault: FaultKey,
  ask: {
    alarmed: (ci: number) => boolean;
    speaks: (ci: number) => boolean;
    onset: UnixMillis;
    at: UnixMillis;
    silent: boolean;
  },
): Dependents {
  const { cis, chances, direct } = influence.effects.of(faultCi(fault), faultDead(fault));
  const ripe = 1 - Math.exp(-Math.max(0, ask.at - ask.onset) / CHECK_DELAY_MS);
  const result: Dependents = { expected: 0, failing: 0, cost: 0, doubt: 0 };
  const sure = faultDead(fault);
  let contradiction = 0;
  let due = 1;
  let alarming = 1;
  for (let index = 0; index < cis.length; index += 1) {
    const other = cis[index] ?? 0;
    const seen = (chances[index] ?? 0) * visibility(influence.topology, other, sure);
    if (seen < 0.02) continue;
    const alarms = ask.alarmed(other);
    if (alarms && sure && (chances[index] ?? 0) >= CERTAIN && ask.speaks(other)) contradiction += DEPENDENT_SPEAKS;
    if (index < direct && seen >= 0.1) {
      result.expected += 1;
      if (alarms) result.failing += 1;
    }
    due += seen * ripe;
    if (alarms) alarming += 1;
    else result.cost -= Math.log(1 - seen * ripe);
  }
  contradiction = Math.min(SPEAKS, contradiction);
  result.doubt = Math.max(0, Math.log(due / alarming));
  result.cost = Math.min(QUIET_MAX, result.cost) * (ask.silent ? 1 : QUIET_WITH_OWN_EVIDENCE) + contradiction;
  return result;
}

function visibility(topology: Topology, index: number, dead: boolean): number {
  const ci = topology.ci(index);
  const seen = (SEEN[ci.type] ?? SEEN_OTHERWISE) * (!dead && PATIENT.has(ci.type) ? 0.55 : 1);
  // What matters to nobody is rarely watched closely.
  return ci.criticality !== null && ci.criticality >= 4 ? seen * 0.15 : seen;
}
