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
  /** The id that a name or alias means: agents name CIs as they see them. */
  idOf: (name: string) => string;
  now: UnixMillis;
  staleAfterMs: Milliseconds;
}

type Ends = Pick<Relation, "from" | "to">;

/** A pair of CIs, whatever the relation is called: an agent sees a socket, not whether it is `dependsOn` or `uses`. */
const pairOf = ({ from, to }: Ends): string => `${from}\n${to}`;

/** Declared against observed: what nobody declared, and what is declared but was not seen for long although both ends are watched. */
export function computeDrift(input: DriftInput): CmdbDrift {
  const { unknownCis, now, staleAfterMs, idOf } = input;
  const byId = (relation: Relation): Relation => ({ ...relation, from: idOf(relation.from), to: idOf(relation.to) });
  const declared = input.declared.map(byId);
  const observed = input.observed.map(byId);
  const declaredPairs = new Set(declared.map(pairOf));
  const fresh = observed.filter(({ lastSeenAt }) => lastSeenAt === null || now - lastSeenAt <= staleAfterMs);
  const seenPairs = new Set(fresh.map(pairOf));
  const watched = new Set(observed.flatMap(({ from, to }) => [from, to]));
  const undeclared = fresh.filter((relation) => !declaredPairs.has(pairOf(relation)));
  const unobserved = declared.filter(
    (relation) => watched.has(relation.from) && watched.has(relation.to) && !seenPairs.has(pairOf(relation)),
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
