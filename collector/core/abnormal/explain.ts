import {
  type MetricAnswer,
  type MetricEvidence,
  type MetricSuspect,
  type MetricSymptom,
  SUFFERINGS,
  type Suffering,
} from "../model/metric-evidence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { blame, blameOtherKind, type Part } from "./blame.ts";
import type { Measures } from "./measures.ts";
import { type Profile, profileOf } from "./profile.ts";
import { reasonsFor } from "./reasons.ts";
import { SLOT_MS } from "./series.ts";

/** Evidence is what was measured from so long before the symptom was reported to so long after. */
const BEFORE_MS: Milliseconds = 20 * 60_000;
export const EVIDENCE_AFTER_MS: Milliseconds = 30 * 60_000;
/** The symptom must have risen by this many spreads, if something it needs explains it … */
const RISE_MIN = 2;
const EXPLAINED_MIN = 0.35;
/** … and by this many to be believed without an explanation. */
const RISE_ALONE = 4.5;
/** … or by this few where what explains it is itself this many spreads beyond its usual. */
const RISE_WITNESSED = 1.2;
const STRENGTH_WITNESS = 5;
/** Where the symptom has no series of its own, what it needs must be this unusual to stand for it. */
const STRENGTH_ALONE = 4;
const SHARE_MIN = 0.03;
const SUSPECTS_MAX = 10;
/** Answers are kept when the samples they came from are not. */
const ANSWERS_KEPT = 1000;
/** CIs below the symptom that are looked at, nearest first. */
const NEEDS_MAX = 2000;

interface Found {
  suspects: MetricSuspect[];
  rise: number;
}

/** Root causes from metrics alone: follows what callers lose down to where it arises. */
export class MetricExplainer implements MetricEvidence {
  private readonly measures: Measures;
  private readonly topology: () => Topology;
  private readonly answers = new Map<string, MetricAnswer>();

  constructor(measures: Measures, topology: () => Topology) {
    this.measures = measures;
    this.topology = topology;
  }

  get isEmpty(): boolean {
    return this.measures.size === 0;
  }

  explain(symptom: MetricSymptom, at: UnixMillis): MetricAnswer {
    if (this.measures.size === 0) return { state: "unknown" };
    const key = `${this.topology().id(symptom.ci)} ${symptom.kind} ${symptom.onset}`;
    const known = this.answers.get(key);
    if (known !== undefined && at > symptom.onset + EVIDENCE_AFTER_MS + SLOT_MS) return known;
    const answer = this.find(symptom, at);
    if (known === undefined && this.answers.size >= ANSWERS_KEPT) {
      const [oldest] = this.answers.keys();
      if (oldest !== undefined) this.answers.delete(oldest);
    }
    this.answers.set(key, answer);
    return answer;
  }

  private find(symptom: MetricSymptom, at: UnixMillis): MetricAnswer {
    const kinds = symptom.kind === null ? SUFFERINGS : [symptom.kind];
    const until = Math.min(at, symptom.onset + EVIDENCE_AFTER_MS);
    const found = kinds.flatMap((kind) => {
      const one = this.follow(symptom.ci, kind, symptom.onset - BEFORE_MS, until);
      return one === null ? [] : [one];
    });
    if (found.length === 0) return { state: "unknown" };
    const best = found.filter(({ suspects }) => suspects.length > 0).sort((a, b) => b.rise - a.rise)[0];
    if (best !== undefined) return { state: "explained", suspects: best.suspects };
    const name = this.topology().id(symptom.ci);
    return { state: "usual", reasons: [`the metrics of ${name} and of what it needs are as usual`] };
  }

