import { PROGRAM_KINDS } from "../../protocol/observation.ts";
import type { Relation } from "../core/model/ci.ts";
import { formatTime, type Milliseconds, type UnixMillis } from "../core/model/time.ts";
import type { CmdbDrift } from "../port/cmdb.ts";
import { relationKey } from "./merge.ts";
import type { DeclaredIndex } from "./observed/declared-index.ts";
import type { ObservedHost } from "./observed/host.ts";
import type { ObservedPart } from "./observed/observed-document.ts";
import { byCodeUnit, PLAN_LIST_MAX } from "./plan.ts";

export interface DriftInput {
  declared: DeclaredIndex;
  /** Relations that people's files and imports declare. */
  declaredRelations: readonly Relation[];
  /** Of imports that observe. */
  imported: readonly Relation[];
  /** Of agents. */
  agents: { hosts: ReadonlyMap<string, ObservedHost>; part: ObservedPart };
  /** CIs that reported and that nobody declared. */
  unknownCis: readonly string[];
  /** The id that a name or alias means: importers name CIs as they see them. */
  idOf: (name: string) => string;
  now: UnixMillis;
  staleAfterMs: Milliseconds;
}

type Ends = Pick<Relation, "from" | "to">;

/** A pair of CIs, whatever the relation is called: a machine sees a connection, not whether it is `dependsOn` or `uses`. */
const pairOf = ({ from, to }: Ends): string => `${from}\n${to}`;

const STANDING: ReadonlySet<string> = new Set(["runsOn", "hostedOn"]);
/** Fewer looks than this may have come too early. */
const LOOKS_MIN = 2;

/** Declared against observed: what nobody declared, and what is declared but was not seen although those who could see it looked. */
export function computeDrift(input: DriftInput): CmdbDrift {
  const lists = {
    unknownCis: [...input.unknownCis].sort(byCodeUnit),
    undeclaredCis: undeclaredCis(input).sort((a, b) => byCodeUnit(a.ci, b.ci)),
    unobservedCis: unobservedCis(input).sort((a, b) => byCodeUnit(a.ci, b.ci)),
    undeclaredRelations: undeclaredRelations(input).sort((a, b) => byCodeUnit(a.relation, b.relation)),
    unobservedRelations: unobservedRelations(input).sort((a, b) => byCodeUnit(a.relation, b.relation)),
  };
  return {
    at: input.now,
    unknownCis: lists.unknownCis.slice(0, PLAN_LIST_MAX),
    undeclaredCis: lists.undeclaredCis.slice(0, PLAN_LIST_MAX),
    unobservedCis: lists.unobservedCis.slice(0, PLAN_LIST_MAX),
    undeclaredRelations: lists.undeclaredRelations.slice(0, PLAN_LIST_MAX),
    unobservedRelations: lists.unobservedRelations.slice(0, PLAN_LIST_MAX),
    counts: {
      unknownCis: lists.unknownCis.length,
      undeclaredCis: lists.undeclaredCis.length,
      unobservedCis: lists.unobservedCis.length,
      undeclaredRelations: lists.undeclaredRelations.length,
      unobservedRelations: lists.unobservedRelations.length,
    },
  };
}

const byId =
  ({ idOf }: DriftInput) =>
  (relation: Relation): Relation => ({ ...relation, from: idOf(relation.from), to: idOf(relation.to) });

function fresh({ imported, now, staleAfterMs }: DriftInput): Relation[] {
  return imported.filter(({ lastSeenAt }) => lastSeenAt === null || now - lastSeenAt <= staleAfterMs);
}

function undeclaredCis({ agents, declared }: DriftInput): CmdbDrift["undeclaredCis"] {
  const standing = new Map(
    agents.part.document.relations
      .filter(({ type }) => STANDING.has(type))
      .map((relation) => [relation.from, relation]),
  );
  return agents.part.document.cis.flatMap(({ id, type }) => {
    if (declared.find(id) !== undefined) return [];
    const stands = standing.get(id);
    const host = agents.hosts.get(stands?.to ?? id);
    const lastSeenAt = stands?.lastSeenAt ?? host?.lastSeenAt ?? 0;
    const source = `observed:${stands?.to ?? id}`;
    return [{ ci: id, type, host: stands?.to ?? null, source, lastSeenAt: formatTime(lastSeenAt) }];
  });
}

