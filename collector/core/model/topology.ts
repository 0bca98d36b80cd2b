import { Analogy } from "./analogy.ts";
import { cohortGaps } from "./cohorts.ts";
import { Kinship, shortName, type KinRelation } from "./kinship.ts";
import type { Ci, CiId, CmdbDocument, Relation } from "./ci.ts";

/** One end of a relation, seen from a CI. */
export interface Edge {
  /** Index of the CI at the other end. */
  ci: number;
  type: string;
  confidence: number;
  source: string;
}

/**
 * What the graph has gained since it was made of its document: a name that the CMDB does not know, or a relation that was
 * learned; without confidence, one that is believed no more. Gained again in the same order, the graph is the same.
 */
export type Growth = string | readonly [from: CiId, to: CiId, confidence: number];

// Shared by all CIs that have none: most of those that only events have named.
const NO_ALIASES: string[] = [];
const NO_LABELS: Record<string, string> = {};
const NO_EDGES: readonly Edge[] = [];

function addEdge(lists: (Edge[] | null)[], ci: number, edge: Edge): void {
  const list = lists[ci];
  if (list === undefined || list === null) lists[ci] = [edge];
  else list.push(edge);
}

const LEARNED = "learned";
const LEARNED_TYPE = "dependsOn";

function dropEdge(list: Edge[] | null | undefined, ci: number): void {
  const place = list?.findIndex((edge) => edge.ci === ci && edge.source === LEARNED) ?? -1;
  if (place >= 0) list?.splice(place, 1);
}

const fold = (name: string): string => name.toLowerCase();

const BUSINESS_SERVICE = "businessService";
/** What stands for the services of the business, if somebody says how much it matters, in a CMDB that declares none. */
const STAND_INS: ReadonlySet<string> = new Set(["service", "application"]);

/**
 * The dependency graph in memory. CIs are small integers inside; names, ids and aliases find them, case-insensitively.
 * A name that the CMDB does not know is registered as a CI of its own, `known: false`.
 *
 * Mutable and owned by the core; built anew when the CMDB changes.
 */
export class Topology {
  readonly vantage: readonly number[];
  private readonly cis: Ci[] = [];
  private readonly byName = new Map<string, number>();
  /** The name that was found last. */
  private foundName: string | null = null;
  private found = 0;
  /** null = none. */
  private readonly needsOf: (Edge[] | null)[] = [];
  private readonly neededByOf: (Edge[] | null)[] = [];
  private relationCount = 0;
  private readonly inferred: KinRelation[] = [];
  private readonly kinship: Kinship;
  private readonly analogy: Analogy;
  private readonly declaresBusiness: boolean;
  /** The CMDB names something of which people notice that it fails; without it nothing tells how much a CI matters. */
  readonly namesServices: boolean;
  /** null: names and relations are those of the document, or are gained again. */
  private gaining: Growth[] | null = null;
  private growth: Growth[] = [];
  private regrown = 0;
  /** By their ends; in the order in which they were learned. */
  private readonly learned = new Map<string, { from: number; to: number; confidence: number }>();

  constructor(document: CmdbDocument) {
    for (const ci of document.cis) this.add(ci);
    // Ids win over names, names over aliases: a name that two CIs claim finds the one with the stronger claim.
    this.cis.forEach((ci, index) => this.byName.set(fold(ci.id), index));
    this.cis.forEach((ci, index) => this.claim(ci.name, index));
    this.cis.forEach((ci, index) => ci.aliases.forEach((alias) => this.claim(alias, index)));
    this.relate(document.relations);
    this.declaresBusiness = this.cis.some(({ type }) => type === BUSINESS_SERVICE);
    this.namesServices = this.cis.some((_, index) => this.isService(index));
    this.vantage = document.vantage.map((name) => this.register(name));
    this.kinship = new Kinship(
      [...this.cis],
      (ci) => this.needs(ci),
      (ci) => this.neededBy(ci),
    );
    this.analogy = new Analogy([...this.cis], (ci) => this.needs(ci));
    for (const relation of this.kinship.gaps()) this.infer(relation);
    const placed = cohortGaps(this.cis, (ci) => this.needs(ci));
    for (const relation of this.analogy.gaps()) this.infer(relation);
    for (const relation of placed) this.infer(relation);
    this.gaining = this.growth;
  }

