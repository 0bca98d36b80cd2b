import type { Relation } from "../core/model/ci.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { CmdbDrift } from "../port/cmdb.ts";
import { relationKey } from "./merge.ts";
import { byCodeUnit, PLAN_LIST_MAX } from "./plan.ts";

export interface DriftInput {
  /** Of people's files and imports. */
  declared: readonly Relation[];
  /** Of observing sources. */
  observed: readonly Relation[];
  /** CIs that reported and that nobody declared. */
  unknownCis: readonly string[];
  now: UnixMillis;
  staleAfterMs: Milliseconds;
}

/** A pair of CIs, whatever the relation is called: an agent sees a socket, not whether it is `dependsOn` or `uses`. */
const pairOf = ({ from, to }: Relation): string => `${from}\n${to}`.toLowerCase();

/** Declared against observed: what nobody declared, and what is declared but was not seen for long although both ends are watched. */
export function computeDrift({ declared, observed, unknownCis, now, staleAfterMs }: DriftInput): CmdbDrift {
  const declaredPairs = new Set(declared.map(pairOf));
  const fresh = observed.filter(({ lastSeenAt }) => lastSeenAt === null || now - lastSeenAt <= staleAfterMs);
  const seenPairs = new Set(fresh.map(pairOf));
  const watched = new Set(observed.flatMap(({ from, to }) => [from.toLowerCase(), to.toLowerCase()]));
  const undeclared = fresh.filter((relation) => !declaredPairs.has(pairOf(relation)));
  const unobserved = declared.filter(
    (relation) =>
      watched.has(relation.from.toLowerCase()) &&
      watched.has(relation.to.toLowerCase()) &&
      !seenPairs.has(pairOf(relation)),
  );
  return {
    at: now,
    unknownCis: [...unknownCis].sort(byCodeUnit).slice(0, PLAN_LIST_MAX),
    undeclaredRelations: undeclared
      .map((relation) => ({
        relation: relationKey(relation),
        source: relation.source,
        confidence: relation.confidence,
        lastSeenAt: relation.lastSeenAt === null ? null : new Date(relation.lastSeenAt).toISOString(),
      }))
      .sort((a, b) => byCodeUnit(a.relation, b.relation))
      .slice(0, PLAN_LIST_MAX),
    unobservedRelations: unobserved
      .map((relation) => ({ relation: relationKey(relation), source: relation.source }))
      .sort((a, b) => byCodeUnit(a.relation, b.relation))
      .slice(0, PLAN_LIST_MAX),
    counts: {
      unknownCis: unknownCis.length,
      undeclaredRelations: undeclared.length,
      unobservedRelations: unobserved.length,
    },
  };
}
