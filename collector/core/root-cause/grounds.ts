import type { CiId } from "../model/ci.ts";
import type { Unit } from "../model/evidence.ts";
import { Few } from "../model/few.ts";
import { OUTCOME_TYPES } from "../model/fault-traits.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { PATIENCE, type Patience } from "./patience.ts";
import {
  MINOR_CI,
  checksOf,
  criticality,
  earliest,
  isHard,
  isStranger,
  MAJOR_CI,
  onsetOf,
  seriousFrom,
  seriousSince,
  type Scene,
} from "./scene.ts";

/** One ground for waking someone. */
export interface Ground {
  /** When it was first so. */
  since: UnixMillis;
  patience: Patience;
  holdReason: string;
  pageReason: string;
}

/** A fault is wide once it has this many CIs in serious trouble … */
const WIDE = 5;
const NARROW = 3;
/** … or this many in mild trouble; fewer, where everything needs one of them. */
const MILD_WIDE = 10;
const FEW = 4;
const AILING: ReadonlySet<Symptom> = new Set<Symptom>(["errors", "slow", "backlog"]);
const CRITICAL_RANK = 5;
/** Checks of different kinds that call the same CI critical. */
const AGREEING = 3;
/** A critical condition on one important CI that does not heal is somebody's business in the end. */
const LONE_MS: Milliseconds = 30 * 60_000;
/** What just suffices to wake someone stays for so many longest settle times first … */
const STAY = 1.5;
/** … which is two CIs, one of them in serious trouble, or six in mild trouble … */
const ENOUGH = 3;
const ENOUGH_MILD = 6;
/** When chance is likelier than this that it is one, more must speak for it, but not more than so much. */
const CHANCE = 0.01;
const DOUBT_MAX = 8;
/** … and half as long with this much more that speaks for it. */
const HALVES = 1.5;

/** Every ground for waking someone, and since when; the one that comes due first counts. */
export function groundsOf(scene: Scene, at: UnixMillis): Ground[] {
  return [...serviceGrounds(scene), ...wideGrounds(scene), ...loneGrounds(scene, at), ...lastingGrounds(scene)];
}

function serviceGrounds({ units, major, important, services, critical, planned, topology }: Scene): Ground[] {
  const grounds: Ground[] = [];
  const name = topology.id(services[0]?.ci ?? 0);
  const failed = earliest(services);
  if (failed !== null && units.length > 1) {
    grounds.push({
      since: Math.max(failed, onsetOf(units, 2)),
      patience: planned ? PATIENCE.duringWork : PATIENCE.service,
      holdReason: `${name} is hit`,
      pageReason: `the business service ${name} is hit`,
    });
  } else if (
    services.length > 0 &&
    units.length > 2 &&
    (important.length > 0 ? major.length > 2 : major.length >= WIDE)
  ) {
    grounds.push({
      since: Math.max(onsetOf(services, 1), onsetOf(units, 3)),
      patience: planned ? PATIENCE.duringWork : PATIENCE.service,
      holdReason: `${name} is hit`,
      pageReason: `the business service ${name} is hit`,
    });
  }
  const down = critical.find((unit) => OUTCOME_TYPES.has(topology.ci(unit.ci).type));
  if (down !== undefined) {
    grounds.push({
      since: seriousSince(down) ?? down.onset,
      patience: PATIENCE.essential,
      holdReason: "it may still heal",
      pageReason: `the business service ${topology.id(down.ci)} itself is critical`,
    });
  }
  return grounds;
}

