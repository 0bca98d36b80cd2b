import type { ObservedProgram } from "../../../protocol/observation.ts";
import type { Ci, CmdbDocument, Relation } from "../../core/model/ci.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { Sight } from "../../port/cmdb.ts";
import type { AddressBook } from "./address-book.ts";
import type { DeclaredIndex } from "./declared-index.ts";
import { type ObservedHost, programOn } from "./host.ts";
import { confidenceOf, type Sighting } from "./sighting-book.ts";

/** What agents saw, as a part of the CMDB. */
export interface ObservedPart {
  /** Only what nobody declares: CIs and relations that are new. Sorted, so that equal parts are equal texts. */
  document: CmdbDocument;
  /** By `relationKey`: the document's relations, and the declared ones that were seen. */
  sights: ReadonlyMap<string, Sight>;
}

export interface ObservedFacts {
  hosts: ReadonlyMap<string, ObservedHost>;
  sightings: Iterable<Readonly<Sighting>>;
  addresses: AddressBook;
  declared: DeclaredIndex;
}

/** Where a program listens, and nobody declares it: sure, but not as sure as a declaration. */
const LISTENS_CONFIDENCE = 0.9;

export const sourceOf = (agent: string): string => `observed:${agent}`;

/**
 * The CI of a program that nobody declares: `postgres@db-1`. The program stands first, so that a series of them (`postgres@db-1`,
 * `postgres@db-2`) reads as a series of databases and not of hosts.
 */
export const programId = (program: string, host: string): string => `${program}@${host}`;

export function observedPart(facts: ObservedFacts): ObservedPart {
  const { hosts, addresses, declared } = facts;
  const cis: Ci[] = [];
  const relations = new Map<string, Relation>();
  const sights = new Map<string, Sight>();
  for (const host of hosts.values()) {
    cis.push(hostCi(host, addresses, declared));
    for (const [ci, relation] of [...guests(host), ...programs(host, declared)]) {
      cis.push(ci);
      relations.set(keyOf(relation), relation);
      sights.set(keyOf(relation), sightOf(host, relation));
    }
  }
  for (const relation of seenRelations(facts, sights)) {
    const key = keyOf(relation);
    const known = relations.get(key);
    relations.set(key, known === undefined || known.confidence < relation.confidence ? relation : known);
  }
  return {
    document: {
      vantage: [],
      cis: cis.sort((a, b) => byText(a.id, b.id)),
      relations: [...relations.values()].sort((a, b) => byText(keyOf(a), keyOf(b))),
      maintenance: [],
    },
    sights,
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const keyOf = ({ from, type, to }: Pick<Relation, "from" | "type" | "to">): string => `${from} ${type} ${to}`;

const BARE = { owner: null, criticality: null, minHealthy: null, known: true } as const;

/** Adds to a declared host only names by which it is found: what is declared of it holds. */
function hostCi({ ci, hostName, addresses, system }: ObservedHost, book: AddressBook, declared: DeclaredIndex): Ci {
  const aliases = [hostName, ...addresses].filter((name) => book.isUnique(name));
  return {
    ...BARE,
    id: ci,
    type: declared.find(ci)?.type ?? machineType(system.virtualisation),
    name: ci,
    aliases: [...new Set(aliases)].filter((alias) => alias !== ci),
    labels: labelsOf({ os: system.os, architecture: system.architecture, virtualisation: system.virtualisation }),
  };
}

function machineType(virtualisation: string): string {
  if (virtualisation === "") return "host";
  return virtualisation === "container" ? "container" : "vm";
}

const labelsOf = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));

function guests(host: ObservedHost): [Ci, Relation][] {
  return host.containers.map(({ id, runtime, lastSeenAt }) => {
    const isGuest = runtime === "qemu";
    const ci: Ci = {
      ...BARE,
      id: isGuest ? id : `container-${id}@${host.ci}`,
      type: isGuest ? "vm" : "container",
      name: isGuest ? id : `container-${id}`,
      aliases: [],
      labels: labelsOf({ runtime }),
    };
    return [ci, standing(ci.id, host.ci, lastSeenAt)];
  });
}

function programs(host: ObservedHost, declared: DeclaredIndex): [Ci, Relation][] {
  return host.programs.flatMap((program): [Ci, Relation][] => {
    if (declared.programOn(host.ci, program, host.addresses) !== undefined) return [];
    const ci: Ci = {
      ...BARE,
      id: programId(program.name, host.ci),
      type: program.kind,
      name: programId(program.name, host.ci),
      aliases: [...new Set([...program.ports, ...program.udpPorts])].map((port) => `${host.ci}:${port}`),
      labels: labelsOf({ product: program.product, unit: program.unit, ports: portsOf(program) }),
    };
    return [[ci, standing(ci.id, host.ci, program.lastSeenAt)]];
  });
}

const portsOf = ({ ports, udpPorts }: ObservedProgram): string =>
  [...ports, ...udpPorts.map((port) => `${port}/udp`)].join(",");