  get size(): number {
    return this.cis.length;
  }

  get relations(): number {
    return this.relationCount;
  }

  /** Rises with each relation that the graph gains or loses: what was worked out of it before may be out of date. */
  get version(): number {
    return this.inferred.length;
  }

  /** The relations that the graph has gained or lost since it had that version, oldest first. */
  gainedSince(version: number): readonly KinRelation[] {
    return this.inferred.slice(version);
  }

  /** What it has gained, oldest first; one array for as long as the graph lives. */
  get grown(): readonly Growth[] {
    return this.growth;
  }

  /** Goes on with what another one, made of the same document, had gained; none of it is there before `growTo`. */
  regrow(growth: Growth[]): void {
    this.growth = growth;
    this.gaining = growth;
    this.regrown = 0;
  }

  /** After `regrow`: gains again what the other had gained when so much was gained; at most all of it. */
  growTo(length: number): void {
    this.gaining = null;
    const end = Math.min(length, this.growth.length);
    for (; this.regrown < end; this.regrown += 1) this.gain(this.growth[this.regrown]);
    this.gaining = this.growth;
  }

  private gain(growth: Growth | undefined): void {
    if (growth === undefined) return;
    if (typeof growth === "string") {
      this.register(growth);
      return;
    }
    const [from, to] = [this.find(growth[0]), this.find(growth[1])];
    if (from === undefined || to === undefined) return;
    if (growth[2] > 0) this.learn({ from, to, confidence: growth[2] });
    else this.unlearn({ from, to });
  }

  /** The CI this id, name or alias means; undefined when none. */
  find(name: string): number | undefined {
    // Each stage asks for the CI of the event that it has before it; what a name means does not change.
    if (name === this.foundName) return this.found;
    const found = this.lookUp(name);
    if (found !== undefined) this.remember(name, found);
    return found;
  }

  private lookUp(name: string): number | undefined {
    // Mostly names come as they are kept, and to fold one costs more than to look for it.
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const key = fold(name);
    const found = this.byName.get(key);
    if (found !== undefined) return found;
    // A full name that nobody declared means the host of that short name.
    const short = shortName(key);
    return short === key || short.length < 3 ? undefined : this.byName.get(short);
  }

  private remember(name: string, index: number): void {
    this.foundName = name;
    this.found = index;
  }

  /** As `find`, and an unknown name becomes an unknown CI. */
  register(name: string): number {
    const found = this.find(name);
    if (found !== undefined) return found;
    const index = this.add({
      id: name,
      type: "host",
      name,
      aliases: NO_ALIASES,
      labels: NO_LABELS,
      owner: null,
      criticality: null,
      minHealthy: null,
      known: false,
    });
    const key = fold(name);
    this.byName.set(key, index);
    this.claim(shortName(key), index);
    this.remember(name, index);
    this.adopt(index, name);
    this.gaining?.push(name);
    return index;
  }

  ci(index: number): Ci {
    const ci = this.cis[index];
    if (ci === undefined) throw new Error(`no CI has index ${index}`);
    return ci;
  }

  id(index: number): CiId {
    return this.ci(index).id;
  }

  /** A service that people notice; what hits it has an impact. */
  isService(index: number): boolean {
    const { type, criticality } = this.ci(index);
    return this.declaresBusiness ? type === BUSINESS_SERVICE : criticality !== null && STAND_INS.has(type);
  }

  /** What this CI needs (causes lie there). */
  needs(index: number): readonly Edge[] {
    return this.needsOf[index] ?? NO_EDGES;
  }

  /** Who needs this CI (symptoms lie there). */
  neededBy(index: number): readonly Edge[] {
    return this.neededByOf[index] ?? NO_EDGES;
  }

  /** No relation of it is known. */
  isAlone(index: number): boolean {
    return this.needs(index).length + this.neededBy(index).length === 0;
  }

  all(): readonly Ci[] {
    return this.cis;
  }

  /** What a CI that the CMDB does not know is, as far as its siblings tell. */
  private adopt(index: number, name: string): void {
    // While the document is still being read there are no siblings to ask.
    const like =
      (this.kinship as Kinship | undefined)?.adopt(index, name) ??
      (this.analogy as Analogy | undefined)?.adopt(index, name, (other) => this.find(other)) ??
      null;
    if (like === null) return;
    const ci = this.ci(index);
    ci.type = like.type;
    ci.criticality = like.criticality;
    for (const relation of like.relations) this.infer(relation);
  }