function wideGrounds(scene: Scene): Ground[] {
  const { active, major, together, vital, serious, storm, planned, topology, settleMaxMs } = scene;
  const doubt = Math.min(DOUBT_MAX, Math.max(0, Math.log(scene.chance / CHANCE)));
  const calm = planned ? PATIENCE.duringWork : storm ? PATIENCE.inStorm : null;
  const grounds: Ground[] = [];
  if (serious.length >= WIDE) {
    grounds.push({
      since: seriousFrom(serious, WIDE),
      patience: PATIENCE.wide,
      holdReason: "the storm gathers",
      pageReason: `${serious.length} CIs are in serious trouble`,
    });
  }
  if (active.length >= MILD_WIDE && major.length >= WIDE && active.some(isFelt)) {
    grounds.push({
      since: onsetOf(active, MILD_WIDE),
      patience: PATIENCE.mildWide,
      holdReason: "the storm gathers",
      pageReason: `${active.length} CIs fail together`,
    });
  }
  const weighty = vital.filter((unit) => criticality(unit.ci, topology) <= MAJOR_CI);
  if (weighty.length > 0 ? together.length >= 2 : vital.length > 0 && together.length >= NARROW) {
    const needed = weighty.length > 0 ? weighty : vital;
    const from = Math.max(seriousFrom(needed, 1), onsetOf(together, weighty.length > 0 ? 2 : NARROW));
    grounds.push({
      since: clearSince(together, from, ENOUGH + doubt, settleMaxMs),
      patience: calm ?? PATIENCE.together,
      holdReason: "it may still heal or grow",
      pageReason:
        together.length >= NARROW
          ? `${active.length} CIs fail together, ${serious.length} of them seriously`
          : `${named(together, topology)} fail together, and ${topology.id(needed[0]?.ci ?? 0)} matters`,
    });
  }
  if (serious.length === 0 && together.length >= FEW && together.some((unit) => criticality(unit.ci, topology) === 1)) {
    grounds.push({
      since: clearSince(together, onsetOf(together, FEW), ENOUGH_MILD + doubt, settleMaxMs),
      patience: calm ?? PATIENCE.together,
      holdReason: "it may still heal or grow",
      pageReason: `${active.length} CIs fail together, and everything needs one of them`,
    });
  }
  return grounds;
}

function loneGrounds({ serious, critical, impact, storm, topology }: Scene, at: UnixMillis): Ground[] {
  const grounds: Ground[] = [];
  const weighty = critical.filter((unit) => criticality(unit.ci, topology) <= MAJOR_CI);
  if (weighty.some((unit) => checksOf(unit, 5) >= AGREEING)) {
    grounds.push({
      since: seriousFrom(weighty, 1),
      patience: PATIENCE.agreeing,
      holdReason: "it may still heal",
      pageReason: `several checks call ${named(weighty, topology)} critical`,
    });
  }
  const vital = serious.filter(
    (unit) => criticality(unit.ci, topology) === 1 && isHard(unit) && checksOf(unit, 4) >= 2,
  );
  if (vital.length > 0) {
    grounds.push({
      since: seriousFrom(vital, 1),
      patience: PATIENCE.agreeing,
      holdReason: "it may still heal",
      pageReason: `several checks agree on ${named(vital, topology)}, which everything needs`,
    });
  }
  const strangers = critical.filter((unit) => isStranger(unit.ci, topology));
  if (strangers.length > 0) {
    grounds.push({
      since: seriousFrom(strangers, 1),
      patience: storm ? PATIENCE.inStorm : PATIENCE.essential,
      holdReason: "what it means is not known",
      pageReason: `${critically(strangers, topology)}, and the CMDB does not say what depends on it`,
    });
  }
  const essential = impact.services.find(({ ci, redundancyLeft }) => redundancyLeft === 0 && isWeighty(ci, topology));
  const hard = critical.filter(isHard);
  if (hard.length > 0 && essential !== undefined) {
    grounds.push({
      since: seriousFrom(hard, 1),
      patience: PATIENCE.essential,
      holdReason: "it may still heal",
      pageReason: hard.every((unit) => topology.id(unit.ci) === essential.ci)
        ? `${essential.ci} itself is critical`
        : `${critically(hard, topology)}, and ${essential.ci} has nothing else to stand on`,
    });
  }
  const ailing = critical.filter(isAiling);
  if (hard.length === 0 && ailing.length > 0 && essential !== undefined) {
    grounds.push({
      since: seriousFrom(ailing, 1),
      patience: PATIENCE.ailing,
      holdReason: "it may still heal",
      pageReason: `${critically(ailing, topology)}, stays so, and ${essential.ci} has nothing else to stand on`,
    });
  }
  const since = seriousFrom(weighty, 1);
  if (weighty.length > 0 && at - since >= LONE_MS) {
    grounds.push({
      since,
      patience: PATIENCE.none,
      holdReason: "",
      pageReason: `${critically(weighty, topology)}, and has not healed by itself`,
    });
  }
  return grounds;
}