  /** null: the samples cannot say; no suspects: nothing is unusual. */
  private follow(symptom: number, kind: Suffering, from: UnixMillis, until: UnixMillis): Found | null {
    const needs = this.needsOf(symptom);
    const slots = this.slotsOf(symptom, needs, from, until);
    const profiles = this.profiles([symptom, ...needs], kind, slots);
    const own = profiles.get(symptom);
    const loss = own?.excess ?? standIn(profiles, slots.length);
    if (loss === null) return profiles.size === 0 ? null : { suspects: [], rise: 0 };
    const rise = own?.rise ?? STRENGTH_ALONE;
    if ((own !== undefined && own.total <= 0) || rise < RISE_WITNESSED) return { suspects: [], rise };
    const below = (ci: number): readonly number[] => this.needsOf(ci);
    const parts = blame({ symptom, loss, profiles, below });
    const itself = parts.find((part) => part.ci === symptom);
    if (strongest(parts, symptom) < EXPLAINED_MIN) {
      const other = this.profiles(needs, kind === "slow" ? "errors" : "slow", slots);
      const more = blameOtherKind({ symptom, loss, profiles: other, below });
      const share = more.reduce((most, part) => Math.max(most, part.own), 0);
      if (itself !== undefined) itself.own *= 1 - share;
      parts.push(...more.filter((part) => !parts.some(({ ci, own: had }) => ci === part.ci && had >= part.own)));
    }
    if (rise < riseNeeded(parts, symptom)) return { suspects: [], rise };
    return { suspects: this.suspects(parts, symptom, kind), rise };
  }

  private suspects(parts: readonly Part[], symptom: number, kind: Suffering): MetricSuspect[] {
    const topology = this.topology();
    const seen = new Set<number>();
    return [...parts]
      .sort((a, b) => b.own - a.own || a.ci - b.ci)
      .filter((part) => part.own >= SHARE_MIN && !seen.has(part.ci) && seen.add(part.ci))
      .slice(0, SUSPECTS_MAX)
      .map((part) => ({
        ci: part.ci,
        share: part.own,
        reasons: reasonsFor(part, { parts, symptom, kind, topology }),
      }));
  }

  private profiles(cis: readonly number[], kind: Suffering, slots: readonly number[]): Map<number, Profile> {
    const topology = this.topology();
    const found = new Map<number, Profile>();
    if (slots.length === 0) return found;
    for (const ci of cis) {
      const profile = profileOf(this.measures.of(topology.id(ci)), kind, slots);
      if (profile !== null) found.set(ci, profile);
    }
    return found;
  }

  /** All that a CI needs as the CMDB has it, nearest first. Relations inferred from siblings say too little about calls. */
  private needsOf(ci: number): number[] {
    const topology = this.topology();
    const seen = new Set([ci]);
    for (const one of seen) {
      for (const edge of topology.needs(one)) {
        if (edge.source !== "siblings" && seen.size <= NEEDS_MAX) seen.add(edge.ci);
      }
    }
    seen.delete(ci);
    return [...seen];
  }

  /** The slots in which the symptom was measured; where it never was, those in which anything below it was. */
  private slotsOf(symptom: number, needs: readonly number[], from: UnixMillis, until: UnixMillis): number[] {
    const topology = this.topology();
    const first = Math.ceil(from / SLOT_MS);
    const last = Math.floor(until / SLOT_MS);
    const measured = (cis: readonly number[]): number[] => {
      const all = cis.flatMap((ci) => [...this.measures.of(topology.id(ci))]);
      const slots: number[] = [];
      for (let slot = first; slot <= last; slot += 1) {
        if (all.some((series) => !Number.isNaN(series.at(slot)))) slots.push(slot);
      }
      return slots;
    };
    const own = measured([symptom]);
    return own.length > 0 ? own : measured(needs);
  }
}

function strongest(parts: readonly Part[], symptom: number): number {
  return parts.reduce((most, part) => (part.ci === symptom ? most : Math.max(most, part.own)), 0);
}

/** The symptom need not have risen far where something that explains it is plainly unusual: two witnesses. */
function riseNeeded(parts: readonly Part[], symptom: number): number {
  if (strongest(parts, symptom) < EXPLAINED_MIN) return RISE_ALONE;
  const isWitnessed = parts.some(
    ({ ci, own, profile }) => ci !== symptom && own >= EXPLAINED_MIN && profile.strength >= STRENGTH_WITNESS,
  );
  return isWitnessed ? RISE_WITNESSED : RISE_MIN;
}

/** What stands for the loss of a symptom that nobody measures: the worst of what it needs. null = all of that is usual. */
function standIn(profiles: ReadonlyMap<number, Profile>, length: number): Float64Array | null {
  let found: Float64Array | null = null;
  for (const profile of profiles.values()) {
    if (profile.strength < STRENGTH_ALONE) continue;
    found ??= new Float64Array(length);
    for (let index = 0; index < length; index += 1) {
      found[index] = Math.max(found[index] ?? 0, profile.excess[index] ?? 0);
    }
  }
  return found;
}
