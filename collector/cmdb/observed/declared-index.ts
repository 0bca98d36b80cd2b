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

/** What people declare, in the form in which what was seen is compared with it. Made once for a declared document. */
export class DeclaredIndex {
  readonly document: CmdbDocument;
  private readonly names: NameIndex;
  private readonly known = new Map<string, Ci>();
  /** What runs on a CI. */
  private readonly upon = new Map<string, string[]>();
  /** What a CI runs on. */
  private readonly below = new Map<string, string[]>();
  /** The pools of a member. */
  private readonly pools = new Map<string, string[]>();
  private readonly calls = new Map<string, Relation[]>();
  readonly callRelations: readonly Relation[];

  constructor(document: CmdbDocument) {
    this.document = document;
    this.names = NameIndex.of(document.cis);
    for (const ci of document.cis) this.known.set(ci.id, ci);
    const calls: Relation[] = [];
    for (const relation of document.relations) {
      const [from, to] = [this.names.idOf(relation.from), this.names.idOf(relation.to)];
      if (STANDS_ON.has(relation.type)) {
        push(this.upon, to, from);
        push(this.below, from, to);
      } else if (relation.type === "hasMember") push(this.pools, to, from);
      else if (CALLS.has(relation.type)) {
        const own = { ...relation, from, to };
        calls.push(own);
        push(this.calls, `${from}\n${to}`, own);
      }
    }
    this.callRelations = calls;
  }

  /** The declared CI of this id, name or alias. */
  find(name: string): Ci | undefined {
    return this.known.get(this.names.idOf(name));
  }

  /**
   * Everything for which a socket of this CI may speak: itself, what runs on it, what it runs on where it is no machine, and the
   * pools of all of these, and theirs.
   */
  stack(ci: string): ReadonlySet<string> {
    const found = new Set([ci]);
    const type = this.known.get(ci)?.type ?? "host";
    if (!MACHINES.has(type)) for (const host of this.below.get(ci) ?? []) found.add(host);
    let floor = [ci];
    for (let level = 0; level < FLOORS_MAX && floor.length > 0 && found.size < STACK_MAX; level++) {
      floor = floor.flatMap((each) => this.upon.get(each) ?? []).filter((each) => !found.has(each));
      for (const each of floor) found.add(each);
    }
    for (const member of found) for (const pool of this.pools.get(member) ?? []) found.add(pool);
    return found;
  }

  /** Declared relations that say what was seen, whatever they are called and on whichever floor they begin and end. */
  covering(from: string, to: string): Relation[] {
    const ends = this.stack(to);
    const found: Relation[] = [];
    for (const upper of this.stack(from))
      for (const lower of ends) if (upper !== lower) found.push(...(this.calls.get(`${upper}\n${lower}`) ?? []));
    return found;
  }

  /** Declared CIs that run on a host. */
  on(host: string): Ci[] {
    return (this.upon.get(host) ?? []).flatMap((id) => this.known.get(id) ?? []);
  }

  /** The one declared CI on this host that a program is; undefined where there is none, or more than one may be meant. */
  programOn(host: string, program: ObservedProgram, addresses: readonly string[]): Ci | undefined {
    const upon = this.on(host);
    const places = [host, ...addresses].flatMap((name) => program.ports.map((port) => `${name}:${port}`));
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