/** Only kinds that agents know by their programs and ports; a service may be anything, and need not listen. */
const FOUND_BY_PROGRAM: ReadonlySet<string> = new Set(PROGRAM_KINDS.filter((kind) => kind !== "service"));

function unobservedCis({ agents, declared }: DriftInput): CmdbDrift["unobservedCis"] {
  return [...agents.hosts.values()].flatMap((host) => {
    if (host.looks < LOOKS_MIN) return [];
    const found = new Set(host.programs.map((each) => declared.programOn(host.ci, each, host.addresses)?.id));
    return declared
      .on(host.ci)
      .filter((ci) => FOUND_BY_PROGRAM.has(ci.type) && !found.has(ci.id))
      .map((ci) => ({ ci: ci.id, type: ci.type, host: host.ci, watchedSince: formatTime(host.firstSeenAt) }));
  });
}

function undeclaredRelations(input: DriftInput): CmdbDrift["undeclaredRelations"] {
  const pairs = new Set(input.declaredRelations.map(byId(input)).map(pairOf));
  const imported = fresh(input)
    .map(byId(input))
    .filter((relation) => !pairs.has(pairOf(relation)));
  // Where an undeclared program runs is told with the program.
  const { document, sights } = input.agents.part;
  const seen = document.relations.filter(({ type }) => !STANDING.has(type));
  return [...imported, ...seen].map((relation) => ({
    relation: relationKey(relation),
    source: relation.source,
    confidence: relation.confidence,
    firstSeenAt: formatTime(sights.get(relationKey(relation))?.firstSeenAt ?? null),
    lastSeenAt: formatTime(sights.get(relationKey(relation))?.lastSeenAt ?? relation.lastSeenAt),
  }));
}

function unobservedRelations(input: DriftInput): CmdbDrift["unobservedRelations"] {
  const imported = input.imported.map(byId(input));
  const ends = new Set(imported.flatMap(({ from, to }) => [from, to]));
  const seen = new Set(fresh(input).map(byId(input)).map(pairOf));
  const watchers = watchersOf(input);
  const calls = new Set(input.declared.callRelations.map(relationKey));
  return input.declaredRelations.map(byId(input)).flatMap((relation) => {
    const sight = input.agents.part.sights.get(relationKey(relation));
    const byImport = ends.has(relation.from) && ends.has(relation.to);
    const byAgents = calls.has(relationKey(relation)) && areWatched(relation, watchers);
    if (!(byImport || byAgents) || seen.has(pairOf(relation))) return [];
    if (sight !== undefined && input.now - sight.lastSeenAt <= input.staleAfterMs) return [];
    const lastSeenAt = formatTime(sight?.lastSeenAt ?? null);
    return [{ relation: relationKey(relation), source: relation.source, lastSeenAt }];
  });
}

/** By CI, the hosts whose sockets speak for it. */
function watchersOf({ agents, declared }: DriftInput): Map<string, Set<string>> {
  const watchers = new Map<string, Set<string>>();
  for (const host of agents.hosts.values()) {
    if (host.looks < LOOKS_MIN) continue;
    for (const ci of declared.stack(host.ci)) {
      const known = watchers.get(ci);
      if (known === undefined) watchers.set(ci, new Set([host.ci]));
      else known.add(host.ci);
    }
  }
  return watchers;
}

/** Both ends, and not on the same host: there they may talk by ways that no socket of ours shows. */
function areWatched({ from, to }: Ends, watchers: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const [callers, called] = [watchers.get(from), watchers.get(to)];
  if (callers === undefined || called === undefined) return false;
  return ![...callers].some((host) => called.has(host));
}
