import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

/** A chain of shops or branches: each hangs on one or two lines, and works with programs at headquarters. */
export function branches(size: number, random: Random): World {
  const tools = random.chance(0.5)
    ? ["zabbix", "sdwan", "snmptrap", "blackbox", "otel", "collector"]
    : ["icinga", "sdwan", "snmptrap", "syslog", "dbtool", "blackbox", "collector"];
  const build = new WorldBuilder("branches", random, { domain: "stores.example.org", tools });
  const hq = build.add("HQ", "site", { criticality: 1 });
  const cores = build.series(2, (n) => `hq-cr${n}`, "switch", { criticality: 1, site: "HQ" });
  build.needs(cores[1] ?? 0, "connectsTo", cores[0] ?? 0);
  build.needs(cores[0] ?? 0, "connectsTo", cores[1] ?? 0);
  build.needs(cores[0] ?? 0, "containedIn", hq);
  build.world.vantage.push(cores[0] ?? 0);
  const edges = build.series(2, (n) => `hq-edge${n}`, "router", { criticality: 1, site: "HQ" });
  for (const edge of edges) build.needs(edge, "connectsTo", cores);
  const boxes = build.series(Math.max(2, size / 120), (n) => `kvm${n}`, "hypervisor", { criticality: 1 });
  for (const box of boxes) build.needs(box, "connectsTo", cores);
  const nas = build.add("hqnas", "storage", { criticality: 1 });
  build.needs(nas, "connectsTo", cores);
  const program = (id: string, type: string, criticality: number): number => {
    const vm = build.add(`${id}-vm`, "vm", { criticality });
    build.needs(vm, "runsOn", random.pick(boxes));
    if (random.chance(0.7)) build.needs(vm, "storesOn", nas);
    const made = build.add(id, type, { criticality });
    build.needs(made, "runsOn", vm);
    return made;
  };
  const directory = build.pool("directory", "service", [program("ldap1", "dns", 1), program("ldap2", "dns", 1)], {
    criticality: 1,
  });
  const central = headquarters(build, program, directory);
  const groups: number[] = [];
  for (let number = 1; build.world.cis.length < size && number < 400; number += 1) {
    groups.push(branch(build, number, { edges, central, directory }));
  }
  const all = build.pool("All stores", "service", groups, {
    criticality: 1,
    minHealthy: Math.ceil(groups.length * 0.7),
  });
  build.needs(build.add("Store trade", "businessService", { criticality: 1 }), "dependsOn", all);
  return build.world;
}

function headquarters(
  build: WorldBuilder,
  program: (id: string, type: string, criticality: number) => number,
  directory: number,
): number[] {
  const found: number[] = [];
  for (const [name, title] of [
    ["till", "Checkout"],
    ["stock", "Stock"],
    ["loyal", "Loyalty"],
  ] as const) {
    const db = program(`${name}sql`, "database", 1);
    const mq = program(`${name}mq`, "queue", 2);
    const nodes = [1, 2, 3].slice(0, build.random.int(2, 3)).map((n) => program(`${name}d${n}`, "application", 1));
    for (const node of nodes) {
      build.needs(node, "dependsOn", db);
      build.needs(node, "uses", [mq, directory]);
    }
    const consumer = program(`${name}import`, "application", 2);
    build.needs(consumer, "uses", mq, true);
    build.needs(consumer, "dependsOn", db);
    const service = build.pool(`${name} service`, "service", nodes, { criticality: 1 });
    build.needs(build.add(title, "businessService", { criticality: build.random.int(1, 2) }), "dependsOn", service);
    found.push(service);
  }
  return found;
}

function branch(
  build: WorldBuilder,
  number: number,
  { edges, central, directory }: { edges: number[]; central: number[]; directory: number },
): number {
  const { random } = build;
  const code = `b${String(number).padStart(3, "0")}`;
  const site = build.add(`store ${code}`, "site", { criticality: 2, site: code });
  const router = build.add(`${code}gw`, "router", { criticality: 2, site: code });
  const lines = [build.add(`mpls-${code}`, "wanLink", { criticality: 2 })];
  if (random.chance(0.4)) lines.push(build.add(`5g-${code}`, "wanLink", { criticality: 3 }));
  for (const line of lines) build.needs(line, "connectsTo", random.chance(0.5) ? edges : [random.pick(edges)]);
  build.needs(router, "connectsTo", lines);
  const access = build.add(`${code}sw`, "switch", { criticality: 2, site: code });
  build.needs(access, "connectsTo", router);
  const server = build.add(`${code}srv`, "host", { criticality: 2, site: code });
  const tills = build.series(random.int(2, 6), (n) => `${code}pos${n}`, "terminal", { criticality: 3, site: code });
  const air = build.add(`${code}ap`, "accessPoint", { criticality: 4, site: code });
  const eyes = build.series(random.int(0, 3), (n) => `${code}cam${n}`, "camera", { criticality: 4, site: code });
  for (const one of [server, ...tills, air, ...eyes]) build.needs(one, "connectsTo", access);
  for (const one of [router, access, server]) build.needs(one, "containedIn", site);
  const program = build.add(`${code} store app`, "application", { criticality: 2, site: code });
  build.needs(program, "runsOn", server);
  build.needs(program, "uses", [random.pick(central), directory]);
  for (const till of tills) build.needs(till, "dependsOn", program);
  return program;
}
