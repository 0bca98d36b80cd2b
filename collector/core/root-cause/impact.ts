import type { Unit } from "../model/evidence.ts";
import type { Impact, Incident, ServiceImpact } from "../model/incident.ts";
import { OUTCOME_TYPES } from "../model/influence.ts";
import type { Topology } from "../model/topology.ts";

const CIS_MAX = 1000;
const VISITS_MAX = 2000;

interface Kept {
  impact: Impact;
  topology: Topology;
  version: number;
  hit: readonly number[];
}

/** Nothing but what can be worked out again; it goes when the incident goes. */
const memo = new WeakMap<Readonly<Incident>, Kept>();

/** As `impactOf`; free while the same CIs of the incident are hit. */
export function keptImpact(
  incident: Readonly<Incident>,
  units: readonly Unit[],
  topology: Topology,
  root: number | null,
): Impact {
  const known = memo.get(incident);
  const hit = hitBy(units, root);
  if (known !== undefined && known.topology === topology && known.version === topology.version && same(known.hit, hit))
    return known.impact;
  const impact = impactOf(units, topology, root);
  memo.set(incident, { impact, topology, version: topology.version, hit: [...hit] });
  return impact;
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

/** The business services that fail with these units, the redundancy that is left to them, and every CI hit. */
export function impactOf(units: readonly Unit[], topology: Topology, root: number | null): Impact {
  const hit = hitBy(units, root);
  const services: ServiceImpact[] = [];
  for (const [service, left] of servicesAbove(hit, topology)) {
    const ci = topology.ci(service);
    services.push({ ci: ci.id, criticality: ci.criticality ?? 3, redundancyLeft: left });
  }
  services.sort((a, b) => a.criticality - b.criticality || (a.ci < b.ci ? -1 : 1));
  const cis = [...hit].map((ci) => topology.id(ci)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { services, cis: cis.slice(0, CIS_MAX) };
}

/** Trouble rises from what is hit; a pool stops it as long as it has healthy members enough. */
function servicesAbove(hit: ReadonlySet<number>, topology: Topology): Map<number, number | null> {
  const down = new Set<number>(hit);
  const services = new Map<number, number | null>();
  const queue = [...hit];
  for (const ci of hit) if (OUTCOME_TYPES.has(topology.ci(ci).type)) services.set(ci, 0);
  for (let at = 0; at < queue.length && at < VISITS_MAX; at += 1) {
    for (const edge of topology.neededBy(queue[at] ?? 0)) {
      if (down.has(edge.ci) || edge.type === "uses") continue;
      const left =
        edge.type === "hasMember" || edge.type === "connectsTo" ? redundancy(edge.ci, edge.type, down, topology) : 0;
      if (left > 0) {
        for (const service of directServices(edge.ci, topology))
          if (!services.has(service)) services.set(service, left);
        continue;
      }
      down.add(edge.ci);
      queue.push(edge.ci);
      if (OUTCOME_TYPES.has(topology.ci(edge.ci).type)) services.set(edge.ci, 0);
    }
  }
  return services;
}

function redundancy(ci: number, type: string, down: ReadonlySet<number>, topology: Topology): number {
  const alternatives = topology.needs(ci).filter((edge) => edge.type === type);
  const healthy = alternatives.filter((edge) => !down.has(edge.ci)).length;
  return healthy - (type === "hasMember" ? (topology.ci(ci).minHealthy ?? 1) - 1 : 0);
}

function directServices(ci: number, topology: Topology): number[] {
  return topology
    .neededBy(ci)
    .map((edge) => edge.ci)
    .filter((other) => OUTCOME_TYPES.has(topology.ci(other).type));
}
