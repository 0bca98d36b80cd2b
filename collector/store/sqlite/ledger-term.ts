import type { LedgerRecord } from "../../core/model/ledger.ts";
import type { LedgerQuery } from "../../port/store.ts";

/**
 * 32 bits of FNV-1a with a finaliser. Two terms may share a number: whoever looks up by it compares the record itself.
 */
function hash32(kind: string, text: string): number {
  let hash = 0x811c9dc5 ^ kind.charCodeAt(0);
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** What a record is found by: incident, alert, CI, decision. Each once. */
export function termsOf(record: LedgerRecord): number[] {
  const terms = [hash32("decision", record.decision)];
  if (record.incident !== null) terms.push(hash32("incident", record.incident));
  if (record.alert !== null) terms.push(hash32("alert", record.alert));
  if (record.ci !== null) terms.push(hash32("ci", record.ci));
  return [...new Set(terms)];
}

/** The term that the fewest records have, going by its kind; undefined: the query names none. */
export function termOf(query: LedgerQuery): number | undefined {
  if (query.alert !== undefined) return hash32("alert", query.alert);
  if (query.incident !== undefined) return hash32("incident", query.incident);
  if (query.ci !== undefined) return hash32("ci", query.ci);
  if (query.decision !== undefined) return hash32("decision", query.decision);
  return undefined;
}

export function matchesQuery(record: LedgerRecord, query: LedgerQuery): boolean {
  return (
    (query.incident === undefined || record.incident === query.incident) &&
    (query.alert === undefined || record.alert === query.alert) &&
    (query.ci === undefined || record.ci === query.ci) &&
    (query.decision === undefined || record.decision === query.decision) &&
    (query.from === undefined || record.at >= query.from) &&
    (query.to === undefined || record.at <= query.to)
  );
}
