import type { ObservedProgram } from "../../../protocol/observation.ts";
import type { Ci, CmdbDocument, Relation } from "../../core/model/ci.ts";
import { NameIndex } from "../name-index.ts";

/** Relations that a socket can show; the others say where things stand. */
const CALLS: ReadonlySet<string> = new Set(["dependsOn", "uses", "storesOn"]);
const STANDS_ON: ReadonlySet<string> = new Set(["runsOn", "hostedOn"]);
/** How many floors up from a host: what runs on it, and what runs on that. */
const FLOORS_MAX = 3;
const STACK_MAX = 50;
/** A host is no floor of a stack: it stands on a hypervisor, and that calls for nobody. */
const MACHINES: ReadonlySet<string> = new Set(["host", "vm", "hypervisor"]);

interface Maps {
  names: NameIndex;
  known: Map<string, Ci>;
  /** What runs on a CI. */
  upon: Map<string, string[]>;
  /** What a CI runs on. */
  below: Map<string, string[]>;
  /** The pools of a member. */
  pools: Map<string, string[]>;
  /** By the CI that calls. */
  calls: Map<string, Relation[]>;
  callRelations: Relation[];
}

function mapsOf(document: CmdbDocument): Maps {
  const names = NameIndex.of(document.cis);
  const maps: Maps = {
    names,
    known: new Map(document.cis.map((ci) => [ci.id, ci])),
    upon: new Map(),
    below: new Map(),
    pools: new Map(),
    calls: new Map(),
    callRelations: [],
  };
  for (const relation of document.relations) {
    const [from, to] = [names.idOf(relation.from), names.idOf(relation.to)];
    if (STANDS_ON.has(relation.type)) {
      push(maps.upon, to, from);
      push(maps.below, from, to);
    } else if (relation.type === "hasMember") push(maps.pools, to, from);
    else if (CALLS.has(relation.type)) {
      const own = from === relation.from && to === relation.to ? relation : { ...relation, from, to };
      maps.callRelations.push(own);
      push(maps.calls, from, own);
    }
  }
  return maps;
}

/**
 * What people declare, in the form in which what was seen is compared with it. Made once for a declared document, and
 * only when the first agent tells what it sees: of a large document it takes tens of megabytes.
 */
export class DeclaredIndex {
  readonly document: CmdbDocument;
  private made: Maps | null = null;

  constructor(document: CmdbDocument) {
    this.document = document;
  }

  get callRelations(): readonly Relation[] {
    return this.maps.callRelations;
  }

  private get maps(): Maps {
    this.made ??= mapsOf(this.document);
    return this.made;
  }

  /** The declared CI of this id, name or alias. */
  find(name: string): Ci | undefined {
    return this.maps.names.find(name);
  }

  /**
   * Everything for which a socket of this CI may speak: itself, what runs on it, what it runs on where it is no machine, and the
   * pools of all of these, and theirs.
   */
  stack(ci: string): ReadonlySet<string> {
    const found = new Set([ci]);
    const type = this.maps.known.get(ci)?.type ?? "host";
    if (!MACHINES.has(type)) for (const host of this.maps.below.get(ci) ?? []) found.add(host);
    let floor = [ci];
    for (let level = 0; level < FLOORS_MAX && floor.length > 0 && found.size < STACK_MAX; level++) {
      floor = floor.flatMap((each) => this.maps.upon.get(each) ?? []).filter((each) => !found.has(each));
      for (const each of floor) found.add(each);
    }
    for (const member of found) for (const pool of this.maps.pools.get(member) ?? []) found.add(pool);
    return found;
  }

  /** The host itself and the pools that it, or what is given, is a member of. */
  endsOn(host: string, upon: readonly Ci[]): ReadonlySet<string> {
    const found = new Set([host, ...upon.map(({ id }) => id)]);
    for (const member of found) for (const pool of this.maps.pools.get(member) ?? []) found.add(pool);
    return found;
  }

  /** Declared relations that say what was seen, whatever they are called and on whichever floor they begin and end. */
  covering(from: string, ends: ReadonlySet<string>): Relation[] {
    const found: Relation[] = [];
    for (const upper of this.stack(from)) {
      const calls = this.maps.calls.get(upper) ?? [];
      for (const lower of ends) if (upper !== lower) found.push(...calls.filter((call) => call.to === lower));
    }
    return found;
  }

  /** Declared CIs that run on a host. */
  on(host: string): Ci[] {
    return (this.maps.upon.get(host) ?? []).flatMap((id) => this.maps.known.get(id) ?? []);
  }

  /** The one declared CI on this host that a program is; undefined where there is none, or more than one may be meant. */
  programOn(host: string, program: ObservedProgram, addresses: readonly string[]): Ci | undefined {
    const upon = this.on(host);
    const places = [host, ...addresses].flatMap((name) =>
      [...program.ports, ...program.udpPorts].map((port) => `${name}:${port}`),
    );
    const words = [program.product, program.name, program.unit.replace(/(@.*)?\.service$/, "")].filter(
      (word) => word.length >= 3,
    );
    const named = (ci: Ci): string => [ci.id, ci.name, ...ci.aliases].join(" ").toLowerCase();
    return (
      only(upon.filter((ci) => ci.aliases.some((alias) => places.includes(alias)))) ??
      only(upon.filter((ci) => words.some((word) => named(ci).includes(word.toLowerCase())))) ??
      (program.kind === "service" ? undefined : only(upon.filter((ci) => ci.type === program.kind)))
    );
  }
}

function only<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