/**
 * What has stopped and stays so: where a service of less weight has nothing else to stand on, or where a CI is said to matter
 * most and the CMDB does not say to whom.
 */
function lastingGrounds({ critical, impact, topology }: Scene): Ground[] {
  const lasting = critical.filter(
    (unit) => isHard(unit) && isSteady(unit) && criticality(unit.ci, topology) < MINOR_CI,
  );
  const hit = impact.services.find(({ ci, redundancyLeft }) => redundancyLeft === 0 && !isMinor(ci, topology));
  const isUnknown = impact.services.length === 0;
  const units = isUnknown ? lasting.filter((unit) => criticality(unit.ci, topology) === 1) : lasting;
  if (units.length === 0 || (hit === undefined && !isUnknown)) return [];
  const why = hit === undefined ? "matters most by itself" : `${hit.ci} has nothing else to stand on`;
  return [
    {
      since: seriousFrom(units, 1),
      patience: PATIENCE.lasting,
      holdReason: "it may still heal",
      pageReason: `${critically(units, topology)}, stays so, and ${why}`,
    },
  ];
}

/** It answers, wrongly or late, and has not only gone up and down: whoever needs it feels that. */
const isAiling = ({ notes }: Unit): boolean => notes.some((note) => AILING.has(note.symptom) && isStanding(note));

/** It has not only gone up and down. */
const isSteady = ({ notes }: Unit): boolean => notes.some(isStanding);

const isStanding = ({ rank, resolvedAt, background }: Unit["notes"][number]): boolean =>
  rank === CRITICAL_RANK && resolvedAt === null && background === null;

/** Packets that are lost are told by many; they are felt where something answers late, wrongly or not at all. */
function isFelt({ notes }: Unit): boolean {
  return notes.some(({ symptom, resolvedAt }) => symptom !== "lossy" && resolvedAt === null);
}

/** Nobody is to be woken for it. */
function isMinor(service: CiId, topology: Topology): boolean {
  const ci = topology.find(service);
  return ci !== undefined && criticality(ci, topology) >= MINOR_CI;
}

/** A business service is one that matters, unless somebody has said that it does not. */
function isWeighty(service: CiId, topology: Topology): boolean {
  const ci = topology.find(service);
  return ci === undefined || (topology.ci(ci).criticality ?? MAJOR_CI) <= MAJOR_CI;
}

const NAMES_MAX = 2;

/** The first of them by name, the rest by number. */
function named(units: readonly Unit[], topology: Topology): string {
  const names = [...new Set(units.map((unit) => topology.id(unit.ci)))];
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(", ")} and ${more} more` : names.join(" and ");
}

function critically(units: readonly Unit[], topology: Topology): string {
  return `${named(units, topology)} ${new Set(units.map(({ ci }) => ci)).size === 1 ? "is" : "are"} critical`;
}

/**
 * By when it has stayed long enough to be no chance: what much speaks for needs less time than what little does. Every CI
 * counts one, another check on it half, and twice that what is serious.
 *
 * @param from not before
 */
function clearSince(units: readonly Unit[], from: UnixMillis, enough: number, settleMaxMs: Milliseconds): UnixMillis {
  const steps: { at: UnixMillis; weight: number }[] = [];
  for (const unit of units) {
    const checks = new Few<string>();
    for (const { alert, onset, resolvedAt, seriousSince: since } of unit.notes) {
      if (resolvedAt !== null) continue;
      const weight = checks.size === 0 ? 1 : checks.all().includes(alert.check) ? 0 : 0.5;
      checks.add(alert.check);
      steps.push({ at: onset, weight });
      if (since !== null) steps.push({ at: since, weight });
    }
  }
  steps.sort((a, b) => a.at - b.at);
  let sum = 0;
  let best = Number.POSITIVE_INFINITY;
  for (const { at, weight } of steps) {
    sum += weight;
    best = Math.min(best, Math.max(at, from) + STAY * settleMaxMs * 2 ** (-(sum - enough) / HALVES));
  }
  return best;
}
