import type { Ci, CmdbDocument, MaintenanceWindow, Relation } from "../core/model/ci.ts";
import { type Clash, NameIndex } from "./name-index.ts";

/** What one source declares. */
export interface SourcePart {
  name: string;
  document: CmdbDocument;
}

/** Two sources disagree about a CI; the first one holds. */
export interface Contradiction {
  ci: string;
  field: string;
  kept: string;
  keptFrom: string;
  refused: string;
  refusedFrom: string;
}

/** A name or alias by which one source means a CI, and that finds another source's. */
export interface Ambiguity {
  name: string;
  /** Which it will not find. */
  ci: string;
  from: string;
  /** Which it finds. */
  owner: string;
}

export interface Merged {
  document: CmdbDocument;
  contradictions: Contradiction[];
  ambiguities: Ambiguity[];
}

const CONTRADICTIONS_MAX = 200;
const AMBIGUITIES_MAX = 200;

/**
 * One CMDB from several sources, in the order of their precedence: what a CI is said to be is taken from the first source
 * that says it; aliases, labels and relations add up. A relation that several sources know keeps its first source, the
 * greater confidence and the later sighting.
 *
 * The result may share objects with the parts, which must not be changed afterwards. Where only one part has
 * CIs, their lists are taken over as they are: a hundred thousand of them cost nothing.
 */
export function mergeSources(parts: readonly SourcePart[]): Merged {
  const filled = parts.filter(({ document }) => document.cis.length > 0 || document.relations.length > 0);
  const [only] = filled;
  const rest = {
    vantage: [...new Set(parts.flatMap(({ document }) => document.vantage))],
    maintenance: mergeWindows(parts),
  };
  if (filled.length <= 1)
    return {
      document: { ...rest, cis: only?.document.cis ?? [], relations: only?.document.relations ?? [] },
      contradictions: [],
      ambiguities: [],
    };
  const cis = new Map<string, { ci: Ci; from: string }>();
  const contradictions: Contradiction[] = [];
  for (const { name, document } of filled)
    for (const ci of document.cis) {
      const key = ci.id.toLowerCase();
      const known = cis.get(key);
      if (known === undefined) cis.set(key, { ci, from: name });
      else {
        if (contradictions.length < CONTRADICTIONS_MAX) contradictions.push(...disagreements(known, ci, name));
        cis.set(key, { ci: joined(known.ci, ci), from: known.from });
      }
    }
  const merged = Array.from(cis.values(), ({ ci }) => ci);
  const clashes: Clash[] = [];
  const names = NameIndex.of(merged, (clash) => clashes.length < AMBIGUITIES_MAX && clashes.push(clash));
  return {
    document: { ...rest, cis: merged, relations: mergeRelations(filled, names) },
    contradictions,
    ambiguities: clashes.flatMap((clash) => ambiguityOf(clash, filled)),
  };
}

/** Nothing where one source says both: then its own check has told it, with the line. */
function ambiguityOf({ ci, name, owner }: Clash, parts: readonly SourcePart[]): Ambiguity[] {
  const means = (part: SourcePart, { id }: Ci, text: string): boolean =>
    part.document.cis.some(
      (own) => sameName(own.id, id) && [own.id, own.name, ...own.aliases].some((each) => sameName(each, text)),
    );
  const from = parts.find((part) => means(part, ci, name));
  if (from === undefined || parts.some((part) => means(part, ci, name) && means(part, owner, name))) return [];
  return [{ name, ci: ci.id, from: from.name, owner: owner.id }];
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function disagreements(known: { ci: Ci; from: string }, other: Ci, refusedFrom: string): Contradiction[] {
  return (["type", "owner", "criticality", "minHealthy"] as const).flatMap((field) => {
    const [kept, refused] = [known.ci[field], other[field]];
    if (kept === null || refused === null || kept === refused) return [];
    return [
      { ci: known.ci.id, field, kept: String(kept), keptFrom: known.from, refused: String(refused), refusedFrom },
    ];
  });
}

function joined(first: Ci, second: Ci): Ci {
  const named = first.name === first.id ? second.name : first.name;
  return {
    id: first.id,
    type: first.type,
    name: named,
    aliases: [...new Set([...first.aliases, ...second.aliases])],
    labels: { ...second.labels, ...first.labels },
    owner: first.owner ?? second.owner,
    criticality: first.criticality ?? second.criticality,
    minHealthy: first.minHealthy ?? second.minHealthy,
    known: true,
  };
}

/** Sources name a CI by id, name or address: two relations are one when they mean the same CIs. */
function mergeRelations(parts: readonly SourcePart[], names: NameIndex): Relation[] {
  const relations: Relation[] = [];
  const places = new Map<string, number>();
  for (const { document } of parts)
    for (const relation of document.relations) {
      const [from, to] = [names.idOf(relation.from), names.idOf(relation.to)];
      const key = `${from}\n${relation.type}\n${to}`;
      const place = places.get(key);
      const known = place === undefined ? undefined : relations[place];
      if (place === undefined || known === undefined) {
        places.set(key, relations.length);
        const same = from === relation.from && to === relation.to;
        relations.push(same ? relation : { ...relation, from, to });
      } else {
        relations[place] = {
          ...known,
          confidence: Math.max(known.confidence, relation.confidence),
          lastSeenAt: later(known.lastSeenAt, relation.lastSeenAt),
        };
      }
    }
  return relations;
}

const later = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

function mergeWindows(parts: readonly SourcePart[]): MaintenanceWindow[] {
  const windows = new Map<string, MaintenanceWindow>();
  for (const { document } of parts)
    for (const window of document.maintenance) if (!windows.has(window.id)) windows.set(window.id, window);
  return [...windows.values()];
}

/** `web-01 runsOn hv-3` */
export function relationKey({ from, type, to }: Pick<Relation, "from" | "type" | "to">): string {
  return `${from} ${type} ${to}`;
}
