import type { Ci, CmdbDocument, MaintenanceWindow, Relation } from "../core/model/ci.ts";

/** The CMDB as its file holds it: what is empty or can be assumed is left out, times are RFC 3339. */
export function fileForm(document: CmdbDocument): Record<string, unknown> {
  return {
    vantage: document.vantage,
    cis: document.cis.filter(({ known }) => known).map(ciForm),
    relations: document.relations.map(relationForm),
    maintenance: document.maintenance.map(windowForm),
  };
}

function ciForm({ id, type, name, aliases, labels, owner, criticality, minHealthy }: Ci): Record<string, unknown> {
  return {
    id,
    type,
    name,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(owner === null ? {} : { owner }),
    ...(criticality === null ? {} : { criticality }),
    ...(minHealthy === null ? {} : { minHealthy }),
  };
}

function relationForm({ from, type, to, confidence, lastSeenAt }: Relation): Record<string, unknown> {
  return {
    from,
    type,
    to,
    ...(confidence === 1 ? {} : { confidence }),
    ...(lastSeenAt === null ? {} : { lastSeenAt: new Date(lastSeenAt).toISOString() }),
  };
}

function windowForm({ from, to, reason, owner, ...window }: MaintenanceWindow): Record<string, unknown> {
  return {
    ...window,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...(reason === "" ? {} : { reason }),
    ...(owner === null ? {} : { owner }),
  };
}
