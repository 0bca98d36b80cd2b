import type { Ci } from "./ci.ts";
import { shortName, type KinRelation } from "./kinship.ts";

type EdgesOf = (ci: number) => readonly { ci: number; type: string }[];

/** Where things stand and what they are plugged into follows the numbers in their names. */
const PLACED: ReadonlySet<string> = new Set(["containedIn", "connectsTo"]);
const MEMBERS_MIN = 3;
const SHARE_MIN = 0.6;
const CONFIDENCE = 0.85;

/**
 * The name up to what counts within one place: `hv-0302` and `hv-0307` stand in rack 03 (`hv-03##`), `ap-03105` hangs on the
 * first switch of the third building (`ap-031##`), `acc-03-2` is of its building (`acc-03-#`). null: the name tells no place.
 */
export function cohortOf(name: string): string | null {
  const short = shortName(name.toLowerCase());
  const found = /^(.*?)(\d+)(\D*)$/.exec(short);
  const [, before = "", digits = "", after = ""] = found ?? [];
  if (digits.length >= 3) return `${before}${digits.slice(0, -2)}##${after.length <= 1 ? "" : after}`;
  return digits !== "" && /\d\D+$/.test(before) ? `${before}#` : null;
}

/**
 * What a CI stands in and is plugged into, as far as nearly all of its cohort are in or on the same. For gaps only: who has
 * as many relations of that type to CIs of that type as is usual lacks none.
 */
export function cohortGaps(cis: readonly Ci[], needs: EdgesOf): KinRelation[] {
  const cohorts = new Map<string, number[]>();
  cis.forEach(({ id, type }, ci) => {
    const cohort = cohortOf(id);
    if (cohort === null) return;
    const key = `${type} ${cohort}`;
    const list = cohorts.get(key);
    if (list === undefined) cohorts.set(key, [ci]);
    else list.push(ci);
  });
  const found: KinRelation[] = [];
  for (const members of cohorts.values()) {
    if (members.length < MEMBERS_MIN) continue;
    const customs = [...countOf(members, needs)].filter(([, times]) => times >= members.length * SHARE_MIN);
    for (const [key, times] of customs) {
      const [type = "", target = ""] = key.split(" ");
      const to = Number(target);
      const isAlike = (edge: { ci: number; type: string }): boolean =>
        edge.type === type && cis[edge.ci]?.type === cis[to]?.type;
      // Two lines are the custom where nearly all have both.
      const usual = customs.filter(([other]) => {
        const [kind = "", end = ""] = other.split(" ");
        return isAlike({ ci: Number(end), type: kind });
      }).length;
      for (const ci of members) {
        const own = needs(ci).filter(isAlike);
        if (ci === to || own.length >= usual || own.some((edge) => edge.ci === to)) continue;
        found.push({ from: ci, type, to, confidence: (CONFIDENCE * times) / members.length });
      }
    }
  }
  return found;
}

function countOf(members: readonly number[], needs: EdgesOf): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ci of members) {
    for (const edge of needs(ci)) {
      if (!PLACED.has(edge.type)) continue;
      const key = `${edge.type} ${edge.ci}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}
