import type { CorrelationView, Ranking, RootEvidence, RootRanker } from "../model/correlation.ts";
import { unitsOf, type Unit } from "../model/evidence.ts";
import { aliveCost, aloneCost, openingCost, quietDependents, type Dependents } from "../model/hypothesis.ts";
import { faultCi, faultDead, type FaultKey } from "../model/influence.ts";
import type { Candidate } from "../model/incident.ts";
import type { Topology } from "../model/topology.ts";
import type { UnixMillis } from "../model/time.ts";
import { suspectChange } from "./change.ts";
import { impactOf } from "./impact.ts";
import { urgencyOf } from "./urgency.ts";
import { reasonsFor } from "./reasons.ts";

/** Candidates shown to people. */
const SHOWN = 5;
/** Candidates priced in full, best by a cheap bound first. */
const PRICED_MAX = 24;
/** How far apart in nats two candidates must be for the better one to be clear; sets how bold confidence is. */
const TEMPERATURE = 1.4;

/** How strongly a fault works along one kind of relation is the same for all who are related so: their costs are not independent. */
const SHARED = 0.5;

/** One candidate, priced: what the whole incident costs if it is the root. */
export interface Verdict {
  root: number;
  fault: FaultKey;
  cost: number;
  /** Units it explains, and all. */
  explained: Unit[];
  units: number;
  silent: boolean;
  dead: boolean;
  dependents: Dependents;
}

export function createRootRanker(): RootRanker {
  return { rank: rankIncident };
}

/** Names the most likely root of an incident. Cost: its units times their possible causes. */
function rankIncident(evidence: RootEvidence, at: UnixMillis, view: CorrelationView): Ranking {
  const { topology } = view;
  const units = unitsOf([...evidence.notes]);
  const verdicts = price(units, evidence, at, topology);
  const weights = verdicts.map((verdict) => Math.exp(-(verdict.cost - (verdicts[0]?.cost ?? 0)) / TEMPERATURE));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const candidates: Candidate[] = verdicts.slice(0, SHOWN).map((verdict, index) => ({
    ci: topology.id(verdict.root),
    score: round((weights[index] ?? 0) / total),
    reasons: reasonsFor(verdict, units, topology),
  }));
  const best = verdicts[0];
  const dbg = (globalThis as any).DBG;
  if (dbg && units.length >= dbg.n)
    dbg.f(
      evidence.incident.id,
      at,
      units.length,
      verdicts
        .slice(0, 12)
        .map(
          (v) =>
            `${topology.id(v.root)}${v.dead ? "†" : ""} cost ${v.cost.toFixed(1)} expl ${v.explained.length} quiet ${v.dependents.cost.toFixed(1)} fail ${v.dependents.failing}/${v.dependents.expected} silent ${v.silent}`,
        ),
    );
  const pinned = evidence.incident.rootPinned ? evidence.incident.rootCause.ci : null;
  const change = best === undefined ? null : suspectChange(best, units, view);
  const impact = impactOf(units, topology, best?.root ?? null);
  return {
    rootCause: {
      ci: pinned ?? candidates[0]?.ci ?? null,
      confidence: pinned === null ? (candidates[0]?.score ?? 0) : 1,
      inferred: best?.silent ?? false,
      candidates,
      change,
    },
    fault: best?.fault ?? null,
    doubt: best?.dependents.doubt ?? 0,
    impact,
    ...urgencyOf({ evidence, units, best: best ?? null, impact }, at, view),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function price(units: readonly Unit[], evidence: RootEvidence, at: UnixMillis, topology: Topology): Verdict[] {
  const alone = units.map((unit) => aloneCost(topology, unit));
  const saved = new Map<number, { saved: number; units: { unit: number; cost: number }[] }>();
  units.forEach((unit, index) => {
    const { keys, costs } = unit.causes;
    for (let position = 0; position < keys.length; position += 1) {
      const cost = costs[position] ?? 0;
      const save = (alone[index] ?? 0) - cost * SHARED;
      if (save <= 0) continue;
      const key = keys[position] ?? -1;
      const entry = saved.get(key);
      if (entry === undefined) saved.set(key, { saved: save, units: [{ unit: index, cost }] });
      else {
        entry.saved += save;
        entry.units.push({ unit: index, cost });
      }
    }
  });
  const all = alone.reduce((sum, cost) => sum + cost, 0);
  const first = units[0]?.onset ?? at;
  return (
    [...saved]
      .sort((a, b) => b[1].saved - a[1].saved || a[0] - b[0])
      .slice(0, PRICED_MAX)
      .map(([fault, entry]) => {
        const root = faultCi(fault);
        const explained = entry.units.map((claim) => units[claim.unit]).filter((unit) => unit !== undefined);
        const silent = !units.some((unit) => unit.ci === root) && !evidence.alarmed(root, first);
        const alive = aliveCost(topology, fault, faultDead(fault) && evidence.speaks(root, first));
      const members = new Set(units.map((unit) => unit.ci));
        const dependents = quietDependents(evidence.influence, fault, {
          alarmed: (ci) => members.has(ci) || evidence.alarmed(ci, first),
          onset: explained[0]?.onset ?? first,
          at,
          silent,
        });
        const cost = all - entry.saved + openingCost(topology, fault, silent) + alive + dependents.cost;
        return { root, fault, cost, explained, units: units.length, silent, dead: faultDead(fault), dependents };
      })
      .sort((a, b) => a.cost - b.cost || a.fault - b.fault)
      // Dead or bad, it is the same CI to a reader.
      .filter((verdict, index, all_) => all_.findIndex((other) => other.root === verdict.root) === index)
  );
}
