import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

/** A hosting provider: storage and database clusters that stand the loss of some members, and customers' machines on them. */
export function clusters(size: number, random: Random): World {
  const tools = random.chance(0.5)
    ? ["prometheus", "snmptrap", "blackbox", "dbtool", "collector"]
    : ["zabbix", "prometheus", "syslog", "snmptrap", "otel", "blackbox", "collector"];
  const build = new WorldBuilder("clusters", random, { domain: "hosting.example.io", tools });
  const halls = ["north", "south"].map((name) => build.add(`hall ${name}`, "room", { criticality: 1 }));
  const mains = build.series(2, (n) => `ups-${n}`, "ups", { criticality: 1 });
  const fabric = build.series(2, (n) => `fab${n}`, "switch", { criticality: 1 });
  build.needs(fabric[1] ?? 0, "connectsTo", fabric[0] ?? 0);
  build.needs(fabric[0] ?? 0, "connectsTo", fabric[1] ?? 0);
  build.world.vantage.push(fabric[0] ?? 0);
  const racks = halls.flatMap((hall, side) =>
    Array.from({ length: Math.max(1, Math.round(size / 120)) }, (_, n) => {
      const rack = build.add(`cab-${side === 0 ? "n" : "s"}${n + 1}`, "rack", { criticality: 2 });
      build.needs(rack, "containedIn", hall);
      build.needs(rack, "dependsOn", random.chance(0.5) ? mains : [mains[side] ?? 0]);
      const top = build.add(`edge-${side === 0 ? "n" : "s"}${n + 1}`, "switch", { criticality: 2 });
      build.needs(top, "connectsTo", fabric);
      build.needs(top, "containedIn", rack);
      return { rack, top };
    }),
  );
  const host = (id: string, criticality: number): number => {
    const box = build.add(id, "host", { criticality });
    const { rack, top } = random.pick(racks);
    build.needs(box, "connectsTo", top);
    build.needs(box, "containedIn", rack);
    return box;
  };
  const pools = Array.from({ length: Math.max(1, Math.round(size / 250)) }, (_, n) => {
    const keepers = build.series(5, (k) => `rados${n + 1}-osd${k}`, "storage", { criticality: 2 });
    for (const keeper of keepers) {
      const { rack, top } = random.pick(racks);
      build.needs(keeper, "connectsTo", top);
      build.needs(keeper, "containedIn", rack);
    }
    return build.pool(`rados${n + 1}`, "cluster", keepers, { criticality: 1, minHealthy: 3 });
  });
  const nodes = Array.from({ length: Math.max(3, Math.round(size / 30)) }, (_, n) => {
    const box = build.add(`cmp${n + 1}`, "hypervisor", { criticality: 2 });
    const { rack, top } = random.pick(racks);
    build.needs(box, "connectsTo", top);
    build.needs(box, "containedIn", rack);
    return box;
  });
  const brokers = Array.from({ length: 3 }, (_, n) => {
    const broker = build.add(`log-broker-${n + 1}`, "application", { criticality: 1 });
    build.needs(broker, "runsOn", host(`brk-host-${n + 1}`, 1));
    return broker;
  });
  const bus = build.pool("event bus", "cluster", brokers, { criticality: 1, minHealthy: 2 });
  for (let customer = 1; build.world.cis.length < size && customer < 300; customer += 1) {
    tenant(build, customer, { nodes, pools, bus, host });
  }
  return build.world;
}

interface Shared {
  nodes: number[];
  pools: number[];
  bus: number;
  host: (id: string, criticality: number) => number;
}

function tenant(build: WorldBuilder, customer: number, { nodes, pools, bus, host }: Shared): void {
  const { random } = build;
  const code = `c${1000 + customer * 7}`;
  const criticality = random.int(1, 3);
  const machine = (role: string): number => {
    const vm = build.add(`${code}-${role}`, "vm", { criticality });
    build.needs(vm, "runsOn", random.pick(nodes));
    build.needs(vm, "storesOn", random.pick(pools));
    return vm;
  };
  const isGalera = random.chance(0.5);
  const copies = Array.from({ length: isGalera ? 3 : 1 }, (_, n) => {
    const db = build.add(`${code}.mysql${n + 1}`, "database", { criticality });
    build.needs(db, "runsOn", random.chance(0.2) ? host(`${code}-db${n + 1}`, criticality) : machine(`db${n + 1}`));
    return db;
  });
  const data = isGalera
    ? build.pool(`${code} galera`, "cluster", copies, { criticality, minHealthy: 2 })
    : (copies[0] ?? 0);
  const fronts = Array.from({ length: random.int(2, 4) }, (_, n) => {
    const front = build.add(`${code}.php${n + 1}`, "application", { criticality });
    build.needs(front, "runsOn", machine(`www${n + 1}`));
    build.needs(front, "dependsOn", data);
    if (random.chance(0.4)) build.needs(front, "uses", bus);
    return front;
  });
  const pool = build.pool(`${code} web`, "service", fronts, { criticality, minHealthy: 1 });
  if (criticality < 3)
    build.needs(build.add(`Customer ${code}`, "businessService", { criticality }), "dependsOn", pool);
}
