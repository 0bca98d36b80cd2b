import type { Aspect, Impairment } from "./fault.ts";
import type { Random } from "./random.ts";
import { MACHINES, type World } from "./world.ts";

/** A fault before it has a time: what it does to whom, for how many minutes. */
export interface Draft {
  kind: string;
  root: number | null;
  /** Other answers that are as right. */
  also: number[];
  impairments: Omit<Impairment, "from" | "to">[];
  minutes: [least: number, most: number];
  gradual?: boolean;
  intermittent?: boolean;
  /** A change on this CI caused it. */
  changeOn?: number;
  /** Happens again as often. */
  times?: number;
}

interface Kind {
  name: string;
  weight: number;
  draft: (world: Around, random: Random) => Draft | null;
}

/** A world with the questions that faults ask of it. */
export class Around {
  readonly world: World;
  private readonly types = new Map<string, number[]>();

  constructor(world: World) {
    this.world = world;
    world.cis.forEach(({ type }, ci) => this.types.set(type, [...(this.types.get(type) ?? []), ci]));
  }

  /** One of these types that is not where we look from. */
  one(random: Random, types: readonly string[], needed = 0): number | null {
    const list = types
      .flatMap((type) => this.types.get(type) ?? [])
      .filter((ci) => !this.world.vantage.includes(ci) && (needed === 0 || this.neededBy(ci).length >= needed));
    return list.length === 0 ? null : random.pick(list);
  }

  neededBy(ci: number, type?: string): number[] {
    return this.world.relations
      .filter((r) => r.to === ci && (type === undefined || r.type === type))
      .map((r) => r.from);
  }

  needs(ci: number, type?: string): number[] {
    return this.world.relations
      .filter((r) => r.from === ci && (type === undefined || r.type === type))
      .map((r) => r.to);
  }

  members(ci: number): number[] {
    return this.needs(ci, "hasMember");
  }

  type(ci: number): string {
    return this.world.cis[ci]?.type ?? "";
  }

  /** The program and the machine that carries nothing else are told apart by nobody. */
  alone(ci: number): number[] {
    if (MACHINES.has(this.type(ci))) {
      const on = this.neededBy(ci, "runsOn");
      return on.length === 1 ? on : [];
    }
    return this.needs(ci, "runsOn").filter((under) => this.neededBy(under, "runsOn").length === 1);
  }
}

const at = (ci: number, aspect: Aspect, level: number, rampS = 0): Draft["impairments"][number] => ({
  ci,
  aspect,
  level,
  rampS,
});
const died = (name: string, weight: number, types: readonly string[], minutes: [number, number], needed = 1): Kind => ({
  name,
  weight,
  draft: (world, random) => {
    const root = world.one(random, types, needed);
    return root === null ? null : { kind: name, root, also: [], impairments: [at(root, "dead", 1)], minutes };
  },
});

/** Leaks come with releases, and names are lost to a new configuration, about every second time. */
const CAUSED_BY_CHANGE = 0.5;

