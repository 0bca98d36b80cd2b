import type { CorrelationView, Ranking, RootEvidence, RootRanker } from "../model/correlation.ts";
import { isSensed, unitsOf, type Unit } from "../model/evidence.ts";
import { aliveCost, aloneCost, type Dependents, openingCost, quietDependents } from "../model/hypothesis.ts";
import { faultCi, faultDead, type FaultKey } from "../model/influence.ts";
import type { Candidate } from "../model/incident.ts";
import type { UnixMillis } from "../model/time.ts";
import { candidatesOf, lastStep, linksBetween, type Claims, type Links } from "./claims.ts";
import { changedBefore, reasonOf, suspectChange } from "./change.ts";
import { keptImpact } from "./impact.ts";
import { withMetrics } from "./metrics.ts";
import { surgeOf } from "./surge.ts";
import { urgencyOf } from "./urgency.ts";
import { reasonsFor } from "./reasons.ts";
import type { Verdict } from "./verdict.ts";

/** Candidates shown to people. */
const SHOWN = 5;
/** Candidates priced in full, best by a cheap bound first. */
const PRICED_MAX = 24;
/** How far apart in nats two candidates must be for the better one to be clear; sets how bold confidence is. */
const TEMPERATURE = 1.4;

/** How strongly a fault works along one kind of relation is the same for all who are related so: their costs are not independent. */
const SHARED = 0.5;

/** Candidates this much dearer than the best are not worth a word. */
const FAR = 8;
/** How much of a unit's price is the last step to it, and how much the whole way: not every CI in between is the link. */
const LAST_STEP = 0.4;
/** An own alert speaks for a root when that fault would show itself so. */
const OWN_EVIDENCE = 1;
/** Causes of an inferred root that are looked at. */
const BEHIND_MAX = 4;
/** Who alarms first is likelier to be the cause. */
const FIRST_MS = 45_000;
const FIRST_WORTH = 0.8;
/** Something was changed there shortly before: rarely by chance. */
const CHANGE_WORTH = 2;

export function createRootRanker(): RootRanker {
  return {
    rank: (evidence, at, view) => {
      const units = unitsOf(evidence.notes);
      return withMetrics(rankIncident(units, evidence, at, view), { units, evidence }, at, view);
    },
  };
}

/** Names the most likely root of an incident. Cost: its units times their possible causes. */
function rankIncident(units: readonly Unit[], evidence: RootEvidence, at: UnixMillis, view: CorrelationView): Ranking {
  const { topology } = view;
  const verdicts = price(units, evidence, at, view);
  const weights = verdicts.map((verdict) => Math.exp(-(verdict.cost - (verdicts[0]?.cost ?? 0)) / TEMPERATURE));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const candidates: Candidate[] = verdicts.slice(0, SHOWN).map((verdict, index) => ({
    ci: topology.id(verdict.root),
    score: round((weights[index] ?? 0) / total),
    reasons: reasonsFor(verdict, units, topology),
  }));
  const best = verdicts[0];
  const pinned = evidence.incident.rootPinned ? evidence.incident.rootCause.ci : null;
  const confidence = pinned === null ? calibrated(candidates[0]?.score ?? 0, best?.silent ?? false) : 1;
  const { openedAt } = evidence.incident;
  const change = best === undefined ? null : suspectChange(best, units, { openedAt, confidence }, view);
  const [first] = candidates;
  if (change !== null && first !== undefined) first.reasons = [reasonOf(change), ...first.reasons];
  const surge = best === undefined || pinned !== null ? null : surgeOf(best, units, change?.event ?? null, topology);
  const impact = keptImpact(evidence.incident, units, best?.root ?? null, { topology, fallen: evidence.fallen });
  const urgency = urgencyOf({ evidence, units, best: best ?? null, impact }, at, view);
  // Written out: what is spread into an object costs as much again, and each incident keeps its last verdict.
  return {
    rootCause: {
      ci: pinned ?? (surge === null ? (candidates[0]?.ci ?? null) : null),
      confidence,
      inferred: surge === null && (best?.silent ?? false),
      candidates,
      change: change?.event ?? null,
      ...(surge === null ? {} : { rootless: surge }),
    },
    fault: best?.through ?? best?.fault ?? null,
    doubt: best?.dependents.doubt ?? 0,
    impact,
    holdMs: urgency.holdMs,
    holdReason: urgency.holdReason,
    pageWorthy: urgency.pageWorthy,
    pageReason: urgency.pageReason,
    pageAfterMs: urgency.pageAfterMs,
  };
}

