import type { Unit } from "../model/evidence.ts";
import type { Impact, Incident, ServiceImpact } from "../model/incident.ts";
import { Keys } from "../model/keys.ts";
import type { Topology } from "../model/topology.ts";

const CIS_MAX = 1000;
const VISITS_MAX = 2000;

/** Whether a CI is out of work, in whatever incident. */
type Fallen = (ci: number) => boolean;

interface Kept {
  impact: Impact;
  topology: Topology;
  version: number;
  hit: readonly number[];
  /** Alternatives that were asked for, and what was answered. */
  others: ReadonlyMap<number, boolean>;
}

/** Nothing but what can be worked out again; it goes when the incident goes. */
const memo = new WeakMap<Readonly<Incident>, Kept>();

/** As `impactOf`; nearly free while the same CIs of the incident are hit, and what could stand in for them is as well as it was. */
export function keptImpact(
  incident: Readonly<Incident>,
  units: readonly Unit[],
  root: number | null,
  { topology, fallen }: { topology: Topology; fallen: Fallen },
): Impact {
  const known = memo.get(incident);
  const hit = hitBy(units, root);
  // To work it out is cheaper than to remember it; most incidents of a flood from outside the CMDB are like this.
  if (known === undefined && hit.size === 1 && [...hit].every((ci) => topology.isAlone(ci)))
    return impactOf(units, root, { topology, fallen });
  if (known !== undefined && isAsKept(known, hit, topology, fallen)) return known.impact;
  const others = new Map<number, boolean>();
  const asked = (ci: number): boolean => {
    const answer = fallen(ci);
    others.set(ci, answer);
    return answer;
  };
  const impact = impactOf(units, root, { topology, fallen: asked });
  memo.set(incident, { impact, topology, version: topology.version, hit: [...hit], others });
  return impact;
}

function isAsKept(known: Kept, hit: ReadonlySet<number>, topology: Topology, fallen: Fallen): boolean {
  if (known.topology !== topology || known.version !== topology.version || !same(known.hit, hit)) return false;
  for (const [ci, answer] of known.others) if (fallen(ci) !== answer) return false;
  return true;
}

function hitBy(units: readonly Unit[], root: number | null): Set<number> {
  const hit = new Set<number>();
  for (const unit of units) hit.add(unit.ci);
  if (root !== null) hit.add(root);
  return hit;
}

/** Also in the same order: where redundancy is lost by and by, it shows. */
function same(a: readonly number[], b: ReadonlySet<number>): boolean {
  if (a.length !== b.size) return false;
  let at = 0;
  for (const ci of b) if (a[at++] !== ci) return false;
  return true;
}

/**
 * The business services that fail with these units, the redundancy that is left to them, and every CI hit. Alternatives that
 * have fallen for another reason are no redundancy either.
 */
export function impactOf(
  units: readonly Unit[],
  root: number | null,
  { topology, fallen }: { topology: Topology; fallen: Fallen },
): Impact {
  const hit = hitBy(units, root);
  const services: ServiceImpact[] = [];
  for (const [service, left] of servicesAbove(hit, topology, fallen)) {
    const ci = topology.ci(service);
    services.push({ ci: ci.id, criticality: ci.criticality ?? 3, redundancyLeft: left });
  }
  services.sort((a, b) => a.criticality - b.criticality || (a.ci < b.ci ? -1 : 1));
  const cis = [...hit].map((ci) => topology.id(ci)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { services: services.length === 0 ? NO_SERVICES : services, cis: cis.slice(0, CIS_MAX) };
}

/** One list for all incidents that hit none. */
const NO_SERVICES: ServiceImpact[] = [];

/** Work space; empty between calls. */
const DOWN = new Keys();

/** Trouble rises from what is hit; a pool stops it as long as it has healthy members enough. */
function servicesAbove(hit: ReadonlySet<number>, topology: Topology, fallen: Fallen): Map<number, number | null> {
  const down = DOWN.begin();
  const services = new Map<number, number | null>();
  const queue = [...hit];
  for (const ci of queue) {
    down.add(ci);
    if (topology.isService(ci)) services.set(ci, 0);
  }
  for (let at = 0; at < queue.length && at < VISITS_MAX; at += 1) {
    for (const { ci, type } of topology.neededBy(queue[at] ?? 0)) {
      if (type === "uses" || down.has(ci)) continue;
      const isPool = type === "hasMember" || type === "connectsTo";
      const left = isPool ? redundancy(ci, type, topology, fallen) : 0;
      if (left > 0) {
        for (const { ci: service } of topology.neededBy(ci))
          if (topology.isService(service) && !services.has(service)) services.set(service, left);
        continue;
      }
      down.add(ci);
      queue.push(ci);
      if (topology.isService(ci)) services.set(ci, 0);
    }
  }
  return services;
}

/** How many alternatives are neither down nor fallen, beyond those that it needs. */
function redundancy(ci: number, type: string, topology: Topology, fallen: Fallen): number {
  let healthy = 0;
  for (const edge of topology.needs(ci)) if (edge.type === type && !DOWN.has(edge.ci) && !fallen(edge.ci)) healthy += 1;
  return healthy - (type === "hasMember" ? (topology.ci(ci).minHealthy ?? 1) - 1 : 0);
}
