import type { Profile } from "./profile.ts";

/** How far beyond its usual, in spreads, a CI must be to be called unusual: not at all below, fully above. */
const UNUSUAL_FROM = 1;
const UNUSUAL_TO = 3;
/** Trouble of the other kind (a callee fails, so its caller waits) cannot be added up: it must be plainer and says less. */
const OTHER_KIND_FROM = 3;
const OTHER_KIND_TO = 8;
export const OTHER_KIND = 0.5;

/** One CI's part in the symptom. */
export interface Part {
  ci: number;
  profile: Profile;
  /** Share of the symptom's loss that this CI's loss could be, 0…1. */
  cover: number;
  /** Whether both went up and down together, 0…1. */
  together: number;
  /** cover × together² × how unusual it is. */
  explains: number;
  /** Of that, what does not come from what it needs itself. */
  own: number;
  /** The need that explains most of it; null = none does. */
  deeper: number | null;
  /** How much of its loss that need explains, 0…1. */
  deeperShare: number;
}

export interface Chain {
  symptom: number;
  /** The symptom's loss, slot by slot. */
  loss: Float64Array;
  profiles: ReadonlyMap<number, Profile>;
  /** All that a CI needs, over all levels, itself left out. */
  below: (ci: number) => readonly number[];
}

/** What each CI that the symptom needs has to do with it. Order: as in `profiles`. */
export function blame({ symptom, loss, profiles, below }: Chain): Part[] {
  const total = Math.max(shared(loss), 1e-12);
  const parts = new Map<number, Part>();
  for (const [ci, profile] of profiles) {
    if (profile.total <= 0) continue;
    const cover = shared(loss, profile.excess) / total;
    const together = cosine(profile.excess, loss);
    const unusual = ci === symptom ? 1 : ramp(profile.strength, UNUSUAL_FROM, UNUSUAL_TO);
    const explains = cover * together ** 2 * unusual;
    parts.set(ci, { ci, profile, cover, together, explains, own: explains, deeper: null, deeperShare: 0 });
  }
  for (const part of parts.values()) lookDeeper(part, loss, parts, below(part.ci));
  return [...parts.values()];
}

/** The fault lies as deep as the loss can be followed: what a CI only passes on is not its own. */
function lookDeeper(part: Part, loss: Float64Array, parts: ReadonlyMap<number, Part>, below: readonly number[]): void {
  const { excess } = part.profile;
  const total = Math.max(shared(loss, excess), 1e-12);
  for (const ci of below) {
    const other = parts.get(ci);
    if (other === undefined || other.ci === part.ci) continue;
    const same = shared(loss, excess, other.profile.excess) / total;
    const share = same * other.together ** 2 * ramp(other.profile.strength, UNUSUAL_FROM, UNUSUAL_TO);
    if (share <= part.deeperShare) continue;
    part.deeperShare = share;
    part.deeper = ci;
  }
  part.own = part.explains * (1 - part.deeperShare);
}

/** The same for CIs that suffer in another way than the symptom: only whether it is at the same time can be told. */
export function blameOtherKind({ symptom, loss, profiles, below }: Chain): Part[] {
  const parts = new Map<number, Part>();
  for (const [ci, profile] of profiles) {
    if (profile.total <= 0 || ci === symptom) continue;
    const together = cosine(profile.excess, loss);
    const explains = OTHER_KIND * together ** 2 * ramp(profile.strength, OTHER_KIND_FROM, OTHER_KIND_TO);
    parts.set(ci, { ci, profile, cover: 0, together, explains, own: explains, deeper: null, deeperShare: 0 });
  }
  for (const part of parts.values()) {
    for (const ci of below(part.ci)) {
      const other = parts.get(ci);
      if (other === undefined) continue;
      const { excess } = part.profile;
      const same = shared(excess, other.profile.excess) / Math.max(shared(excess), 1e-12);
      const share = (same * other.explains) / OTHER_KIND;
      if (share <= part.deeperShare) continue;
      part.deeperShare = share;
      part.deeper = ci;
    }
    part.own = part.explains * (1 - part.deeperShare);
  }
  return [...parts.values()];
}

export function ramp(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/**
 * What a loss has in common with others, slot by slot. Slots count by how much was lost in them, so that a little noise in
 * many of them does not outweigh the few in which it happened.
 */
function shared(loss: Float64Array, ...others: readonly Float64Array[]): number {
  let total = 0;
  loss.forEach((lost, index) => {
    total += lost * others.reduce((least, values) => Math.min(least, values[index] ?? 0), lost);
  });
  return total;
}

function cosine(a: Float64Array, b: Float64Array): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  a.forEach((value, index) => {
    const other = b[index] ?? 0;
    product += value * other;
    squareA += value * value;
    squareB += other * other;
  });
  return product <= 0 ? 0 : product / Math.sqrt(squareA * squareB);
}