/** Kinds of faults, and how often each comes. */
export const KINDS: readonly Kind[] = [
  died("access_switch_dead", 3, ["switch"], [6, 30], 3),
  died("router_dead", 2, ["router"], [6, 30]),
  died("line_cut", 2.5, ["wanLink"], [5, 40]),
  died("hypervisor_dead", 3, ["hypervisor"], [8, 40], 2),
  died("machine_dead", 2.5, ["vm", "host"], [6, 30]),
  died("controller_dead", 1, ["storage"], [8, 30]),
  died("database_stopped", 3, ["database"], [4, 25]),
  died("cache_lost", 1.5, ["cache"], [6, 25]),
  died("program_stopped", 2, ["application"], [5, 25]),
  died("balancer_dead", 1, ["loadBalancer"], [5, 20]),
  {
    name: "feed_lost",
    weight: 2,
    draft: (world, random) => {
      const root = world.one(random, ["pdu", "ups"], 1) ?? world.one(random, ["rack"], 2);
      return root === null
        ? null
        : { kind: "feed_lost", root, also: [], impairments: [at(root, "power", 1)], minutes: [10, 40] };
    },
  },
  {
    name: "database_locked",
    weight: 2.5,
    draft: (world, random) => {
      const root = world.one(random, ["database"], 1);
      if (root === null) return null;
      const impairments = [at(root, "slow", random.between(0.6, 1), 60), at(root, "load", 0.8, 120)];
      return { kind: "database_locked", root, also: [], impairments, minutes: [6, 30] };
    },
  },
  {
    name: "bad_release",
    weight: 3,
    draft: (world, random) => {
      const root = world.one(random, ["service", "application"], 1);
      if (root === null) return null;
      const members = world.members(root);
      const level = random.between(0.5, 0.95);
      const aspect = random.chance(0.7) ? "errors" : "slow";
      const impairments = [root, ...members].map((ci) => at(ci, aspect, level, 30));
      return { kind: "bad_release", root, also: [], impairments, minutes: [8, 25], changeOn: root };
    },
  },
  {
    name: "bad_config",
    weight: 1.5,
    draft: (world, random) => {
      const root = world.one(random, ["router", "firewall", "loadBalancer", "switch", "dns"], 1);
      if (root === null) return null;
      const aspect = world.type(root) === "dns" ? "errors" : "dead";
      return {
        kind: "bad_config",
        root,
        also: [],
        impairments: [at(root, aspect, 1)],
        minutes: [5, 20],
        changeOn: root,
      };
    },
  },
  {
    name: "leak",
    weight: 2,
    draft: (world, random) => {
      const root = world.one(random, ["application", "container"], 0);
      if (root === null) return null;
      const machine = world.needs(root, "runsOn").filter(() => world.type(root) === "application");
      const impairments = [at(root, "slow", 1, 1500), ...machine.map((ci) => at(ci, "load", 0.9, 1500))];
      const change = random.chance(CAUSED_BY_CHANGE) ? { changeOn: root } : {};
      return { kind: "leak", root, also: world.alone(root), impairments, minutes: [28, 50], gradual: true, ...change };
    },
  },
  {
    name: "volume_full",
    weight: 1.5,
    draft: (world, random) => {
      const root = world.one(random, ["host", "vm"], 1);
      if (root === null) return null;
      const on = world.neededBy(root, "runsOn");
      const impairments = [at(root, "full", 1, 1200), ...on.map((ci) => at(ci, "errors", 0.8, 1600))];
      return { kind: "volume_full", root, also: world.alone(root), impairments, minutes: [30, 55], gradual: true };
    },
  },
  {
    name: "consumer_stuck",
    weight: 1,
    draft: (world, random) => {
      const takers = world.world.relations.filter(({ takesFrom }) => takesFrom).map(({ from }) => from);
      if (takers.length === 0) return null;
      const root = random.pick(takers);
      const hit = [root, ...world.members(root)];
      const impairments = hit.map((ci) => at(ci, random.chance(0.5) ? "dead" : "errors", 1));
      return { kind: "consumer_stuck", root, also: [], impairments, minutes: [15, 40] };
    },
  },
  {
    name: "lossy_line",
    weight: 2,
    draft: (world, random) => {
      const root = world.one(random, ["wanLink", "switch", "router"], 1);
      return root === null
        ? null
        : {
            kind: "lossy_line",
            root,
            also: [],
            impairments: [at(root, "lossy", random.between(0.4, 0.9))],
            minutes: [10, 35],
          };
    },
  },
  {
    name: "flapping_device",
    weight: 1,
    draft: (world, random) => {
      const root = world.one(random, ["switch", "router", "wanLink"], 2);
      if (root === null) return null;
      const beat: [number, number] = [random.int(60, 200), random.int(60, 160)];
      const impairments = [{ ...at(root, "dead", 1), beat }];
      return { kind: "flapping_device", root, also: [], impairments, minutes: [10, 25], intermittent: true };
    },
  },
  {
    name: "heat",
    weight: 0.8,
    draft: (world, random) => {
      const root = world.one(random, ["rack", "room"], 2);
      if (root === null) return null;
      const inside = world.neededBy(root, "containedIn").filter((ci) => world.type(ci) !== "rack");
      const impairments = [at(root, "hot", 1, 900), ...inside.map((ci) => at(ci, "load", 0.85, 1800))];
      return { kind: "heat", root, also: [], impairments, minutes: [30, 50], gradual: true };
    },
  },
  {
    name: "clock_wrong",
    weight: 0.8,
    draft: (world, random) => {
      const root = world.one(random, ["hypervisor"], 2);
      if (root === null) return null;
      const impairments = [root, ...world.neededBy(root, "runsOn")].map((ci) => at(ci, "skew", 1, 900));
      return { kind: "clock_wrong", root, also: [], impairments, minutes: [25, 45], gradual: true };
    },
  },
  {
    name: "certificate_expired",
    weight: 1,
    draft: (world, random) => {
      const root = world.one(random, ["certificate"], 1);
      if (root === null) return null;
      const impairments = [at(root, "certificate", 1), at(root, "errors", 1)];
      return { kind: "certificate_expired", root, also: [], impairments, minutes: [15, 40] };
    },
  },
  {
    name: "names_fail",
    weight: 1,
    draft: (world, random) => {
      const dns = world.one(random, ["dns"], 1);
      if (dns === null) return null;
      const pool = world.neededBy(dns, "hasMember");
      const root = pool[0] ?? dns;
      const hit = pool.length === 0 ? [dns] : world.members(root);
      const impairments = hit.map((ci) => at(ci, "errors", 1));
      const change = random.chance(CAUSED_BY_CHANGE) ? { changeOn: root } : {};
      return { kind: "names_fail", root, also: hit, impairments, minutes: [6, 20], ...change };
    },
  },
  {
    name: "array_slow",
    weight: 1.5,
    draft: (world, random) => {
      const cluster = random.chance(0.5) ? world.one(random, ["cluster"], 3) : null;
      const root = cluster ?? world.one(random, ["storage"], 2);
      if (root === null) return null;
      return {
        kind: "array_slow",
        root,
        also: [],
        impairments: [at(root, "slow", random.between(0.6, 1), 120)],
        minutes: [12, 35],
      };
    },
  },
  {
    name: "crowded_hypervisor",
    weight: 1,
    draft: (world, random) => {
      const root = world.one(random, ["hypervisor"], 2);
      return root === null
        ? null
        : { kind: "crowded_hypervisor", root, also: [], impairments: [at(root, "load", 1, 60)], minutes: [10, 30] };
    },
  },
  {
    name: "surge",
    weight: 1.2,
    draft: (world, random) => {
      const business = random.some(
        world.world.cis.flatMap(({ type }, ci) => (type === "businessService" ? [ci] : [])),
        2,
      );
      if (business.length === 0) return null;
      const front = [...new Set(business.flatMap((ci) => world.needs(ci, "dependsOn")))];
      const hit = [...new Set(front.flatMap((ci) => [ci, ...world.members(ci), ...world.needs(ci, "dependsOn")]))];
      const impairments = hit.flatMap((ci) => [
        at(ci, "load", 0.9, 120),
        at(ci, "slow", random.between(0.45, 0.8), 120),
      ]);
      return { kind: "surge", root: null, also: [], impairments, minutes: [10, 30] };
    },
  },
  {
    name: "half_broken_member",
    weight: 1,
    draft: (world, random) => {
      const pool = world.one(random, ["service", "cluster"], 1);
      const members = pool === null ? [] : world.members(pool);
      if (members.length < 2) return null;
      const root = random.pick(members);
      return { kind: "half_broken_member", root, also: [], impairments: [at(root, "errors", 0.7)], minutes: [10, 30] };
    },
  },
  {
    name: "comes_again",
    weight: 1,
    draft: (world, random) => {
      const root = world.one(random, ["application", "database"], 1);
      return root === null
        ? null
        : {
            kind: "comes_again",
            root,
            also: [],
            impairments: [at(root, "dead", 1)],
            minutes: [4, 8],
            times: random.int(2, 3),
          };
    },
  },
];
