import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

const BUSINESS = [
  "Order To Cash",
  "Claims",
  "Payroll",
  "Trading Desk",
  "Customer Portal",
  "Warehouse",
  "Reporting",
  "Logistics",
];

/** A classic data centre: racks with one or two power feeds, leaf and spine, hypervisors, arrays, three-tier programs. */
export function dataCentre(size: number, random: Random): World {
  const tools = random.chance(0.5)
    ? ["zabbix", "snmptrap", "vmware", "array", "dbtool", "blackbox", "collector"]
    : ["icinga", "snmptrap", "syslog", "vmware", "array", "otel", "loki", "blackbox", "collector"];
  const build = new WorldBuilder("data-centre", random, { domain: "corp.internal", tools });
  const racks = Math.max(2, Math.round(size / 45));
  const site = build.add("FRA2", "site", { criticality: 1 });
  const spines = build.series(racks > 3 ? 4 : 2, (n) => `spn${n}`, "switch", { criticality: 1, site: "FRA2" });
  const borders = build.series(2, (n) => `brd${n}`, "router", { criticality: 1, site: "FRA2" });
  const balancers = build.series(2, (n) => `vip${n}`, "loadBalancer", { criticality: 1 });
  build.world.vantage.push(spines[0] ?? 0);
  build.needs(spines[1] ?? 0, "connectsTo", spines[0] ?? 0);
  for (const spine of spines.slice(1)) build.needs(spine, "connectsTo", spines[0] ?? 0);
  for (const one of [...borders, ...balancers]) build.needs(one, "connectsTo", spines.slice(0, 2));
  const hypervisors: number[] = [];
  const arrays = build.series(Math.max(1, racks / 4), (n) => `ARR0${n}`, "storage", { criticality: 1 });
  const bare: number[] = [];
  for (let rack = 1; rack <= racks; rack += 1) {
    const where = build.add(`FRA2-R${rack}`, "rack", { criticality: 2 });
    build.needs(where, "containedIn", site);
    const feeds = build.series(random.chance(0.5) ? 1 : 2, (n) => `pdu${rack}${"ab"[n - 1]}`, "pdu", {
      criticality: 2,
    });
    build.needs(where, "dependsOn", feeds);
    const leaf = build.series(random.chance(0.6) ? 2 : 1, (n) => `lf${rack}${"xy"[n - 1]}`, "switch", {
      criticality: 2,
    });
    for (const one of leaf) {
      build.needs(one, "containedIn", where);
      build.needs(one, "connectsTo", random.some(spines, 2));
    }
    const boxes = build.series(3, (n) => `esx${rack}0${n}`, "hypervisor", { criticality: 2 });
    bare.push(...build.series(random.int(0, 2), (n) => `lnx${rack}${n}`, "host", { criticality: 2 }));
    for (const one of [...boxes, ...bare.slice(-2)]) {
      build.needs(one, "containedIn", where);
      build.needs(one, "connectsTo", leaf);
    }
    hypervisors.push(...boxes);
  }
  for (const one of arrays) {
    const relation = build.world.relations.find(({ to, type }) => type === "containedIn" && to !== site);
    build.needs(one, "connectsTo", random.some(spines, 2));
    if (relation !== undefined) build.needs(one, "containedIn", relation.to);
  }
  const machine = (id: string, criticality: number): number => {
    const vm = build.add(id, "vm", { criticality });
    build.needs(vm, "runsOn", random.pick(hypervisors));
    build.needs(vm, "storesOn", random.pick(arrays));
    return vm;
  };
  const program = (id: string, type: string, criticality: number): number => {
    const on =
      type === "database" && bare.length > 0 && random.chance(0.4)
        ? random.pick(bare)
        : machine(`srv${build.world.cis.length}`, criticality);
    const made = build.add(id, type, { criticality });
    build.needs(made, "runsOn", on);
    return made;
  };
  const resolver = build.pool("resolver", "service", [program("named1", "dns", 1), program("named2", "dns", 1)], {
    criticality: 1,
  });
  tiers(build, { size, program, resolver, balancers });
  return build.world;
}

interface Tiers {
  size: number;
  program: (id: string, type: string, criticality: number) => number;
  resolver: number;
  balancers: number[];
}

function tiers(build: WorldBuilder, { size, program, resolver, balancers }: Tiers): void {
  const { random } = build;
  const apis: number[] = [];
  for (let index = 0; build.world.cis.length < size && index < 60; index += 1) {
    const code = `${["OTC", "CLM", "PAY", "TRD", "POR", "WMS", "REP", "LOG"][index % 8]}${index >= 8 ? Math.floor(index / 8) + 1 : ""}`;
    const criticality = random.int(1, 3);
    const db = program(`${code}DB`, "database", criticality);
    if (random.chance(0.4)) build.needs(program(`${code}DBS`, "database", 3), "dependsOn", db);
    const cache = random.chance(0.4) ? program(`${code}-memcached`, "cache", criticality) : null;
    const workers = build.random.int(2, 5);
    const backends = Array.from({ length: workers }, (_, n) =>
      program(`${code}.jboss${n + 1}`, "application", criticality),
    );
    for (const one of backends) {
      build.needs(one, "dependsOn", db);
      build.needs(one, "uses", resolver);
      if (cache !== null) build.needs(one, "uses", cache);
      if (apis.length > 0 && random.chance(0.3))
        build.needs(one, random.chance(0.5) ? "dependsOn" : "uses", random.pick(apis));
    }
    const api = build.pool(`${code} backend`, "service", backends, {
      criticality,
      minHealthy: Math.max(1, workers - 2),
    });
    apis.push(api);
    const webs = Array.from({ length: 2 }, (_, n) => program(`${code}.web${n + 1}`, "application", criticality));
    for (const one of webs) build.needs(one, "dependsOn", api);
    const pool = build.pool(`vs_${code.toLowerCase()}_443`, "cluster", webs, { criticality });
    build.needs(pool, "runsOn", random.pick(balancers));
    if (random.chance(0.5))
      build.needs(pool, "uses", build.add(`${code.toLowerCase()}.corp.example`, "certificate", { criticality }));
    const business = build.add(`${BUSINESS[index % 8] ?? code}${index >= 8 ? ` ${code}` : ""}`, "businessService", {
      criticality,
    });
    build.needs(business, "dependsOn", pool);
  }
}
