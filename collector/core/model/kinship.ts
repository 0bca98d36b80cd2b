import type { Ci } from "./ci.ts";

/** A relation that the CMDB does not have and that a CI's siblings make likely. */
export interface KinRelation {
  from: number;
  type: string;
  to: number;
  /** 0…1: the share of siblings that have it, less a discount, for siblings can differ. */
  confidence: number;
}

interface Family {
  members: number[];
  /** Of all members; null where they differ. */
  type: string | null;
  /** By relation type and target: how many members have it. Pools that have them as members count under `<hasMember`. */
  shared: Map<string, number>;
  /** By relation type and the target's stem: how many members lead to the target with their own number. */
  numbered: Map<string, number>;
}

type EdgesOf = (ci: number) => readonly { ci: number; type: string }[];

const SHARE_MIN = 0.6;
const MEMBERS_MIN = 3;
const CONFIDENCE = 0.85;
/** A family larger than this is looked at by its first members only. */
const LOOKED_AT_MAX = 200;
const SHARED_TYPES = new Set(["dependsOn", "uses", "storesOn"]);
const NUMBERED_TYPES = new Set(["runsOn", "hostedOn", "dependsOn"]);

/**
 * The name without what tells siblings apart: `cart-app-svc-2.ams1.example.net` → `cart-app-svc-#`. That is the last
 * number, or marks made by machines; a number before it tells systems apart: `catalog2-app-1` is no sibling of
 * `catalog1-app-1`.
 */
export function stemOf(name: string): string {
  const parts = shortName(name.toLowerCase()).split(/[-_]/);
  const marks = parts.map(isMark);
  if (marks.includes(true)) return parts.map((part, at) => (marks[at] === true ? "#" : part)).join("-");
  const last = parts.findLastIndex((part) => /\d/.test(part));
  return parts.map((part, at) => (at === last ? withoutNumber(part) : part)).join("-");
}

/** `71a67`, `77636`: nobody counts like that. */
function isMark(part: string): boolean {
  return /^[0-9a-f]{4,}$/.test(part) && /\d/.test(part) && (part.length >= 5 || /[a-f]/.test(part));
}

function withoutNumber(part: string): string {
  return part.replace(/^([a-z]*).*$/, (_, letters: string) => `${letters.length < part.length - 3 ? "" : letters}#`);
}

/** The first label of a host name; an address stays whole. */
export function shortName(name: string): string {
  const dot = name.indexOf(".");
  // Asked of every event: most names have no dot, and most that have one begin with a letter.
  return dot < 0 || /^[\d.:]+$/.test(name) ? name : name.slice(0, dot);
}

function numberOf(name: string): number | null {
  const found = /(\d+)\D*$/.exec(shortName(name));
  return found?.[1] === undefined ? null : Number(found[1]);
}

/**
 * Completes a CMDB with gaps from its own regularity: machines and programs come in series, and a series is wired
 * alike. What it adds is marked by its low confidence, and what the CMDB says is never changed.
 */
export class Kinship {
  private readonly families = new Map<string, Family>();
  private readonly numberedCis = new Map<string, number>();
  private readonly cis: readonly Ci[];
  private readonly needs: EdgesOf;
  private readonly neededBy: EdgesOf;

  constructor(cis: readonly Ci[], needs: EdgesOf, neededBy: EdgesOf) {
    this.cis = cis;
    this.needs = needs;
    this.neededBy = neededBy;
    cis.forEach((ci, index) => {
      const stem = stemOf(ci.id);
      const family = this.families.get(stem);
      if (family === undefined)
        this.families.set(stem, { members: [index], type: ci.type, shared: new Map(), numbered: new Map() });
      else {
        family.members.push(index);
        if (family.type !== ci.type) family.type = null;
      }
      const number = numberOf(ci.id);
      if (number !== null) this.numberedCis.set(`${stem} ${number}`, index);
    });
    for (const family of this.families.values()) this.learn(family);
  }

  /** For every CI that is known: what it lacks and its siblings have. */
  gaps(): KinRelation[] {
    const found: KinRelation[] = [];
    for (const family of this.families.values()) {
      if (family.members.length < MEMBERS_MIN) continue;
      for (const ci of family.members) found.push(...this.gapsOf(ci, family));
    }
    return found;
  }

  /** For a CI that the CMDB does not know: what its siblings say it is, and needs. */
  adopt(ci: number, name: string): { type: string; criticality: number | null; relations: KinRelation[] } | null {
    if (this.families.size === 0) return null;
    const family = this.families.get(stemOf(name));
    const like = this.cis[family?.members[0] ?? -1];
    if (family === undefined || like === undefined) return null;
    if (family.type === null) return null;
    return { type: like.type, criticality: like.criticality, relations: this.gapsOf(ci, family, name) };
  }

  private learn(family: Family): void {
    const count = (map: Map<string, number>, key: string): void => {
      map.set(key, (map.get(key) ?? 0) + 1);
    };
    for (const ci of family.members.slice(0, LOOKED_AT_MAX)) {
      const number = numberOf(this.cis[ci]?.id ?? "");
      for (const edge of this.needs(ci)) {
        if (SHARED_TYPES.has(edge.type)) count(family.shared, `${edge.type} ${edge.ci}`);
        const target = this.cis[edge.ci]?.id ?? "";
        if (NUMBERED_TYPES.has(edge.type) && number !== null && numberOf(target) === number)
          count(family.numbered, `${edge.type} ${stemOf(target)}`);
      }
      for (const edge of this.neededBy(ci))
        if (edge.type === "hasMember") count(family.shared, `<hasMember ${edge.ci}`);
    }
    const enough = Math.max(
      Math.min(2, family.members.length),
      SHARE_MIN * Math.min(LOOKED_AT_MAX, family.members.length),
    );
    for (const map of [family.shared, family.numbered])
      for (const [key, times] of map) if (times < enough) map.delete(key);
  }

  private gapsOf(ci: number, family: Family, name = this.cis[ci]?.id ?? ""): KinRelation[] {
    const found: KinRelation[] = [];
    const size = Math.min(LOOKED_AT_MAX, family.members.length);
    for (const [key, times] of family.shared) {
      const [type = "", target = ""] = key.split(" ");
      const to = Number(target);
      const confidence = CONFIDENCE * (times / size);
      if (to === ci) continue;
      if (type === "<hasMember") {
        if (!this.needs(to).some((edge) => edge.ci === ci && edge.type === "hasMember"))
          found.push({ from: to, type: "hasMember", to: ci, confidence });
      } else if (!this.needs(ci).some((edge) => edge.ci === to)) found.push({ from: ci, type, to, confidence });
    }
    const number = numberOf(name);
    for (const [key, times] of number === null ? [] : family.numbered) {
      const [type = "", stem = ""] = key.split(" ");
      const to = this.numberedCis.get(`${stem} ${number}`);
      const has = this.needs(ci).some((edge) => edge.type === type && stemOf(this.cis[edge.ci]?.id ?? "") === stem);
      const hosted = type !== "dependsOn" && this.needs(ci).some((edge) => edge.type === type);
      if (to !== undefined && to !== ci && !has && !hosted)
        found.push({ from: ci, type, to, confidence: CONFIDENCE * (times / size) });
    }
    return found;
  }
}
