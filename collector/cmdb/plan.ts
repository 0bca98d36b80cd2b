import type { Ci, CmdbDocument, Relation } from "../core/model/ci.ts";
import type { CmdbPlan, FieldChange } from "../port/cmdb.ts";
import { relationKey } from "./merge.ts";

/** Longest list in a plan; the counts are exact. */
export const PLAN_LIST_MAX = 1000;

/** By code unit: the same on every machine. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A list that counts everything and keeps the first entries in order. */
class Listing<T> {
  count = 0;
  private readonly entries: { key: string; value: T }[] = [];

  add(key: string, value: T): void {
    this.count += 1;
    this.entries.push({ key, value });
  }

  first(): T[] {
    return this.entries
      .sort((a, b) => byCodeUnit(a.key, b.key))
      .slice(0, PLAN_LIST_MAX)
      .map(({ value }) => value);
  }
}

/** A value as a person compares it. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return [...(value as string[])].sort(byCodeUnit).join(", ");
  if (typeof value !== "object") return JSON.stringify(value);
  return Object.entries(value as Record<string, unknown>)
    .map(([key, one]) => `${key}=${String(one)}`)
    .sort(byCodeUnit)
    .join(", ");
}

function changes<T extends object>(before: T, after: T, fields: readonly (keyof T & string)[]): FieldChange[] {
  return fields.flatMap((field) => {
    const [old, now] = [shown(before[field]), shown(after[field])];
    return old === now ? [] : [{ field, before: old, after: now }];
  });
}

const CI_FIELDS = [
  "type",
  "name",
  "aliases",
  "labels",
  "owner",
  "criticality",
  "minHealthy",
] as const satisfies (keyof Ci)[];
/** `lastSeenAt` changes with every sighting and is no change of the CMDB. */
const RELATION_FIELDS = ["confidence"] as const satisfies (keyof Relation)[];

/**
 * What changes when a source says `after` where it said `before`. Only this source's own entries are compared: what others
 * declare stays theirs.
 *
 * @param inUse CIs (lower case) of open incidents: gone ones among them are retired rather than removed.
 */
export function planOf(
  source: string,
  before: CmdbDocument,
  after: CmdbDocument,
  inUse: { has(id: string): boolean },
): CmdbPlan {
  const [added, changed] = [new Listing<string>(), new Listing<{ id: string; fields: FieldChange[] }>()];
  const [removed, retired] = [new Listing<string>(), new Listing<string>()];
  const old = new Map(before.cis.map((ci) => [ci.id.toLowerCase(), ci]));
  for (const ci of after.cis) {
    const was = old.get(ci.id.toLowerCase());
    old.delete(ci.id.toLowerCase());
    if (was === undefined) added.add(ci.id, ci.id);
    else {
      const fields = changes(was, ci, CI_FIELDS);
      if (fields.length > 0) changed.add(ci.id, { id: ci.id, fields });
    }
  }
  for (const [key, ci] of old) (inUse.has(key) ? retired : removed).add(ci.id, ci.id);
  const relations = relationPlan(before, after);
  return {
    source,
    counts: {
      cisAdded: added.count,
      cisChanged: changed.count,
      cisRemoved: removed.count,
      cisRetired: retired.count,
      relationsAdded: relations.added.count,
      relationsChanged: relations.changed.count,
      relationsRemoved: relations.removed.count,
    },
    cisAdded: added.first(),
    cisChanged: changed.first(),
    cisRemoved: removed.first(),
    cisRetired: retired.first(),
    relationsAdded: relations.added.first(),
    relationsChanged: relations.changed.first(),
    relationsRemoved: relations.removed.first(),
  };
}

function relationPlan(before: CmdbDocument, after: CmdbDocument) {
  const added = new Listing<string>();
  const changed = new Listing<{ relation: string; fields: FieldChange[] }>();
  const removed = new Listing<string>();
  const old = new Map(before.relations.map((relation) => [relationKey(relation).toLowerCase(), relation]));
  for (const relation of after.relations) {
    const key = relationKey(relation);
    const was = old.get(key.toLowerCase());
    old.delete(key.toLowerCase());
    if (was === undefined) added.add(key, key);
    else {
      const fields = changes(was, relation, RELATION_FIELDS);
      if (fields.length > 0) changed.add(key, { relation: key, fields });
    }
  }
  for (const relation of old.values()) removed.add(relationKey(relation), relationKey(relation));
  return { added, changed, removed };
}
