import type { Random } from "./random.ts";

/** One thing that is really there, whether or not the CMDB knows of it. */
export interface TrueCi {
  id: string;
  type: string;
  name: string;
  aliases: string[];
  labels: Record<string, string>;
  owner: string | null;
  criticality: number | null;
  minHealthy: number | null;
}

/** `from` really needs `to`, by indexes. */
export interface TrueRelation {
  from: number;
  type: string;
  to: number;
  /** How much of the trouble of `to` reaches `from`, 0…1; no CMDB says it. */
  strength: number;
  /** `from` takes work out of the queue `to`: when it is dead, the queue fills. */
  takesFrom: boolean;
}

export interface World {
  family: string;
  cis: TrueCi[];
  relations: TrueRelation[];
  vantage: number[];
  /** Tools by which this place is watched; see `checks.ts`. */
  tools: ReadonlySet<string>;
}

interface Extra {
  name?: string;
  criticality?: number | null;
  minHealthy?: number;
  owner?: string | null;
  site?: string;
  aliases?: string[];
}

/** What one relation of a type carries at least and at most. */
const STRENGTH: Record<string, [number, number]> = {
  dependsOn: [0.6, 1],
  uses: [0.1, 0.7],
  storesOn: [0.5, 0.95],
  runsOn: [0.5, 0.8],
  hasMember: [1, 1],
  connectsTo: [0.6, 0.9],
  containedIn: [0.2, 0.6],
};

/** Builds a world piece by piece. */
export class WorldBuilder {
  readonly world: World;
  readonly random: Random;
  private readonly domain: string;
  private addresses = 0;

  constructor(family: string, random: Random, { domain, tools }: { domain: string; tools: readonly string[] }) {
    this.random = random;
    this.domain = domain;
    this.world = { family, cis: [], relations: [], vantage: [], tools: new Set(tools) };
  }

  add(id: string, type: string, extra: Extra = {}): number {
    this.addresses += 1;
    const address = `10.${Math.floor(this.addresses / 62_500) + 40}.${Math.floor(this.addresses / 250) % 250}.${(this.addresses % 250) + 2}`;
    const isMachine = MACHINES.has(type);
    this.world.cis.push({
      id,
      type,
      name: extra.name ?? id,
      aliases: extra.aliases ?? (isMachine ? [`${id.toLowerCase()}.${this.domain}`, address] : []),
      labels: extra.site === undefined ? {} : { site: extra.site },
      owner: extra.owner ?? null,
      criticality: extra.criticality === undefined ? 3 : extra.criticality,
      minHealthy: extra.minHealthy ?? null,
    });
    return this.world.cis.length - 1;
  }

  /** Several of a kind, by number. */
  series(count: number, id: (number: number) => string, type: string, extra: Extra = {}): number[] {
    return Array.from({ length: Math.max(0, Math.round(count)) }, (_, index) => this.add(id(index + 1), type, extra));
  }

  needs(from: number, type: string, to: number | readonly number[], takesFrom = false): void {
    for (const one of typeof to === "number" ? [to] : to) {
      const [least, most] = STRENGTH[type] ?? [0.5, 1];
      this.world.relations.push({ from, type, to: one, strength: this.random.between(least, most), takesFrom });
    }
  }

  /** A pool and its members. */
  pool(id: string, type: string, members: readonly number[], extra: Extra = {}): number {
    const pool = this.add(id, type, extra);
    this.needs(pool, "hasMember", members);
    return pool;
  }
}

export const MACHINES: ReadonlySet<string> = new Set([
  "switch",
  "router",
  "firewall",
  "loadBalancer",
  "hypervisor",
  "host",
  "vm",
  "storage",
  "pdu",
  "ups",
  "accessPoint",
  "printer",
  "camera",
  "terminal",
]);
/** Programs: they run on something. */
export const PROGRAMS: ReadonlySet<string> = new Set(["application", "database", "cache", "queue", "container", "dns"]);