  /** That one CI fails with another was seen before: a relation that the CMDB lacks. */
  learn({ from, to, confidence }: { from: number; to: number; confidence: number }): void {
    const isNew = this.infer({ from, to, type: LEARNED_TYPE, confidence }, LEARNED);
    if (!isNew) return;
    this.learned.set(`${from} ${to}`, { from, to, confidence });
    this.gaining?.push([this.id(from), this.id(to), confidence]);
  }

  /** What was learned and is believed no more. Anything else stays. */
  unlearn({ from, to }: { from: number; to: number }): void {
    const known = this.learned.get(`${from} ${to}`);
    if (known === undefined) return;
    this.learned.delete(`${from} ${to}`);
    dropEdge(this.needsOf[from], to);
    dropEdge(this.neededByOf[to], from);
    this.inferred.push({ ...known, type: LEARNED_TYPE });
    this.gaining?.push([this.id(from), this.id(to), 0]);
  }

  /** The relations that were learned, oldest first. */
  learnedRelations(): Iterable<{ readonly from: number; readonly to: number; readonly confidence: number }> {
    return this.learned.values();
  }

  /** False: it is there already. */
  private infer(relation: KinRelation, source = "siblings"): boolean {
    const { from, to, type, confidence } = relation;
    if (this.needsOf[from]?.some((edge) => edge.ci === to && edge.type === type)) return false;
    this.inferred.push(relation);
    addEdge(this.needsOf, from, { ci: to, type, confidence, source });
    addEdge(this.neededByOf, to, { ci: from, type, confidence, source });
    return true;
  }

  private add(ci: Ci): number {
    this.cis.push(ci);
    this.needsOf.push(null);
    this.neededByOf.push(null);
    return this.cis.length - 1;
  }

  private claim(name: string, index: number): void {
    const key = fold(name);
    if (!this.byName.has(key)) this.byName.set(key, index);
  }

  /** Lists of the length that they keep, of ends that are shared: half a million relations are most of a large graph. */
  private relate(relations: readonly Relation[]): void {
    const ends = new EdgePool();
    const from = new Int32Array(relations.length);
    const to = new Int32Array(relations.length);
    relations.forEach((relation, index) => {
      from[index] = this.register(relation.from);
      to[index] = this.register(relation.to);
    });
    const edgesTo = (cis: Int32Array): Edge[] => relations.map((relation, index) => ends.of(cis[index] ?? 0, relation));
    fill(this.needsOf, from, edgesTo(to));
    fill(this.neededByOf, to, edgesTo(from));
    this.relationCount = relations.length;
  }
}

/** Puts each edge, in their order, into the list of the CI at the same place of `cis`. */
function fill(lists: (Edge[] | null)[], cis: Int32Array, edges: readonly Edge[]): void {
  const counts = new Int32Array(lists.length);
  for (const ci of cis) counts[ci] = (counts[ci] ?? 0) + 1;
  counts.forEach((count, ci) => {
    if (count > 0) lists[ci] = Array.from<Edge>({ length: count });
  });
  counts.fill(0);
  edges.forEach((edge, index) => {
    const ci = cis[index] ?? 0;
    const at = counts[ci] ?? 0;
    counts[ci] = at + 1;
    const list = lists[ci];
    if (list !== undefined && list !== null) list[at] = edge;
  });
}

/** Kinds of relations that share ends; the ends of rarer ones are made each for itself. */
const KINDS_MAX = 64;

/** Ends of relations, one object for all that say the same: who needs one switch says the same of it. */
class EdgePool {
  private readonly kinds = new Map<string, (Edge | undefined)[]>();

  of(ci: number, { type, confidence, source }: Relation): Edge {
    const kind = confidence === 1 ? `${type} ${source}` : `${type} ${source} ${confidence}`;
    let known = this.kinds.get(kind);
    if (known === undefined) {
      if (this.kinds.size >= KINDS_MAX) return { ci, type, confidence, source };
      this.kinds.set(kind, (known = []));
    }
    while (known.length <= ci) known.push(undefined);
    const edge = known[ci] ?? { ci, type, confidence, source };
    known[ci] = edge;
    return edge;
  }
}