/** What an even share, a clear one, and a root that sends nothing itself are worth, in log odds. */
const CALIBRATED = { even: 1.34, clearer: 0.32, silent: -0.99 };

/**
 * The share of the evidence that speaks for the best candidate, as the chance that it is right. Three numbers, fitted on
 * eight worlds and good on each that was left out of the fit (`npm run score -- --calibrate` does both anew). It never comes
 * near 1: what the model has no word for is wrong for every candidate alike.
 */
function calibrated(share: number, silent: boolean): number {
  if (share === 0) return 0;
  const odds = CALIBRATED.even + CALIBRATED.clearer * Math.log((share + 0.02) / (1.02 - share));
  return round(1 / (1 + Math.exp(-odds - (silent ? CALIBRATED.silent : 0))));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function price(units: readonly Unit[], evidence: RootEvidence, at: UnixMillis, view: CorrelationView): Verdict[] {
  const alone = units.map((unit) => aloneCost(unit));
  const links = linksBetween(units);
  const members = units.map((unit) => unit.ci);
  const sensed = units.map(isSensed);
  const setting: Pricing = { units, alone, sensed, links, members, evidence, at, view };
  const claims = candidatesOf(units, alone, SHARED, PRICED_MAX);
  const drafts = claims.map((one) => draft(one, setting));
  drafts.sort((a, b) => a.cost - b.cost || a.fault - b.fault);
  const verdicts: Verdict[] = [];
  const standing = new Standing();
  for (const one of drafts) {
    // What is dearer even without its quiet dependents cannot come near the best.
    if (one.cost > standing.best + FAR) break;
    const verdict = complete(one, setting, standing.limitOf(one.root) - one.cost);
    if (verdict.dependents.isLeast) continue;
    standing.add(verdict);
    verdicts.push(verdict);
  }
  verdicts.sort((a, b) => a.cost - b.cost || a.fault - b.fault);
  const silent = verdicts[0]?.silent === true ? claims.find(({ fault }) => fault === verdicts[0]?.fault) : undefined;
  if (silent !== undefined) {
    verdicts.push(...behind(silent, setting));
    verdicts.sort((a, b) => a.cost - b.cost || a.fault - b.fault);
  }
  return bestOfEach(verdicts);
}

/** The first for each root. */
function bestOfEach(verdicts: readonly Verdict[]): Verdict[] {
  const roots: number[] = [];
  const best: Verdict[] = [];
  for (const verdict of verdicts) {
    if (roots.includes(verdict.root)) continue;
    roots.push(verdict.root);
    best.push(verdict);
  }
  return best;
}

/** Worse than the best by this much, it changes no figure that anyone sees. */
const NEGLIGIBLE = 30;

/** The roots that are weighed already, and what one more may cost at most to be seen beside them. */
class Standing {
  best = Number.POSITIVE_INFINITY;
  /** There are a few dozen at most. */
  private readonly roots: number[] = [];
  private readonly costs: number[] = [];
  /** Once as many are known as are shown: these only become better ones. */
  private others = Number.POSITIVE_INFINITY;

  add({ root, cost }: Verdict): void {
    this.best = Math.min(this.best, cost);
    const known = this.roots.indexOf(root);
    if (known >= 0) this.costs[known] = Math.min(cost, this.costs[known] ?? cost);
    else {
      this.roots.push(root);
      this.costs.push(cost);
    }
    if (this.costs.length < SHOWN || this.others < Number.POSITIVE_INFINITY) return;
    this.others = Math.max(this.best + NEGLIGIBLE, ...this.costs);
  }

  /** Of one root, dead or not, only the cheaper way counts. */
  limitOf(root: number): number {
    const known = this.roots.indexOf(root);
    return known < 0 ? this.others : Math.min(this.others, this.costs[known] ?? this.others);
  }
}

/**
 * Who alarms itself and could have broken the CI that is inferred as root: a feed whose rack sends nothing, say. That one
 * step is paid once, not anew for each CI behind it.
 */
function behind(inferred: Claims, pricing: Pricing): Verdict[] {
  const { units, evidence } = pricing;
  const middle = faultCi(inferred.fault);
  const causes = evidence.influence.causes(middle, faultDead(inferred.fault) ? "gone" : "errors");
  const found: Verdict[] = [];
  for (let at = 0; at < causes.keys.length && found.length < BEHIND_MAX; at += 1) {
    const fault = causes.keys[at] ?? 0;
    const index = units.findIndex((unit) => unit.ci === faultCi(fault));
    const own = index < 0 || faultCi(fault) === middle ? undefined : costFrom(units[index], fault);
    // What the inferred root explains itself is an effect of it.
    if (own === undefined || own > OWN_EVIDENCE || !Number.isNaN(inferred.costs[inferred.from + index])) continue;
    const costs = inferred.costs.slice(inferred.from, inferred.from + units.length);
    costs[index] = own;
    const verdict = complete(draft({ fault, costs, from: 0 }, pricing), pricing, Number.POSITIVE_INFINITY);
    verdict.cost += causes.costs[at] ?? 0;
    verdict.through = inferred.fault;
    found.push(verdict);
  }
  return found;
}

function costFrom(unit: Unit | undefined, fault: FaultKey): number | undefined {
  const at = unit?.causes.keys.indexOf(fault) ?? -1;
  return at < 0 ? undefined : unit?.causes.costs[at];
}

interface Pricing {
  units: readonly Unit[];
  alone: readonly number[];
  /** By unit: see `isSensed`. */
  sensed: readonly boolean[];
  links: Links;
  /** CIs of the units. */
  members: readonly number[];
  evidence: RootEvidence;
  at: UnixMillis;
  view: CorrelationView;
}

/** A verdict before the dependents that are quiet have been asked. */
interface Draft {
  fault: FaultKey;
  root: number;
  cost: number;
  claims: Claims;
  /** When the first of what it explains began. */
  first: UnixMillis;
  own: Unit | undefined;
}

/**
 * What the whole incident costs if this is its root. Trouble runs down a tree: where the CI in between is itself seen
 * to be in trouble, only the last step is paid for, so that a root far below is not dearer than what it broke first.
 */
function draft(claims: Claims, pricing: Pricing): Draft {
  const { units, alone, sensed, links, evidence, view } = pricing;
  const { fault, costs, from } = claims;
  const root = faultCi(fault);
  let cost = 0;
  let first: UnixMillis | null = null;
  let own: Unit | undefined;
  let isFelt = false;
  for (let index = 0; index < units.length; index += 1) {
    const unit = units[index];
    const direct = costs[from + index] ?? Number.NaN;
    if (unit === undefined || Number.isNaN(direct)) {
      cost += alone[index] ?? 0;
      continue;
    }
    first ??= unit.onset;
    isFelt ||= sensed[index] === true;
    if (unit.ci === root && direct <= OWN_EVIDENCE && own === undefined) own = unit;
    cost += SHARED * (LAST_STEP * lastStep(direct, index, links, claims) + (1 - LAST_STEP) * direct);
  }
  first ??= pricing.at;
  cost += openingCost(evidence.influence.traits, fault, own === undefined, isFelt);
  cost += aliveCost(view.topology, fault, faultDead(fault) && evidence.speaks(root, first));
  if (changedBefore(root, first, view)) cost -= CHANGE_WORTH;
  if (own !== undefined && own.onset - first <= FIRST_MS) cost -= FIRST_WORTH;
  return { fault, root, cost, claims, first, own };
}

/** @param enough see `quietDependents` */
function complete(drafted: Draft, pricing: Pricing, enough: number): Verdict {
  const { members, evidence, at } = pricing;
  const { alarmed, speaks } = evidence;
  const { fault, first, own } = drafted;
  const asked = { onset: first, at, silent: own === undefined, enough };
  const dependents = quietDependents(evidence.influence, fault, { members, alarmed, speaks }, asked);
  return new Weighed(drafted, dependents, pricing);
}

/** A draft with what its quiet dependents say. */
class Weighed implements Verdict {
  readonly root: number;
  readonly fault: FaultKey;
  cost: number;
  readonly units: number;
  readonly silent: boolean;
  readonly dead: boolean;
  readonly dependents: Dependents;
  through: FaultKey | null = null;
  private readonly claims: Claims;
  private readonly all: readonly Unit[];
  private found: Unit[] | null = null;

  constructor({ root, fault, cost, claims, own }: Draft, dependents: Dependents, { units, members }: Pricing) {
    this.root = root;
    this.fault = fault;
    this.cost = cost + dependents.cost;
    this.units = units.length;
    this.silent = own === undefined && !members.includes(root);
    this.dead = faultDead(fault);
    this.dependents = dependents;
    this.claims = claims;
    this.all = units;
  }

  get explained(): Unit[] {
    const { costs, from } = this.claims;
    this.found ??= this.all.filter((_, index) => !Number.isNaN(costs[from + index]));
    return this.found;
  }
}
