import type { Ci, CmdbDocument, Relation } from "../core/model/ci.ts";
import type { Query } from "../port/query.ts";

const PAGE = 500;

/** The CIs (lower case) that open incidents speak of: their roots, their alerts' CIs and the services they hit. */
export async function cisInUse(query: Query): Promise<Set<string>> {
  const inUse = new Set<string>();
  const add = (ci: string | null): void => {
    if (ci !== null) inUse.add(ci.toLowerCase());
  };
  for (const alert of query.liveAlerts()) if (alert.incident !== null) add(alert.ci);
  let cursor: string | null = null;
  do {
    const page = await query.incidents({ statuses: undefined, limit: PAGE, cursor });
    for (const incident of page.items) {
      add(incident.rootCause.ci);
      for (const { ci } of incident.impact.services) add(ci);
      for (const { ci } of incident.alerts) add(ci);
    }
    cursor = page.next;
  } while (cursor !== null);
  return inUse;
}

/**
 * What must stay of CIs that are gone at their source: those that open incidents speak of, with the relations that join
 * them to what is still there, so that the incident's story and its impact still hold.
 *
 * @param before the CMDB as it was; @param after as its sources say it is now.
 */
export function retiredOf(
  before: CmdbDocument,
  after: CmdbDocument,
  inUse: { has(id: string): boolean },
): CmdbDocument {
  const there = new Set(after.cis.map(({ id }) => id.toLowerCase()));
  const cis: Ci[] = before.cis.filter(({ id }) => !there.has(id.toLowerCase()) && inUse.has(id.toLowerCase()));
  if (cis.length === 0) return { vantage: [], cis: [], relations: [], maintenance: [] };
  const gone = new Set(cis.map(({ id }) => id.toLowerCase()));
  const stands = (id: string): boolean => gone.has(id.toLowerCase()) || there.has(id.toLowerCase());
  const relations: Relation[] = before.relations.filter(
    ({ from, to }) => (gone.has(from.toLowerCase()) || gone.has(to.toLowerCase())) && stands(from) && stands(to),
  );
  return { vantage: [], cis, relations, maintenance: [] };
}