const standing = (from: string, host: string, lastSeenAt: UnixMillis): Relation => ({
  from,
  type: "runsOn",
  to: host,
  source: sourceOf(host),
  confidence: LISTENS_CONFIDENCE,
  lastSeenAt,
});

function sightOf(host: ObservedHost, { source, confidence, lastSeenAt }: Relation): Sight {
  return { firstSeenAt: host.firstSeenAt, lastSeenAt: lastSeenAt ?? host.lastSeenAt, confidence, source };
}

function* seenRelations({ sightings, hosts, declared }: ObservedFacts, sights: Map<string, Sight>): Iterable<Relation> {
  const all = [...sightings];
  const called = calledBy(all);
  for (const sighting of all) {
    const confidence = confidenceOf(sighting, called.get(sighting.from)?.size ?? 0);
    if (confidence === 0) continue;
    const { firstSeenAt, lastSeenAt } = sighting;
    const source = sourceOf(sighting.byCaller ? sighting.from : sighting.to);
    const sight: Sight = { firstSeenAt, lastSeenAt, confidence, source };
    for (const { from, to, type } of ends(sighting, hosts, declared)) {
      const covering = declared.covering(from, calledEnds(sighting, to, hosts, declared));
      for (const relation of covering) note(sights, keyOf(relation), sight);
      // A host that calls its own program: each needs the other already, one way round.
      if (covering.length > 0 || (from === sighting.from && sighting.from === sighting.to)) continue;
      note(sights, keyOf({ from, type, to }), sight);
      yield { from, type, to, source, confidence, lastSeenAt };
    }
  }
}

function calledBy(sightings: readonly Readonly<Sighting>[]): Map<string, Set<string>> {
  const called = new Map<string, Set<string>>();
  for (const { from, to } of sightings) {
    const known = called.get(from);
    if (known === undefined) called.set(from, new Set([to]));
    else known.add(to);
  }
  return called;
}

function note(sights: Map<string, Sight>, key: string, sight: Sight): void {
  const known = sights.get(key);
  if (known === undefined) sights.set(key, { ...sight });
  else {
    known.firstSeenAt = Math.min(known.firstSeenAt, sight.firstSeenAt);
    known.lastSeenAt = Math.max(known.lastSeenAt, sight.lastSeenAt);
    if (sight.confidence <= known.confidence) return;
    known.confidence = sight.confidence;
    known.source = sight.source;
  }
}

/** Between whom: the declared CIs that the programs are; else the calling host, because alerts speak of hosts, and the called program. */
function* ends(
  sighting: Readonly<Sighting>,
  hosts: ReadonlyMap<string, ObservedHost>,
  declared: DeclaredIndex,
): Iterable<Pick<Relation, "from" | "type" | "to">> {
  const called = hosts.get(sighting.to);
  const program = programOn(called, sighting);
  const to =
    program === undefined
      ? sighting.to
      : (declared.programOn(sighting.to, program, called?.addresses ?? [])?.id ?? programId(program.name, sighting.to));
  const type = program?.kind === "cache" ? "uses" : "dependsOn";
  for (const from of callers(sighting, hosts, declared)) {
    if (from !== to) yield { from, type, to };
  }
}

/**
 * Everything declared that a call of this port may mean: the declared CI that listens there, with what it stands on; where that is not
 * known, the host and those CIs on it of a fitting kind that no other program is.
 */
function calledEnds(
  sighting: Readonly<Sighting>,
  to: string,
  hosts: ReadonlyMap<string, ObservedHost>,
  declared: DeclaredIndex,
): ReadonlySet<string> {
  const hostCi = sighting.to;
  const host = hosts.get(hostCi);
  const program = programOn(host, sighting);
  const isDeclaredProgram = to !== hostCi && declared.find(to) !== undefined;
  if (host === undefined || isDeclaredProgram) return declared.stack(to);
  const taken = new Set(host.programs.map((each) => declared.programOn(hostCi, each, host.addresses)?.id));
  const open = declared.on(hostCi).filter((ci) => !taken.has(ci.id) && fits(program, ci));
  return declared.endsOn(hostCi, open);
}

const SPECIFIC: ReadonlySet<string> = new Set(["database", "cache", "queue", "loadBalancer"]);

function fits(program: ObservedProgram | undefined, { type }: Ci): boolean {
  if (program === undefined) return true;
  return program.kind === "service" ? !SPECIFIC.has(type) : type === program.kind;
}

function callers(
  { from, programs: names }: Readonly<Sighting>,
  hosts: ReadonlyMap<string, ObservedHost>,
  declared: DeclaredIndex,
): Set<string> {
  const host = hosts.get(from);
  const found = new Set<string>();
  for (const name of names) {
    const known = host?.programs.find((each) => each.name === name);
    const program: ObservedProgram = known ?? { name, kind: "service", product: "", unit: "", ports: [], udpPorts: [] };
    const ci = declared.programOn(from, program, host?.addresses ?? []);
    if (ci !== undefined) found.add(ci.id);
  }
  return found.size === 0 ? new Set([from]) : found;
}
